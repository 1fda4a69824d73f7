import type { Judgement } from '../../support/test.ts';
import type { Id } from '../apis/id.ts';

const MAX_EXAMPLES = 10;

/** What a slice was told of the changes of its VM; evidence of the oracle `events-told`. */
export interface ToldEvidence {
  /** Those that were told, by an event with the VM and what it is now. */
  told: number;
  untold: number;
  examples: UntoldChange[];
}

export interface UntoldChange {
  vm: Id;
  /** What it was started or stopped to be. */
  status: string;
  /** What was heard of the VM meanwhile. */
  heard: string[];
  changedAfterMs: number;
}

/** Who hears events, one connection after its subscription. */
export type Witness = object;

/** A change of the VM that is under way, or is to be told of. */
interface Change {
  status: string;
  witness: Witness | undefined;
  heard: string[];
}

/** A VM that nobody but us changes, one change after the other: what events and answers say of it has to be that. */
export class WatchedVm {
  id: Id | undefined;
  /** The connection that subscribed last, as long as it stands. */
  #witness: Witness | undefined;
  #change: Change | undefined;
  /** What it is for certain, and since when, by `epochMs`. */
  #status: string | undefined;
  #since = 0;
  readonly #evidence: ToldEvidence = { told: 0, untold: 0, examples: [] };

  /** A connection hears all events of VMs from here on. */
  joined(witness: Witness): void {
    this.#witness = witness;
  }

  /** It hears no more: what it has not heard by now nobody is to blame for. */
  left(witness: Witness): void {
    if (this.#witness === witness) this.#witness = undefined;
    if (this.#change?.witness === witness) this.#change = undefined;
  }

  /** It is about to be changed. */
  changing(status: string): void {
    this.#status = undefined;
    this.#change = { status, witness: this.#witness, heard: [] };
  }

  /** The change was refused, or nobody knows. */
  unchanged(): void {
    this.#change = undefined;
  }

  /** An event about it came, to whomever: what one connection alone lacks is lost on its way. */
  hear(status: unknown): void {
    const heard = this.#change?.heard;
    const text = String(status);
    if (heard && !heard.includes(text)) heard.push(text);
  }

  /** What the change has come to is told, or nobody can tell any more. */
  isSettled(now: number): boolean {
    const change = this.#change;
    if (!change?.witness) return true;
    if (!change.heard.includes(change.status)) return false;
    this.#evidence.told += 1;
    this.#status = change.status;
    this.#since = now;
    this.#change = undefined;
    return true;
  }

  /** Whoever hears everything has had all the time for it, and was not told. */
  untold(changedAfterMs: number): void {
    const { status, heard } = this.#change!;
    this.#change = undefined;
    this.#evidence.untold += 1;
    const { examples } = this.#evidence;
    if (examples.length >= MAX_EXAMPLES) return;
    examples.push({ vm: this.id!, status, heard, changedAfterMs: Math.round(changedAfterMs) });
  }

  /** Whether an answer about it, asked for at that time, may be true. */
  mayBe(status: unknown, askedAt: number): boolean {
    return typeof status !== 'string' || this.#status === undefined || askedAt < this.#since || status === this.#status;
  }

  /** Null when nobody could be told of anything. */
  evidence(): ToldEvidence | null {
    return this.#evidence.told + this.#evidence.untold > 0 ? structuredClone(this.#evidence) : null;
  }
}

/** A VM that was started or stopped is told of as that, to everybody who listens. */
export function eventsTold(slices: ToldEvidence[]): Judgement {
  const told = slices.reduce((sum, one) => sum + one.told, 0);
  const violations = slices.reduce((sum, one) => sum + one.untold, 0);
  const examples = slices.flatMap((one) => one.examples).slice(0, MAX_EXAMPLES);
  const summary = `${told + violations} changes of a VM, ${told} told of`;
  return { checked: told + violations, violations, examples, ...(violations > 0 && { summary }) };
}
