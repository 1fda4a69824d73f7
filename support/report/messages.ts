/** Sentences made from findings: what, observed, required, how many samples, what to look at next. */
import { kindOf } from '../judge/findings/index.ts';
import { asJson } from '../judge/findings/oracle.ts';
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

/** A reason's message in its parts: what was found, an example of that as JSON, what to look at next; empty where there is none. */
export interface MessageParts {
  found: string;
  example: string;
  next: string;
}

/** Of a message of another making the whole is what was found. */
export function splitMessage(reason: Reason): MessageParts {
  const message = printable(reason.message);
  const next = nextStep(reason);
  if (!message.endsWith(next)) return { found: message, example: '', next: '' };
  const found = message.slice(0, -next.length).trimEnd();
  if (reason.kind !== 'oracle' || reason.example === undefined) return { found, example: '', next };
  const { example, message: _, ...finding } = reason;
  // Here it is whole; in the sentence it is cut.
  return { found: printable(kindOf(finding).sentence(finding)), example: printable(asJson(example)), next };
}
