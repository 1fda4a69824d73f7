/** The last lines of a run: its verdict, why, and where its report is. What stands above them may be scrolled away. */

import type { Reason, Severity, Status, Verdict } from '../../judge/verdict.ts';
import { count, counted, ms } from '../../judge/words/figures.ts';
import { displayWidth, printable, shorten, wrap } from '../../judge/words/text.ts';
import { tagsText } from '../../profile/tags.ts';
import { headline, statusName } from '../headline.ts';
import { splitMessage } from '../messages.ts';
import { startedText } from '../words.ts';
import { box, type Paint } from './ansi.ts';

export interface Page {
  verdict: Verdict;
  width: number;
  p: Paint;
}

/** Sentences longer than this are hard to follow with the eye. */
const READABLE = 100;
/** An example stays on one line, which a terminal breaks where it ends: of one that would take more of them the end is in the report. */
const LINES_OF_EXAMPLE = 5;
/** Lines of reasons that stand before anything is left out. */
const LEAST_OF_REASONS = 3;

/**
 * At most `room` lines, as a terminal of the page's width shows them. The verdict is always there, and the first reason as far as
 * it fits.
 * @param report where the report is; undefined when it is nowhere
 */
export function ending(page: Page, report: string | undefined, room: number): string[] {
  const { verdict, p } = page;
  const top = ['', ...banner(page)];
  const bottom = report === undefined ? [] : ['', `${p.dim('report')}  ${p.cyan(printable(report))}`];
  const left = Math.max(LEAST_OF_REASONS, room - heightOf(top, page) - heightOf(bottom, page) - 1);
  const reasons = bullets(page, verdict.reasons);
  const warnings = bullets(page, verdict.warnings);
  const more = (what: string, all: string[][]) => (number: number) =>
    p.dim(`   … and ${counted(number, number < all.length ? `more ${what}` : what)} in the report`);
  // A warning is a line at least, if it only says how many there are.
  const reserved = warnings.length > 0 ? 1 : 0;
  const why = fitting(page, reasons, left - reserved, more('reason', reasons));
  const beside = fitting(page, warnings, left - heightOf(why, page), more('warning', warnings));
  const told = [...why, ...beside];
  return [...top, ...(told.length > 0 ? ['', ...told] : []), ...bottom];
}

/** Lines that a terminal of the page's width needs for these. */
export function heightOf(lines: string[], { width }: Page): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(displayWidth(line) / width)), 0);
}

/** Whole blocks as long as they fit; the first is cut, and ends with `…`, where it alone is too long. @param rest says how many are left out */
export function fitting(page: Page, blocks: string[][], room: number, rest: (number: number) => string): string[] {
  const lines: string[] = [];
  for (const [at, block] of blocks.entries()) {
    const left = room - heightOf(lines, page) - (at < blocks.length - 1 ? 1 : 0);
    if (heightOf(block, page) <= left) {
      lines.push(...block);
      continue;
    }
    const cut = at === 0 && left > 1 ? beginning(page, block, left) : [];
    lines.push(...cut);
    const hidden = blocks.length - at - (cut.length > 0 ? 1 : 0);
    if (hidden > 0) lines.push(rest(hidden));
    break;
  }
  return lines;
}

function beginning(page: Page, block: string[], room: number): string[] {
  const kept: string[] = [];
  for (const line of block) {
    if (heightOf([...kept, line], page) > room) break;
    kept.push(line);
  }
  const last = kept.pop();
  return last === undefined ? [] : [...kept, `${last}…`];
}

function statusStyle(p: Paint, status: Status): (text: string) => string {
  return { pass: p.green, fail: p.red, invalid: p.yellow }[status];
}

function banner({ verdict, width, p }: Page): string[] {
  const style = statusStyle(p, verdict.status);
  const inner = width - 4;
  const badge = style(p.inverse(p.bold(` ${statusName(verdict)} `)));
  const { received, expected } = verdict.slices;
  const facts = `${ms(verdict.durationMs)}, ${received}/${counted(expected, 'slice')}`;
  const name = `${printable(verdict.profile)} → ${printable(verdict.target.name)}`;
  const room = inner - displayWidth(badge) - 2 - displayWidth(facts) - 2;
  const title = shorten(name, room);
  const gap = ' '.repeat(Math.max(2, inner - displayWidth(badge) - 2 - displayWidth(title) - displayWidth(facts)));
  const origin = [verdict.target.url, startedText(verdict), `run ${verdict.runId}`].map(printable).join(' · ');
  const about = [verdict.slo === undefined ? '' : `judged by ${verdict.slo}`, tagsText(verdict.tags)].filter(Boolean);
  return box(
    [
      `${badge}  ${p.bold(title)}${gap}${facts}`,
      ...wrap(headline(verdict), inner).map((line) => p.bold(line)),
      p.dim(shorten(origin, inner)),
      ...(about.length > 0 ? [p.dim(shorten(printable(about.join(' · ')), inner))] : []),
    ],
    { width, style, heavy: true },
  );
}

function mark(p: Paint, severity: Severity): string {
  return { fail: p.red('✗'), invalid: p.yellow('?'), warning: p.yellow('!') }[severity];
}

/** A block for each. What is to be done next stands once where several in a row say the same. */
function bullets({ width, p }: Page, reasons: Reason[]): string[][] {
  // A line that is cut off has a character more.
  const room = Math.min(width - 1, READABLE) - 3;
  const steps = reasons.map((reason) => splitMessage(reason).next);
  return reasons.map((reason, at) => {
    const { found, example, next } = splitMessage(reason);
    const isTold = next === '' || next === steps[at - 1];
    return [
      ...wrap(found, room).map((line, i) => `${i === 0 ? ` ${mark(p, reason.severity)}` : '  '} ${line}`),
      ...(example === '' ? [] : [`   ${shorten(`first: ${example}`, LINES_OF_EXAMPLE * width - 4)}`]),
      ...(isTold ? [] : wrap(next, room - 2).map((line, i) => `   ${p.dim(`${i === 0 ? '→' : ' '} ${line}`)}`)),
    ];
  });
}

/** `… and 3 more in the report`. */
export function moreInReport(number: number): string {
  return `… and ${count(number)} more in the report`;
}
