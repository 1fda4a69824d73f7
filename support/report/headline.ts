/** The verdict in a word and in a sentence. */
import { isCertain, kindOf } from '../judge/findings/index.ts';
import type { Severity, Verdict } from '../judge/verdict.ts';
import { count, counted } from '../judge/words/figures.ts';
import { listed } from '../judge/words/names.ts';
import { totalIterations } from './tables.ts';

/** `PASS`; of one shard's part alone `PART 2 OF 3`, or `PART 2 OF 3: FAIL`. */
export function statusName({ status, partial }: Verdict): string {
  const name = status.toUpperCase();
  if (!partial) return name;
  return `PART ${partial.shard} OF ${partial.of}${status === 'pass' ? '' : `: ${name}`}`;
}

/** The verdict in one sentence, for the line under PASS, FAIL or INVALID. */
export function headline(verdict: Verdict): string {
  const { partial } = verdict;
  if (!partial) return sentenceOf(verdict);
  const sentence = verdict.status === 'pass' ? 'It ran to its end.' : sentenceOf(verdict);
  return `Part ${partial.shard} of ${partial.of}, no verdict of the whole. ${sentence} Thresholds are judged when all parts are merged.`;
}

function sentenceOf(verdict: Verdict): string {
  const { thresholds, oracles, reasons } = verdict;
  const missed = thresholds.filter((t) => t.decided && !t.ok).length;
  switch (verdict.status) {
    case 'pass': {
      const few = ['', 'The threshold', 'Both thresholds'];
      const held = few[thresholds.length] ?? `All ${count(thresholds.length)} thresholds`;
      const parts = [
        ...(isAsked(verdict) ? [] : ['nothing was asked of it']),
        ...(thresholds.length > 0 ? [`${held} held over ${counted(totalIterations(verdict), 'iteration')}`] : []),
        ...(oracles.length > 0 ? [`${counted(oracles.length, 'oracle')} saw every promise kept`] : []),
        ...(verdict.health.signals.every(({ ok }) => ok) ? ['the generator was on time'] : []),
      ];
      if (parts.length === 0) return 'It ran to its end.';
      const text = parts.length > 1 ? `${parts.slice(0, -1).join(', ')}, and ${parts.at(-1)}.` : `${parts[0]}.`;
      return text[0]!.toUpperCase() + text.slice(1);
    }
    case 'fail': {
      const worst = reasons.find(isCertain);
      if (worst) return kindOf(worst).certain!.headline;
      const failed = reasons.filter(({ severity }) => (severity as Severity) === 'fail');
      const limits = missed > 0 ? [`missed ${missed} of ${counted(thresholds.length, 'threshold')}`] : [];
      const briefs = new Set([...limits, ...failed.flatMap((one) => kindOf(one).brief ?? [])]);
      return `The target ${briefs.size > 0 ? listed([...briefs]) : 'failed'}.`;
    }
    case 'invalid':
      return 'The measurement cannot be trusted; it neither clears nor blames the target.';
  }
}

/** Beside that something succeeds, which every run is asked. */
function isAsked({ thresholds, oracles, availability, recovery, capacity, drift = [], drills = [] }: Verdict): boolean {
  return [...thresholds, ...oracles, ...drift, ...drills].length > 0 || !!(availability ?? recovery ?? capacity);
}
