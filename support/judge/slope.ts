/** Whether a figure grows over a steady time, and how fast, as an interval: what a leak is told from noise by. */
import { mean, median, probit, sampleCorrelation, variance } from 'simple-statistics';

export interface Slope {
  /** Theil–Sen: the median of the slopes between all pairs of blocks. In the figure's unit, an hour. */
  perHour: number;
  /** The interval in which the true slope is, but for the chance that was asked for. */
  low: number;
  high: number;
  /** The median of the blocks that were counted. */
  base: number;
  /** Blocks that were counted, and those at the beginning that were left out as warm-up. */
  blocks: number;
  warmUp: number;
  /** The largest fall at once, in the warm-up too, and the block that it came with; absent where none stands out. */
  fall?: { block: number; by: number };
}

/** Fewer blocks than these tell nothing. */
export const LEAST_BLOCKS = 10;
/** No more alike than this: beyond it the blocks are hardly more than one witness. */
const MOST_ALIKE = 0.9;
const BATCH = 5;
/** A fall is from so many blocks to as many after them: a single one that is strange is none. */
const AROUND = 5;
/** Neighbours differ by so much less than what stands out. */
const STANDS_OUT = 4;
const MS_PER_HOUR = 3_600_000;

/**
 * The slope of a figure over blocks of time, with a confidence interval.
 *
 * The estimate is Theil and Sen's and its interval that of Mann and Kendall's test (Sen 1968; Gilbert 1987, 16.4): no shape of
 * the noise is assumed, and one strange block moves nothing. Neighbouring blocks are alike, so that there are fewer witnesses
 * than blocks: the variance grows by (1 + r) ÷ (1 − r), r being the residuals' autocorrelation (Yue and Wang 2004), corrected
 * for how few they are and for the line that was taken off (Kendall 1954). The start is left out as MSER does (White 1997): as many blocks, at most half, as make the
 * standard error of the rest's mean smallest.
 *
 * @param values one a block; null where nothing was measured
 * @param blockMs how long each is
 * @param chance that the true slope is outside of the interval (0 … 1)
 * @returns undefined where there are too few blocks to tell
 */
export function slopeOf(values: (number | null)[], blockMs: number, chance: number): Slope | undefined {
  if (pointsOf(values, 0).length < LEAST_BLOCKS) return undefined;
  const warmUp = warmUpOf(values);
  const points = pointsOf(values, warmUp);
  const n = points.length;
  const slopes = slopesOf(points);
  const slope = median(slopes);
  const alike = likeness(points.map(({ block, value }) => value - slope * block));
  const ordering = ((n * (n - 1) * (2 * n + 5)) / 18) * ((1 + alike) / (1 - alike));
  // How many pairs may be ordered by chance.
  const spread = -probit(chance / 2) * Math.sqrt(ordering);
  const at = (rank: number) => slopes[Math.round(rank) - 1];
  const perHour = (perBlock: number) => (perBlock * MS_PER_HOUR) / blockMs;
  const fall = fallIn(pointsOf(values, 0));
  return {
    perHour: perHour(slope),
    // Where the interval is wider than all slopes there are, nothing is known of that side.
    low: perHour(at((slopes.length - spread) / 2) ?? Number.NEGATIVE_INFINITY),
    high: perHour(at((slopes.length + spread) / 2 + 1) ?? Number.POSITIVE_INFINITY),
    base: median(points.map(({ value }) => value)),
    blocks: n,
    warmUp,
    ...(fall && { fall }),
  };
}

/** What grows and falls back, as memory does that is collected seldom, is no line, whatever its slope. */
function fallIn(points: Point[]): Slope['fall'] {
  const steps = points.slice(1).map(({ value }, i) => Math.abs(value - points[i]!.value));
  const level = (from: number, to: number) => median(points.slice(Math.max(0, from), to).map(({ value }) => value));
  const falls = points.slice(2, -1).map(({ block }, i) => {
    const at = i + 2;
    return { block, by: level(at - AROUND, at) - level(at, at + AROUND) };
  });
  const largest = falls.reduce((a, b) => (b.by > a.by ? b : a), { block: 0, by: 0 });
  return largest.by > STANDS_OUT * median(steps) ? largest : undefined;
}

interface Point {
  block: number;
  value: number;
}

function pointsOf(values: (number | null)[], from: number): Point[] {
  return values.flatMap((value, block) => (value === null || block < from ? [] : [{ block, value }]));
}

/** Between all pairs, in order. */
function slopesOf(points: Point[]): number[] {
  return points
    .flatMap((a, i) => points.slice(i + 1).map((b) => (b.value - a.value) / (b.block - a.block)))
    .sort((a, b) => a - b);
}

/**
 * How many blocks at the beginning are warm-up, in steps of {@link BATCH}, whose means are what MSER-5 looks at. So many as can tell
 * something are left.
 */
function warmUpOf(all: (number | null)[]): number {
  // A leak makes the end unlike the start as well: what the later half grows by is taken off before.
  const later = slopesOf(pointsOf(all, Math.floor(all.length / 2)));
  const steady = later.length > 0 ? median(later) : 0;
  const values = all.map((value, block) => (value === null ? null : value - steady * block));
  const batches = Array.from({ length: Math.floor(values.length / BATCH) }, (_, i) => {
    const measured = values.slice(i * BATCH, (i + 1) * BATCH).filter((value) => value !== null);
    return measured.length > 0 ? mean(measured) : undefined;
  });
  const errors = Array.from({ length: Math.floor(batches.length / 2) + 1 }, (_, left) => {
    const rest = batches.slice(left).filter((value) => value !== undefined);
    const isEnough = left === 0 || pointsOf(all, BATCH * left).length >= LEAST_BLOCKS;
    return isEnough && rest.length > 1 ? variance(rest) / rest.length : Number.POSITIVE_INFINITY;
  });
  return BATCH * Math.max(0, errors.indexOf(Math.min(...errors)));
}

/** The autocorrelation of neighbours, 0 … {@link MOST_ALIKE}. */
function likeness(residuals: number[]): number {
  const before = residuals.slice(0, -1);
  const after = residuals.slice(1);
  const varies = (all: number[]) => all.some((value) => Math.abs(value - all[0]!) > 1e-9 * Math.abs(all[0]!));
  if (!varies(before) || !varies(after)) return 0;
  const r = sampleCorrelation(before, after);
  return Math.min(MOST_ALIKE, Math.max(0, r + (2 + 4 * r) / residuals.length));
}
