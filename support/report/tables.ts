/** What the tables of a report show, as data; `text/`, `markdown/` and `html/` only draw it. */
import type { HealthSignal, MetricSummary, Phase, ThresholdResult, Verdict } from '../judge/verdict.ts';
import { groupOf, isOfBrowser, parseSeriesKey, seriesKey } from '../measure/metrics.ts';
import { cut, type Series, seriesOf } from './series.ts';

/** Iterations of the whole run, all scenarios together. */
export function totalIterations(verdict: Verdict): number {
  const iterations = seriesOf(verdict).filter((s) => s.name === 'iterations');
  const whole = iterations.find((s) => Object.keys(s.tags).length === 0);
  if (whole) return whole.summary.values.count ?? 0;
  const scenarios = iterations.filter((s) => Object.keys(s.tags).join() === 'scenario');
  return scenarios.reduce((sum, s) => sum + (s.summary.values.count ?? 0), 0);
}

/** What became of a threshold: `unmeasured` without any figure, `undecided` when its figure does not tell. */
export function thresholdState({
  observed,
  ok,
  decided,
}: ThresholdResult): 'held' | 'missed' | 'undecided' | 'unmeasured' {
  if (observed === null) return 'unmeasured';
  if (!decided) return 'undecided';
  return ok ? 'held' : 'missed';
}

/** What is told of an operation's time, in the order of the columns. */
export const timedStats = ['med', 'p(95)', 'p(99)', 'max'] as const;

export interface OperationRow {
  label: string;
  summary: MetricSummary;
}

export interface TimedRow extends OperationRow {
  /** How often; null when it is not known over what. */
  perSecond: number | null;
  /** Of one of the scenario's operations, not of all of them. */
  isOfOne?: true;
}

/** A scenario without a browser: its iterations, then every operation it timed, then what it counted. */
export interface Operations {
  /** Null for metrics that no scenario is named for. */
  scenario: string | null;
  iterations: number | null;
  /** Iterations, in the time in which they were scheduled; null when it is not known over what. */
  perSecond: number | null;
  /** What was waited for: the iterations from when they were due, or in their place what is {@link MetricSummary.waitedFor}. */
  response: MetricSummary | null;
  /** How long iterations took: from the due time, which is what a user waits, and from the start, as most tools report it. */
  times: TimedRow[];
  rows: TimedRow[];
  counts: OperationRow[];
  /** Null when both times of the iterations agree. */
  hiddenWait: HiddenWait | null;
}

/** 99th percentiles of the time from when work was due, and from when it was sent. */
export interface HiddenWait {
  responseMs: number;
  serviceMs: number;
}

/** Names of the scenarios that drive browsers: those that browser metrics are tagged with. */
export function journeyNames(verdict: Verdict): string[] {
  const browser = seriesOf(verdict).filter((s) => isOfBrowser(s.name));
  return [...new Set(browser.flatMap((s) => [s.tags.scenario, s.tags.journey]).filter((n) => n !== undefined))];
}

export interface JourneySessions {
  journey: string;
  sessions: number;
  failed: number;
}

/** How many sessions each journey had and how many of them failed, calm and load together. */
export function journeySessions(verdict: Verdict): JourneySessions[] {
  const all = seriesOf(verdict);
  const total = (metric: string, journey: string, value: string) => {
    const own = all.filter((s) => s.name === metric && (s.tags.journey ?? s.tags.scenario) === journey);
    return cut(own, [['journey'], ['scenario']]).reduce((sum, s) => sum + (s.summary.values[value] ?? 0), 0);
  };
  return journeyNames(verdict)
    .map((journey) => ({
      journey,
      sessions: total('browser_sessions', journey, 'count'),
      failed: total('browser_session_failed', journey, 'passes'),
    }))
    .filter(({ sessions }) => sessions > 0);
}

/** A scenario of either kind, over the whole run. */
export interface ScenarioRow {
  scenario: string;
  /** Iterations, or sessions. */
  done: number;
  perSecond: number | null;
  failed: number;
  /** From when they were due; null for sessions, which think. */
  response: MetricSummary | null;
}

/** What was done of each scenario: loads first. */
export function scenarioRows(verdict: Verdict): ScenarioRow[] {
  const loads = operations(verdict).flatMap(({ scenario, iterations, perSecond, response }): ScenarioRow[] => {
    if (scenario === null || iterations === null) return [];
    const failed = verdict.metrics[seriesKey('iteration_failed', { scenario })]?.values.passes ?? 0;
    return [{ scenario, done: iterations, perSecond, failed, response }];
  });
  const journeys = journeySessions(verdict).map(({ journey, sessions, failed }): ScenarioRow => {
    const seconds = secondsOf(verdict.metrics[seriesKey('browser_sessions', { journey })] ?? null, verdict.durationMs);
    const perSecond = seconds > 0 ? sessions / seconds : null;
    return { scenario: journey, done: sessions, failed, response: null, perSecond };
  });
  return [...loads, ...journeys];
}

/** The tables of protocol work, one per scenario, in the order the metrics have them. */
export function operations(verdict: Verdict): Operations[] {
  const journeys = new Set(journeyNames(verdict));
  // What never ended is in the figures of the whole; by itself it is no operation.
  const all = seriesOf(verdict).filter(({ tags }) => tags.phase === undefined && tags.unfinished === undefined);
  const tagged = new Set(all.filter((s) => s.tags.scenario).map((s) => s.name));
  const scenarios: (string | null)[] = [...new Set(all.map((s) => s.tags.scenario).filter((n) => n !== undefined))];
  return [...scenarios.filter((name) => name === null || !journeys.has(name)), null]
    .map((scenario): Operations => {
      // What carries the name of a scenario is told there; the untagged sum would repeat it.
      const own = all.filter((s) => (scenario === null ? !tagged.has(s.name) : s.tags.scenario === scenario));
      const plain = (name: string) =>
        own.find((s) => s.name === name && Object.keys(s.tags).every((tag) => tag === 'scenario'))?.summary ?? null;
      // Of the single checks only those that failed; together they stand under their scenario.
      const others = own.filter(
        (s) => groupOf(s.name) === undefined && !isOfBrowser(s.name) && !(s.tags.check && s.summary.values.rate === 1),
      );
      const label = ({ name, tags }: Series) => {
        const extra = Object.entries(tags).filter(([tag]) => tag !== 'scenario');
        const words = name
          .replace(/^http_req/, 'HTTP request')
          .replace(/_duration$/, '')
          .replaceAll('_', ' ');
        return [words, ...extra.map(([, value]) => value)].join(' · ');
      };
      const waited = own.find((s) => s.summary.waitedFor && Object.keys(s.tags).every((tag) => tag === 'scenario'));
      const response = plain('iteration_response_time');
      const service = plain('iteration_duration');
      const seconds = secondsOf(plain('iterations'), verdict.durationMs);
      const timed = (label: string, summary: MetricSummary): TimedRow => ({
        label,
        summary,
        perSecond: seconds > 0 ? summary.count / seconds : null,
      });
      return {
        scenario,
        iterations: plain('iterations')?.values.count ?? null,
        perSecond: response && timed('', response).perSecond,
        response: waited?.summary ?? response,
        times: [
          ...(response && !waited ? [timed('response time, from due', response)] : []),
          ...(service ? [timed(waited ? 'connection, its whole life' : 'duration, from start', service)] : []),
        ],
        rows: withoutRepeats(others.filter((s) => s.summary.type === 'trend' && s.summary.contains === 'time')).map(
          (s) => ({ ...timed(label(s), s.summary), ...(s.tags.op !== undefined && { isOfOne: true as const }) }),
        ),
        // By operation they can be had from the files; here they would bury what matters.
        counts: others
          .filter((s) => s.summary.type !== 'trend' && s.tags.op === undefined)
          .map((s) => ({ label: label(s), summary: s.summary })),
        hiddenWait: waited ? null : hiddenWait(response, service),
      };
    })
    .filter((o) => o.times.length > 0 || o.iterations !== null || o.rows.length > 0 || o.counts.length > 0);
}

/**
 * A request that is measured under a name of its own as well has the same figures twice; so has a metric with one value of a tag.
 * The first is told by its own name, the second without the tag.
 */
function withoutRepeats(all: Series[]): Series[] {
  const figures = ({ summary: { count, values } }: Series) => [count, ...timedStats.map((stat) => values[stat])].join();
  const isHttp = ({ name }: Series) => name === 'http_req_duration';
  const repeats = (one: Series, other: Series) =>
    isHttp(one)
      ? !isHttp(other)
      : one.name === other.name && Object.keys(one.tags).length > Object.keys(other.tags).length;
  const alike = new Map<string, Series[]>();
  for (const one of all) alike.set(figures(one), [...(alike.get(figures(one)) ?? []), one]);
  return all.filter((one) => !alike.get(figures(one))!.some((other) => repeats(one, other)));
}

/** More operations of one scenario than anybody reads: a list of URLs may have a thousand. */
const MOST_OPERATIONS = 50;

/**
 * What is told of all of them, then of many operations the slowest by p(95), in their order; undefined where there are few, which
 * are told one and all.
 * @returns with how many of how many operations these are
 */
export function slowestOf(rows: readonly TimedRow[]): { rows: TimedRow[]; shown: number; of: number } | undefined {
  const operations = rows.filter(({ isOfOne }) => isOfOne);
  if (operations.length <= MOST_OPERATIONS) return undefined;
  const p95 = ({ summary }: TimedRow) => summary.values['p(95)'] ?? 0;
  const slowest = operations.sort((a, b) => p95(b) - p95(a)).slice(0, MOST_OPERATIONS);
  const others = rows.filter(({ isOfOne }) => !isOfOne);
  return { rows: [...others, ...slowest], shown: slowest.length, of: rows.length - others.length };
}

/** A scenario in one phase. */
export interface PhaseRow {
  phase: Phase;
  scenario: string;
  perSecond: number;
  response: MetricSummary | null;
  /** Share of its iterations. */
  failed: number | null;
}

/** By scenario the metric that stands in the place of its iterations' response time; without those that have none. */
export function waitedIn(metrics: Verdict['metrics']): ReadonlyMap<string, string> {
  const waited = Object.keys(metrics).filter((key) => metrics[key]!.waitedFor);
  return new Map(
    waited.map(parseSeriesKey).flatMap(({ metric, tags }) => (tags.scenario ? [[tags.scenario, metric]] : [])),
  );
}

/** What came of each scenario phase by phase; empty where there is load in one alone. */
export function phaseRows({ phases, metrics }: Verdict): PhaseRow[] {
  if (phases.filter(({ load }) => load > 0).length < 2) return [];
  const scenarios = new Set(Object.keys(metrics).flatMap((key) => parseSeriesKey(key).tags.scenario ?? []));
  const waitedFor = waitedIn(metrics);
  return phases.flatMap((phase) =>
    [...scenarios].flatMap((scenario): PhaseRow[] => {
      const own = (metric: string) => metrics[seriesKey(metric, { scenario, phase: phase.name })] ?? null;
      const iterations = own('iterations');
      if (!iterations) return [];
      const failed = own('iteration_failed')?.values.rate ?? null;
      const perSecond = iterations.values.rate ?? 0;
      const response = own(waitedFor.get(scenario) ?? 'iteration_response_time');
      return [{ phase, scenario, perSecond, response, failed }];
    }),
  );
}

/** How long the scenario was scheduled, which is what its rates are over: not the calm before it. */
function secondsOf(iterations: MetricSummary | null, durationMs: number): number {
  const { count = 0, rate: perSecond = 0 } = iterations?.values ?? {};
  return perSecond > 0 ? count / perSecond : durationMs / 1000;
}

/** With fewer a p(99) is the maximum. */
const HIDDEN_WAIT_SAMPLES = 100;

/** Where waiting for a free VU hid most of the time: the one percentile is more than 1.2 times the other. */
function hiddenWait(response: MetricSummary | null, service: MetricSummary | null): HiddenWait | null {
  const responseMs = response?.values['p(99)'];
  const serviceMs = service?.values['p(99)'];
  if (responseMs === undefined || serviceMs === undefined || response!.count < HIDDEN_WAIT_SAMPLES) return null;
  return responseMs > 1.2 * serviceMs && responseMs - serviceMs >= 1 ? { responseMs, serviceMs } : null;
}

export interface TargetPeaks {
  cpuPercent: number | null;
  memoryBytes: number | null;
}

/** The highest figures of the target's own process; null for what it does not publish. */
export function targetPeaks(verdict: Verdict): TargetPeaks {
  const all = seriesOf(verdict);
  const peak = (name: string) => {
    const seen = all.filter((s) => s.name === name).map((s) => s.summary.values.max ?? 0);
    return seen.length > 0 ? Math.max(...seen) : null;
  };
  return {
    cpuPercent: peak('target_cpu_percent'),
    memoryBytes: peak('target_memory_bytes'),
  };
}

export interface Signals {
  saturated: HealthSignal[];
  healthy: HealthSignal[];
  /** 75th percentile of the control page's paint before the load; null when it was not visited. */
  controlCalmMs: number | null;
}

/** The generator's state: what was beyond its limit, and what was not. Of a signal in several phases that in which it was worst. */
export function signals({ health, metrics, phases }: Verdict): Signals {
  const quiet = phases.find(({ load }) => load === 0);
  const worst = new Map<string, HealthSignal>();
  for (const one of health.signals) {
    const name = [one.signal, one.scenario, one.detail].join();
    const known = worst.get(name);
    if (!known || (known.ok && !one.ok) || (known.ok === one.ok && isWorse(one, known))) worst.set(name, one);
  }
  const told = [...worst.values()];
  return {
    saturated: told.filter(({ ok }) => !ok),
    healthy: told.filter(({ ok }) => ok),
    controlCalmMs: (quiet && metrics[`browser_control_paint{phase:${quiet.name}}`]?.values['p(75)']) ?? null,
  };
}

/** Of the load that was delivered less is worse. */
function isWorse(a: HealthSignal, b: HealthSignal): boolean {
  return a.signal === 'delivered' ? a.observed < b.observed : a.observed > b.observed;
}

/** Errors by name, the most frequent first. */
export function errorsByName({
  errors,
}: {
  errors: Readonly<Record<string, number>>;
}): [name: string, count: number][] {
  return Object.entries(errors).sort((a, b) => b[1] - a[1]);
}
