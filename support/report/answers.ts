/** Tables of what a run says beside its thresholds, as data; `text/`, `markdown/` and `html/` draw all of them alike. */
import { driftStat, statName } from '../judge/expression.ts';
import type {
  AvailabilityResult,
  CapacityResult,
  CapacityStep,
  DrillResult,
  RecoveryResult,
} from '../judge/results.ts';
import type { Verdict } from '../judge/verdict.ts';
import {
  between,
  clock,
  count,
  counted,
  figure,
  heldShare,
  ms,
  NONE,
  perSecond,
  rate,
  ratio,
} from '../judge/words/figures.ts';
import { multiple } from '../judge/words/names.ts';
import { phaseRows } from './tables.ts';

export interface AnswerTable {
  /** An anchor. */
  id: string;
  title: string;
  /** The first is words, the others are figures. */
  columns: string[];
  /** May hold words of the target. */
  rows: string[][];
}

/** Those that the run has; each is a function here. */
export function answerTables(verdict: Verdict): AnswerTable[] {
  return [drills, capacity, recovery, drift, availability, windows, phases]
    .flatMap((table) => table(verdict))
    .filter(({ rows }) => rows.length > 0);
}

/** What each table comes to, in a line; of times and phases there are only tables. */
export function answerLines(verdict: Verdict): string[] {
  const { capacity: found, recovery: after, availability: uptime, drift: drifts = [], drills: faults = [] } = verdict;
  const down = uptime?.downtime.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0) ?? 0;
  const shares = [
    ...(uptime?.windows
      ? [`${heldShare(uptime.windows, '–')} of the time (required ${ratio(uptime.windows.required)})`]
      : []),
    ...(uptime?.requests
      ? [`${succeeded(uptime.requests)} of iterations (required ${ratio(uptime.requests.required)})`]
      : []),
    ...(down > 0 ? [`down for ${ms(down)}`] : []),
  ];
  return [
    ...(found ? [`Capacity: ${capacityText(found)}`] : []),
    ...(after ? [`Recovery after ${after.after}: ${recoveryText(after)} (allowed ${ms(after.withinMs)})`] : []),
    ...faults.map(drillLine),
    ...(shares.length > 0
      ? [`Availability${uptime?.withoutDrills ? ' outside of drills' : ''}: ${shares.join(', ')}`]
      : []),
    ...drifts.map(
      ({ metric, expression, perHour }) => `Drift an hour: ${ratio(perHour?.estimate)} of ${metric}: ${expression}`,
    ),
  ];
}

/** At most so many are listed. */
const MOST_ROWS = 20;

/** The first of them, and a row that says how many more there are. */
function firstOf(rows: string[][]): string[][] {
  const more = rows.length - MOST_ROWS;
  if (more <= 0) return rows;
  const [, ...others] = rows[0]!;
  return [...rows.slice(0, MOST_ROWS), [`… and ${count(more)} more in verdict.json`, ...others.map(() => '')]];
}

function capacity({ capacity: result }: Verdict): AnswerTable[] {
  if (!result) return [];
  const rows = result.steps.map(({ phase, load, perSecond, state, broke }) => [
    phase,
    multiple(load),
    rate(perSecond),
    state,
    broke ? `${broke.metric}: ${broke.expression}` : '',
  ]);
  return [
    {
      id: 'capacity',
      title: `Capacity: ${capacityText(result)}`,
      columns: ['step', 'load', 'rate', '', 'what broke'],
      rows,
    },
  ];
}

function capacityText({ held, missed, isOpen }: CapacityResult): string {
  const load = (step: CapacityStep) => `${multiple(step.load)} (${rate(step.perSecond)})`;
  if (!held) return missed ? `below ${load(missed)}` : 'could not be told';
  return missed && !isOpen ? `${load(held)} to ${load(missed)}` : `at least ${load(held)}`;
}

function drills({ drills: results = [] }: Verdict): AnswerTable[] {
  const rows = results.map((one) => [
    drillName(one),
    clock(one.startMs),
    one.isCarriedOut ? boundsText(one.detectedMs, 'no failure') : 'not carried out',
    ...(one.isCarriedOut && one.outageMs !== undefined
      ? [boundsText(one.outageMs, NOT_KNOWN), recoveredText(one)]
      : [NONE, NONE]),
    one.expect.recoveryMs === undefined ? NONE : ms(one.expect.recoveryMs),
    one.requests.of > 0 ? `${count(one.requests.failed)}, ${ratio(one.requests.failed / one.requests.of)}` : NONE,
  ]);
  const columns = ['', 'at', 'noticed', 'outage', 'recovered', 'allowed', 'failed'];
  const around = results.map((one) => [
    drillName(one),
    rate(one.connectionsPerSecond),
    ms(one.backlogMs),
    ...sessionCells(one),
  ]);
  const seen = ['', 'reconnects', 'backlog', 'sessions', 'failed', 'saw an error', 'saw it wait', 'unsaved kept'];
  return [
    { id: 'drills', title: 'Drills', columns, rows },
    { id: 'drills-around', title: 'Around the drills, connections and people', columns: seen, rows: around },
  ];
}

/** `api-crash`, or of one that is repeated `api-crash #2`. */
export function drillName({ name, time }: Pick<DrillResult, 'name' | 'time'>): string {
  return time === undefined ? name : `${name} #${time}`;
}

const NOT_KNOWN = 'not known';

function boundsText(bounds: [number, number] | null, otherwise: string): string {
  return bounds ? between(bounds, '–') : otherwise;
}

/** What it did, in a line; without objectives what failed meanwhile. */
export function drillLine(one: DrillResult): string {
  const what = (text: string) => `Drill ${drillName(one)}: ${text}`;
  if (!one.isCarriedOut) return what('not carried out');
  const { outageMs, requests } = one;
  if (outageMs === undefined) return what(`${count(requests.failed)} of ${counted(requests.of, 'iteration')} failed`);
  const outage = outageMs ? `outage of ${between(outageMs, '–')}` : 'outage not known';
  return what(`${outage}, recovered: ${recoveredText(one)}`);
}

/** Where a part was not seen it may have recovered meanwhile. */
function recoveredText({ recoveredMs, outageMs, stayMs, watchedMs }: DrillResult): string {
  const isSeen = outageMs && outageMs[0] === outageMs[1];
  return boundsText(recoveredMs ?? null, isSeen ? `not for ${ms(stayMs)} in ${ms(watchedMs)}` : NOT_KNOWN);
}

function sessionCells({ sessions }: DrillResult): string[] {
  if (!sessions) return Array<string>(5).fill(NONE);
  const { failed, of, seen, work } = sessions;
  const saw = seen ? [count(seen.error), count(seen.spinner)] : [NONE, NONE];
  return [count(of), count(failed), ...saw, work && work.of > 0 ? `${count(work.kept)} of ${count(work.of)}` : NONE];
}

function recovery({ recovery: result }: Verdict): AnswerTable[] {
  if (!result) return [];
  const { after, withinMs, stayMs } = result;
  const rows = [[`after ${after}`, recoveryText(result), ms(withinMs), ms(stayMs)]];
  return [{ id: 'recovery', title: 'Recovery', columns: ['', 'took', 'allowed', 'held for'], rows }];
}

function recoveryText({ recoveredMs, watchedMs, decided }: RecoveryResult): string {
  return boundsText(recoveredMs, decided ? `not in ${ms(watchedMs)}` : NOT_KNOWN);
}

function drift({ drift: results = [] }: Verdict): AnswerTable[] {
  const rows = results.map(({ metric, expression, phase, base, perHour, unit }) => [
    `${metric}: ${expression}`,
    phase,
    base === null ? NONE : `${figure(base, unit)}${perSecond(driftStat(expression), unit)}`,
    ratio(perHour?.estimate),
    perHour ? `${ratio(perHour.low)}–${ratio(perHour.high)}` : NONE,
  ]);
  return [{ id: 'drift', title: 'Drift', columns: ['', 'phase', 'size', 'an hour', 'between'], rows }];
}

function availability({ availability: result }: Verdict): AnswerTable[] {
  if (!result) return [];
  const { windows, requests, withoutDrills, downtime } = result;
  const rows = [
    ...(windows
      ? [
          [
            'time',
            heldShare(windows, '–'),
            ratio(windows.required),
            `${count(windows.missed)} missed, ${count(windows.unknown)} unknown`,
          ],
        ]
      : []),
    ...(requests
      ? [['iterations', succeeded(requests), ratio(requests.required), `${count(requests.failed)} failed`]]
      : []),
    ...firstOf(
      downtime.map(({ startMs, endMs }) => ['down', `${clock(startMs)}–${clock(endMs)}`, '', ms(endMs - startMs)]),
    ),
  ];
  const title = withoutDrills ? 'Availability outside of drills' : 'Availability';
  return [{ id: 'availability', title, columns: ['', '', 'required', ''], rows }];
}

function succeeded({ succeeded: well, failed, share }: NonNullable<AvailabilityResult['requests']>): string {
  return well + failed === 0 ? NONE : ratio(share);
}

function windows({ thresholds }: Verdict): AnswerTable[] {
  const rows = thresholds.flatMap(({ metric, expression, windows: result }) =>
    firstOf(
      (result?.missed ?? []).map(({ startMs, endMs, observed }) => [
        `${metric}: ${expression}`,
        `${clock(startMs)}–${clock(endMs)}`,
        `${figure(observed, result!.unit)}${perSecond(statName(expression), result!.unit)}`,
      ]),
    ),
  );
  return [{ id: 'windows', title: 'Windows that missed', columns: ['', 'time', 'observed'], rows }];
}

function phases(verdict: Verdict): AnswerTable[] {
  const rows = phaseRows(verdict).map(({ phase, scenario, perSecond, response, failed }) => [
    `${phase.name} · ${scenario}`,
    `${clock(phase.startMs)}–${clock(phase.endMs)}`,
    multiple(phase.load),
    rate(perSecond),
    ...(['med', 'p(95)', 'p(99)'] as const).map((stat) => ms(response?.values[stat])),
    ratio(failed ?? undefined),
  ]);
  const columns = ['', 'time', 'load', 'rate', 'med', 'p95', 'p99', 'failed'];
  return [{ id: 'phases', title: 'Phases, from when work was due', columns, rows }];
}
