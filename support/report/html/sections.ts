/** The parts of the page that stand without a script: what `tables.ts`, `messages.ts` and `words.ts` say, as HTML. */

import type { Reason, Severity, ThresholdResult, Verdict } from '../../judge/verdict.ts';
import { undecidedText } from '../../judge/words/doubts.ts';
import { bytes, count, counted, ms, rate } from '../../judge/words/figures.ts';
import { signalName } from '../../judge/words/signals.ts';
import { shorten } from '../../judge/words/text.ts';
import { drain } from '../../measure/time-axis.ts';
import { tagsText } from '../../profile/tags.ts';
import { answerTables } from '../answers.ts';
import { browserTimes } from '../browser-times.ts';
import { headline, statusName } from '../headline.ts';
import { splitMessage } from '../messages.ts';
import type { FailedSession, RunRecord } from '../record.ts';
import { allowedText, courseText, signalFigure, signalOwner } from '../signals.ts';
import {
  errorsByName,
  journeySessions,
  operations,
  signals,
  slowestOf,
  type TimedRow,
  thresholdState,
  timedStats,
  totalIterations,
} from '../tables.ts';
import {
  besideText,
  counterText,
  type Failed,
  failureTitle,
  hiddenWaitText,
  observedText,
  requiredText,
  sessionsText,
  slowestText,
  startedText,
  statText,
  statTitle,
  targetText,
} from '../words.ts';
import { html, lines, type Markup, type Part } from './markup.ts';
import { type SortedCell, type TableRow, table } from './table.ts';

/** A part of the page with its heading, which the navigation leads to. */
export interface Section {
  id: string;
  title: string;
  body: Markup;
  /** Seen without being opened: what the run was asked, and what went wrong. */
  isOpen?: boolean;
}

/** Reasons, or warnings where there are none, that stand on the first screen. */
const MOST_FINDINGS = 3;

const numberOf = (value: number | null | undefined, shown: Part): SortedCell => ({ value: value ?? null, shown });
const counting = (value: number | null | undefined) => numberOf(value, count(value));
const time = (value: number | null | undefined) => numberOf(value, ms(value));

const left = (title: string) => ({ title });
const right = (title: string) => ({ title, side: 'right' as const });

/** A word in the colour of what it says. */
function state(word: string, severity: 'pass' | Severity): SortedCell {
  const order = { fail: 0, invalid: 1, warning: 2, pass: 3 };
  return { value: order[severity], shown: html`<span class="state ${severity}">${word}</span>` };
}

/** Status, what was run, and why: all that most readers need. */
export function summary(verdict: Verdict, record: RunRecord): Markup {
  const { status, profile, target, slices, reasons, warnings } = verdict;
  const facts: [string, Part][] = [
    ['Target', html`${target.name} <span class="quiet">${target.url}</span>`],
    ...(verdict.slo === undefined ? [] : ([['SLO', verdict.slo]] as [string, Part][])),
    ['Started', startedText(verdict)],
    ['Lasted', ms(verdict.durationMs)],
    ['Slices', `${slices.received} of ${slices.expected}`],
    ['Iterations', count(totalIterations(verdict))],
    ['Run', verdict.runId],
    ...(verdict.tags === undefined ? [] : ([['Tags', tagsText(verdict.tags)]] as [string, Part][])),
  ];
  return html`<header class="verdict ${status}">
<p class="brand">Tandem</p>
<h1><span class="status">${statusName(verdict)}</span> ${profile} <span class="quiet">→ ${target.name}</span></h1>
<p class="headline">${headline(verdict)}</p>
${findings('Reasons', reasons, MOST_FINDINGS)}${findings('Warnings', warnings, reasons.length > 0 ? 0 : MOST_FINDINGS)}
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${missing(verdict, record)}
</header>`;
}

/** @param most so many are seen without being opened */
function findings(title: string, reasons: Reason[], most: number): Markup {
  if (reasons.length === 0) return html``;
  const item = (reason: Reason) => {
    const { found, next } = splitMessage(reason);
    const examples = reason.kind === 'oracle' && html` <a href="#oracles">Its examples</a>`;
    return html`<li class="${reason.severity}"><p>${found}</p>${next !== '' && html`<p class="next">${next}${examples}</p>`}</li>`;
  };
  const shown = reasons.slice(0, most);
  const rest = reasons.slice(most);
  const one = title.slice(0, -1).toLowerCase();
  const summary = shown.length > 0 ? `and ${counted(rest.length, `more ${one}`)}` : counted(rest.length, one);
  return html`<h2 class="unseen">${title}</h2>${shown.length > 0 && html`<ul class="findings">${shown.map(item)}</ul>`}${
    rest.length > 0 &&
    html`<details class="rest"><summary>${summary}</summary><ul class="findings">${rest.map(item)}</ul></details>`
  }`;
}

/** What a reader would look for in vain. */
function missing(verdict: Verdict, { intervals, scenarios, windows }: RunRecord): Markup {
  const has = (name: string) => Object.keys(verdict.metrics).some((key) => key.startsWith(name));
  const notes = [
    intervals === 0 && 'Nothing was measured: there are no charts and no figures.',
    intervals === 1 && 'The run lasted one interval: its charts have a single point.',
    intervals > 0 &&
      !scenarios.some(({ kind }) => kind === 'journey') &&
      'No browser took part: how long a person waits is not known.',
    intervals > 0 &&
      scenarios.some(({ kind }) => kind === 'journey') &&
      !has('browser_') &&
      'No browser session came to an end: how long a person waits is not known.',
    intervals > 0 &&
      !windows.some(({ name, isQuiet }) => isQuiet && name !== drain) &&
      'The run had no phase without load: there is nothing to compare the load with.',
    intervals > 0 && !has('target_') && 'The target publishes no metrics of its own: its CPU and memory are not known.',
  ].filter((note) => note !== false);
  return notes.length > 0 ? html`<ul class="missing">${notes.map((note) => html`<li>${note}</li>`)}</ul>` : html``;
}

function answerSections(verdict: Verdict): Section[] {
  return answerTables(verdict).map(({ id, title, columns, rows }) => {
    const [first = '', ...figures] = columns;
    const shown = rows.map((cells): TableRow => ({ cells }));
    return { id, title, body: table(title, [left(first), ...figures.map(right)], shown), isOpen: id !== 'phases' };
  });
}

function browserSection(verdict: Verdict): Section[] {
  const all = browserTimes(verdict);
  if (!all) return [];
  const rows = all.groups.flatMap(({ title, rows }): TableRow[] =>
    rows.map(({ row, figures: [calm, load, slowdown, calmP95, loadP95, samples], isNotable }) => ({
      group: title,
      cells: [
        row.label,
        calm,
        html`<strong>${load}</strong>`,
        html`<span${isNotable && html` class="state warning"`}>${slowdown}</span>`,
        calmP95,
        loadP95,
        html`<span class="quiet">${samples}</span>`,
      ],
    })),
  );
  const sessions = journeySessions(verdict).map((one) => html`<li>${one.journey}: ${sessionsText(one)}</li>`);
  const title = 'Times in the browser';
  const body = html`${table(title, [left(''), ...all.columns.map(right)], rows)}<ul class="notes beside">${sessions}</ul>`;
  return [{ id: 'browser', title, body }];
}

function operationsSection(verdict: Verdict): Section[] {
  const all = operations(verdict);
  if (all.length === 0) return [];
  const notes: Markup[] = [];
  const counts: TableRow[] = [];
  const many: { group: string; rows: TimedRow[] }[] = [];
  const rows = all.flatMap((scenario): TableRow[] => {
    const group = scenario.scenario ?? 'All scenarios';
    const line = ({ label, summary, perSecond }: TimedRow): TableRow => ({
      group,
      cells: [label, count(summary.count), rate(perSecond), ...timedStats.map((stat) => ms(summary.values[stat]))],
    });
    if (scenario.hiddenWait) notes.push(html`<li>${group}: ${hiddenWaitText(scenario.hiddenWait)}</li>`);
    counts.push(...scenario.counts.map((one) => ({ group, cells: [one.label, counterText(one.summary)] })));
    const slowest = slowestOf(scenario.rows);
    if (slowest) {
      notes.push(html`<li>${group}: ${slowestText(slowest)}</li>`);
      many.push({ group, rows: scenario.rows.filter(({ isOfOne }) => isOfOne) });
    }
    return [...scenario.times, ...(slowest?.rows ?? scenario.rows)].map(line);
  });
  const columns = [left(''), ...['count', 'rate', ...timedStats.map(statTitle)].map(right)];
  const folded = many.map(({ group, rows }) => {
    const name = `All operations of ${group}`;
    const cells = rows.map(
      ({ label, summary, perSecond }): TableRow => ({
        cells: [
          label,
          counting(summary.count),
          numberOf(perSecond, rate(perSecond)),
          ...timedStats.map((stat) => time(summary.values[stat])),
        ],
      }),
    );
    return html`<details><summary>${name}: ${count(rows.length)}</summary>${table(name, columns, cells, true)}</details>`;
  });
  const counted = table('What the operations counted', [left(''), right('in all')], counts);
  const body = html`${table('Protocol operations', columns, rows)}<ul class="notes">${notes}</ul>
${folded}${counts.length > 0 && html`<details><summary>What they counted</summary>${counted}</details>`}`;
  return [{ id: 'operations', title: 'Protocol operations', body }];
}

/** With what casts doubt on it. */
function undecided({ doubts = [] }: ThresholdResult): SortedCell {
  const { value, shown } = state('undecided', 'invalid');
  return { value, shown: html`${shown}${doubts.length > 0 && html` <p class="quiet">${undecidedText(doubts)}</p>`}` };
}

function stateOf(threshold: ThresholdResult): SortedCell {
  switch (thresholdState(threshold)) {
    case 'held':
      return state('held', 'pass');
    case 'missed':
      return state('missed', 'fail');
    case 'undecided':
      return undecided(threshold);
    case 'unmeasured':
      return state('no data', 'invalid');
  }
}

function thresholdsSection({ thresholds }: Verdict): Section[] {
  if (thresholds.length === 0) return [];
  // What was missed first; else the order of the profile.
  const rows = [
    ...thresholds.filter((t) => thresholdState(t) !== 'held'),
    ...thresholds.filter((t) => thresholdState(t) === 'held'),
  ].map((t) => ({
    cells: [
      html`<code>${t.metric}</code>`,
      statText(t),
      numberOf(t.observed, observedText(t)),
      requiredText(t),
      counting(t.count),
      stateOf(t),
    ],
  }));
  const columns = [
    left('metric'),
    left('figure'),
    right('observed'),
    left('required'),
    right('samples'),
    left('result'),
  ];
  const isOpen = thresholds.some((t) => thresholdState(t) !== 'held');
  return [{ id: 'thresholds', title: 'Thresholds', body: table('Thresholds', columns, rows, true), isOpen }];
}

function oraclesSection({ oracles }: Verdict): Section[] {
  if (oracles.length === 0) return [];
  const shown = {
    ok: state('kept', 'pass'),
    violated: state('violated', 'fail'),
    unknown: state('cannot tell', 'invalid'),
  };
  const rows = oracles.map((o) => ({
    cells: [o.name, o.promise ?? '', counting(o.checked), counting(o.violations), besideText(o), shown[o.status]],
  }));
  const columns = [
    left('oracle'),
    left('promise'),
    right('checked'),
    right('violations'),
    left('beside'),
    left('result'),
  ];
  const evidence = oracles
    .filter(({ examples }) => examples.length > 0)
    .map(
      ({ name, examples }, at) => html`<details${at === 0 && html` open`}>
<summary>${name}: ${counted(examples.length, 'example')}</summary>
<ol class="examples">${examples.map((one) => html`<li>${example(one)}</li>`)}</ol></details>`,
    );
  const isOpen = oracles.some(({ status }) => status !== 'ok');
  return [{ id: 'oracles', title: 'Oracles', body: html`${table('Oracles', columns, rows, true)}${evidence}`, isOpen }];
}

/** Evidence is whatever its oracle gathered: its fields one under the other, what is in these on a line each. */
function example(one: unknown): Markup {
  if (!isObject(one)) return html`<p>${inLine(one)}</p>`;
  const fields = Object.entries(one).map(([name, value]) => {
    const parts = Array.isArray(value) ? value : [value];
    const lines = parts.some(isObject)
      ? parts.map((part) => html`<p>${inLine(part)}</p>`)
      : parts.map(inLine).join(', ');
    return html`<div><dt>${name}</dt><dd>${lines}</dd></div>`;
  });
  return html`<dl class="pairs">${fields}</dl>`;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A browser lays out a text without a blank in time that grows with its square: all of it is in `verdict.json`. */
const SHOWN_LENGTH = 1_000;

function inLine(value: unknown): string {
  if (!isObject(value)) return shorten(String(value).slice(0, 10 * SHOWN_LENGTH), SHOWN_LENGTH);
  if (Array.isArray(value)) return value.map(inLine).join(', ');
  return Object.entries(value)
    .map(([name, one]) => `${name}: ${inLine(one)}`)
    .join(' · ');
}

function errorsSection(verdict: Verdict): Section[] {
  const rows = errorsByName(verdict).map(([name, often]) => ({ cells: [name, counting(often)] }));
  if (rows.length === 0) return [];
  const body = table('Errors', [left('error'), right('count')], rows, true);
  return [{ id: 'errors', title: 'Errors', body, isOpen: true }];
}

function pictureOf({ session, screenshot }: FailedSession): Markup {
  if (!screenshot) return html`<p class="quiet">no screenshot</p>`;
  const file = encodeURIComponent(screenshot);
  return html`<a href="${file}"><img src="${file}" alt="The page of ${session} when it failed"></a>`;
}

function traceOf({ trace }: FailedSession): Markup {
  return trace
    ? html`<a href="${encodeURIComponent(trace)}">trace</a>, to open with <code>npx playwright show-trace ${trace}</code>`
    : html`<span class="quiet">not traced</span>`;
}

function isOf({ screenshot, trace }: Failed, one: FailedSession): boolean {
  return (screenshot !== undefined && screenshot === one.screenshot) || (trace !== undefined && trace === one.trace);
}

/** What went wrong in its own words, beside what the browser showed then. */
function failuresSection({ failures }: Verdict, sessions: FailedSession[]): Section[] {
  if (failures.length === 0) return [];
  const items = failures.map((failure) => {
    const session = sessions.find((one) => isOf(failure, one));
    const picture = session && html`<figure>${pictureOf(session)}<figcaption>${traceOf(session)}</figcaption></figure>`;
    return html`<li><h3>${failureTitle(failure)}</h3>${failure.at && html`<p class="quiet">at <code>${failure.at}</code></p>`}
<div><pre>${lines(failure.error)}</pre>${picture}</div></li>`;
  });
  return [{ id: 'failures', title: 'What failed', body: html`<ul class="failures">${items}</ul>`, isOpen: true }];
}

/** Those that stand beside no failure. */
function sessionsSection({ failures }: Verdict, sessions: FailedSession[]): Section[] {
  const rest = sessions.filter((one) => !failures.some((failure) => isOf(failure, one)));
  if (rest.length === 0) return [];
  const figures = rest.map(
    (one) =>
      html`<li><figure>${pictureOf(one)}<figcaption><strong>${one.session}</strong> ${traceOf(one)}</figcaption></figure></li>`,
  );
  const title = rest.length < sessions.length ? 'More failed sessions' : 'Failed sessions';
  return [{ id: 'sessions', title, body: html`<ul class="sessions">${figures}</ul>` }];
}

function healthSection(verdict: Verdict): Section {
  const { health } = verdict;
  const all = signals(verdict);
  const scenarios = health.scenarios.map((s) => ({
    cells: [
      s.scenario,
      time(s.latenessP99Ms),
      time(s.latenessMaxMs),
      counting(s.dropped),
      counting(s.interrupted),
      time(s.startSkewMs),
    ],
  }));
  const readings = [...all.saturated, ...all.healthy].map((one) => ({
    cells: [
      signalName(one),
      signalOwner(one),
      numberOf(one.observed, signalFigure(one, all)),
      numberOf(one.allowed, allowedText(one)),
      counting(one.count),
      one.ok ? state('within', 'pass') : state('saturated', 'invalid'),
    ],
  }));
  const signalTable = table(
    'Signals of the generator’s health',
    [left('signal'), left('of'), right('observed'), right('allowed'), right('readings'), left('result')],
    readings,
    true,
  );
  const target = targetText(verdict);
  return {
    id: 'health',
    title: 'The generator’s own health',
    isOpen: verdict.status === 'invalid' && all.saturated.length > 0,
    body: html`${table(
      'Lateness of the generator',
      [left('scenario'), ...['late p99', 'late max', 'dropped', 'interrupted', 'start skew'].map(right)],
      scenarios,
    )}${all.saturated.length > 0 ? signalTable : html`<details><summary>${count(readings.length)} signals, all within limits</summary>${signalTable}</details>`}<ul class="notes">
<li>${courseText(verdict)}.</li>
${target !== '' && html`<li>Target at most: ${target}.</li>`}</ul>`,
  };
}

function originSection(verdict: Verdict, { origin, scenarios, axis }: RunRecord): Section {
  const { command, versions, machine } = origin;
  const unknown = html`<span class="quiet">not known</span>`;
  const of = machine
    ? html`${machine.cpu}, ${counted(machine.cores, 'core')}, ${bytes(machine.memoryBytes)} of memory, ${machine.os}`
    : html`<span class="quiet">not known: the report was merged from shards</span>`;
  const facts: [string, Part][] = [
    ['Command', html`<code>${command}</code>`],
    ['Seed', html`<code>${verdict.seed}</code>`],
    ['Tandem', html`${versions.tandem}${versions.commit !== null && html`, commit <code>${versions.commit}</code>`}`],
    ['Node', versions.node],
    ['Playwright', versions.playwright],
    ['Browser', versions.browser ?? unknown],
    ['Machine', of],
    ['Interval', ms(axis.intervalMs)],
    [
      'Scenarios',
      scenarios.map(
        (one, i) =>
          html`${i > 0 && html`, `}${one.name} <span class="quiet">(${one.executor}, at most ${counted(one.maxVUs, 'VU')})</span>`,
      ),
    ],
  ];
  const list = html`<dl class="origin pairs">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
  return { id: 'run', title: 'How it was run', body: list };
}

/** Filled by the page's script. */
export function chartsSection({ intervals }: RunRecord): Section[] {
  if (intervals === 0) return [];
  const body = html`<div id="beside" class="toolbar"></div><div id="charts"><noscript><p>The charts need JavaScript; all figures are in verdict.json.</p></noscript></div>`;
  return [{ id: 'time', title: 'Over time', body }];
}

function curvesSection(subjects: number): Section[] {
  if (subjects === 0) return [];
  return [{ id: 'percentiles', title: 'Percentiles', body: html`<div id="curves"></div>` }];
}

function metricsSection(verdict: Verdict): Section[] {
  const number = Object.keys(verdict.metrics).length;
  if (number === 0) return [];
  const body = html`<details id="metrics-list"><summary>${count(number)} series</summary></details>`;
  return [{ id: 'metrics', title: 'All metrics', body }];
}

/** What folds, in reading order. @param subjects how many distributions can be drawn */
export function sections(verdict: Verdict, record: RunRecord, subjects: number): Section[] {
  return [
    ...answerSections(verdict),
    ...oraclesSection(verdict),
    ...failuresSection(verdict, record.failedSessions),
    ...errorsSection(verdict),
    ...thresholdsSection(verdict),
    ...browserSection(verdict),
    ...sessionsSection(verdict, record.failedSessions),
    ...operationsSection(verdict),
    ...curvesSection(subjects),
    healthSection(verdict),
    ...metricsSection(verdict),
    originSection(verdict, record),
  ];
}
