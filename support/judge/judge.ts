import { aboutMetric, exhaustedCodes } from '../measure/failures.ts';
import type { HealthLimits } from '../measure/health.ts';
import { parseSeriesKey, type Wanted } from '../measure/metrics.ts';
import type { MetricStore } from '../measure/store.ts';
import { type Phase, TimeAxis } from '../measure/time-axis.ts';
import type { Answers } from '../profile/answers.ts';
import { answerFindings, answersOf, objectivesOf } from './answers.ts';
import { briefTimes, busyTimes, countedElsewhere, decideByTimes } from './busy-times.ts';
import { causes } from './causes.ts';
import { type DrillFacts, disturbedBy, drillFindings, judgeDrills, undisturbed } from './drills.ts';
import { parseExpression, parseSelector } from './expression.ts';
import { type FailureFacts, failureExamples, failureFindings, isCheck } from './failures.ts';
import type { Crashed } from './findings/crashed.ts';
import { type ErrorCount, NOT_SENT } from './findings/failing.ts';
import { kindOf } from './findings/index.ts';
import type { LessAsked } from './findings/less-asked.ts';
import { decisiveStart, drops, type GeneratorFacts, healthOf, signalFindings, startFindings } from './health.ts';
import { rateLimitFindings } from './rate-limit.ts';
import type { SearchEnd } from './results.ts';
import { dueUntilMs, lengthOf, summarise } from './summary.ts';
import { judgeThreshold, type Measured, type ThresholdSpec } from './thresholds.ts';
import { decide, doubtsOf, endedEarly, madeSmaller, mayTimeOut, measuredBy, suspects } from './validity.ts';
import type { Finding, OracleResult, Verdict } from './verdict.ts';
import { isWindowed, judgeWindowed } from './windowed.ts';
import type { Course } from './windows.ts';

/** What a slice says of its own run; see `SliceReport`. */
export interface SliceFacts {
  scenario: string;
  slice: { index: number; of: number };
  end: {
    status: 'complete' | 'stopped' | 'crashed';
    error?: string;
    startLateMs: number;
    durationMs: number;
    started: number;
    dropped: number;
    interrupted: number;
    cpuSeconds: number;
  } & FailureFacts['slices'][0]['end'];
}

/** Everything that a verdict is made from; plain data, so that merged shards are judged as a single run is. */
export interface Case {
  runId: string;
  profile: string;
  target: { name: string; url: string };
  startedAt: string;
  durationMs: number;
  seed: string;
  phases: Phase[];
  intervalMs: number;
  /** What is asked beside thresholds. */
  answers?: Answers;
  /** Of a run that was made smaller than its profile; see `Timeline`. */
  share?: Pick<LessAsked, 'load' | 'time'>;
  /** Absent: there were none. */
  drills?: DrillFacts;
  /** How a search for a capacity ended; absent without one, and when the run ended before it. */
  searchEnd?: SearchEnd;
  /** When the target did not answer whoever asked beside the load; absent for never. */
  outages?: { startMs: number; endMs: number }[];
  /** When its process was seen to have begun anew; absent for never. */
  restarts?: number[];
  store: MetricStore;
  /** Slices that delivered their report. */
  slices: SliceFacts[];
  /** Slices that should have, and why one did not, as far as that is known. */
  missing: { scenario: string; slice: number; of: number; cause: string }[];
  /** Set when this is one shard's part: what only all parts together can tell is then left open. */
  partial?: { shard: number; of: number };
  /** Of merged shards. */
  shards?: {
    expected: number;
    /** Each generator, and when it began on its wall clock, epoch ms; undefined when it never did. */
    merged: ({ shard: number; startedAt: number | undefined } & GeneratorFacts)[];
    /** Slices of the missing ones. */
    missingSlices: number;
  };
  /** `startMs` and `endMs`: of its schedule, since the run's start. `oracles`: those that it brings evidence for. */
  scenarios: ({
    maxVUs: number;
    isOpen: boolean;
    startMs: number;
    endMs: number;
    oracles: string[];
  } & FailureFacts['scenarios'][0])[];
  thresholds: Record<string, ThresholdSpec[]>;
  limits: HealthLimits;
  errors: Record<string, number>;
  oracles: OracleResult[];
  /** What the coordinator saw: an outage, a Ctrl-C. */
  observed: Finding[];
}

/**
 * Judges a run. The findings come in the order in which they were looked for, without those that only follow from others;
 * `report/` sorts and words them.
 */
export function judge(run: Case): { verdict: Omit<Verdict, 'reasons' | 'warnings'>; findings: Finding[] } {
  const health = healthOf({ ...run, named: namedPhases(run) });
  const seen: Finding[] = [
    ...run.oracles.flatMap(oracleFinding),
    ...run.observed,
    ...missingFindings(run.missing),
    ...run.slices.flatMap(crashFinding),
    ...measuredAnything(run),
    ...idleFindings(run),
    ...rateLimitFindings(run, run.target.url),
    ...startFindings(run, health),
    ...(run.share ? [{ kind: 'less-asked', severity: 'warning', ...run.share } as const] : []),
  ];
  const suspected = suspects(health.signals, seen, run.phases);
  const measures = measuredBy(run.store);
  const aborted = run.observed.find((one) => one.kind === 'aborted');
  const scheduled = { ...run, durationMs: dueUntilMs(run.durationMs, run.observed) };
  const measured = {
    store: run.store,
    phases: run.phases,
    lengthOf: (tags: Wanted) => lengthOf(scheduled, tags),
    refused: (metric: string) => refusedValues(run.errors, metric),
  };
  const axis = new TimeAxis(run.phases, run.intervalMs);
  const machines = run.shards?.merged ?? [{ store: run.store }];
  const busy = busyTimes(machines, run.limits, axis);
  const brief = briefTimes(machines, run.limits, axis, busy);
  const course: Course = {
    ...{ store: run.store, axis, measures, busy, scenarios: run.scenarios, isUnderWay: aborted !== undefined },
    durationMs: run.durationMs,
    suspects: suspected,
    ...(run.outages && { outages: run.outages }),
    ...(run.restarts && { restarts: run.restarts }),
    isDown: run.observed.some(({ kind }) => kind === 'target-down'),
  };
  const drills = run.drills && judgeDrills(run.drills, objectivesOf(run.answers), course);
  const disturbed = drills && disturbedBy(run.drills!.runs, drills, axis);
  const answers = answersOf(run.answers, { ...course, ...(disturbed && { disturbed }) }, run.searchEnd);
  const judged = Object.entries(run.thresholds).flatMap(([metric, specs]) =>
    specs.map((spec) => {
      if (isWindowed(spec)) return judgeWindowed(metric, spec, course);
      const { metric: name } = parseSeriesKey(metric);
      const definition = run.store.definitions[name]!;
      const found = judgeThreshold(metric, spec, measured);
      const isCause = aborted?.metric === metric && aborted.expression === found.result.expression;
      const isCount = parseExpression(found.result.expression)!.aggregation.method === 'count';
      const mayBe = [
        ...suspected,
        ...(isCount && run.share ? madeSmaller(run.share.load * run.share.time) : []),
        ...(aborted && !isCause ? [endedEarly(aborted, run.phases)] : []),
      ];
      const decided = decide(found, definition, mayBe, measures, run.phases);
      const again = (other: Pick<Measured, 'store' | 'lengthOf'>) =>
        judgeThreshold(metric, spec, { ...measured, ...other });
      return decideByTimes(decided, again, { ...course, ...measured, busy, brief, scenarios: run.scenarios });
    }),
  );
  const elsewhere = { ...run, store: countedElsewhere(busy, run.store) };
  const droppedElsewhere = drops(elsewhere, health).map(({ scenario }) => scenario);
  const dropped = drops(run, health).map((finding) => {
    const { scenario, dropped: lost, due } = finding;
    const share = { metric: 'dropped_iterations', tags: { scenario }, quantity: 'failure', operator: '<=' } as const;
    const claim = { ...share, observed: lost / due, limit: run.limits.maxDropped };
    const mayBe = droppedElsewhere.includes(scenario) ? suspected : [...suspected, ...busy];
    const doubts = doubtsOf(claim, mayBe, measures);
    return doubts.length > 0 ? { ...finding, severity: 'invalid' as const, doubts } : finding;
  });
  const failuresIn = (store: MetricStore): FailureFacts => ({
    ...{ store, scenarios: run.scenarios, slices: run.slices },
    ...(disturbed && { undisturbed: undisturbed(store, disturbed, axis) }),
  });
  const failingElsewhere = failureFindings(failuresIn(elsewhere.store), () => false)
    .filter(({ severity }) => severity === 'fail')
    .flatMap((finding) => ('scenarios' in finding ? finding.scenarios : []));
  const timingOut = (scenario: string) => {
    const mayBe = failingElsewhere.includes(scenario) ? suspected : [...suspected, ...busy];
    return mayBe.filter((one) => mayTimeOut(one, scenario)).map(({ doubt }) => doubt);
  };
  const failing = failureFindings(failuresIn(run.store), (scenario) => timingOut(scenario).length > 0);
  const doubts = [
    ...[
      ...judged.map(({ result }) => result),
      ...dropped,
      answers.availability,
      answers.recovery,
      ...(answers.drift ?? []),
      ...(drills ?? []),
    ].flatMap((one) => one?.doubts ?? []),
    ...failing.flatMap((one) => ('doubt' in one && one.doubt === 'generator' ? one.scenarios.flatMap(timingOut) : [])),
  ];
  const signals = signalFindings(health, doubts, run.answers?.capacity);
  // What a signal has decided over the whole load is told once, and not of some of its times as well.
  const whole = signals.flatMap((one) =>
    one.kind === 'saturated' && one.severity === 'invalid' && one.phase === undefined ? one.signal : [],
  );
  const atTimes = [...busy, ...brief].filter(
    ({ doubt, finding }) => doubts.includes(doubt) && !whole.includes(finding.signal),
  );
  const all: Finding[] = [
    ...seen.map((finding) => decisiveStart(finding, doubts)),
    ...signals,
    ...atTimes.map(({ finding }) => finding),
    ...failing,
    ...dropped,
    ...judged.flatMap(({ finding }) => finding ?? []),
    ...answerFindings(answers),
    ...(run.drills ? drillFindings(run.drills, drills) : []),
  ];
  const told = run.partial ? all.filter((finding) => !kindOf(finding).needsAllShards) : all;
  const findings = causes(told, run.scenarios);
  const { partial, shards } = run;
  return {
    findings,
    verdict: {
      schemaVersion: 2,
      ...(partial && { partial }),
      ...(shards && { shards: { expected: shards.expected, received: shards.merged.length } }),
      status: statusOf(findings),
      runId: run.runId,
      profile: run.profile,
      target: run.target,
      startedAt: run.startedAt,
      durationMs: run.durationMs,
      seed: run.seed,
      phases: run.phases,
      slices: {
        expected: run.slices.length + run.missing.length + (shards?.missingSlices ?? 0),
        received: run.slices.length,
      },
      thresholds: judged.map(({ result }) => result),
      oracles: run.oracles,
      ...answers,
      ...(drills && drills.length > 0 && { drills }),
      health,
      regressions: [],
      errors: run.errors,
      failures: failureExamples(run),
      metrics: summarise(run.store, measured.lengthOf),
    },
  };
}

/** Values of a metric that its scenarios gave, and that were none of it, by what was wrong with them. */
function refusedValues(errors: Case['errors'], metric: string): ErrorCount[] {
  const about = aboutMetric(metric);
  return Object.entries(errors)
    .filter(([name]) => name.startsWith(about) && !name.includes('is counted as'))
    .map(([name, count]) => ({ name: name.slice(about.length), count }));
}

/** Phases of which something is asked by itself, and those without load, in which only journeys measure. */
function namedPhases({
  thresholds,
  phases,
  answers,
  drills,
}: Pick<Case, 'thresholds' | 'phases' | 'answers' | 'drills'>): string[] {
  // Between its steps a search rests, and what is measured then is of no step.
  const { search, steps = [] } = answers?.capacity ?? {};
  if (search) return phases.map(({ name }) => name).filter((name) => name === 'calm' || steps.includes(name));
  if (answers?.capacity || answers?.recovery || answers?.availability || drills) return phases.map(({ name }) => name);
  const asked = Object.entries(thresholds).flatMap(([source, specs]) => [
    parseSelector(source)?.tags.phase,
    ...specs.map((spec) => parseExpression(typeof spec === 'string' ? spec : spec.threshold)?.of),
  ]);
  asked.push(...(answers?.drift?.phases ?? []));
  return phases.filter(({ name, load }) => load === 0 || asked.includes(name)).map(({ name }) => name);
}

/** What is decided against the target fails the run, whatever else cannot be told; a run of which something is undecided is no pass. */
export function statusOf(findings: Finding[]): Verdict['status'] {
  if (findings.some(({ severity }) => severity === 'fail')) return 'fail';
  return findings.some(({ severity }) => severity === 'invalid') ? 'invalid' : 'pass';
}

function oracleFinding({ name, status, checked, violations, examples, summary }: OracleResult): Finding[] {
  if (status === 'violated') {
    const seen = { checked, violations, example: examples[0], ...(summary !== undefined && { summary }) };
    return [{ kind: 'oracle', severity: 'fail', oracle: name, ...seen }];
  }
  return status === 'unknown'
    ? [{ kind: 'oracle-unknown', severity: 'invalid', oracle: name, error: String(examples[0] ?? 'nothing to check') }]
    : [];
}

/** Slices that are missing for one cause are told once: where a process with all of its slices was killed, there are many. */
function missingFindings(missing: Case['missing']): Finding[] {
  const alike = new Map<string, Case['missing']>();
  for (const one of missing) {
    const cause = one.cause.replace(/\d+/g, 'N');
    alike.set(cause, [...(alike.get(cause) ?? []), one]);
  }
  return [...alike.values()].map(([first, ...others]) => ({
    kind: 'missing-slice',
    severity: 'invalid',
    ...first!,
    ...(others.length > 0 && { others: others.length }),
  }));
}

function crashFinding({ scenario, slice, end }: SliceFacts): Finding[] {
  return end.status === 'crashed' ? [crashed(scenario, slice.index, end.error ?? 'no message')] : [];
}

const BROWSER_DIED = /the browser died|browserType\.launch|browser has been closed/;
const EXHAUSTED = new RegExp(`\\b(${[...exhaustedCodes].join('|')})\\b`);

/** A slice that ended by an error outside of its iterations. */
export function crashed(scenario: string, slice: number, error: string): Crashed {
  const culprit = EXHAUSTED.test(error) ? 'machine' : BROWSER_DIED.test(error) ? 'browser' : undefined;
  return { kind: 'crashed', severity: 'invalid', scenario, slice, error, ...(culprit && { culprit }) };
}

/** Scenarios that did nothing though nothing went wrong with them. */
function idleFindings({ scenarios, slices }: Case): Finding[] {
  const names = scenarios.map(({ name }) => name);
  const idle = names.filter((name) => {
    const own = slices.filter(({ scenario }) => scenario === name);
    const isIdle = ({ end }: SliceFacts) => end.status === 'complete' && end.started + end.dropped === 0;
    return own.length > 0 && own.every(isIdle);
  });
  // Of a run that did nothing at all there is more to say.
  const isSome = idle.length > 0 && idle.length < names.length;
  return isSome ? [{ kind: 'idle', severity: 'warning', scenarios: idle }] : [];
}

/** Requests for none of which there ever was a connection are no slow target but a wrong address. */
function measuredAnything({ store, target, errors }: Case): Finding[] {
  // What was cut off is measured too: it has failed.
  const cutOff = store.rate('iteration_failed').count;
  if (store.sum('iterations') + store.sum('dropped_iterations') + cutOff === 0) {
    return [{ kind: 'nothing-measured', severity: 'invalid' }];
  }
  const requests = store.sum('http_reqs');
  if (requests === 0 || store.trend('http_req_blocked').count > 0) return [];
  const causes = Object.entries(errors).filter(([name]) => !isCheck(name));
  const [error = 'no error was named'] = causes.sort(([, a], [, b]) => b - a)[0] ?? [];
  // The target was not even asked: they failed for what they are.
  if (error.startsWith(NOT_SENT)) return [];
  return [{ kind: 'target-unreached', severity: 'invalid', url: target.url, requests, error }];
}
