import type { Judgement } from '../measure/evidence.ts';
import { summaryOf } from './summary.ts';

const MAX_EXAMPLES = 10;

/** A total that was read; evidence for {@link conservation}. Whole numbers, such as cents: what is rounded is not conserved. */
export interface TotalEvidence {
  /** Of what: an account group, a warehouse. */
  of: string;
  total: number;
  /** What it has to be, when that is known. Else all that were read of the same must be equal. */
  expected?: number;
  /** When it was read, ms since the run's start. */
  atMs: number;
}

/**
 * A total that transfers must not change is the same whenever it is read, in one transaction of the target or when nothing moves
 * any more. One that was read once, without anything to compare it with, tells nothing.
 */
export function conservation(totals: TotalEvidence[]): Judgement {
  const examples: unknown[] = [];
  let checked = 0;
  let violations = 0;
  const groups = new Map<string, TotalEvidence[]>();
  for (const one of totals) {
    // What could not be read is no difference.
    if (!Number.isFinite(one.total)) throw new Error(`a total of ${one.of} is ${one.total}`);
    groups.set(one.of, [...(groups.get(one.of) ?? []), one]);
  }
  for (const [of, read] of groups) {
    read.sort((a, b) => a.atMs - b.atMs);
    const [first] = read;
    const expected = read.find((one) => one.expected !== undefined)?.expected ?? first!.total;
    const isKnown = read.some((one) => one.expected !== undefined);
    // The first of them is what the others are compared with.
    for (const { total, atMs } of isKnown ? read : read.slice(1)) {
      checked += 1;
      if (total === expected) continue;
      violations += 1;
      if (examples.length < MAX_EXAMPLES)
        examples.push({ of, expected, found: total, difference: total - expected, atMs });
    }
  }
  if (checked === 0) examples.push('no total was read twice, or had to be a known one');
  const summary = summaryOf([checked, 'totals read'], [checked - violations, 'as they had to be']);
  return { checked, violations, examples, ...(violations > 0 && { summary }) };
}
