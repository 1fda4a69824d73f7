/** What GitHub Actions shows of a run: annotations of the job, and what keeps a log from being read as commands. */
import type { Reason, Verdict } from '../../judge/verdict.ts';
import { count } from '../../judge/words/figures.ts';
import { printable } from '../../judge/words/text.ts';

/** GitHub shows no more of one step, for errors and for warnings. */
const MOST = 10;

function data(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function property(text: string): string {
  return data(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}

/** One workflow command for every reason, as errors, and for every warning; empty for a pass without any. Each ends its line. */
export function annotations(verdict: Verdict): string {
  const { status, profile, target, reasons, warnings } = verdict;
  const title = `${status.toUpperCase()}: ${profile} → ${target.name}`;
  const lines = (command: 'error' | 'warning', all: Reason[]) => {
    const messages = all.map(({ message }) => message);
    const shown = messages.length > MOST ? messages.slice(0, MOST - 1) : messages;
    const rest = messages.length - shown.length;
    return [...shown, ...(rest > 0 ? [`… and ${count(rest)} more, in verdict.json`] : [])].map(
      (message) => `::${command} title=${property(printable(title))}::${data(printable(message))}\n`,
    );
  };
  return [...lines('error', reasons), ...lines('warning', warnings)].join('');
}

/**
 * A text in which GitHub's runner finds no command. It takes a line for one that begins with `::`, spaces aside, or has
 * `##[` anywhere: error texts of the target could mask words of the log, or annotate.
 */
export function withoutCommands(text: string): string {
  return text.replace(/^(\s*:)(?=:)/gm, '$1\u200b').replaceAll('##[', '##\u200b[');
}
