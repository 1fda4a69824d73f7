import type { Judgement } from '../measure/evidence.ts';
import { Counters } from './counters.ts';
import { summaryOf } from './summary.ts';

const MAX_EXAMPLES = 10;
/** Of one VU: thousands of its resources may be mistreated, and a report takes ten examples. */
const MAX_VU_EXAMPLES = 3;

/** Promises that were broken, by kind. */
const breaches = {
  /** Created and never deleted, and not there. */
  lost: 'what was created can be read',
  /** Deleted, and there. */
  resurrected: 'what was deleted is gone, and stays so',
  /** In a state that nothing that was asked of it leads to. */
  illegalState: 'a state changes only as it was asked to',
  /** Still on its way long after it was asked to go there. */
  stuck: 'what was asked of it comes about',
  changed: 'the content is what was written last',
  /** There, and no VU's: its creation was refused, or made two. */
  orphan: 'there is nothing that nobody made',
  /** Read by itself, and not in a list that has to hold it. */
  unlisted: 'lists and single reads agree',
  /** In a list otherwise than read by itself, or in a list alone. */
  mislisted: 'lists and single reads agree',
  /** Another tenant's, and shown. */
  foreign: 'nothing of another tenant is ever seen',
} as const;

/** What is said of so many of them. */
const words: Record<keyof typeof breaches, string> = {
  lost: 'lost',
  resurrected: 'back after their deletion',
  illegalState: 'in a state that nobody asked for',
  stuck: 'never where they were asked to go',
  changed: 'with content that was not written last',
  orphan: 'made by nobody',
  unlisted: 'missing in a list',
  mislisted: 'otherwise in a list',
  foreign: 'of another tenant',
};

export type Breach = keyof typeof breaches;
const kinds = Object.keys(breaches) as Breach[];

export type LifecycleCounts = Record<Breach, number> & {
  created: number;
  deleted: number;
  /** Writes that were never answered, or with a gateway's error. */
  indeterminate: number;
  /** Of those: by reading it is known whether they happened. */
  reconciled: number;
  /** Resources that could not be looked at in the end. */
  unread: number;
  /** VUs for which the account could not be swept: an orphan of theirs may be there. */
  unswept: number;
  /** Resources that could not be deleted at the end of the run: somebody has to. */
  leftBehind: number;
};

/** What one VU saw of its resources; evidence for {@link lifecycle}. */
export interface LifecycleEvidence {
  /** How often a resource was looked at and compared with what it had to be. */
  checked: number;
  counts: LifecycleCounts;
  examples: unknown[];
}

/** What of a resource is not as it has to be: in which way, what it had to be, and what was found. */
export interface Mismatch {
  breach: Breach;
  expected: unknown;
  found: unknown;
}

/** What a family says of its resources. `C` is what is written into one and must be found in it again. */
export interface ResourceKind<C> {
  /** States that a new one goes through by itself, beginning with its first: `['creating', 'stopped']`; one for those that have none. */
  initial: readonly string[];
  /** Whether what was found has the content that was written; it may have more. */
  isSame(found: C, written: C): boolean;
  /** What a report shows of it. */
  shown(content: C): object;
}

/** What a VU's resource must be, by all that was asked of it and answered. `I` is what the target calls it. */
export class ExpectedResource<C extends object, I = string> {
  /** Its place among those that its VU made. */
  readonly counter: number;
  readonly id: I;
  /** What was asked of it last and answered, for a person: `start → 200`. */
  lastWrite: string;
  lastWriteAtMs: number;
  readonly #kind: ResourceKind<C>;
  /** Where it is, and where it goes from there: by itself, or by a write of which nobody knows whether it happened. */
  #path: readonly string[];
  #content: C;
  /** What it has if a write happened that was never answered. */
  #mayHave: C | undefined;
  #mayMove = false;
  #openDeletions = 0;

  /**
   * It was just created.
   * @param atMs since the run's start
   */
  constructor(kind: ResourceKind<C>, counter: number, id: I, content: C, write: string, atMs: number) {
    this.#kind = kind;
    this.#path = kind.initial;
    this.counter = counter;
    this.id = id;
    this.#content = content;
    this.lastWrite = write;
    this.lastWriteAtMs = atMs;
  }

  get content(): Readonly<C> {
    return this.#content;
  }

  /** It is in this state until it is asked to leave it, and nothing about it is open. */
  is(state: string): boolean {
    return this.#path.length === 1 && this.#path[0] === state && this.open === 0;
  }

  /** It gets into this state by itself, and may be there by now. */
  becomes(state: string): boolean {
    return this.#path.length > 1 && this.#path[this.#path.length - 1] === state && this.open === 0;
  }

  /** For all that is known it is in this state, or gets there by itself. */
  mayBe(state: string): boolean {
    return this.#path.includes(state);
  }

  /** It goes to another state by itself, and nothing about it is open. */
  get isMoving(): boolean {
    return this.#path.length > 1 && this.open === 0;
  }

  /** What is wrong when it does not get there any more. */
  get stuck(): Mismatch {
    return { breach: 'stuck', expected: this.#path.at(-1), found: this.#path[0] };
  }

  /** A change of its state was never answered. */
  get mayHaveLeft(): boolean {
    return this.#mayMove;
  }

  /** Writes that were never answered and that nobody has seen to have happened: they may still come, at any time. */
  get open(): number {
    return Number(this.#mayMove) + Number(this.#mayHave !== undefined) + this.#openDeletions;
  }

  /** A deletion was never answered. */
  get mayBeGone(): boolean {
    return this.#openDeletions > 0;
  }

  /** A write was answered. */
  answered(write: string, status: number, atMs: number): void {
    this.lastWrite = `${write} → ${status}`;
    this.lastWriteAtMs = atMs;
  }

  /** It was asked to change its state; that leads through these, beginning now. */
  moved(...path: string[]): void {
    this.#path = path;
  }

  /** The same without an answer; if it happened, it leads through these states. */
  mayHaveMoved(...path: string[]): void {
    this.#path = [...this.#path, ...path];
    this.#mayMove = true;
  }

  written(content: Partial<C>): void {
    this.#content = { ...this.#content, ...content };
  }

  mayHaveWritten(content: Partial<C>): void {
    this.#mayHave = { ...this.#content, ...content };
  }

  mayHaveDeleted(): void {
    this.#openDeletions += 1;
  }

  /**
   * Compares it with what was seen, and learns from that.
   * @param state its state; of a kind without states the only one
   * @param isThrough whether it is known to have come to the end of where it was going, though it was in that state before
   * @returns what is wrong, if anything is
   */
  compare(id: I, state: string, content: C, isThrough = false): Mismatch | undefined {
    const place = isThrough ? this.#path.lastIndexOf(state) : this.#path.indexOf(state);
    if (place < 0) return { breach: 'illegalState', expected: this.#path.join(' → '), found: state };
    if (place > 0) {
      this.#path = this.#path.slice(place);
      this.#mayMove = false;
    }
    const { isSame, shown } = this.#kind;
    if (id === this.id) {
      if (isSame(content, this.#content)) return undefined;
      if (this.#mayHave && isSame(content, this.#mayHave)) {
        this.#content = this.#mayHave;
        this.#mayHave = undefined;
        return undefined;
      }
    }
    return {
      breach: 'changed',
      expected: { id: this.id, ...shown(this.#content) },
      found: { id, ...shown(content) },
    };
  }

  /**
   * What a whole list has wrong of it, which was read by itself before.
   * @param row its state and content there; undefined when it is not in the list
   */
  inList(row: { state: string; content: C } | undefined): Mismatch | undefined {
    if (this.mayBeGone) return undefined;
    if (!row) return { breach: 'unlisted', expected: 'in the list', found: 'not there' };
    if (this.open > 0) return undefined;
    const { isSame, shown } = this.#kind;
    const { state, content } = row;
    if (this.#path.includes(state) && isSame(content, this.#content)) return undefined;
    return {
      breach: 'mislisted',
      expected: { state: this.#path.join(' → '), ...shown(this.#content) },
      found: { state, ...shown(content) },
    };
  }
}

/** What is wrong when a list has what a single read does not find. */
export const onlyListed: Mismatch = { breach: 'mislisted', expected: 404, found: 'in the list' };

/** A list may be a moment old, and no older. */
export const listLagMs = 5_000;

/** What a list has wrong. */
export interface Mislisted {
  mismatch: Mismatch;
  /** As of {@link ResourceHistory.broken}. */
  example: object;
}

/** Writes down what became of a VU's resources. Its room does not grow with their number. */
export class ResourceHistory {
  readonly #created = new Counters();
  readonly #deleted = new Counters();
  readonly #counts: LifecycleCounts = emptyCounts();
  readonly #examples: unknown[] = [];
  #checked = 0;

  created(counter: number): void {
    this.#created.add(counter);
  }

  deleted(counter: number): void {
    this.#deleted.add(counter);
  }

  wasDeleted(counter: number): boolean {
    return this.#deleted.has(counter);
  }

  /** A resource was looked at and compared with what it has to be. */
  looked(): void {
    this.#checked += 1;
  }

  count(what: 'indeterminate' | 'reconciled' | 'unread' | 'unswept', number = 1): void {
    this.#counts[what] += number;
  }

  /** @param example what a person needs to find it again: name, id, times */
  broken({ breach, expected, found }: Mismatch, example: object): void {
    this.#counts[breach] += 1;
    if (this.#examples.length === MAX_VU_EXAMPLES) return;
    this.#examples.push({ promise: breaches[breach], ...example, expected, found });
  }

  /**
   * Compares a whole list with what was read one by one. A list that differs is looked at once more: it may be of before those reads,
   * and what is asked of a resource may come about long after it was asked for.
   * @param later the list again, asked for {@link listLagMs} from now; undefined when it cannot be read
   */
  async listed<L>(
    list: L,
    { wrongIn, later }: { wrongIn(list: L): Mislisted[]; later(): Promise<L | undefined> },
  ): Promise<void> {
    if (wrongIn(list).length === 0) return;
    const again = await later();
    if (again === undefined) return;
    for (const { mismatch, example } of wrongIn(again)) this.broken(mismatch, example);
  }

  /** A row or an answer tells of this tenant. @returns whether it is the VU's own */
  ownedBy(tenant: string, own: string, example: object): boolean {
    this.looked();
    if (tenant === own) return true;
    this.broken({ breach: 'foreign', expected: own, found: tenant }, example);
    return false;
  }

  /** @param atEnd what is known of the end */
  evidence(atEnd: Partial<LifecycleCounts> = {}): LifecycleEvidence {
    const counts = { ...this.#counts, created: this.#created.size, deleted: this.#deleted.size, ...atEnd };
    return { checked: this.#checked, counts, examples: this.#examples };
  }
}

/**
 * Every resource is what was asked of it: created is readable, deleted is gone, its state and content are those of the last write
 * and come about, lists show what single reads do, and there is none that nobody made or that is another tenant's. Writes that were never
 * answered are left open until somebody sees what became of them.
 */
export function lifecycle(vus: LifecycleEvidence[]): Judgement {
  const counts = emptyCounts();
  let checked = 0;
  for (const vu of vus) {
    checked += vu.checked;
    for (const name of Object.keys(counts) as (keyof LifecycleCounts)[]) counts[name] += vu.counts[name];
  }
  const violations = kinds.reduce((sum, breach) => sum + counts[breach], 0);
  const examples = vus.flatMap((vu) => vu.examples).slice(0, MAX_EXAMPLES);
  const status = violations > 0 ? 'violated' : checked > 0 ? 'ok' : 'unknown';
  if (status === 'unknown') examples.push('nothing could be looked at');
  const broken = kinds.map((breach) => counts[breach] > 0 && ([counts[breach], words[breach]] as const));
  const summary = summaryOf([checked, 'looks at resources'], ...broken);
  return { checked, violations, examples, status, counts, ...(violations > 0 && { summary }) };
}

function emptyCounts(): LifecycleCounts {
  const broken = Object.fromEntries(kinds.map((breach) => [breach, 0])) as Record<Breach, number>;
  const others = { indeterminate: 0, reconciled: 0, unread: 0, unswept: 0, leftBehind: 0 };
  return { created: 0, deleted: 0, ...broken, ...others };
}
