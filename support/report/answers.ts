/** Tables of what a run says beside its thresholds, as data; `text/`, `markdown/` and `html/` draw all of them alike. */
import type { Verdict } from '../judge/verdict.ts';
import { clock, ms, rate, ratio } from '../judge/words/figures.ts';
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
  return [phases].flatMap((table) => table(verdict)).filter(({ rows }) => rows.length > 0);
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
