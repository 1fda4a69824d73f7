import type { JudgedRun, Judgement } from '../measure/evidence.ts';
import { epochMs } from '../measure/marks.ts';
import { Counters } from './counters.ts';
import { summaryOf } from './summary.ts';

/** Times of acknowledgements are kept this coarsely: they only help a person to find a loss in a log. */
const TIME_STEP_MS = 10_000;
const MAX_EXAMPLES = 10;
/** Names that no participant gives are kept up to this many: the first of them is one too many. */
const MAX_STRAYS = 100;
/** Clocks of two machines differ. Less than the pause between the end of all load and the last look on one machine. */
const CLOCK_SLACK_MS = 250;
/** So many that were superseded must all be gone for the system to keep none of them: of fewer, all may be lost by chance. */
const MIN_SUPERSEDED = 10;
/** Of each participant so many elements are known that were superseded, and so many that were not: the latest of both. */
const MAX_LATEST = 100;

/** What one participant wrote into a set and found in it, packed; evidence for {@link acknowledgedSet}. */
export interface SetEvidence {
  /** Which set, such as an account: participants of one set see each other's elements, and nobody else's. */
  set: string;
  /** The participant. */
  by: string;
  /** Ranges of its own counters; see `Counters`. */
  acknowledged: number[];
  /** Begun, and neither acknowledged nor refused: may be there or not. */
  indeterminate: number[];
  /** What it found of each writer. */
  found: Record<string, number[]>;
  /** What it found that is no name of an element, and nobody else's. */
  strays: string[];
  /** Of which it was told what became of them, and that others wrote. */
  misdirected?: string[];
  duplicates: number;
  /** What the author knows to be somebody else's. */
  others: number;
  /** It saw everything there was after the load had come to rest: what it lacks is lost. */
  complete: boolean;
  /** When that look began, epoch ms; undefined when nobody on another machine may have written meanwhile. */
  readFrom?: number;
  /** The run's start on the clock of its machine, epoch ms; 0 when nothing was acknowledged. */
  startedAt: number;
  /** When the last of its writes was acknowledged, ms since then. */
  lastMs: number;
  /** `[counter, ms since the run's start]`: no later than then was this counter acknowledged. */
  times: [counter: number, atMs: number][];
  /** Of its own the latest whose place another one took that was acknowledged. */
  superseded?: number[];
  /** Of its own the latest whose place none took, for all that is known. */
  last?: number[];
  /** It saw all that there was at once, in the end, and nothing before. */
  isAnew?: boolean;
}

export interface SetHistoryOptions {
  /** Which set it writes to and reads from, such as an account. */
  set: string;
  /** Whose history it is; the names of its elements begin with it. It must be new in every run. */
  by: string;
  /** Ms since the run's start, as of `slice.elapsedMs`. */
  now(): number;
  /** Whether an element is somebody else's: of an earlier run, of a person who uses the set meanwhile. Default: none is. */
  isOthers?(name: string): boolean;
  /** It only looks, once and in the end: by what it does not find it is known whether the system keeps what was superseded. */
  isAnew?: boolean;
}

/**
 * Writes down what one participant writes into a set and finds there. Elements are called `<participant>-<counter>`, by which a
 * history of millions of writes is a handful of ranges: where the system gives ids of its own, put the name into the content.
 */
export class SetHistory {
  readonly #options: SetHistoryOptions;
  #count = 0;
  readonly #acknowledged = new Counters();
  readonly #refused = new Counters();
  readonly #superseded: number[] = [];
  readonly #last = new Set<number>();
  readonly #found = new Map<string, Counters>();
  readonly #strays = new Set<string>();
  readonly #misdirected = new Set<string>();
  readonly #times: SetEvidence['times'] = [];
  #duplicates = 0;
  #others = 0;
  #startedAt = 0;
  #lastMs = 0;

  constructor(options: SetHistoryOptions) {
    this.#options = options;
  }

  /** Begins a write. @returns the name of its element */
  next(): string {
    this.#count += 1;
    return nameOf(this.#options.by, this.#count);
  }

  /** The system said that it keeps an element. */
  acknowledged(name: string): void {
    const { counter } = partsOf(name)!;
    const atMs = this.#options.now();
    this.#acknowledged.add(counter);
    this.#startedAt ||= epochMs() - atMs;
    this.#lastMs = atMs;
    const last = this.#times.at(-1);
    if (!last || atMs - last[1] >= TIME_STEP_MS) this.#times.push([counter, Math.round(atMs)]);
  }

  /** Whether the system said of an element of its own that it keeps it. */
  isAcknowledged(name: string): boolean {
    const parts = partsOf(name);
    return parts?.writer === this.#options.by && this.#acknowledged.has(parts.counter);
  }

  /** The system said that it did not take an element. Without either answer nobody knows. */
  refused(name: string): void {
    this.#refused.add(partsOf(name)!.counter);
  }

  /** The system said what became of these elements: it was another's answer, if another wrote one of them. */
  told(names: Iterable<string>): void {
    for (const name of names) {
      const parts = partsOf(name);
      const isForeign = parts !== undefined && parts.writer !== this.#options.by;
      if (isForeign && this.#misdirected.size < MAX_STRAYS) this.#misdirected.add(name);
    }
  }

  /**
   * An element, which was not refused, is all that the system has to give from now on of what it is about.
   * @param earlier the one whose place it takes; undefined: it is the first
   */
  supersedes(name: string, earlier: string | undefined): void {
    const { counter } = partsOf(name)!;
    const last = this.#last.add(counter);
    const [oldest] = last;
    if (last.size > MAX_LATEST) last.delete(oldest!);
    if (earlier === undefined) return;
    const before = partsOf(earlier)!.counter;
    last.delete(before);
    // Else it may be there still.
    if (this.#acknowledged.has(counter) && this.#superseded.push(before) > MAX_LATEST) this.#superseded.shift();
  }

  /** An element is there. @returns false when this participant had found it before */
  found(name: string): boolean {
    if (this.#options.isOthers?.(name)) {
      this.#others += 1;
      return true;
    }
    const parts = partsOf(name);
    if (!parts) {
      if (this.#strays.size < MAX_STRAYS) this.#strays.add(name);
      return true;
    }
    let counters = this.#found.get(parts.writer);
    if (!counters) {
      counters = new Counters();
      this.#found.set(parts.writer, counters);
    }
    const fresh = counters.add(parts.counter);
    if (!fresh) this.#duplicates += 1;
    return fresh;
  }

  /**
   * @param complete whether its last look saw everything, after the load had come to rest
   * @param readFrom when that look began, epoch ms: other machines may still have written then
   */
  evidence(complete: boolean, readFrom?: number): SetEvidence {
    const { set, by, isAnew } = this.#options;
    const begun = new Counters(this.#count > 0 ? [1, this.#count] : []);
    return {
      set,
      by,
      acknowledged: this.#acknowledged.pack(),
      indeterminate: begun.without(this.#acknowledged).without(this.#refused).pack(),
      found: Object.fromEntries([...this.#found].map(([writer, counters]) => [writer, counters.pack()])),
      strays: [...this.#strays],
      ...(this.#misdirected.size > 0 && { misdirected: [...this.#misdirected] }),
      duplicates: this.#duplicates,
      others: this.#others,
      complete,
      readFrom,
      startedAt: this.#startedAt,
      lastMs: this.#lastMs,
      times: this.#times,
      ...(this.#superseded.length > 0 && { superseded: [...this.#superseded], last: [...this.#last] }),
      ...(isAnew && { isAnew }),
    };
  }
}

function nameOf(by: string, counter: number): string {
  return `${by}-${counter}`;
}

/** Undefined for what no participant would call an element. */
function partsOf(name: string): { writer: string; counter: number } | undefined {
  const dash = name.lastIndexOf('-');
  const digits = name.slice(dash + 1);
  if (dash < 1 || !/^[1-9]\d{0,14}$/.test(digits)) return undefined;
  return { writer: name.slice(0, dash), counter: Number(digits) };
}

/**
 * What was acknowledged is there for every other participant of its set, and nothing else is: nothing that was refused or never
 * written, nothing of another set. Whoever wrote it is told, and nobody else. A write without an answer may be there or not. Of shards that end one after the other, a
 * participant answers only for what was acknowledged before it looked. What was superseded need not be there where the system keeps
 * nothing of that; where it keeps some, the rest is lost. An element of a writer who brought no evidence is one too many only in a
 * whole run: else that writer may be of the part that is missing.
 */
export function acknowledgedSet(participants: SetEvidence[], { isWhole }: JudgedRun): Judgement {
  const writers = new Map(participants.map((one) => [one.by, one]));
  const counts = {
    participants: participants.length,
    readers: participants.filter(({ complete }) => complete).length,
    duplicates: 0,
    ofOthers: 0,
    indeterminate: 0,
    unread: 0,
    lost: 0,
    unexpected: 0,
  };
  const lost: object[] = [];
  const unexpected: object[] = [];
  let checked = 0;
  const isKept = keepsSuperseded(participants);
  for (const members of bySet(participants).values()) {
    const readers = members.filter(({ complete }) => complete);
    for (const writer of members) {
      counts.duplicates += writer.duplicates;
      counts.ofOthers += writer.others;
      counts.indeterminate += new Counters(writer.indeterminate).size;
      const all = new Counters(writer.acknowledged);
      const acknowledged = isKept ? all : lastOf(writer, all);
      const others = readers.filter(({ by }) => by !== writer.by);
      const seen =
        others.length === 0
          ? new Counters()
          : acknowledged.upTo(Math.max(...others.map((reader) => lastDue(writer, reader))));
      checked += seen.size;
      counts.unread += acknowledged.size - seen.size;
      let missing = new Counters();
      for (const reader of others) {
        const found = new Counters(reader.found[writer.by]);
        missing = missing.with(acknowledged.upTo(lastDue(writer, reader)).without(found));
      }
      counts.lost += missing.size;
      for (const counter of firstOf(missing, MAX_EXAMPLES - lost.length))
        lost.push(lostElement(writer, counter, others));
    }
  }
  for (const { name, foundBy, set, why } of tooMany(participants, writers, isWhole)) {
    counts.unexpected += 1;
    if (unexpected.length < MAX_EXAMPLES) unexpected.push({ name, set, foundBy, unexpected: why });
  }
  const summary = summaryOf(
    [checked, 'acknowledged'],
    [checked - counts.lost, 'found by every reader'],
    counts.unexpected > 0 && [counts.unexpected, 'there that may not be'],
  );
  checked += counts.unexpected;
  const violations = counts.lost + counts.unexpected;
  // Some of each: the one must not hide the other.
  const half = MAX_EXAMPLES / 2;
  const kept = [...lost.slice(0, Math.max(half, MAX_EXAMPLES - unexpected.length)), ...unexpected];
  const examples: unknown[] = kept.slice(0, MAX_EXAMPLES);
  const status = violations > 0 ? 'violated' : checked > 0 ? 'ok' : 'unknown';
  if (status === 'unknown') examples.push('nothing that was acknowledged could be read back');
  return { checked, violations, examples, status, counts, ...(violations > 0 && { summary }) };
}

/** Whether who reads everything anew finds any of what was superseded before; where too little was to tell, it should. */
function keepsSuperseded(participants: SetEvidence[]): boolean {
  const readers = participants.filter(({ complete, isAnew }) => complete && isAnew);
  const writers = participants.filter(({ superseded }) => superseded);
  let gone = 0;
  for (const { set, found } of readers) {
    for (const writer of writers) {
      if (writer.set !== set) continue;
      const there = new Counters(found[writer.by]);
      if (writer.superseded!.some((counter) => there.has(counter))) return true;
      gone += writer.superseded!.length;
    }
  }
  return gone < MIN_SUPERSEDED;
}

/** Of what was acknowledged what must be there where nothing else is kept, as far as that is known. */
function lastOf({ last }: SetEvidence, acknowledged: Counters): Counters {
  // Nothing of it was superseded.
  if (!last) return acknowledged;
  const due = new Counters();
  for (const counter of last.toSorted((a, b) => a - b)) if (acknowledged.has(counter)) due.add(counter);
  return due;
}

/** What is there and may not be, each element once, whoever found it. */
function* tooMany(participants: SetEvidence[], writers: ReadonlyMap<string, SetEvidence>, isWhole: boolean) {
  const told = new Map<string, Counters>();
  const strays = new Set<string>();
  for (const { set, by: foundBy, found, strays: own, misdirected = [] } of participants) {
    for (const name of misdirected) {
      if (writers.has(partsOf(name)!.writer)) yield { name, foundBy, set, why: 'its answer was given to another one' };
    }
    for (const name of own) {
      if (strays.has(name)) continue;
      strays.add(name);
      yield { name, foundBy, set, why: 'no participant gives such names' };
    }
    for (const [by, ranges] of Object.entries(found)) {
      const writer = writers.get(by);
      if (!writer && !isWhole) continue;
      const known = told.get(by) ?? new Counters();
      let fresh = new Counters(ranges).without(known);
      if (writer?.set === set) {
        fresh = fresh.without(new Counters(writer.acknowledged)).without(new Counters(writer.indeterminate));
      }
      told.set(by, known.with(fresh));
      const why = !writer
        ? 'nobody of this name wrote'
        : writer.set === set
          ? 'it was refused, or never written'
          : `it was written into ${writer.set}`;
      for (const counter of fresh) yield { name: nameOf(by, counter), foundBy, set, why };
    }
  }
}

/** The last of the writer's counters that was certainly acknowledged when the reader began to look. */
function lastDue({ startedAt, lastMs, times }: SetEvidence, { readFrom }: SetEvidence): number {
  const untilMs = (readFrom ?? Number.POSITIVE_INFINITY) - startedAt - CLOCK_SLACK_MS;
  return lastMs <= untilMs ? Number.POSITIVE_INFINITY : (times.findLast(([, atMs]) => atMs <= untilMs)?.[0] ?? -1);
}

function* firstOf(counters: Counters, most: number): Generator<number> {
  let left = most;
  for (const counter of counters) {
    if (left <= 0) return;
    left -= 1;
    yield counter;
  }
}

function lostElement(writer: SetEvidence, counter: number, readers: SetEvidence[]): object {
  const missedBy = readers.filter(
    (reader) => counter <= lastDue(writer, reader) && !new Counters(reader.found[writer.by]).has(counter),
  );
  const after = writer.times.findLast(([first]) => first <= counter)?.[1] ?? 0;
  return {
    name: nameOf(writer.by, counter),
    set: writer.set,
    writer: writer.by,
    missingFor: missedBy.map(({ by }) => by),
    acknowledgedAfterMs: after,
    acknowledgedBeforeMs: writer.times.find(([first]) => first > counter)?.[1] ?? null,
  };
}

function bySet(participants: SetEvidence[]): Map<string, SetEvidence[]> {
  const sets = new Map<string, SetEvidence[]>();
  for (const participant of participants) {
    const members = sets.get(participant.set);
    if (members) members.push(participant);
    else sets.set(participant.set, [participant]);
  }
  return sets;
}
