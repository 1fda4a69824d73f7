import type { Judgement } from '../measure/evidence.ts';
import { Counters } from './counters.ts';

const MAX_EXAMPLES = 10;
/** Of one VU: thousands of them may be mistreated, and a report takes ten examples. */
const MAX_VU_EXAMPLES = 3;

/** The life of a VM: `creating → stopped ⇄ running → migrating → running`. */
export type VmStatus = 'creating' | 'stopped' | 'running' | 'migrating';

/** What was written into a VM, to be found in it again. */
export interface VmContent {
  name: string;
  cpu_cores: number;
  memory_mb: number;
  tags?: Record<string, string>;
}

/** A VM as the target tells of it. */
export interface SeenVm extends VmContent {
  id: string;
  status: string;
  zone: string;
}

/** Promises that were broken, by kind. */
const breaches = {
  /** Created and never deleted, and not there. */
  lost: 'a VM that was created can be read',
  /** Deleted, and there. */
  resurrected: 'a VM that was deleted is 404, and stays so',
  /** In a state that nothing that was asked of it leads to. */
  illegalState: 'a VM changes its state only as it was asked to',
  changed: 'a VM has the content that was written last',
  /** There, and no VU's: its creation was refused, or made two. */
  orphan: 'there is no VM that nobody made',
} as const;

export type Breach = keyof typeof breaches;
const kinds = Object.keys(breaches) as Breach[];

export type VmCounts = Record<Breach, number> & {
  created: number;
  deleted: number;
  /** Writes that were never answered, or with a gateway's error. */
  indeterminate: number;
  /** Of those: by reading it is known whether they happened. */
  reconciled: number;
  /** VMs that could not be looked at in the end. */
  unread: number;
  /** VUs for which the account could not be swept: an orphan of theirs may be there. */
  unswept: number;
  /** VMs that could not be deleted at the end of the run: somebody has to. */
  leftBehind: number;
};

/** What one VU saw of its VMs; evidence of the oracle `vm-lifecycle`. */
export interface VmEvidence {
  /** How often a VM was looked at and compared with what it had to be. */
  checked: number;
  counts: VmCounts;
  examples: unknown[];
}

export interface Mismatch {
  breach: Breach;
  expected: unknown;
  found: unknown;
}

/** What a VU's VM must be, by all that was asked of it and answered. */
export class ExpectedVm {
  readonly counter: number;
  readonly id: string;
  /** As the target told last. */
  zone: string;
  /** What was asked of it last and answered, for a person: `start → 200`. */
  lastWrite: string;
  lastWriteAtMs: number;
  /** Where it is, and where it goes from there: by itself, or by a write of which nobody knows whether it happened. */
  #path: readonly VmStatus[] = ['creating', 'stopped'];
  #content: VmContent;
  /** What it has if a write happened that was never answered. */
  #mayHave: VmContent | undefined;
  #mayMove = false;
  #openDeletions = 0;

  /**
   * It was just created.
   * @param atMs since the run's start
   */
  constructor(counter: number, id: string, content: VmContent & { zone: string }, write: string, atMs: number) {
    this.counter = counter;
    this.id = id;
    this.zone = content.zone;
    this.#content = content;
    this.lastWrite = write;
    this.lastWriteAtMs = atMs;
  }

  get name(): string {
    return this.#content.name;
  }

  /** It is in this state until it is asked to leave it, and nothing about it is open. */
  is(status: VmStatus): boolean {
    return this.#path.length === 1 && this.#path[0] === status && this.open === 0;
  }

  /** It gets into this state by itself, and may be there by now. */
  becomes(status: VmStatus): boolean {
    return this.#path.length > 1 && this.#path[this.#path.length - 1] === status && this.open === 0;
  }

  /** For all that is known it is in this state, or gets there by itself. */
  mayBe(status: VmStatus): boolean {
    return this.#path.includes(status);
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
  moved(...path: VmStatus[]): void {
    this.#path = path;
  }

  /** The same without an answer; if it happened, it leads through these states. */
  mayHaveMoved(...path: VmStatus[]): void {
    this.#path = [...this.#path, ...path];
    this.#mayMove = true;
  }

  written(content: Partial<VmContent>): void {
    this.#content = { ...this.#content, ...content };
  }

  mayHaveWritten(content: Partial<VmContent>): void {
    this.#mayHave = { ...this.#content, ...content };
  }

  mayHaveDeleted(): void {
    this.#openDeletions += 1;
  }

  /** Compares it with what was seen, and learns from that. Gives what is wrong, if anything is. */
  see(seen: SeenVm): Mismatch | undefined {
    const place = this.#placeOf(seen);
    if (place < 0) return { breach: 'illegalState', expected: this.#path.join(' → '), found: seen.status };
    if (place > 0) {
      this.#path = this.#path.slice(place);
      this.#mayMove = false;
    }
    this.zone = seen.zone;
    if (seen.id === this.id) {
      if (isSame(seen, this.#content)) return undefined;
      if (this.#mayHave && isSame(seen, this.#mayHave)) {
        this.#content = this.#mayHave;
        this.#mayHave = undefined;
        return undefined;
      }
    }
    const expected = { id: this.id, ...contentOf(this.#content) };
    return { breach: 'changed', expected, found: { id: seen.id, ...contentOf(seen) } };
  }

  /** Place on the path of what was seen. Of a migration that may have begun, the zone tells the end from the beginning. */
  #placeOf({ status, zone }: SeenVm): number {
    const path: readonly string[] = this.#path;
    const hasMigrated = this.#mayMove && this.mayBe('migrating') && zone !== this.zone;
    return hasMigrated ? path.lastIndexOf(status) : path.indexOf(status);
  }
}

function contentOf({ name, cpu_cores, memory_mb, tags }: VmContent): VmContent {
  return { name, cpu_cores, memory_mb, tags: tags ?? {} };
}

function isSame(one: VmContent, other: VmContent): boolean {
  return (
    one.name === other.name &&
    one.cpu_cores === other.cpu_cores &&
    one.memory_mb === other.memory_mb &&
    haveSameTags(one.tags ?? {}, other.tags ?? {})
  );
}

function haveSameTags(one: Record<string, string>, other: Record<string, string>): boolean {
  let difference = 0;
  for (const name in one) {
    if (one[name] !== other[name]) return false;
    difference += 1;
  }
  for (const _ in other) difference -= 1;
  return difference === 0;
}

/** Writes down what became of a VU's VMs. Its room does not grow with their number. */
export class VmHistory {
  readonly #created = new Counters();
  readonly #deleted = new Counters();
  readonly #counts: VmCounts = emptyCounts();
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

  /** A VM was looked at and compared with what it has to be. */
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

  /** @param atEnd what is known of the end */
  evidence(atEnd: Partial<VmCounts> = {}): VmEvidence {
    const counts = { ...this.#counts, created: this.#created.size, deleted: this.#deleted.size, ...atEnd };
    return { checked: this.#checked, counts, examples: this.#examples };
  }
}

/**
 * Every VM is what was asked of it: created is readable, deleted is 404, its state and content are those of the last write,
 * and there is none that nobody made. Writes that were never answered are left open until somebody sees what became of them.
 */
export function vmLifecycle(vus: VmEvidence[]): Judgement {
  const counts = emptyCounts();
  let checked = 0;
  for (const vu of vus) {
    checked += vu.checked;
    for (const name of Object.keys(counts) as (keyof VmCounts)[]) counts[name] += vu.counts[name];
  }
  const violations = kinds.reduce((sum, breach) => sum + counts[breach], 0);
  const examples = vus.flatMap((vu) => vu.examples).slice(0, MAX_EXAMPLES);
  const status = violations > 0 ? 'violated' : checked > 0 ? 'ok' : 'unknown';
  if (status === 'unknown') examples.push('no VM could be looked at');
  return { checked, violations, examples, status, counts };
}

function emptyCounts(): VmCounts {
  const broken = Object.fromEntries(kinds.map((breach) => [breach, 0])) as Record<Breach, number>;
  const others = { indeterminate: 0, reconciled: 0, unread: 0, unswept: 0, leftBehind: 0 };
  return { created: 0, deleted: 0, ...broken, ...others };
}
