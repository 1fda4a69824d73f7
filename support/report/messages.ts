/** Sentences made from findings: what, observed, required, how many samples, what to look at next. */
import { kindOf } from '../judge/findings/index.ts';
import type { Finding, Reason } from '../judge/verdict.ts';
import { printable } from '../judge/words/text.ts';

/** What to look at or change next, in one or two sentences. Always the end of what `say` says. */
function nextStep(finding: Finding): string {
  const { nextStep } = kindOf(finding);
  return typeof nextStep === 'string' ? nextStep : nextStep(finding);
}

/**
 * One finding in a few sentences: what, observed, required, how many samples, what to look at next. One line without
 * control characters, whatever the target sent.
 */
export function say(finding: Finding): string {
  return printable(`${kindOf(finding).sentence(finding)} ${nextStep(finding)}`);
}

/** A reason's message in two: what was found, and what to look at next (empty when the message does not end in it). */
export function splitMessage(reason: Reason): { found: string; next: string } {
  const message = printable(reason.message);
  const next = nextStep(reason);
  return message.endsWith(next)
    ? { found: message.slice(0, -next.length).trimEnd(), next }
    : { found: message, next: '' };
}
