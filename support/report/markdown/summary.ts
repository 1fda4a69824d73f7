/** `summary.md`: a verdict for a pull-request comment, GitHub-flavoured. */

import type { Reason, Severity, Verdict } from '../../judge/verdict.ts';
import { undecidedText } from '../../judge/words/doubts.ts';
import { count, counted, ms, NONE, rate } from '../../judge/words/figures.ts';
import { signalName } from '../../judge/words/signals.ts';
import { printable, printableLines, shorten } from '../../judge/words/text.ts';
import { tagsText } from '../../profile/tags.ts';
import { answerTables } from '../answers.ts';
import { browserTimes } from '../browser-times.ts';
import { headline, statusName } from '../headline.ts';
import { splitMessage } from '../messages.ts';
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
  statText,
  statTitle,
  targetText,
} from '../words.ts';

/** GitHub refuses comments of more than 65,536 characters; the rest is for what a bot writes around it. */
const LONGEST = 60_000;
/** What a table or list shows; all of it is in verdict.json. */
const MOST_ROWS = 80;
const MOST_REASONS = 20;
const MOST_FAILURES = 6;
const LONGEST_FAILURE = 2_000;
const LONGEST_CELL = 160;
const LONGEST_MESSAGE = 900;
/** A table longer than this is folded. */
const FOLD_FROM = 12;

/** An invisible character after `@` or `#` keeps GitHub from notifying people and linking issues. */
const BREAK = '\u200b';

/** One line in which GitHub finds nothing to link, and nobody to notify. */
function unlinked(text: string): string {
  return shorten(printable(text), LONGEST_MESSAGE)
    .replace(/([@#])(?=\w)/g, `$1${BREAK}`)
    .replace(/:\/\//g, `:${BREAK}//`)
    .replace(/\bwww\./gi, `www${BREAK}.`)
    .replace(/\bGH-(?=\d)/gi, (issue) => issue + BREAK);
}

/** Any text as literal words of one line: no markup, HTML, link, mention, table border or mathematics comes of it. */
export function literal(text: string): string {
  return (
    unlinked(text)
      .replace(/[\\`*[\]<~|&]/g, '\\$&')
      // Inside a word an underscore is one; escaped there it would only be hard to read.
      .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
      .replace(/\$/g, '<span>$</span>')
  );
}

/** The same between tags that begin a line: there all is HTML, in which a backslash is one and keeps nothing from being a tag. */
export function literalInTags(text: string): string {
  return unlinked(text).replace(/[&<>`$]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Any text as code, in which GitHub links and notifies nobody; safe in a table. */
export function code(text: string): string {
  const short = shorten(printable(text), LONGEST_CELL);
  // Backquotes would end the code, and a border of a table goes before code.
  return /[`|]/.test(short) || short === '' ? `<code>${literal(short)}</code>` : `\`${short}\``;
}

/** A text of several lines as a block of code, in which nothing is markup. */
function codeBlock(text: string): string {
  const body = printableLines(text).join('\n');
  // Only as many backquotes as it began with end it.
  const longest = Math.max(0, ...(body.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}text\n${body}\n${fence}`;
}

type Side = 'left' | 'right';

function table(columns: [title: string, side: Side][], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const shown = rows.slice(0, MOST_ROWS).map(line);
  const rest =
    rows.length > MOST_ROWS ? [`\n… and ${counted(rows.length - MOST_ROWS, 'more row')} in the report.`] : [];
  return [
    line(columns.map(([title]) => title)),
    line(columns.map(([, side]) => (side === 'right' ? '---:' : '---'))),
    ...shown,
    ...rest,
  ].join('\n');
}

/** A section with a heading, folded away when it is long. */
function section(title: string, body: string, rows: number): string {
  return rows >= FOLD_FROM
    ? `<details><summary><b>${title}</b></summary>\n\n${body}\n\n</details>`
    : `### ${title}\n\n${body}`;
}

const SIGN: Record<Severity, string> = { fail: '❌', invalid: '❓', warning: '⚠️' };

function list(reasons: Reason[]): string {
  return listed(
    reasons.map((reason) => {
      const { found, example, next } = splitMessage(reason);
      const first = example === '' ? '' : `<br>First: ${code(example)}`;
      return `${SIGN[reason.severity as Severity]} ${literal(found)}${first}${next === '' ? '' : `<br>→ ${literal(next)}`}`;
    }),
  );
}

function listed(items: string[]): string {
  const rest = items.length - MOST_REASONS;
  const shown = items.slice(0, MOST_REASONS).map((item) => `- ${item}`);
  return [...shown, ...(rest > 0 ? [`- … and ${count(rest)} more in the report`] : [])].join('\n');
}

const STATES = { held: '✅', missed: '❌', undecided: '❓', unmeasured: '❓' };

function thresholds({ thresholds: all }: Verdict): string[] {
  if (all.length === 0) return [];
  const rows = all.map((t) => [
    STATES[thresholdState(t)],
    code(t.metric),
    code(statText(t)),
    thresholdState(t) === 'held' ? observedText(t) : `**${observedText(t)}**`,
    literal(requiredText(t)),
    count(t.count),
  ]);
  const body = table(
    [
      ['', 'left'],
      ['metric', 'left'],
      ['', 'left'],
      ['observed', 'right'],
      ['required', 'left'],
      ['samples', 'right'],
    ],
    rows,
  );
  const doubts = all
    .filter((t) => !t.decided && t.doubts)
    .map((t) => `${code(`${t.metric}: ${t.expression}`)} ${literal(undecidedText(t.doubts!))}`);
  const told = listed(doubts);
  return [section('Thresholds', told === '' ? body : `${body}\n\n${told}`, rows.length)];
}

function answers(verdict: Verdict): string[] {
  return answerTables(verdict).map(({ title, columns, rows }) => {
    const sides = columns.map((name, i): [string, Side] => [name, i === 0 ? 'left' : 'right']);
    const body = table(
      sides,
      rows.map((cells) => cells.map(literal)),
    );
    return section(title, body, rows.length);
  });
}

function browserSection(verdict: Verdict): string[] {
  const all = browserTimes(verdict);
  if (!all) return [];
  const rows = all.groups.flatMap(({ title, rows }) =>
    rows.map(({ row, figures: [calm, load, slowdown, ...others], isNotable }) => [
      title,
      literal(row.label),
      calm,
      load,
      isNotable ? `**${slowdown}**` : slowdown,
      ...others,
    ]),
  );
  // The name of a group once, not on each of its rows.
  const once = rows.map((row, i) => (i > 0 && rows[i - 1]![0] === row[0] ? ['', ...row.slice(1)] : row));
  const columns = all.columns.map((title): [string, Side] => [title, 'right']);
  const body = table([['', 'left'], ['', 'left'], ...columns], once);
  const sessions = journeySessions(verdict).map((one) => `${literal(one.journey)}: ${sessionsText(one)}`);
  const told = sessions.length > 0 ? `\n\n${shorten(sessions.join(' · '), LONGEST_MESSAGE)}` : '';
  // Never folded: it is what the run was for.
  return [section('Times in the browser', body + told, 0)];
}

function operationsSection(verdict: Verdict): string[] {
  const all = operations(verdict);
  if (all.length === 0) return [];
  const notes: string[] = [];
  const rows = all.flatMap((scenario) => {
    const name = scenario.scenario ?? 'all scenarios';
    const line = ({ label, summary, perSecond }: TimedRow) => [
      literal(name),
      literal(label),
      count(summary.count),
      rate(perSecond),
      ...timedStats.map((stat) => ms(summary.values[stat])),
    ];
    if (scenario.hiddenWait) notes.push(`${literal(name)}: ${hiddenWaitText(scenario.hiddenWait)}`);
    const counts = scenario.counts.map((c) => `${literal(c.label)}: ${counterText(c.summary)}`).join(' · ');
    if (counts !== '') notes.push(`${literal(name)}: ${counts}`);
    const slowest = slowestOf(scenario.rows);
    if (slowest) notes.push(`${literal(name)}: ${slowestText(slowest)}; the report’s page has all`);
    return [...scenario.times, ...(slowest?.rows ?? scenario.rows)].map(line);
  });
  const body = table(
    [
      ['scenario', 'left'],
      ['', 'left'],
      ['count', 'right'],
      ['rate', 'right'],
      ...timedStats.map((stat): [string, Side] => [statTitle(stat), 'right']),
    ],
    rows,
  );
  const told = notes.slice(0, MOST_REASONS).map((note) => `\n\n${note}`);
  return [section('Protocol operations', body + told.join(''), rows.length)];
}

function oracles({ oracles: all }: Verdict): string[] {
  if (all.length === 0) return [];
  const sign = { ok: '✅', violated: '❌', unknown: '❓' };
  const rows = all.map((o) => [
    sign[o.status],
    literal(o.name),
    literal(o.promise ?? ''),
    count(o.checked),
    o.violations > 0 ? `**${count(o.violations)}**` : '0',
    literal(besideText(o)),
  ]);
  const body = table(
    [
      ['', 'left'],
      ['oracle', 'left'],
      ['promise', 'left'],
      ['checked', 'right'],
      ['violations', 'right'],
      ['beside', 'left'],
    ],
    rows,
  );
  return [section('Oracles', body, rows.length)];
}

function failures({ failures: all }: Verdict): string[] {
  if (all.length === 0) return [];
  const shown = all.slice(0, MOST_FAILURES).map(failureDetails);
  const rest = all.length - shown.length;
  return [`### What failed\n\n${shown.join('\n\n')}${rest > 0 ? `\n\n… and ${count(rest)} more in the report.` : ''}`];
}

function failureDetails(failure: Failed): string {
  const { at, screenshot, error } = failure;
  const where = [at && `at ${code(at)}`, screenshot && `screenshot ${code(screenshot)}`].filter(Boolean).join(' · ');
  const block = codeBlock(shorten(error, LONGEST_FAILURE));
  return `<details><summary>${literalInTags(failureTitle(failure))}</summary>\n\n${where === '' ? '' : `${where}\n\n`}${block}\n\n</details>`;
}

function errors(verdict: Verdict): string[] {
  const rows = errorsByName(verdict).map(([name, n]) => [count(n), code(name)]);
  if (rows.length === 0) return [];
  const body = table(
    [
      ['count', 'right'],
      ['error', 'left'],
    ],
    rows,
  );
  return [section('Errors', body, rows.length)];
}

function health(verdict: Verdict): string {
  const { health: h, seed } = verdict;
  const rows = h.scenarios.map((s) => [
    literal(s.scenario),
    ms(s.latenessP99Ms),
    ms(s.latenessMaxMs),
    count(s.dropped),
    count(s.interrupted),
    ms(s.startSkewMs),
  ]);
  const body = table(
    [
      ['scenario', 'left'],
      ['late p99', 'right'],
      ['late max', 'right'],
      ['dropped', 'right'],
      ['interrupted', 'right'],
      ['start skew', 'right'],
    ],
    rows,
  );
  const line = `${courseText(verdict)}; seed ${code(seed)}.`;
  const target = targetText(verdict);
  const parts = [
    ...(rows.length > 0 ? [body] : []),
    ...signalTable(verdict),
    line,
    ...(target === '' ? [] : [`Target at most: ${target}.`]),
  ];
  // What was saturated is not to be looked for.
  return section('Health', parts.join('\n\n'), signals(verdict).saturated.length > 0 ? 0 : FOLD_FROM);
}

function signalTable(verdict: Verdict): string[] {
  const all = signals(verdict);
  const rows = [...all.saturated, ...all.healthy].map((one) => [
    one.ok ? '✅' : '❌',
    literal(signalName(one)),
    literal(signalOwner(one)),
    one.ok ? signalFigure(one, all) : `**${signalFigure(one, all)}**`,
    allowedText(one),
    count(one.count),
  ]);
  if (rows.length === 0) return [];
  return [
    table(
      [
        ['', 'left'],
        ['signal', 'left'],
        ['', 'left'],
        ['observed', 'right'],
        ['allowed', 'right'],
        ['readings', 'right'],
      ],
      rows,
    ),
  ];
}

/**
 * The verdict as GitHub-flavoured Markdown of at most 60,000 characters: status, reasons, then tables, long ones folded.
 * What does not fit is left out from the end, with a line that says so.
 */
export function summaryMarkdown(verdict: Verdict): string {
  const { received, expected } = verdict.slices;
  const sign = `${{ pass: '✅', fail: '❌', invalid: '❓' }[verdict.status]} ${statusName(verdict)}`;
  const facts = [
    code(verdict.target.url),
    ms(verdict.durationMs),
    `${received}/${counted(expected, 'slice')}`,
    `run ${code(verdict.runId)}`,
    literal(verdict.startedAt) || NONE,
    ...(verdict.slo === undefined ? [] : [`judged by ${code(verdict.slo)}`]),
    ...(verdict.tags === undefined ? [] : [code(tagsText(verdict.tags))]),
  ];
  const sections = [
    `## ${sign}: ${literal(verdict.profile)} → ${literal(verdict.target.name)}`,
    `**${literal(headline(verdict))}**`,
    facts.join(' · '),
    ...(verdict.reasons.length > 0 ? [list(verdict.reasons)] : []),
    ...(verdict.warnings.length > 0 ? [list(verdict.warnings)] : []),
    ...thresholds(verdict),
    ...oracles(verdict),
    ...failures(verdict),
    ...answers(verdict),
    ...browserSection(verdict),
    ...operationsSection(verdict),
    ...errors(verdict),
    health(verdict),
  ];
  const left = '\n\nMore did not fit here: see the report.';
  let text = '';
  for (const part of sections) {
    const next = text === '' ? part : `${text}\n\n${part}`;
    if (next.length + left.length + 1 > LONGEST) return `${text}${left}\n`;
    text = next;
  }
  return `${text}\n`;
}
