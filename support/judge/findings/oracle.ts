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
  /** What it saw, in its own words. */
  summary?: string;
  example?: unknown;
}

export const oracle: Kind<OracleFinding> = {
  kind: 'oracle',
  testCase: 'own',
  certain: { headline: 'The target broke a promise under load.' },
  sentence({ oracle, checked, violations, summary, example }) {
    const share = checked > 0 ? ` (${ratio(violations / checked)})` : '';
    const broken = counted(violations, 'violation');
    const seen =
      summary === undefined
        ? `${broken} in ${count(checked)} checked${share}; required 0.`
        : `${quoted(summary)} (${broken}; required 0).`;
    const shown = example === undefined ? '' : ` First: ${quoted(asJson(example))}.`;
    return `${oracle}: ${seen}${shown}`;
  },
  nextStep: 'The target promised and did not keep: follow the example through its log.',
};

/** What it is where it is none. */
export function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
