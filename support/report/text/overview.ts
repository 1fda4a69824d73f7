/** What a run came to in a few lines: what was done, what a person in the browser felt, what went wrong. */
import type { MetricSummary } from '../../judge/verdict.ts';
import { count, figure, ms, rate } from '../../judge/words/figures.ts';
import { displayWidth, printable, shorten, wrap } from '../../judge/words/text.ts';
import { answerLines } from '../answers.ts';
import { type BrowserRow, browserPhases, browserTables, typicalStat } from '../browser-times.ts';
import { errorsByName, scenarioRows } from '../tables.ts';
import { failureGist, failureTitle, statTitle } from '../words.ts';
import { type Column, table } from './ansi.ts';
import { fitting, moreInReport, type Page } from './ending.ts';

const LINES_OF_FAILURE = 4;
const MOST_ERRORS = 4;
/** A heading, the names of the columns and a scenario. */
const LEAST_OF_TABLE = 3;

/** At most `room` lines. What tells of causes is kept before figures. */
export function overview(page: Page, room: number): string[] {
  let left = room;
  const take = (lines: string[]) => {
    if (lines.length > left) return [];
    left -= lines.length;
    return lines;
  };
  const errors = take(errorLines(page));
  const failure = take(firstFailure(page));
  const answers = take(cut(page, answersOf(page), left));
  const felt = take(browserLines(page));
  return [...scenarioTable(page, left), ...answers, ...felt, ...failure, ...errors];
}

function answersOf({ verdict, width }: Page): string[] {
  return answerLines(verdict).map((line) => ` ${shorten(printable(line), width - 1)}`);
}

/** As many as fit, and how many more there are. */
function cut(page: Page, lines: string[], room: number): string[] {
  const blocks = lines.map((line) => [line]);
  return fitting(page, blocks, room, (number) => page.p.dim(` ${moreInReport(number)}`));
}

const right = (title: string): Column => ({ title, side: 'right' });

function scenarioTable(page: Page, room: number): string[] {
  const { verdict, width, p } = page;
  const all = scenarioRows(verdict);
  if (all.length === 0 || room < LEAST_OF_TABLE) return [];
  const rows = all.map(({ scenario, done, perSecond, failed, response }) => [
    printable(scenario),
    count(done),
    rate(perSecond),
    { text: count(failed), style: failed > 0 ? p.red : p.dim },
    ...(['med', 'p(95)', 'p(99)'] as const).map((stat) => ms(response?.values[stat])),
  ]);
  const titles = ['done', 'rate', 'failed', 'med', 'p95', 'p99'];
  const [head = '', ...lines] = table([{ title: '', side: 'left' }, ...titles.map(right)], rows, {
    ...{ width: width - 1, paint: p, flex: 0, overflow: 'cut' },
  }).map((line) => ` ${line}`);
  return [...heading(page), head, ...cut(page, lines, room - 2)];
}

function heading({ width, p }: Page): string[] {
  const title = 'Times from when work was due';
  const note = 'LOAD_SUMMARY=full prints all tables';
  const rule = Math.max(1, width - displayWidth(title) - displayWidth(note) - 2);
  return [`${p.bold(title)} ${p.dim(`${'─'.repeat(rule)} ${note}`)}`];
}

/** Of what a person waits for: the main content, a change by others, and the step that takes longest. */
function browserLines({ verdict, width, p }: Page): string[] {
  const groups = browserTables(verdict);
  const stat = typicalStat(groups);
  const { before, under } = browserPhases(verdict);
  const rows = (title: string) => groups.find((group) => group.title === title)?.rows ?? [];
  const slowness = ({ calm, load }: BrowserRow) => (load ?? calm)?.values[stat] ?? 0;
  const slowest = [...rows('Steps')].sort((a, b) => slowness(b) - slowness(a))[0];
  const told = [
    ...rows('Page vitals')
      .filter(({ label }) => label.startsWith('LCP'))
      .map((row) => ({ name: 'main content (LCP)', row })),
    ...rows('A change by others, until seen').map((row) => ({ name: 'a change by others, until seen', row })),
    ...(slowest ? [{ name: `slowest step (${printable(slowest.label)})`, row: slowest }] : []),
  ];
  if (told.length === 0) return [];
  const shown = (one: MetricSummary, unit: BrowserRow['unit']) => figure(one.values[stat], unit);
  const parts = told.map(({ name, row: { calm, load, unit } }) => {
    if (!load) return `${name} ${shown(calm!, unit)} in ${before}`;
    return `${name} ${shown(load, unit)}${calm && before ? `, in ${before} ${shown(calm, unit)}` : ''}`;
  });
  const text = `In the browser, ${statTitle(stat)} in ${under}: ${parts.join(' · ')}`;
  return wrap(printable(text), width - 1).map((line) => ` ${p.dim(line)}`);
}

/** What stands in the report in full. */
function firstFailure({ verdict, width, p }: Page): string[] {
  const [failure, ...others] = verdict.failures;
  if (!failure) return [];
  const { at, screenshot } = failure;
  const where = [at && `at ${printable(at)}`, screenshot && `screenshot ${printable(screenshot)}`].filter(Boolean);
  const rest = others.length > 0 ? p.dim(`, ${moreInReport(others.length)}`) : '';
  return [
    ` ${p.bold(shorten(printable(failureTitle(failure)), width - 40))}${rest}`,
    ...failureGist(failure)
      .slice(0, LINES_OF_FAILURE)
      .map((line) => `   ${shorten(line, width - 4)}`),
    ...(where.length > 0 ? [`   ${p.dim(shorten(where.join(' · '), width - 4))}`] : []),
  ];
}

function errorLines({ verdict, width, p }: Page): string[] {
  const all = errorsByName(verdict);
  if (all.length === 0) return [];
  const named = all.slice(0, MOST_ERRORS).map(([name, times]) => `${count(times)} × ${printable(shorten(name, 60))}`);
  const rest = all.length - named.length;
  const text = `Errors: ${named.join(' · ')}${rest > 0 ? ` ${moreInReport(rest)}` : ''}`;
  return wrap(text, width - 1).map((line) => ` ${p.red(line)}`);
}
