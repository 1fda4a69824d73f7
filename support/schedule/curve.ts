/** A stretch in which the rate runs in a straight line from `from` to `to`, both in arrivals per time unit. */
export interface Segment {
  startMs: number;
  durationMs: number;
  from: number;
  to: number;
}

/**
 * The stretches of a staged schedule that starts at the value `start`, placed one after another from 0 ms.
 * A stage of duration 0 is a jump: it leaves no stretch, and the next one starts at its target.
 */
export function segmentsOf(start: number, stages: readonly { durationMs: number; target: number }[]): Segment[] {
  const segments: Segment[] = [];
  let startMs = 0;
  let from = start;
  for (const { durationMs, target } of stages) {
    if (durationMs > 0) segments.push({ startMs, durationMs, from, to: target });
    startMs += durationMs;
    from = target;
  }
  return segments;
}

/** A segment that knows which arrivals are its own: those with `first <= n < end`. */
interface Counted extends Segment {
  first: number;
  end: number;
}

/** An area this close to a whole number of arrivals differs from it by floating-point error only. */
const ROUNDING = 1e-6;

/**
 * Λ, the cumulative number of arrivals of a schedule, and its inverse. Nothing is summed arrival by arrival, so nothing
 * drifts.
 *
 * In a segment the rate, per time unit U, runs over D ms from a to b, and after t ms has brought
 *
 *     x = (a·t + (b − a)·t² / 2D) / U
 *
 * arrivals. The solution of this quadratic for t by the usual formula divides by b − a, which is 0 in a constant
 * stretch and cancels digits in a nearly constant one. Its conjugate form does neither, and gives U·x/a exactly
 * where b = a:
 *
 *     t = 2·U·x / (a + √(a² + 2·(b − a)·U·x / D))
 */
export class ArrivalCurve {
  /** Arrivals of the whole curve: a real number, the area under the rate. */
  area = 0;
  readonly #segments: Counted[] = [];
  readonly #timeUnitMs: number;

  constructor(segments: readonly Segment[], timeUnitMs: number) {
    this.#timeUnitMs = timeUnitMs;
    for (const segment of segments) this.extend(segment);
  }

  /** Goes on with a stretch that begins no earlier than the last one has ended; nothing arrives in between. */
  extend(segment: Segment): void {
    const { from, to, durationMs } = segment;
    const first = this.area;
    let end = first + ((from + to) * durationMs) / (2 * this.#timeUnitMs);
    const whole = Math.round(end);
    if (Math.abs(end - whole) < ROUNDING) end = whole;
    this.#segments.push({ ...segment, first, end });
    this.area = end;
  }

  /**
   * When the curve reaches `n`, in ms after its start; Infinity when it never goes beyond `n`. A count reached at the
   * end of a stretch belongs to the next stretch with a rate: where the rate is 0, nothing arrives.
   */
  timeOf(n: number): number {
    for (const { first, end, from, to, startMs, durationMs } of this.#segments) {
      if (n >= end) continue;
      if (n === first) return startMs;
      const scaled = (n - first) * this.#timeUnitMs;
      // Rounding can carry a ramp down to 0 a hair past its end, hence both bounds.
      const root = Math.sqrt(Math.max(0, from * from + (2 * (to - from) * scaled) / durationMs));
      return startMs + Math.min(durationMs, (2 * scaled) / (from + root));
    }
    return Number.POSITIVE_INFINITY;
  }
}
