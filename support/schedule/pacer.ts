import type { ArrivalCurve, Segment } from './curve.ts';
import { curveOf, type OpenPlan, type Slice } from './plan.ts';
import { type Random, random } from './random.ts';

/**
 * Walks over a slice's arrivals in the order in which they are due. Pure: it has no clock, and allocates nothing on its
 * way.
 *
 * Arrivals are numbered over the whole load. Uniform arrival n is due where the curve Λ reaches n, so that the first of
 * a constant rate is due at 0. Of bursts of b, arrival n is due with the first of its burst, where Λ reaches ⌊n/b⌋·b: the
 * rate is the same, and the last burst is whole. Poisson arrivals are due where Λ reaches the sums of unit exponential gaps: every slice
 * draws the whole load's gaps and keeps its own arrivals. Either way slice k of K takes the arrivals n ≡ k (mod K), and
 * all slices together are, to the last bit, the load that one slice alone would be.
 */
export class Pacer {
  /** Number of the current arrival in the whole load. */
  index: number;
  /** When the current arrival is due, in ms after the start of the run; Infinity when there are no more. */
  dueAt = 0;
  readonly #curve: ArrivalCurve;
  readonly #startTimeMs: number;
  readonly #slices: number;
  readonly #burstSize: number;
  readonly #gaps: Random | undefined;
  /** Where on the curve the current arrival lies. */
  #position = 0;

  /** Stands at the slice's first arrival. `seed` determines Poisson arrivals; give each scenario a seed of its own. */
  constructor(plan: OpenPlan, slice: Slice, seed: number | string) {
    this.#curve = curveOf(plan);
    this.#startTimeMs = plan.startTimeMs;
    this.#slices = slice.of;
    this.#burstSize = plan.burstSize ?? 1;
    this.#gaps = plan.arrivals === 'poisson' ? random(seed, 'arrivals') : undefined;
    this.index = slice.index;
    this.#moveBy(slice.index + 1);
  }

  /** Goes on to the slice's next arrival. */
  advance(): void {
    this.index += this.#slices;
    this.#moveBy(this.#slices);
  }

  /** The schedule goes on with this stretch, in ms after the start of the run. */
  extend(segment: Segment): void {
    this.#curve.extend({ ...segment, startMs: segment.startMs - this.#startTimeMs });
    if (this.dueAt === Number.POSITIVE_INFINITY) this.#moveBy(0);
  }

  /** There are no more arrivals. */
  end(): void {
    this.dueAt = Number.POSITIVE_INFINITY;
  }

  /**
   * Goes on to the first arrival that is due after `ms`, of millions too: only Poisson arrivals must be walked over.
   * @returns how many are due until then
   */
  passOver(ms: number): number {
    let count = 0;
    if (this.dueAt === Number.POSITIVE_INFINITY) return count;
    if (this.#gaps !== undefined) {
      for (; this.dueAt <= ms; count++) this.advance();
      return count;
    }
    const isDue = (nth: number) => this.#dueAt(this.#positionOf(this.index + nth * this.#slices)) <= ms;
    let step = 1;
    for (; isDue(count + step - 1); step *= 2) count += step;
    for (; step >= 1; step /= 2) if (isDue(count + step - 1)) count += step;
    this.index += count * this.#slices;
    this.#moveBy(0);
    return count;
  }

  #moveBy(arrivals: number): void {
    if (this.#gaps === undefined) this.#position = this.#positionOf(this.index);
    // One by one, so that the sum is rounded the same way whatever the number of slices.
    else for (let i = 0; i < arrivals; i++) this.#position += this.#gaps.exponential(1);
    this.dueAt = this.#dueAt(this.#position);
  }

  #positionOf(index: number): number {
    return index - (index % this.#burstSize);
  }

  #dueAt(position: number): number {
    return this.#startTimeMs + this.#curve.timeOf(position);
  }
}
