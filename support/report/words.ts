/** Words and figures of a report: what stands in a cell or is a part of a sentence. */
import { parseExpression, statName } from '../judge/expression.ts';
import type { MetricSummary, OracleResult, ThresholdResult, Verdict } from '../judge/verdict.ts';
import { apart, bytes, count, counted, figure, limitFigure, ms, perSecond, ratio } from '../judge/words/figures.ts';
import { printable, printableLines, quoted } from '../judge/words/text.ts';
import { type HiddenWait, type JourneySessions, targetPeaks } from './tables.ts';

type Compared = Pick<ThresholdResult, 'expression' | 'observed' | 'limit' | 'unit' | 'windows'>;

/** What of its metric a threshold is about: `p(95)`; of one whose figure is a share of windows what must hold in these, `p(95)<500`. */
export function statText({ expression, windows }: Compared): string {
  return windows ? expression : statName(expression);
}

/** With as many digits as it takes to see on which side of its limit it is; the same as in the sentence of a reason. */
export function observedText({ expression, observed, limit, unit }: Compared): string {
  if (observed === null) return figure(observed, unit);
  const shown = limit === null ? figure(observed, unit) : apart(observed, limit, unit)[0];
  return `${shown}${perSecond(statName(expression), unit)}`;
}

/** `< 500 ms`; for a multiple of another phase, also how it came about; `≥ 99 % of windows of 10 s`. */
export function requiredText({ expression, observed, limit, unit, windows }: Compared): string {
  if (limit === null) return expression;
  if (windows) return `≥ ${ratio(limit)} of windows of ${limitFigure(windows.everyMs, 'ms')}`;
  const { operator, value, of } = parseExpression(expression)!;
  const shown = observed === null ? limitFigure(limit, unit) : apart(observed, limit, unit)[1];
  const each = perSecond(statName(expression), unit);
  return `${operator} ${shown}${each}${of === undefined ? '' : ` = ${value} × ${of}`}`;
}

/** What a counter came to, a rate's share, or the most that a gauge was: at the end of a run it has come down again. */
export function counterText({ type, contains, values }: MetricSummary): string {
  if (type === 'rate') return ratio(values.rate);
  const text = contains === 'data' ? bytes : contains === 'time' ? ms : count;
  return type === 'counter' ? text(values.count) : `at most ${text(values.max)}`;
}

/** The most the target's own process was seen to use: `CPU 98 %, memory 201 MB`; empty when it publishes nothing. */
export function targetText(verdict: Verdict): string {
  const { cpuPercent, memoryBytes } = targetPeaks(verdict);
  const parts = [
    cpuPercent === null ? '' : `CPU ${Math.round(cpuPercent)} %`,
    memoryBytes === null ? '' : `memory ${bytes(memoryBytes)}`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** What an oracle saw of a promise that was broken; else what it counted, without what did not happen: `128 replicas, 3 indeterminate`. */
export function besideText({ counts = {}, summary }: OracleResult): string {
  if (summary !== undefined) return printable(summary);
  const seen = Object.entries(counts).filter(([, number]) => number > 0);
  const words = (name: string) => printable(name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));
  return seen.map(([name, number]) => `${count(number)} ${words(name)}`).join(', ');
}

/** What `p(75)` is in the head of a table: `p75`. */
export function statTitle(stat: string): string {
  return stat.replace(/[()]/g, '');
}

/** `2026-11-20 20:36:12 UTC` */
export function startedText({ startedAt }: Verdict): string {
  return startedAt.replace('T', ' ').replace(/\..*$/, ' UTC');
}

/** `12 sessions, 0 failed` */
export function sessionsText({ sessions, failed }: JourneySessions): string {
  return `${counted(sessions, 'session')}, ${count(failed)} failed`;
}

/** What only a clock that starts when work is due can see. */
export function hiddenWaitText({ responseMs, serviceMs }: HiddenWait): string {
  return `p99 is ${ms(responseMs)} from when work was due; a clock that starts at the send says ${ms(serviceMs)}.`;
}

/** Where of many operations some are shown. */
export function slowestText({ shown, of }: { shown: number; of: number }): string {
  return `the ${count(shown)} slowest of ${count(of)} operations by p95`;
}

/** A failure that the verdict holds in full. */
export type Failed = Verdict['failures'][0];

/** From here on Playwright tells what it tried, which may be long. */
const CALL_LOG = /^Call log:/;

/** `visit, step “open”: 12 times` */
export function failureTitle({ scenario, step, operation, count }: Failed): string {
  const where = step ? `, step “${quoted(step)}”` : operation ? `, operation “${quoted(operation)}”` : '';
  return `${quoted(scenario)}${where}: ${counted(count, 'time')}`;
}

/** What was thrown or expected: the locator, what was expected and received, without the call log. */
export function failureGist({ error }: Failed): string[] {
  const lines = printableLines(error).filter((line) => line !== '');
  const log = lines.findIndex((line) => CALL_LOG.test(line));
  return log > 0 ? lines.slice(0, log) : lines;
}
