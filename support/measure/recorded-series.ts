import type { AnySeries } from './series.ts';
import type { TimeAxis } from './time-axis.ts';

/** A run's time axis, on the clock of `performance.now()`. */
export interface Course {
  axis: TimeAxis;
  /** The start of the run. */
  startAt: number;
}

/** What a slice adds to, under one key. */
export interface RecordedSeries {
  /**
   * @param at when the work was due, or began, on the clock of `performance.now()`; default: now
   */
  add(value: number, at?: number): void;
}

/**
 * A series that is told of by interval. A sample belongs to the interval, and so to the phase, in which its work was due, also when
 * that ends later: whoever knows `at` says it. What is counted is counted when it is done, but in no other phase than its work. A
 * gauge is of the moment in which it is read.
 *
 * `add` is the hot path: it costs two comparisons more than the series itself, and other intervals are looked up only for what is
 * not of this one.
 */
export class IntervalSeries implements RecordedSeries {
  readonly #newSeries: () => AnySeries;
  #current: AnySeries;
  readonly #others = new Map<number, AnySeries>();
  /** An empty one, for the next interval that is not this one. */
  #spare: AnySeries | undefined;
  #course: Course | undefined;
  /** What is added here is of work that was due in between; on the clock of `performance.now()`. */
  #from = Number.NEGATIVE_INFINITY;
  #until = Number.POSITIVE_INFINITY;
  #index = 0;

  constructor(newSeries: () => AnySeries) {
    this.#newSeries = newSeries;
    this.#current = newSeries();
  }

  add(value: number, at?: number): void {
    if (at! < this.#from || at! >= this.#until) this.#otherAt(at!).add(value);
    else this.#current.add(value);
  }

  /** From here on it is interval `index`. What lies there already is of work that was noticed before the interval began. */
  enter(index: number, course: Course): void {
    if (this.#current.count > 0) this.#others.set(this.#index, this.#current);
    const { axis, startAt } = course;
    this.#course = course;
    this.#index = index;
    this.#current = this.#others.get(index) ?? (this.#current.count > 0 ? this.#newSeries() : this.#current);
    this.#others.delete(index);
    // A second part of an interval that is over would be added up with the first, as another slice's is.
    if (this.#current.type === 'gauge') return;
    const own = { first: index, last: index };
    const { first, last } = this.#current.type === 'counter' ? axis.phaseBounds(index) : own;
    this.#from = first === 0 ? Number.NEGATIVE_INFINITY : startAt + axis.startOf(first);
    this.#until = last === Number.POSITIVE_INFINITY ? last : startAt + axis.endOf(last);
  }

  /** What was added to this interval; whoever has read it empties it. */
  get current(): AnySeries {
    return this.#current;
  }

  /** What was added to intervals before this one. */
  *takeLate(): Generator<[index: number, series: AnySeries]> {
    for (const [index, series] of this.#others) {
      if (index > this.#index) continue;
      yield [index, series];
      this.#others.delete(index);
      series.reset();
      this.#spare = series;
    }
  }

  #otherAt(at: number): AnySeries {
    const { axis, startAt } = this.#course!;
    let index = axis.indexAt(at - startAt);
    if (this.#current.type === 'counter') {
      const { first, last } = axis.phaseBounds(index);
      index = index < this.#index ? last : first;
    }
    const known = this.#others.get(index);
    if (known) return known;
    const other = this.#spare ?? this.#newSeries();
    this.#spare = undefined;
    this.#others.set(index, other);
    return other;
  }
}
