import { type FoldedTag, MAX_TAG_VALUES } from '../measure/tag-values.ts';
import type { Finding } from './verdict.ts';

const MAX_EXAMPLES = 5;

/** A warning for each tag whose values were more than can be told apart, whatever metrics and slices it was folded in. */
export function foldedFindings(folded: FoldedTag[]): Finding[] {
  const tags = [...new Set(folded.map(({ tag }) => tag))].sort();
  return tags.map((tag) => {
    const own = folded.filter((one) => one.tag === tag);
    const metrics = [...new Set(own.map(({ metric }) => metric))].sort();
    const values = [...new Set(own.flatMap((one) => one.values))].sort().slice(0, MAX_EXAMPLES);
    return { kind: 'tag-folded', severity: 'warning', tag, metrics, values, allowed: MAX_TAG_VALUES };
  });
}
