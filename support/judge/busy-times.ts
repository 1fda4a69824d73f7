/**
 * Times in which a machine was full, though its mean over the load was not beyond the limit. A few such seconds can turn a figure of
 * the whole run: what comes out otherwise without them is undecided.
 */
import type { HealthLimits } from '../measure/health.ts';
import type { BuiltinMetric, Wanted } from '../measure/metrics.ts';
import type { MetricStore } from '../measure/store.ts';
import type { TimeAxis } from '../measure/time-axis.ts';
import { holds, parseExpression, parseSelector } from './expression.ts';
import type { Saturated } from './findings/saturated.ts';
import { lengthOf, type Scheduled } from './summary.ts';
import type { Judged, Measured } from './thresholds.ts';
import { claimOf, doubtsOf, type Measures, RULES, type Suspect, undecided } from './validity.ts';
import type { Doubt } from './verdict.ts';

/** What casts doubt on what was due in some times alone. */
export interface BusyTimes extends Suspect {
  /** Where they made anything undecided. */
  finding: Saturated;
  /** Intervals of the time axis: those that were beyond the limit, and one on either side, whose work may have waited in them. */
  intervals: ReadonlySet<number>;
}

const OF_MACHINE = [
  { by: 'machine-cpu', metric: 'machine_cpu_percent', limit: 'maxMachineCpuPercent' },
  { by: 'steal', metric: 'machine_steal_percent', limit: 'maxStealPercent' },
  { by: 'throttled', metric: 'machine_throttled_percent', limit: 'maxThrottledPercent' },
] as const satisfies { by: Doubt['by']; metric: BuiltinMetric; limit: keyof HealthLimits }[];

/** All that is read of how a machine was. */
export const machineMetrics: readonly string[] = OF_MACHINE.map(({ metric }) => metric);

/** One that generates load; with its number where there are several. */
interface Machine {
  store: MetricStore;
  shard?: number;
}

/** Less than this in a row is a hiccup. */
const LEAST_MS = 3_000;
/** Of the time under load: of a short run a hiccup is a part that turns a 95th percentile. */
const BRIEF_SHARE = 0.05;

/** By signal; of several machines, the times of all, of which those of the worst are told. */
export function busyTimes(machines: Machine[], limits: HealthLimits, axis: TimeAxis): BusyTimes[] {
  return timesOf(machines, limits, axis, LEAST_MS);
}

/**
 * Of a run so short that it has no time for more: hiccups that are a good part of it. What held is not thrown away for them; what was
 * missed may be their doing.
 * @param busy what is known by its signals already
 */
export function briefTimes(machines: Machine[], limits: HealthLimits, axis: TimeAxis, busy: BusyTimes[]): BusyTimes[] {
  const loadMs = axis.phases.reduce((sum, { startMs, endMs, load }) => sum + (load > 0 ? endMs - startMs : 0), 0);
  const known = busy.map(({ doubt }) => doubt.by);
  const least = Math.min(LEAST_MS, BRIEF_SHARE * loadMs);
  return timesOf(machines, limits, axis, least).filter(({ doubt }) => !known.includes(doubt.by));
}

function timesOf(machines: Machine[], limits: HealthLimits, axis: TimeAxis, leastMs: number): BusyTimes[] {
  return OF_MACHINE.flatMap(({ by, metric, limit }): BusyTimes[] => {
    const allowed = limits[limit];
    const found = machines.flatMap(({ store, shard }) => {
      const stretches = stretchesOf(store, metric, allowed).filter((one) => {
        const { startMs, endMs } = spanOf(one, axis);
        return endMs - startMs >= leastMs;
      });
      return stretches.length > 0 ? [{ shard, stretches, readings: stretches.flat() }] : [];
    });
    if (found.length === 0) return [];
    const indices = found.flatMap(({ readings }) => readings.map(({ index }) => index));
    const intervals = new Set(indices.flatMap((index) => [Math.max(0, index - 1), index, index + 1]));
    const names = [...new Set([...intervals].map((index) => axis.phaseOf(index)))];
    const areQuiet = names.every((name) => axis.phases.some((phase) => phase.name === name && phase.load === 0));
    const { shard, stretches, readings } = found.reduce((a, b) => (b.readings.length > a.readings.length ? b : a));
    const times = stretches.map((one) => spanOf(one, axis));
    const observed = readings.reduce((sum, { percent }) => sum + percent, 0) / readings.length / 100;
    const where = shard === undefined ? {} : { shard };
    const figures = { observed, allowed: allowed / 100, unit: 'ratio', times, ...where } as const;
    return [
      {
        doubt: { by, ...figures },
        finding: { kind: 'saturated', severity: 'invalid', signal: by, ...figures, count: readings.length },
        rule: RULES[by],
        phases: { names, areQuiet, andLater: names },
        intervals,
      },
    ];
  });
}

interface Reading {
  index: number;
  percent: number;
}

/** Intervals in a row in which a machine was beyond a limit. */
function stretchesOf(store: MetricStore, metric: string, allowed: number): Reading[][] {
  // Of a hundred machines most never were, and to look at each interval takes its time.
  if (!(store.trend(metric).max > allowed)) return [];
  const readings = [...store.over(metric)].flatMap(([index, series]) =>
    series.type === 'trend' ? [{ index, percent: series.trend.avg }] : [],
  );
  const stretches: Reading[][] = [];
  for (const reading of readings.filter(({ percent }) => percent > allowed)) {
    const last = stretches.at(-1);
    if (last?.at(-1)?.index === reading.index - 1) last.push(reading);
    else stretches.push([reading]);
  }
  return stretches;
}

function spanOf(readings: Reading[], axis: TimeAxis): { startMs: number; endMs: number } {
  return { startMs: axis.startOf(readings[0]!.index), endMs: axis.endOf(readings.at(-1)!.index) };
}

/** Those that reach into a stretch of time. */
export function busyIn(all: BusyTimes[], span: { startMs: number; endMs: number }, axis: TimeAxis) {
  if (all.length === 0) return all;
  const indices = axis.indicesIn(span);
  return all.filter(({ intervals }) => indices.some((index) => intervals.has(index)));
}

/** What is known of a run beside its figures. */
interface Known {
  store: MetricStore;
  axis: TimeAxis;
  measures: Measures;
  busy: BusyTimes[];
  /** As {@link briefTimes}. */
  brief: BusyTimes[];
  lengthOf(tags: Wanted): number;
  scenarios: Scheduled['scenarios'];
  durationMs: number;
}

/**
 * A threshold of the whole run or of phases, judged once more by what was due at other times: where it comes out otherwise, it is undecided.
 * @param again judges the same threshold by something else
 */
export function decideByTimes(
  judged: Judged,
  again: (measured: Pick<Measured, 'store' | 'lengthOf'>) => Judged,
  run: Known,
): Judged {
  const { metric, tags } = parseSelector(judged.result.metric)!;
  const claim = claimOf(judged, run.store.definitions[metric]!, run.axis.phases);
  if (!claim) return judged;
  const reaching = (times: BusyTimes[]) => {
    const doubts = doubtsOf(claim, times, run.measures);
    return { doubts, busy: times.filter(({ doubt }) => doubts.includes(doubt)) };
  };
  const isKept = (name: string) => name === metric || run.store.definitions[name]?.ofWork === 'failed';
  const otherMs = (busy: BusyTimes[], wanted: Wanted) => Math.max(1, run.lengthOf(wanted) - busyMs(busy, wanted, run));
  const elsewhere = (busy: BusyTimes[]) =>
    again({ store: without(busy, run.store, isKept), lengthOf: (wanted) => otherMs(busy, wanted) });

  const hiccups = reaching(judged.outcome === 'missed' ? run.brief : []);
  if (hiccups.busy.length > 0) {
    const { observed, limit } = elsewhere(hiccups.busy).result;
    // Of few samples that are left some may be beyond the limit all the same.
    const isMissedToo =
      observed !== null && limit !== null && !holds(observed, claim.operator, limit, claim.reference?.factor);
    if (!isMissedToo) return undecided(judged, hiccups.doubts);
  }
  const { doubts, busy } = reaching(run.busy);
  if (doubts.length === 0) return judged;
  const other = elsewhere(busy);
  if (other.outcome !== judged.outcome) return undecided(judged, doubts);
  // Of a number that was asked for, those times lack their part.
  const { aggregation, operator } = parseExpression(judged.result.expression)!;
  if (aggregation.method !== 'count' || !operator.startsWith('>')) return judged;
  const wanted = claim.phases ? { ...tags, phase: claim.phases } : tags;
  const likely = (other.result.observed! * run.lengthOf(wanted)) / otherMs(busy, wanted);
  return holds(likely, operator, claim.limit) === judged.result.ok ? judged : undecided(judged, doubts);
}

/** What was due at other times, of all that is counted: how long something took is left out. */
export function countedElsewhere(busy: BusyTimes[], store: MetricStore): MetricStore {
  return busy.length === 0 ? store : without(busy, store, (metric) => store.definitions[metric]!.type !== 'trend');
}

/** Of some metrics, what was due at other times. */
function without(busy: BusyTimes[], store: MetricStore, isKept: (metric: string) => boolean): MetricStore {
  const intervals = new Set(busy.flatMap(({ intervals }) => [...intervals]));
  return store.without((index) => intervals.has(index), isKept);
}

/** How long busy times are within the schedule of what tags name. */
function busyMs(busy: BusyTimes[], tags: Wanted, { axis, scenarios, durationMs }: Known): number {
  const phases = [...new Set(busy.flatMap(({ intervals }) => [...intervals]))].map((index) => ({
    name: axis.phaseOf(index),
    startMs: axis.startOf(index),
    endMs: axis.endOf(index),
    load: 1,
  }));
  const names = phases.map(({ name }) => name);
  return lengthOf({ scenarios, phases, durationMs }, { phase: names, ...tags });
}
