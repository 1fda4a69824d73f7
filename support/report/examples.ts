/** Oracles' examples, of which a target decides how large they are. */
import type { Reason } from '../judge/verdict.ts';

/** Characters of JSON that are kept of an example. */
const LONGEST = 10_000;

/** The example as it is, or the beginning of its JSON. For one without secrets: half of one would not be found any more. */
export function boundedExample(example: unknown): unknown {
  const text = JSON.stringify(example) ?? '';
  return text.length <= LONGEST ? example : `${text.slice(0, LONGEST)}… (${text.length} characters in all)`;
}

export function boundedReason(reason: Reason): Reason {
  if (reason.kind !== 'oracle' || reason.example === undefined) return reason;
  return { ...reason, example: boundedExample(reason.example) };
}
