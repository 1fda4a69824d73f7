import type { Judgement } from '../measure/evidence.ts';
import { summaryOf } from './summary.ts';

const MAX_EXAMPLES = 10;

/** Ids that the target gave out to one VU, or to a slice; evidence for {@link uniqueIds}. */
export interface IdsEvidence {
  /** Who got them, for a person. */
  by: string;
  /** Each as often as it was given out. */
  ids: string[];
}

/** An id is given out once, whoever asks for one and wherever. */
export function uniqueIds(evidence: IdsEvidence[]): Judgement {
  const owners = new Map<string, string>();
  const examples: unknown[] = [];
  let checked = 0;
  let violations = 0;
  for (const { by, ids } of evidence) {
    for (const id of ids) {
      checked += 1;
      const owner = owners.get(id);
      owners.set(id, owner ?? by);
      if (owner === undefined) continue;
      violations += 1;
      if (examples.length < MAX_EXAMPLES) examples.push({ id, givenTo: [owner, by] });
    }
  }
  if (checked === 0) examples.push('no id was given out');
  const summary = summaryOf([checked, 'ids given out'], [violations, 'of them once more']);
  return { checked, violations, examples, ...(violations > 0 && { summary }) };
}
