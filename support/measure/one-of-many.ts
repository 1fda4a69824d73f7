import type { Course, RecordedSeries } from './recorded-series.ts';
import type { AnySeries } from './series.ts';

/**
 * A series of which there may be thousands: of itself it keeps what each phase came to, and over time it is told of together with
 * its like, in `all`. So it costs nothing once an interval, and has one histogram a phase.
 */
export class OneOfMany implements RecordedSeries {
  readonly #newSeries: () => AnySeries;
  readonly #all: RecordedSeries;
  readonly #byPhase = new Map<string | undefined, AnySeries>();
  #current: AnySeries;
  #course: Course | undefined;
  /** What is added here is of work that was due in between; on the clock of `performance.now()`. */
  #from = Number.NEGATIVE_INFINITY;
  #until = Number.POSITIVE_INFINITY;

  constructor(newSeries: () => AnySeries, all: RecordedSeries) {
    this.#newSeries = newSeries;
    this.#all = all;
    this.#current = this.#ofPhase(undefined);
  }

  add(value: number, at?: number): void {
    this.#all.add(value, at);
    if (at! < this.#from || at! >= this.#until) this.#phaseAt(at!).add(value);
    else this.#current.add(value);
  }

  /** From here on it is interval `index`. What came before the run began belongs to its first phase. */
  enter(index: number, course: Course): void {
    const { axis, startAt } = course;
    const phase = axis.phaseOf(index);
    const { first, last } = axis.phaseBounds(index);
    if (!this.#course) {
      this.#byPhase.delete(undefined);
      this.#byPhase.set(phase, this.#current);
    }
    this.#course = course;
    this.#current = this.#ofPhase(phase);
    this.#from = first === 0 ? Number.NEGATIVE_INFINITY : startAt + axis.startOf(first);
    this.#until = last === Number.POSITIVE_INFINITY ? last : startAt + axis.endOf(last);
  }

  /** What came of each phase; of none where there is no run. */
  byPhase(): Iterable<[phase: string | undefined, series: AnySeries]> {
    return this.#byPhase;
  }

  #phaseAt(at: number): AnySeries {
    const { axis, startAt } = this.#course!;
    return this.#ofPhase(axis.phaseOf(axis.indexAt(at - startAt)));
  }

  #ofPhase(phase: string | undefined): AnySeries {
    const known = this.#byPhase.get(phase) ?? this.#newSeries();
    this.#byPhase.set(phase, known);
    return known;
  }
}
