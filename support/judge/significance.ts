/** How sure one can be that a run is worse than others of its kind: with the run, or a block of its time, as the unit. */
import { bisect, mean, sampleCorrelation, wilcoxonRankSum } from 'simple-statistics';

/** A block of a run's time: what this run showed in it, and what the others did at the same time of theirs. */
export interface Stratum {
  own: number;
  others: number[];
}

/**
 * Chance that a run like the others has at least this high ranks, all blocks together: Wilcoxon's rank sum within each block
 * (van Elteren's test), exact, ties included. Ranked block by block, a schedule that ramps is no difference, and a hiccup of
 * one block is no more than one high rank.
 */
export function rankTest(strata: Stratum[]): number {
  let observed = 0;
  // Twice the sum of ranks, since ties halve them → its chance when no run is special.
  let chances = new Map([[0, 1]]);
  for (const { own, others } of strata) {
    const all = [own, ...others];
    const ranks = all.map((value, index) => 2 * wilcoxonRankSum([value], all.toSpliced(index, 1)));
    observed += ranks[0]!;
    const next = new Map<number, number>();
    for (const [sum, chance] of chances) {
      for (const rank of ranks) next.set(sum + rank, (next.get(sum + rank) ?? 0) + chance / ranks.length);
    }
    chances = next;
  }
  let tail = 0;
  for (const [sum, chance] of chances) if (sum >= observed) tail += chance;
  return Math.min(1, tail);
}

/** The lowest chance that {@link rankTest} can come to with so many blocks and runs: what cannot be low cannot tell anything. */
export function lowestChance(strata: Stratum[]): number {
  return strata.reduce((chance, { others }) => chance / (others.length + 1), 1);
}

/**
 * By how many standard deviations, known from `n` runs, a new run may be off the mean of `references` runs when only a share
 * `chance` of such runs are further off on that side: Student's t as a prediction. Runs are the unit.
 */
export function predictionFactor(n: number, references: number, chance: number): number {
  return studentQuantile(n - 1, chance) * Math.sqrt(1 + 1 / references);
}

/** The t that is exceeded with this chance (0 … 0.5). */
function studentQuantile(df: number, chance: number): number {
  const above = (t: number) => studentTail(t, df) - chance;
  // With one degree of freedom t is about 1 ÷ (π × chance).
  return bisect(above, 0, 1 / chance, 100, 1e-6);
}

/** Chance that Student's t is above `t` ≥ 0; the finite series for whole degrees of freedom (Abramowitz and Stegun 26.7.3–4). */
export function studentTail(t: number, df: number): number {
  const angle = Math.atan(t / Math.sqrt(df));
  const odd = df % 2 === 1;
  const square = Math.cos(angle) ** 2;
  let term = odd ? Math.cos(angle) : 1;
  let sum = df > 1 ? term : 0;
  for (let k = odd ? 3 : 2; k < df; k += 2) {
    term *= (square * (k - 1)) / k;
    sum += term;
  }
  const within = Math.sin(angle) * sum;
  return (1 - (odd ? (2 / Math.PI) * (angle + within) : within)) / 2;
}

/**
 * How alike neighbouring blocks are (−1 … 1), beside what all runs have in common at a time and what each has throughout.
 * @param runs block values; null where nothing was measured
 */
export function autocorrelation(runs: (number | null)[][]): number {
  const known = (values: (number | null | undefined)[]) => values.filter((value) => typeof value === 'number');
  if (runs.length < 2) return 0;
  const atTime = runs[0]!.map((_, block) => mean0(known(runs.map((run) => run[block]))));
  const before: number[] = [];
  const after: number[] = [];
  for (const run of runs) {
    const off = run.map((value, block) => (value === null ? null : value - atTime[block]!));
    const centre = mean0(known(off));
    for (let block = 1; block < off.length; block++) {
      const [a, b] = [off[block - 1], off[block]];
      if (typeof a !== 'number' || typeof b !== 'number') continue;
      before.push(a - centre);
      after.push(b - centre);
    }
  }
  const varies = (values: number[]) =>
    values.length > 2 && values.some((value) => Math.abs(value - values[0]!) > 1e-12);
  return varies(before) && varies(after) ? sampleCorrelation(before, after) : 0;
}

function mean0(values: number[]): number {
  return values.length === 0 ? 0 : mean(values);
}
