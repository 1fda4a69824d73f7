import { parseExpression, statName } from '../expression.ts';
import { apart, count, counted } from '../words/figures.ts';
import { quoted } from '../words/text.ts';
import type { ErrorCount } from './failing.ts';
import type { AgainstLimit, Kind } from './kind.ts';

/** A threshold whose figure would be on the other side of its limit, depending on what those values were that its metric does not take. */
export interface RefusedValues extends AgainstLimit {
  kind: 'refused-values';
  severity: 'invalid';
  refused: ErrorCount[];
}

/** To look at, where values were refused. */
export const WHAT_IS_ADDED = 'Look at what the scenario adds to it.';

export const refusedValues: Kind<RefusedValues> = {
  kind: 'refused-values',
  testCase: 'own',
  needsAllShards: true,
  sentence({ metric, expression, unit, count: samples, refused, ...figures }) {
    const [observed, limit] = apart(figures.observed, figures.limit, unit);
    return (
      `${statName(expression)} of ${metric} was ${observed} over ${counted(samples, 'sample')}, besides values that were not ` +
      `added: ${refusedText(refused)}; required ${parseExpression(expression)!.operator} ${limit}, whatever they were.`
    );
  },
  nextStep: WHAT_IS_ADDED,
};

/** What was wrong with them, and how often. */
export function refusedText(refused: ErrorCount[]): string {
  return refused.map(({ name, count: often }) => `${quoted(name)} (${count(often)})`).join(', ');
}
