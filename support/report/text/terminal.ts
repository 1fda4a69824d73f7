/** The end of a run on a terminal: what it came to, or all tables; then the verdict and why. */

import type { Unit, Verdict } from '../../judge/verdict.ts';
import { undecidedText } from '../../judge/words/doubts.ts';
import { count, ms, rate } from '../../judge/words/figures.ts';
import { signalName } from '../../judge/words/signals.ts';
import { displayWidth, printable, printableLines, shorten, wrap } from '../../judge/words/text.ts';
import { answerTables } from '../answers.ts';
import { browserTimes } from '../browser-times.ts';
import { allowedText, courseText, healthyText, signalFigure, signalOwner } from '../signals.ts';
import {
  errorsByName,
  journeySessions,
  operations,
  signals,
  slowestOf,
  type TimedRow,
  thresholdState,
  timedStats,
} from '../tables.ts';
import {
  besideText,
  counterText,
  failureTitle,
  hiddenWaitText,
  observedText,
  requiredText,
  sessionsText,
  slowestText,
  statText,
  statTitle,
  targetText,
} from '../words.ts';
import { type Cell, type Column, type Paint, paint, type Row, table } from './ansi.ts';
import { ending, heightOf, moreInReport, type Page } from './ending.ts';
import { overview } from './overview.ts';

export { plainDisplay, terminalDisplay } from './display.ts';

export interface RenderOptions {
  columns: number;
  color: boolean;
  /** All tables as well. */
  full: boolean;
  /** Where the report is, as the reader should open it; undefined when it is nowhere. */
  report?: string | undefined;
}

const WIDEST = 120;
/** Lines of a screen. */
const SCREEN = 30;
/** Of these are for more than the verdict and its reasons. */
const LEAST_OF_OVERVIEW = 8;
/** From this width on there is room for a bar beside the figures. */
const BAR_FROM = 108;
const BAR_WIDTH = 22;
const MOST_ERRORS = 10;

function heading({ width, p }: Page, title: string): string[] {
  return ['', `${p.bold(title)} ${p.dim('─'.repeat(Math.max(0, width - displayWidth(title) - 1)))}`];
}

const right = (title: string): Column => ({ title, side: 'right' });
const left = (title: string): Column => ({ title, side: 'left' });
const optional = (column: Column): Column => ({ ...column, optional: true });

function draw(page: Page, columns: Column[], rows: Row[], overflow: 'cut' | 'own-line' = 'cut', flex = 0): string[] {
  return table(columns, rows, { width: page.width - 1, paint: page.p, flex, overflow }).map((line) => ` ${line}`);
}

/** The calm part solid, what the load added to it lighter; `longest` fills the bar. Empty when a half is missing. */
function slowdownBar(calm: number | undefined, load: number | undefined, longest: number, p: Paint): Cell {
  if (!calm || !load) return { text: '' };
  const cells = (value: number) => Math.round((value / longest) * BAR_WIDTH);
  const solid = Math.max(1, Math.min(cells(calm), cells(load)));
  const added = Math.max(0, cells(load) - solid);
  const text = '█'.repeat(solid) + '░'.repeat(added);
  return { text, style: () => p.cyan('█'.repeat(solid)) + p.yellow('░'.repeat(added)) };
}

function answers(page: Page): string[] {
  return answerTables(page.verdict).flatMap(({ title, columns, rows }) => {
    const [first = '', ...figures] = columns;
    const shown = rows.map(([name = '', ...cells]): Row => [` ${printable(name)}`, ...cells.map(printable)]);
    return [...heading(page, title), ...draw(page, [left(first), ...figures.map(right)], shown)];
  });
}

function browserTable(page: Page): string[] {
  const { verdict, p, width } = page;
  const all = browserTimes(verdict);
  if (!all) return [];
  const { before, under, stat } = all;
  const withBar = width >= BAR_FROM;
  const rows: Row[] = [];
  for (const group of all.groups) {
    rows.push({ line: p.dim(group.title) });
    const longest = (unit: Unit) => {
      const whole = group.rows.map(({ row }) => row).filter((r) => r.unit === unit && r.calm && r.load);
      return Math.max(...whole.flatMap((r) => [r.calm!.values[stat] ?? 0, r.load!.values[stat] ?? 0]));
    };
    for (const { row, figures, isNotable } of group.rows) {
      const [calm, load, slowdown, calmP95, loadP95, samples] = figures;
      rows.push([
        `  ${printable(row.label)}`,
        calm,
        load,
        { text: slowdown, style: isNotable ? p.yellow : p.dim },
        ...(withBar ? [slowdownBar(row.calm?.values[stat], row.load?.values[stat], longest(row.unit), p)] : []),
        calmP95,
        loadP95,
        { text: samples, style: p.dim },
      ]);
    }
  }
  const heads = all.columns.map(right);
  const columns = [
    left(''),
    ...heads.slice(0, 3),
    ...(withBar ? [left(`█ ${before}  ░ added by ${under}`)] : []),
    ...heads.slice(3, -1),
    ...heads.slice(-1).map(optional),
  ];
  const sessions = journeySessions(verdict).map((one) => `${printable(one.journey)}: ${sessionsText(one)}`);
  return [
    ...heading(page, 'Times in the browser'),
    ...draw(page, columns, rows),
    ...(sessions.length > 0 ? wrap(sessions.join(' · '), width - 2) : []).map((words) => ` ${p.dim(words)}`),
  ];
}

function timedLine({ label, summary, perSecond }: TimedRow): Row {
  const figures = timedStats.map((stat) => ms(summary.values[stat]));
  return [`  ${printable(label)}`, count(summary.count), rate(perSecond), ...figures];
}

function operationTable(page: Page): string[] {
  const { verdict, p, width } = page;
  const all = operations(verdict);
  if (all.length === 0) return [];
  const rows: Row[] = [];
  for (const scenario of all) {
    if (rows.length > 0) rows.push({ line: '' });
    rows.push({ line: p.bold(shorten(printable(scenario.scenario ?? 'all scenarios'), width - 2)) });
    rows.push(...scenario.times.map(timedLine));
    if (scenario.hiddenWait) {
      const text = hiddenWaitText(scenario.hiddenWait);
      rows.push(...wrap(text, width - 5).map((words) => ({ line: `  ${p.yellow(words)}` })));
    }
    const slowest = slowestOf(scenario.rows);
    rows.push(...(slowest?.rows ?? scenario.rows).map(timedLine));
    if (slowest) rows.push({ line: `  ${p.dim(`${slowestText(slowest)}; the report’s page has all`)}` });
    const counts = scenario.counts.map((c) => `${printable(c.label)}: ${counterText(c.summary)}`).join(' · ');
    if (counts !== '') rows.push(...wrap(counts, width - 5).map((words) => ({ line: `  ${p.dim(words)}` })));
  }
  const columns = [left(''), right('count'), right('rate'), ...timedStats.map((stat) => right(statTitle(stat)))];
  return [...heading(page, 'Protocol operations'), ...draw(page, columns, rows)];
}

function thresholdTable(page: Page): string[] {
  const { verdict, p, width } = page;
  if (verdict.thresholds.length === 0) return [];
  const states = {
    held: { text: '✓', style: p.green },
    missed: { text: '✗', style: p.red },
    undecided: { text: '?', style: p.yellow },
    unmeasured: { text: '–', style: p.yellow },
  };
  const rows = verdict.thresholds.flatMap((t): Row[] => {
    const name = thresholdState(t);
    const state = states[name];
    const doubts = !t.decided && t.doubts ? wrap(printable(undecidedText(t.doubts)), width - 5) : [];
    return [
      [
        state,
        printable(t.metric),
        { text: printable(statText(t)), style: p.dim },
        { text: observedText(t), style: name === 'held' ? undefined : state.style },
        printable(requiredText(t)),
        { text: count(t.count), style: p.dim },
      ],
      ...doubts.map((words) => ({ line: `   ${p.dim(words)}` })),
    ];
  });
  const columns = [left(''), left(''), left(''), right('observed'), left('required'), right('samples')];
  return [...heading(page, 'Thresholds'), ...draw(page, columns, rows, 'own-line', 1)];
}

function oracleTable(page: Page): string[] {
  const { verdict, p, width } = page;
  if (verdict.oracles.length === 0) return [];
  const rows = verdict.oracles.flatMap((o): Row[] => {
    const state = {
      ok: { text: '✓', style: p.green },
      violated: { text: '✗', style: p.red },
      unknown: { text: '?', style: p.yellow },
    };
    const violations = { text: count(o.violations), style: o.violations > 0 ? p.red : undefined };
    const beside = [printable(o.promise ?? ''), besideText(o)].filter((text) => text !== '');
    return [
      [state[o.status], printable(o.name), count(o.checked), violations],
      ...beside.flatMap((text) => wrap(text, width - 5)).map((words) => ({ line: `   ${p.dim(words)}` })),
    ];
  });
  const columns = [left(''), left(''), right('checked'), right('violations')];
  return [...heading(page, 'Oracles'), ...draw(page, columns, rows, 'cut', 1)];
}

/** Each whole, as it was written, with its picture. */
function failureList(page: Page): string[] {
  const { verdict, p, width } = page;
  if (verdict.failures.length === 0) return [];
  const room = width - 4;
  const lines = verdict.failures.flatMap((failure) => {
    const { at, screenshot, error } = failure;
    const where = [at && `at ${printable(at)}`, screenshot && `screenshot ${printable(screenshot)}`].filter(Boolean);
    return [
      ` ${p.bold(shorten(printable(failureTitle(failure)), width - 2))}`,
      ...printableLines(error)
        .flatMap((line) => wrap(line, room))
        .map((line) => `   ${line}`),
      ...(where.length > 0 ? [`   ${p.dim(shorten(where.join(' · '), room))}`] : []),
    ];
  });
  return [...heading(page, 'What failed'), ...lines];
}

function errorTable(page: Page): string[] {
  const errors = errorsByName(page.verdict);
  if (errors.length === 0) return [];
  const rows: Row[] = errors.slice(0, MOST_ERRORS).map(([name, times]) => [count(times), printable(name)]);
  const rest = errors.length - MOST_ERRORS;
  if (rest > 0) rows.push({ line: page.p.dim(moreInReport(rest)) });
  return [...heading(page, 'Errors'), ...draw(page, [right(''), left('')], rows, 'cut', 1)];
}

/** Only what stands out: the healthy signals have a line. */
function saturatedTable(page: Page): string[] {
  const { p } = page;
  const all = signals(page.verdict);
  if (all.saturated.length === 0) return [];
  const rows = all.saturated.map(
    (one): Row => [
      { text: '✗', style: p.red },
      `${signalName(one)} · ${signalOwner(one)}`,
      { text: signalFigure(one, all), style: p.red },
      allowedText(one),
      { text: count(one.count), style: p.dim },
    ],
  );
  const columns = [left(''), left('saturated'), right('observed'), left('allowed'), right('readings')];
  return [...draw(page, columns, rows, 'cut', 1), ''];
}

function healthTable(page: Page): string[] {
  const { verdict, p } = page;
  const { health } = verdict;
  const rows = health.scenarios.map((s): Row => {
    const lost = (n: number): Cell => ({ text: count(n), style: n > 0 ? p.yellow : p.dim });
    return [
      printable(s.scenario),
      ms(s.latenessP99Ms),
      ms(s.latenessMaxMs),
      lost(s.dropped),
      lost(s.interrupted),
      ms(s.startSkewMs),
    ];
  });
  const columns = [
    left(''),
    right('late p99'),
    right('late max'),
    right('dropped'),
    right('interrupted'),
    right('start skew'),
  ];
  const lines = [healthyText(verdict), `${courseText(verdict)}; seed ${printable(verdict.seed)}`];
  const target = targetText(verdict);
  if (target !== '') lines.push(`target at most: ${target}`);
  return [
    ...heading(page, 'Health'),
    ...saturatedTable(page),
    ...(rows.length > 0 ? draw(page, columns, rows) : []),
    ...lines.flatMap((line) => (line === '' ? [] : wrap(line, page.width - 1))).map((words) => ` ${p.dim(words)}`),
  ];
}

/**
 * The end of a run as text: with `full` all tables, then in at most 30 lines of `columns` cells the verdict, why, and last where
 * the report is; without the tables, what they come to stands in the same 30 lines. Ends with a line break. Only an example may be
 * longer than a line. Whatever came from the target is escaped.
 */
export function renderVerdict(verdict: Verdict, { columns, color, full, report }: RenderOptions): string {
  const page: Page = { verdict, width: Math.max(60, Math.min(WIDEST, columns)), p: paint(color) };
  const last = ending(page, report, full ? SCREEN : SCREEN - LEAST_OF_OVERVIEW);
  const above = full ? tables(page) : overview(page, SCREEN - heightOf(last, page) - 1);
  const lines = [...(above.length > 0 && !full ? [''] : []), ...above, ...last];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function tables(page: Page): string[] {
  return [
    ...answers(page),
    ...browserTable(page),
    ...operationTable(page),
    ...thresholdTable(page),
    ...oracleTable(page),
    ...failureList(page),
    ...errorTable(page),
    ...healthTable(page),
  ];
}
