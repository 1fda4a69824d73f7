/** What a verdict does not hold of a run: how it went over time, what is left of failed sessions, and where it came from. */
import type { Finding, Verdict } from '../judge/verdict.ts';
import { counted, rate } from '../judge/words/figures.ts';
import type { MetricStore } from '../measure/store.ts';
import { drain, type Phase, TimeAxis } from '../measure/time-axis.ts';
import { durationOf, isOpen, type Plan, rateAt, vusOf } from '../schedule/plan.ts';
import type { Timeline, TimelineScenario } from '../schedule/timeline.ts';
import { drillLine, drillName } from './answers.ts';
import type { Origin } from './origin.ts';

export interface RecordedScenario {
  name: string;
  kind: 'load' | 'journey';
  executor: string;
  maxVUs: number;
  /** Of its schedule, since the run's start. */
  startMs: number;
  endMs: number;
  /** Planned arrivals a second in the middle of each interval; null for executors that loop over VUs. */
  plannedRates: number[] | null;
}

/** A phase, or the drain; the last is shorter than planned when the run was cut. */
export interface RunWindow {
  name: string;
  /** Only journeys run in it, or nothing starts any more. */
  isQuiet: boolean;
  startMs: number;
  endMs: number;
}

/** Something that happened at one instant, or was planned to. Its text may hold words of the target. */
export interface RunEvent {
  atMs: number;
  kind: 'phase' | 'load-end' | 'stage' | 'drill' | 'target-down' | 'interrupted';
  text: string;
}

/** While something was broken on purpose. */
export interface RunSpan {
  name: string;
  startMs: number;
  endMs: number;
}

/** A session that failed; `screenshot` and `trace` are names of files beside the report. */
export interface FailedSession {
  session: string;
  screenshot?: string;
  trace?: string;
}

export interface RunRecord {
  /** All that was measured; `over()` tells it by interval. */
  store: MetricStore;
  axis: TimeAxis;
  /** Intervals from the start to the last in which anything was measured; 0 for a run that measured nothing. */
  intervals: number;
  /** Those that took part. */
  scenarios: RecordedScenario[];
  /** What they do and when, and what is broken meanwhile, as plain data: equal for runs of equal load. */
  load: unknown;
  /** In the order of time; without those that took no time. */
  windows: RunWindow[];
  /** In the order of time. */
  events: RunEvent[];
  /** Drills, in the order of time. */
  spans: RunSpan[];
  failedSessions: FailedSession[];
  origin: Origin;
}

/**
 * @param running names of the scenarios that took part
 * @param files names of what the sessions left behind
 */
export function recordOf(
  timeline: Timeline,
  running: Set<string>,
  verdict: Verdict,
  store: MetricStore,
  files: string[],
  origin: Origin,
): RunRecord {
  const axis = new TimeAxis(timeline.phases, timeline.intervalMs);
  const scenarios = timeline.scenarios.filter(({ name }) => running.has(name));
  const intervals = store.lastInterval + 1;
  return {
    store,
    axis,
    intervals,
    scenarios: scenarios.map(({ name, kind, executor, plan }) => ({
      name,
      kind,
      executor,
      maxVUs: vusOf(plan),
      startMs: plan.startTimeMs,
      endMs: durationOf(plan),
      plannedRates: isOpen(plan)
        ? Array.from({ length: intervals }, (_, index) => rateAt(plan, (axis.startOf(index) + axis.endOf(index)) / 2))
        : null,
    })),
    load: loadOf(scenarios, timeline.drills),
    windows: windowsOf(timeline, verdict.durationMs),
    events: eventsOf(timeline, scenarios, verdict),
    spans: (verdict.drills ?? []).map((one) => ({ name: drillName(one), startMs: one.startMs, endMs: one.endMs })),
    failedSessions: failedSessions(files),
    origin,
  };
}

/** What was broken meanwhile makes it another one; what was expected then does not, as what is asked of the load, or how its plan was written. */
function loadOf(scenarios: TimelineScenario[], drills: Timeline['drills']): unknown {
  const load = scenarios.map(({ maxFailed: _, executor: __, ...one }) => one);
  return drills.length === 0 ? load : { scenarios: load, drills: drills.map(({ expect: _, ...drill }) => drill) };
}

function windowsOf({ phases, durationMs }: Timeline, ranMs: number): RunWindow[] {
  return [
    ...phases.map(({ name, startMs, endMs, load }) => ({ name, isQuiet: load === 0, startMs, endMs })),
    { name: drain, isQuiet: true, startMs: durationMs, endMs: Number.POSITIVE_INFINITY },
  ]
    .map((window) => ({ ...window, endMs: Math.min(window.endMs, ranMs) }))
    .filter(({ startMs, endMs }) => endMs > startMs);
}

/** What was planned for later than the run's end did not happen. Of stages that phases have cut up, only the phases are told. */
function eventsOf({ phases, durationMs }: Timeline, scenarios: TimelineScenario[], verdict: Verdict): RunEvent[] {
  const hasLoads = scenarios.some(({ kind }) => kind === 'load');
  const loaded = phases.filter(({ load }) => load > 0);
  const phase = (text: string, { startMs }: Phase): RunEvent => ({ atMs: startMs, kind: 'phase', text });
  const changes =
    loaded.length > 1
      ? phases.slice(1).map((one) => phase(`The phase ${one.name} begins`, one))
      : [
          ...loaded.filter(({ startMs }) => startMs > 0 && hasLoads).map((one) => phase('The load begins', one)),
          ...scenarios.flatMap(({ name, plan }) => stagesOf(name, plan)),
        ];
  const planned: RunEvent[] = [...changes, { atMs: durationMs, kind: 'load-end', text: 'The schedule ends' }];
  return [
    ...planned.filter(({ atMs }) => atMs <= verdict.durationMs),
    ...(verdict.drills ?? []).map((one): RunEvent => ({ atMs: one.startMs, kind: 'drill', text: drillLine(one) })),
    ...verdict.reasons.flatMap((reason): RunEvent[] =>
      happened(reason) ? [{ atMs: reason.atMs, kind: reason.kind, text: shortly(reason) }] : [],
    ),
  ].sort((a, b) => a.atMs - b.atMs);
}

type Happened = Extract<Finding, { kind: 'target-down' | 'interrupted' }>;

function happened<F extends Finding>(finding: F): finding is F & Happened {
  return finding.kind === 'target-down' || finding.kind === 'interrupted';
}

function shortly(finding: Happened): string {
  return finding.kind === 'target-down' ? 'The target stopped answering' : `The run was interrupted: ${finding.by}`;
}

/** Where a stage begins that is not the schedule's first. */
function stagesOf(name: string, plan: Plan): RunEvent[] {
  const amount = (target: number) => (isOpen(plan) ? rate((target * 1_000) / plan.timeUnitMs) : counted(target, 'VU'));
  let atMs = plan.startTimeMs;
  let from = plan.line.start;
  return plan.line.stages.flatMap((stage, index): RunEvent[] => {
    const verb = stage.target === from ? 'holds' : stage.durationMs === 0 ? 'jumps to' : 'moves to';
    const event = { atMs, kind: 'stage' as const, text: `${name} ${verb} ${amount(stage.target)}` };
    atMs += stage.durationMs;
    from = stage.target;
    return index === 0 && verb === 'holds' ? [] : [event];
  });
}

/** By the names under which a journey keeps them. */
function failedSessions(files: string[]): FailedSession[] {
  const sessions = new Map<string, FailedSession>();
  for (const file of files) {
    const [, session, trace] = /^(.+-session-\d+)(-trace)?\.(?:png|zip)$/.exec(file) ?? [];
    if (session === undefined) continue;
    const found = sessions.get(session) ?? { session };
    sessions.set(session, { ...found, [trace ? 'trace' : 'screenshot']: file });
  }
  return [...sessions.values()];
}
