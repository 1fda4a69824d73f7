import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

/** Values are kept as integer thousandths: milliseconds become microseconds. Three significant digits. */
const SCALE = 1000;

/** Above this (about 1 h 11 min in ms) a value is clamped; the maximum then reads as this. */
const MAX_RAW = 2 ** 32 - 1;

/**
 * Where HdrHistogram counts a value of 0 … 2³² − 1 at three digits: what the library's own `countsArrayIndex` gives, by integer
 * arithmetic in place of logarithms and powers, at a sixth of the time. Seven of these happen for every request of a load.
 */
export function countsArrayIndex(value: number): number {
  const bucket = value < 2048 ? 0 : 21 - Math.clz32(value);
  return bucket * 1024 + (value >>> bucket);
}

function emptyHistogram(): Histogram {
  return Object.assign(build({ numberOfSignificantValueDigits: 3 }), { countsArrayIndex });
}

/**
 * An HdrHistogram of numbers ≥ 0 (milliseconds, or a score). Merging is lossless: a histogram of merged parts equals
 * the histogram of all their values.
 */
export class Trend {
  readonly #raw: Histogram;
  /** Exact, so that the average is too. */
  sum = 0;

  constructor(raw: Histogram = emptyHistogram(), sum = 0) {
    this.#raw = raw;
    this.sum = sum;
  }

  get count(): number {
    return this.#raw.totalCount;
  }

  add(value: number): void {
    // A clock that steps back must not lose the sample; NaN would poison the sum.
    const clean = value > 0 ? value : 0;
    this.sum += clean;
    const raw = Math.round(clean * SCALE);
    this.#raw.recordValue(raw < MAX_RAW ? raw : MAX_RAW);
  }

  merge(other: Trend): void {
    if (other.count === 0) return;
    // Room is made as recording makes it, so that the encoding of merged parts is that of the whole to the last bit.
    this.#raw.recordValueWithCount(other.#raw.maxValue, 0);
    this.#raw.add(other.#raw);
    this.sum += other.sum;
  }

  reset(): void {
    this.#raw.reset();
    this.sum = 0;
  }

  /** The value that `p` percent (0…100) of the samples do not exceed. NaN when empty. */
  percentile(p: number): number {
    return this.count === 0 ? Number.NaN : this.#raw.getValueAtPercentile(p) / SCALE;
  }

  get min(): number {
    return this.percentile(0);
  }

  /** Like every percentile up to a thousandth above the value: no percentile is above it, and merging does not move it. */
  get max(): number {
    return this.percentile(100);
  }

  get avg(): number {
    return this.count === 0 ? Number.NaN : this.sum / this.count;
  }

  /** HdrHistogram's V2 compressed encoding, base64: readable by HdrHistogram's tools in any language. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#raw);
  }

  static decode(encoded: string, sum: number): Trend {
    const raw = decodeFromCompressedBase64(encoded);
    // A decoded histogram would refuse to take in a larger value.
    raw.autoResize = true;
    return new Trend(raw, sum);
  }
}
