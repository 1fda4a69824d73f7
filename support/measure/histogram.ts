import { build, type Histogram, type JsHistogram } from 'hdr-histogram-js';

/** Values are kept as integer thousandths: milliseconds become microseconds. Three significant digits. */
const SCALE = 1000;

/** The most that a double tells apart to the last thousandth. */
const MAX_RAW = Number.MAX_SAFE_INTEGER;

/** The largest number that a trend holds: 285 years in ms, 9 TB in bytes. */
export const TREND_MAX = MAX_RAW / SCALE;

/** Up to here numbers are integers to the processor too. */
const UINT32 = 2 ** 32;

/**
 * Where HdrHistogram counts an integer of 0 … 2⁵³ − 1 at three digits: what the library's own `countsArrayIndex` gives, by integer
 * arithmetic in place of logarithms and powers, at a sixth of the time. Seven of these happen for every request of a load.
 */
export function countsArrayIndex(value: number): number {
  if (value < UINT32) {
    const bucket = value < 2048 ? 0 : 21 - Math.clz32(value);
    return bucket * 1024 + (value >>> bucket);
  }
  const bucket = 53 - Math.clz32(value / UINT32);
  return bucket * 1024 + Math.floor(value / 2 ** bucket);
}

/** The least value that is counted there: the inverse of {@link countsArrayIndex}. */
function valueAt(index: number): number {
  return index < 2048 ? index : (1024 + (index & 1023)) * 2 ** ((index >>> 10) - 1);
}

/** Whether two numbers are one to a trend, which counts those that differ by less than a thousandth in the same place. */
export function isCountedAlike(a: number, b: number): boolean {
  const [one, other] = [a, b].map((value) =>
    value >= 0 && value <= TREND_MAX ? countsArrayIndex(Math.min(Math.round(value * SCALE), MAX_RAW)) : Number.NaN,
  );
  return one === other;
}

/** Places for counts in the largest histogram. */
const PLACES = countsArrayIndex(MAX_RAW) + 1;

/** Where a histogram that is read counts something, and how much: room for one at a time, as most have a few hundred. */
const found = { places: new Int32Array(PLACES), counts: new Float64Array(PLACES) };

/** HdrHistogram's V2 encoding: what its header begins with, and where it ends. */
const COOKIE = 0x1c849313;
const HEADER_BYTES = 40;
/** Of base64 that hold at least as many bytes. */
const HEADER_CHARACTERS = 56;

/** Room for the encoding of one histogram; no count has more than eight groups of seven bits. */
const scratch = Buffer.alloc(HEADER_BYTES + 8 * PLACES);

/** @param highestTrackableValue for which there is room from the start */
function emptyHistogram(highestTrackableValue = 2): Histogram {
  return Object.assign(build({ numberOfSignificantValueDigits: 3, highestTrackableValue }), { countsArrayIndex });
}

/**
 * An HdrHistogram of numbers of 0 … {@link TREND_MAX} (milliseconds, bytes, or a score). Merging is lossless: a histogram of merged parts equals
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

  /** @param value of 0 … {@link TREND_MAX}: whoever adds has looked at it */
  add(value: number): void {
    this.sum += value;
    const raw = Math.round(value * SCALE);
    this.#raw.recordValue(raw < MAX_RAW ? raw : MAX_RAW);
  }

  merge(other: Trend): void {
    if (other.count === 0) return;
    const [raw, from] = [this.#raw as JsHistogram, other.#raw as JsHistogram];
    // Room is made as recording makes it, so that the encoding of merged parts is that of the whole to the last bit.
    raw.recordValueWithCount(from.maxValue, 0);
    if (from.minNonZeroValue < from.maxValue) raw.recordValueWithCount(from.minNonZeroValue, 0);
    raw.addToCountAtIndex(0, from.getCountAtIndex(0));
    // The library's own merge looks at all places that there is room for, of which most are empty.
    const last = countsArrayIndex(from.maxValue);
    for (let index = countsArrayIndex(Math.min(from.minNonZeroValue, MAX_RAW)); index <= last; index++) {
      const count = from.getCountAtIndex(index);
      if (count > 0) raw.addToCountAtIndex(index, count);
    }
    raw.addToTotalCount(from.totalCount);
    this.sum += other.sum;
  }

  /**
   * Merges in what {@link encode} gave: what the library's own decoder gives and merges, in a fifth of its time. The merge of a
   * hundred shards does this half a million times. Throws when it does not decode.
   */
  mergeEncoded(encoded: string, sum: number): void {
    const length = scratch.write(encoded, 'base64');
    const end = HEADER_BYTES + (length < HEADER_BYTES ? 0 : scratch.readUInt32BE(4));
    if (length < end || scratch.readUInt32BE(0) !== COOKIE) throw new Error('this is no encoded histogram');
    const { places, counts } = found;
    let used = 0;
    let index = 0;
    for (let at = HEADER_BYTES; at < end; ) {
      // Seven bits a byte, the lowest first. Even: twice a count; odd: a number of places without any.
      let word = scratch[at++]!;
      if (word >= 0x80) {
        word &= 0x7f;
        let byte = 0x80;
        for (let scale = 0x80; byte >= 0x80 && at < end; scale *= 0x80) {
          byte = scratch[at++]!;
          word += (byte & 0x7f) * scale;
        }
      }
      if (word % 2 === 1) index += (word + 1) / 2;
      else {
        if (word > 0) {
          if (index >= PLACES) throw new Error('this is no encoded histogram');
          places[used] = index;
          counts[used++] = word / 2;
        }
        index += 1;
      }
    }
    this.sum += sum;
    if (used === 0) return;
    const raw = this.#raw as JsHistogram;
    // The ends by value, for room and for what is known of them; what is largest counts as the most that it can have been.
    raw.recordValueWithCount(valueAt(places[used - 1]! + 1) - 1, 0);
    const least = places[0] === 0 && used > 1 ? 1 : 0;
    raw.recordValueWithCount(valueAt(places[least]!), 0);
    let count = 0;
    for (let one = 0; one < used; one++) {
      raw.addToCountAtIndex(places[one]!, counts[one]!);
      count += counts[one]!;
    }
    raw.addToTotalCount(count);
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

  /**
   * How many samples lie up to each of the bounds and above the one before it; last, those above all bounds.
   * @param bounds ascending; exact to the histogram's resolution
   */
  countsUpTo(bounds: readonly number[]): number[] {
    const raw = this.#raw as JsHistogram;
    const ends = bounds.map((bound) => countsArrayIndex(Math.min(Math.round(bound * SCALE), MAX_RAW)));
    const counts = [...ends, 0].fill(0);
    const last = this.count === 0 ? -1 : countsArrayIndex(raw.maxValue);
    for (let index = 0, bucket = 0; index <= last; index += 1) {
      while (bucket < ends.length && index > ends[bucket]!) bucket += 1;
      counts[bucket]! += raw.getCountAtIndex(index);
    }
    return counts;
  }

  /** The histogram itself, of integer thousandths: for HdrHistogram's own tools. Not to be changed. */
  get histogram(): Histogram {
    return this.#raw;
  }

  /**
   * HdrHistogram's V2 encoding, base64. It is not compressed: that would take the generator as long as all its samples of an
   * interval, and what carries it is compressed as a whole.
   */
  encode(): string {
    const raw = this.#raw as JsHistogram;
    const limit = countsArrayIndex(raw.maxValue) + 1;
    let at = HEADER_BYTES;
    for (let index = 0; index < limit; ) {
      const count = raw.getCountAtIndex(index++);
      let word = 2 * count;
      if (count === 0) {
        const first = index;
        while (index < limit && raw.getCountAtIndex(index) === 0) index += 1;
        // One place without a count is a count of nothing.
        const more = index - first;
        if (more > 0) word = 2 * more + 1;
      }
      for (; word >= 0x80; word = Math.floor(word / 0x80)) scratch[at++] = (word % 0x80) + 0x80;
      scratch[at++] = word;
    }
    scratch.fill(0, 0, HEADER_BYTES);
    scratch.writeUInt32BE(COOKIE, 0);
    scratch.writeUInt32BE(at - HEADER_BYTES, 4);
    // As the library has them: the normalizing offset, digits, the least and the largest value, the ratio of units.
    scratch.writeUInt32BE(1, 8);
    scratch.writeUInt32BE(raw.numberOfSignificantValueDigits, 12);
    scratch.writeUInt32BE(1, 20);
    scratch.writeBigUInt64BE(BigInt(raw.highestTrackableValue), 24);
    scratch.writeUInt32BE(1, 36);
    return scratch.toString('base64', 0, at);
  }

  static decode(encoded: string, sum: number): Trend {
    const header = Buffer.from(encoded.slice(0, HEADER_CHARACTERS), 'base64');
    const highest = header.length < HEADER_BYTES ? undefined : Number(header.readBigUInt64BE(24));
    const trend = new Trend(emptyHistogram(highest));
    trend.mergeEncoded(encoded, sum);
    return trend;
  }
}
