import type { MetricDefinition } from '../measure/metrics.ts';
import { type FoldedTag, valuesTold } from '../measure/tag-values.ts';
import type { Finding } from './verdict.ts';

const MAX_EXAMPLES = 5;

/**
 * A warning for each tag whose values were more than can be told apart, whatever metrics and slices it was folded in. Where a
 * metric stands beside one that tells more of them apart, that one says what there is to say.
 */
export function foldedFindings(
  folded: FoldedTag[],
  definitions: Readonly<Record<string, MetricDefinition>>,
): Finding[] {
  const told = folded
    .filter(({ metric }) => !definitions[metric]?.besideMany)
    .map((one) => ({ ...one, allowed: valuesTold(definitions[one.metric]) }));
  const tags = [...new Set(told.map(({ tag }) => tag))].sort();
  return tags.flatMap((tag) => {
    const limits = new Set(told.filter((one) => one.tag === tag).map(({ allowed }) => allowed));
    return [...limits]
      .sort((a, b) => a - b)
      .map((allowed): Finding => {
        const own = told.filter((one) => one.tag === tag && one.allowed === allowed);
        const metrics = [...new Set(own.map(({ metric }) => metric))].sort();
        const values = [...new Set(own.flatMap((one) => one.values))].sort().slice(0, MAX_EXAMPLES);
        return { kind: 'tag-folded', severity: 'warning', tag, metrics, values, allowed };
      });
  });
}
