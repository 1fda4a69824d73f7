/** What a verdict does not hold of a run: how it went over time, what is left of failed sessions, and where it came from. */
import type { Finding, Verdict } from '../judge/verdict.ts';
import { counted, rate } from '../judge/words/figures.ts';
import type { MetricStore } from '../measure/store.ts';
import { durationOf, isOpen, type Plan, rateAt, type Stage, vusOf } from '../schedule/plan.ts';
import type { Timeline, TimelineScenario } from '../schedule/timeline.ts';
import type { Origin } from './origin.ts';

export interface RecordedScenario {
  name: string;
  kind: 'load' | 'journey';
  executor: Plan['executor'];
  maxVUs: number;
  /** Of its schedule, since the run's start. */
  startMs: number;
  endMs: number;
  /** Planned arrivals a second in the middle of each interval; null for executors that loop over VUs. */
  plannedRates: number[] | null;
}

/** A part of the run; `load` is shorter than planned when the run was cut. */
export interface RunWindow {
  name: 'calm' | 'load' | 'drain';
  startMs: number;
  endMs: number;
}

/** Something that happened at one instant, or was planned to. Its text may hold words of the target. */
export interface RunEvent {
  atMs: number;
  kind: 'load-start' | 'load-end' | 'stage' | 'target-down' | 'interrupted';
  text: string;
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
  intervalMs: number;
  /** Intervals from the start to the last in which anything was measured; 0 for a run that measured nothing. */
  intervals: number;
  /** Those that took part. */
  scenarios: RecordedScenario[];
  /** What they do and when, as plain data: equal for runs of equal load. */
  load: unknown;
  /** In the order of time; without those that took no time. */
  windows: RunWindow[];
  /** In the order of time. */
  events: RunEvent[];
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
  const { intervalMs } = timeline;
  const scenarios = timeline.scenarios.filter(({ name }) => running.has(name));
  const intervals = store.lastInterval + 1;
  return {
    store,
    intervalMs,
    intervals,
    scenarios: scenarios.map(({ name, kind, plan }) => ({
      name,
      kind,
      executor: plan.executor,
      maxVUs: vusOf(plan),
      startMs: plan.startTimeMs,
      endMs: durationOf(plan),
      plannedRates: isOpen(plan)
        ? Array.from({ length: intervals }, (_, index) => rateAt(plan, (index + 0.5) * intervalMs))
        : null,
    })),
    load: scenarios.map(({ maxFailed: _, ...one }) => one),
    windows: windowsOf(timeline, verdict.durationMs),
    events: eventsOf(timeline, scenarios, verdict),
    failedSessions: failedSessions(files),
    origin,
  };
}

function windowsOf({ calmMs, durationMs }: Timeline, ranMs: number): RunWindow[] {
  const windows: RunWindow[] = [
    { name: 'calm', startMs: 0, endMs: calmMs },
    { name: 'load', startMs: calmMs, endMs: durationMs },
    { name: 'drain', startMs: durationMs, endMs: Number.POSITIVE_INFINITY },
  ];
  return windows
    .map((window) => ({ ...window, endMs: Math.min(window.endMs, ranMs) }))
    .filter(({ startMs, endMs }) => endMs > startMs);
}

/** What was planned for later than the run's end did not happen. */
function eventsOf({ calmMs, durationMs }: Timeline, scenarios: TimelineScenario[], verdict: Verdict): RunEvent[] {
  const loads = scenarios.some(({ kind }) => kind === 'load');
  const planned: RunEvent[] = [
    ...(calmMs > 0 && loads ? [{ atMs: calmMs, kind: 'load-start' as const, text: 'The load begins' }] : []),
    ...scenarios.flatMap(({ name, plan }) => stagesOf(name, plan)),
    { atMs: durationMs, kind: 'load-end', text: 'The schedule ends' },
  ];
  return [
    ...planned.filter(({ atMs }) => atMs <= verdict.durationMs),
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
  if (!('stages' in plan)) return [];
  const amount = (target: number) => (isOpen(plan) ? rate((target * 1_000) / plan.timeUnitMs) : counted(target, 'VU'));
  let atMs = plan.startTimeMs;
  let from = isOpen(plan) && 'startRate' in plan ? plan.startRate : 'startVUs' in plan ? plan.startVUs : 0;
  return plan.stages.flatMap((stage: Stage, index): RunEvent[] => {
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
