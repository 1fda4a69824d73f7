/** Tables of what a run says beside its thresholds, as data; `text/`, `markdown/` and `html/` draw all of them alike. */
import type { CapacityResult, CapacityStep } from '../judge/results.ts';
import type { Verdict } from '../judge/verdict.ts';
import { clock, figure, ms, NONE, rate, ratio } from '../judge/words/figures.ts';
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
  return [capacity, recovery, drift, availability, windows, phases]
    .flatMap((table) => table(verdict))
    .filter(({ rows }) => rows.length > 0);
}

/** At most so many are listed; `verdict.json` has them all. */
const MOST_ROWS = 20;

function capacity({ capacity: result }: Verdict): AnswerTable[] {
  if (!result) return [];
  const rows = result.steps.map(({ phase, load, perSecond, state, broke }) => [
    phase,
    `×${Number(load.toPrecision(3))}`,
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
  const load = (step: CapacityStep) => `×${Number(step.load.toPrecision(3))} (${rate(step.perSecond)})`;
  if (!held) return missed ? `below ${load(missed)}` : 'could not be told';
  return missed && !isOpen ? `${load(held)} to ${load(missed)}` : `at least ${load(held)}`;
}

function recovery({ recovery: result }: Verdict): AnswerTable[] {
  if (!result) return [];
  const { after, recoveredMs, watchedMs, withinMs, stayMs } = result;
  const took = recoveredMs ? `${ms(recoveredMs[0])}–${ms(recoveredMs[1])}` : `not in ${ms(watchedMs)}`;
  const rows = [[`after ${after}`, took, ms(withinMs), ms(stayMs)]];
  return [{ id: 'recovery', title: 'Recovery', columns: ['', 'took', 'allowed', 'held for'], rows }];
}

function drift({ drift: results = [] }: Verdict): AnswerTable[] {
  const rows = results.map(({ metric, expression, phase, base, perHour, unit }) => [
    `${metric}: ${expression}`,
    phase,
    figure(base, unit),
    ratio(perHour?.estimate),
    perHour ? `${ratio(perHour.low)}–${ratio(perHour.high)}` : NONE,
  ]);
  return [{ id: 'drift', title: 'Drift', columns: ['', 'phase', 'size', 'an hour', 'between'], rows }];
}

function availability({ availability: result }: Verdict): AnswerTable[] {
  if (!result) return [];
  const { windows, requests, downtime } = result;
  const rows = [
    ...(windows
      ? [
          [
            'time',
            ratio(windows.share),
            ratio(windows.required),
            `${windows.missed} missed, ${windows.unknown} unknown`,
          ],
        ]
      : []),
    ...(requests ? [['requests', ratio(requests.share), ratio(requests.required), `${requests.failed} failed`]] : []),
    ...downtime
      .slice(0, MOST_ROWS)
      .map(({ startMs, endMs }) => ['down', `${clock(startMs)}–${clock(endMs)}`, '', ms(endMs - startMs)]),
  ];
  return [{ id: 'availability', title: 'Availability', columns: ['', '', 'required', ''], rows }];
}

function windows({ thresholds }: Verdict): AnswerTable[] {
  const rows = thresholds.flatMap(({ metric, expression, windows: result }) =>
    (result?.missed ?? [])
      .slice(0, MOST_ROWS)
      .map(({ startMs, endMs, observed }) => [
        `${metric}: ${expression}`,
        `${clock(startMs)}–${clock(endMs)}`,
        figure(observed, result!.unit),
      ]),
  );
  return [{ id: 'windows', title: 'Windows that missed', columns: ['', 'time', 'observed'], rows }];
}

function phases(verdict: Verdict): AnswerTable[] {
  const rows = phaseRows(verdict).map(({ phase, scenario, perSecond, response, failed }) => [
    `${phase.name} · ${scenario}`,
    `${clock(phase.startMs)}–${clock(phase.endMs)}`,
    `×${Number(phase.load.toPrecision(3))}`,
    rate(perSecond),
    ...(['med', 'p(95)', 'p(99)'] as const).map((stat) => ms(response?.values[stat])),
    ratio(failed ?? undefined),
  ]);
  const columns = ['', 'time', 'load', 'rate', 'med', 'p95', 'p99', 'failed'];
  return [{ id: 'phases', title: 'Phases, from when work was due', columns, rows }];
}
