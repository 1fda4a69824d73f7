import { count, counted, ratio } from '../words/figures.ts';
import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** An oracle saw the target break a promise. */
export interface OracleFinding {
  kind: 'oracle';
  severity: 'fail';
  oracle: string;
  checked: number;
  violations: number;
  example?: unknown;
}

export const oracle: Kind<OracleFinding> = {
  kind: 'oracle',
  testCase: 'own',
  certain: { headline: 'The target broke a promise under load.' },
  sentence({ oracle, checked, violations, example }) {
    const share = checked > 0 ? ` (${ratio(violations / checked)})` : '';
    const shown = example === undefined ? '' : ` For example ${quoted(asJson(example))}.`;
    return `${oracle}: ${counted(violations, 'violation')} in ${count(checked)} checked${share}; required 0.${shown}`;
  },
  nextStep: 'The target promised and did not keep: follow the example through its log.',
};

function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
