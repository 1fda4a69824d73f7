/**
 * Compares a run with the accepted runs of its kind. A figure has got worse when all of this holds: the change is more than is
 * allowed, it is more than runs of the same build differ (the run is the unit), and the run's time blocks are worse than the
 * blocks of the others at the same time (the block is the unit). A single request is never a unit: requests of one run share
 * its weather.
 */
import { mean, sampleStandardDeviation } from 'simple-statistics';
import type { Figure } from './comparable.ts';
import { autocorrelation, lowestChance, predictionFactor, rankTest, type Stratum } from './significance.ts';
import type { Aspect, Finding, Regression } from './verdict.ts';

/** A finished run as a baseline keeps it. */
export interface KeptRun {
  runId: string;
  startedAt: string;
  /** The project's commit; null when it is not known. */
  build: string | null;
  figures: Figure[];
}

/** Of response times and throughput the change for the worse, of errors the share of failures itself. */
const LIMITS: Record<Aspect, { critical: number; warning: number }> = {
  'response-time': { critical: 0.5, warning: 0.2 },
  errors: { critical: 0.1, warning: 0.05 },
  throughput: { critical: 0.4, warning: 0.2 },
};

/** Chance that a run of the same build has any regression at all, by each of the two tests. */
const FALSE_ALARMS = 0.01;
/** Below this nothing is known of how much runs differ. */
export const LEAST_RUNS = 3;
/** Neighbouring blocks more alike than this are not two witnesses but one. */
const MOST_ALIKE = 0.25;

/** One figure of a run beside the same of others. What cannot be told is null. */
export interface Compared extends Omit<Regression, 'severity' | 'limit' | 'noise' | 'p'> {
  noise: number | null;
  p: number | null;
  /** `noise`: as much worse as a regression, but not beyond chance. `unknown`: too few runs or blocks to tell. */
  result: 'critical' | 'warning' | 'noise' | 'unknown' | 'fine';
}

/** The runs that a new one is compared with: of the newest build, when there are enough of it, else all that were accepted. */
export function referenceOf(runs: KeptRun[]): KeptRun[] {
  const newest = runs.filter(({ build }) => build === runs.at(-1)?.build);
  return newest.length >= LEAST_RUNS ? newest : runs;
}

/**
 * @param reference what the run is compared with; one run at least
 * @param alike runs of one build and kind, which show how much such runs differ
 */
export function compare(run: KeptRun, reference: KeptRun[], alike: KeptRun[] = reference): Compared[] {
  const pairs = run.figures.flatMap((own) => {
    const others = figuresLike(own, reference);
    // Of nothing there is no share.
    const isUsable = own.aspect === 'errors' || others.every(({ value }) => value > 0);
    return others.length > 0 && isUsable ? [{ own, others, alike: figuresLike(own, alike) }] : [];
  });
  // Bonferroni's correction: the more figures there are, the surer each has to be.
  return pairs.map((pair) => compared(pair, pairs.length));
}

/** What a comparison says of the run, worst first. */
export function regressions(all: Compared[]): Regression[] {
  return all
    .flatMap((one): Regression[] => {
      const { result, noise, p, ...rest } = one;
      if (result !== 'critical' && result !== 'warning') return [];
      const severity = result === 'critical' ? 'fail' : 'warning';
      return [{ severity, limit: LIMITS[one.aspect][result], noise: noise!, p: p!, ...rest }];
    })
    .sort((a, b) => Number(b.severity === 'fail') - Number(a.severity === 'fail') || b.change - a.change);
}

/** A run against the runs of its baseline. */
export function againstBaseline(run: KeptRun, runs: KeptRun[]): Finding[] {
  const reference = referenceOf(runs.filter(({ runId }) => runId !== run.runId));
  if (reference.length < LEAST_RUNS) {
    return [{ kind: 'baseline-thin', severity: 'warning', runs: reference.length, needed: LEAST_RUNS }];
  }
  const all = compare(run, reference);
  return [...regressions(all).map((one): Finding => ({ kind: 'regression', ...one })), ...undecided(all)];
}

/** What nobody could tell looks like what is fine. */
function undecided(all: Compared[]): Finding[] {
  const unknown = all.filter(({ result }) => result === 'unknown');
  const [worst] = unknown.filter(isMuchWorse).sort((a, b) => b.change - a.change);
  if (!worst && unknown.length < all.length) return [];
  const finding = { kind: 'baseline-undecided', severity: 'warning', figures: unknown.length, of: all.length } as const;
  if (!worst) return [finding];
  const { aspect, metric, stat, observed, baseline, change } = worst;
  return [{ ...finding, worst: { aspect, metric, stat, observed, baseline, change } }];
}

function isMuchWorse(one: Pick<Compared, 'aspect' | 'observed' | 'change'>): boolean {
  return one.change > 0 && amountOf(one) > LIMITS[one.aspect].warning;
}

/** What is compared with the limits. */
function amountOf({ aspect, observed, change }: Pick<Compared, 'aspect' | 'observed' | 'change'>): number {
  return aspect === 'errors' ? observed : change;
}

/**
 * The change that a run like these may show by chance in one of `figures` figures; null when there are too few of them.
 * @param references how many runs it is compared with
 */
export function noiseFloor(alike: Figure[], references: number, figures: number): number | null {
  if (alike.length < LEAST_RUNS) return null;
  const { aspect } = alike[0]!;
  const values = alike.map(({ value }) => value);
  const factor = predictionFactor(values.length, references, FALSE_ALARMS / figures);
  // Times multiply: twice as long is as likely as half as long.
  if (aspect === 'response-time') return Math.exp(factor * sampleStandardDeviation(values.map(Math.log))) - 1;
  return (factor * sampleStandardDeviation(values)) / (aspect === 'errors' ? 1 : mean(values));
}

function figuresLike({ metric, stat, aspect }: Figure, runs: KeptRun[]): Figure[] {
  return runs.flatMap(({ figures }) =>
    figures.filter((one) => one.metric === metric && one.stat === stat && one.aspect === aspect),
  );
}

function compared(
  { own, others, alike }: { own: Figure; others: Figure[]; alike: Figure[] },
  figures: number,
): Compared {
  const { aspect, metric, stat, value: observed } = own;
  const baseline = mean(others.map(({ value }) => value));
  const off = observed - baseline;
  const change = aspect === 'errors' ? off : aspect === 'throughput' ? -off / baseline : off / baseline;
  const noise = noiseFloor(alike, others.length, figures);
  const strata = strataOf(own, others, alike);
  const one = { aspect, metric, stat, observed, baseline, change, noise, runs: others.length, blocks: strata.length };
  // A test that cannot come out below what is asked for, whatever the blocks are, is none.
  const canTell = noise !== null && lowestChance(strata) * figures <= FALSE_ALARMS;
  if (!isMuchWorse(one)) return { ...one, p: null, result: canTell ? 'fine' : 'unknown' };
  const p = Math.min(1, rankTest(strata) * figures);
  if (!canTell) return { ...one, p, result: 'unknown' };
  const isReal = change > noise && p <= FALSE_ALARMS;
  return { ...one, p, result: isReal ? (amountOf(one) > LIMITS[aspect].critical ? 'critical' : 'warning') : 'noise' };
}

/** Blocks of the same time together, joined until neighbours are no longer alike. Higher is worse. */
function strataOf(own: Figure, others: Figure[], alike: Figure[]): Stratum[] {
  let count = Math.min(...[own, ...others, ...alike].map(({ blocks }) => blocks.length));
  const inBlocks = (figures: Figure[]) => figures.map(({ blocks }) => joined(blocks, count));
  while (count > 1 && autocorrelation(inBlocks(alike)) > MOST_ALIKE) count = Math.floor(count / 2);
  const [run] = inBlocks([own]);
  const reference = inBlocks(others);
  const sign = own.aspect === 'throughput' ? -1 : 1;
  return run!.flatMap((value, block) => {
    const beside = reference.flatMap((one) => one[block] ?? []);
    return value === null || beside.length === 0 ? [] : [{ own: sign * value, others: beside.map((x) => sign * x) }];
  });
}

/** So many blocks in place of more: each is the mean of those that it takes in. */
function joined(blocks: (number | null)[], count: number): (number | null)[] {
  return Array.from({ length: count }, (_, at) => {
    const from = Math.round((at * blocks.length) / count);
    const part = blocks.slice(from, Math.round(((at + 1) * blocks.length) / count)).filter((value) => value !== null);
    return part.length > 0 ? mean(part) : null;
  });
}
