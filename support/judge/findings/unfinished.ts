import { parseExpression, statName } from '../expression.ts';
import { apart, count, counted } from '../words/figures.ts';
import type { AgainstLimit, Kind } from './kind.ts';

/**
 * A threshold whose figure would be on the other side of its limit had unfinished work never ended (`ages` of its samples),
 * or brought what it had not come to measure (up to `missing` more).
 */
export interface UnfinishedFinding extends AgainstLimit {
  kind: 'unfinished';
  severity: 'invalid';
  ages: number;
  missing: number;
}

export const unfinished: Kind<UnfinishedFinding> = {
  kind: 'unfinished',
  testCase: 'own',
  needsAllShards: true,
  sentence({ metric, expression, unit, count: samples, ages, missing, ...figures }) {
    const [observed, limit] = apart(figures.observed, figures.limit, unit);
    const among = ages > 0 ? `${count(ages)} of these never ended` : '';
    const besides = missing > 0 ? `${count(missing)} more may be missing, as their iterations were cut off` : '';
    return (
      `${statName(expression)} of ${metric} was ${observed} over ${counted(samples, 'sample')}, but ` +
      `${[among, besides].filter(Boolean).join(', and ')}; required ${parseExpression(expression)!.operator} ${limit}, ` +
      'whatever becomes of them.'
    );
  },
  nextStep: 'Look at what they waited for, or give them a longer gracefulStop.',
};
