/** What comes after the last phase: work that began before, and ends. */
export const drain = 'drain';

/** A named part of a run; times in ms since its start. */
export interface Phase {
  name: string;
  startMs: number;
  endMs: number;
  /** The most that the loads' rates and VUs are multiplied with in it; 0 where only journeys run. */
  load: number;
}

/** What is left at the end of a phase after its whole intervals is one of its own from this share of an interval on. */
const LEAST_SHARE = 0.5;

/**
 * A run's time as it is measured: phases, cut into intervals from the start of each, so that an interval lies in one phase alone. The
 * last interval of a phase may be half as long as the others, or half as long again. The drain goes on in whole ones.
 */
export class TimeAxis {
  /** In the order of time, without gaps. */
  phases: readonly Phase[];
  readonly intervalMs: number;
  /** Where each interval of the phases begins, then where the drain does. */
  readonly #starts: number[] = [];
  /** Of each interval the place of its phase. */
  readonly #phases: number[] = [];
  /** Of each phase, and then of the drain, the intervals in it. */
  readonly #bounds: { first: number; last: number }[] = [];

  constructor(phases: readonly Phase[], intervalMs: number) {
    this.phases = phases;
    this.intervalMs = intervalMs;
    phases.forEach(({ startMs, endMs }, phase) => {
      const count = Math.max(1, Math.ceil((endMs - startMs) / intervalMs - LEAST_SHARE));
      this.#bounds.push({ first: this.#phases.length, last: this.#phases.length + count - 1 });
      for (let n = 0; n < count; n++) {
        this.#starts.push(startMs + n * intervalMs);
        this.#phases.push(phase);
      }
    });
    this.#bounds.push({ first: this.#phases.length, last: Number.POSITIVE_INFINITY });
    this.#starts.push(phases.at(-1)?.endMs ?? 0);
  }

  /** There are no more phases than these. What was an interval of a later one, is one of the drain. */
  end(phases: number): void {
    if (phases >= this.phases.length) return;
    const first = this.#bounds[phases]!.first;
    this.phases = this.phases.slice(0, phases);
    this.#phases.length = first;
    this.#starts.length = first + 1;
    this.#bounds.splice(phases, Number.POSITIVE_INFINITY, { first, last: Number.POSITIVE_INFINITY });
  }

  /** Intervals of the phases; further ones are of the drain. */
  get scheduled(): number {
    return this.#phases.length;
  }

  /** When interval `index` begins, ms since the run's start. */
  startOf(index: number): number {
    const beyond = index - this.scheduled;
    return beyond > 0 ? this.#starts.at(-1)! + beyond * this.intervalMs : this.#starts[index]!;
  }

  endOf(index: number): number {
    return this.startOf(index + 1);
  }

  lengthOf(index: number): number {
    return this.endOf(index) - this.startOf(index);
  }

  /** The interval that an instant lies in; what was before the start is in the first. */
  indexAt(ms: number): number {
    const end = this.#starts.at(-1)!;
    if (ms >= end) return this.scheduled + Math.floor((ms - end) / this.intervalMs);
    let [from, to] = [0, this.scheduled];
    while (to - from > 1) {
      const middle = (from + to) >> 1;
      if (this.#starts[middle]! <= ms) from = middle;
      else to = middle;
    }
    return from;
  }

  /** The intervals that a stretch of time touches, in their order. */
  indicesIn({ startMs, endMs }: { startMs: number; endMs: number }): number[] {
    const first = this.indexAt(startMs);
    const last = this.indexAt(Math.max(startMs, endMs - 1e-6));
    return Array.from({ length: last - first + 1 }, (_, n) => first + n);
  }

  /** The name of the phase that an interval lies in. */
  phaseOf(index: number): string {
    return this.phases[this.#phases[index] ?? -1]?.name ?? drain;
  }

  phaseAt(ms: number): string {
    return this.phaseOf(this.indexAt(ms));
  }

  /** The first interval of the phase that interval `index` lies in, and the last; the drain has no last. */
  phaseBounds(index: number): { first: number; last: number } {
    return this.#bounds[this.#phases[index] ?? this.phases.length]!;
  }
}
