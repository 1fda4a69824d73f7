import { count } from '../words/figures.ts';
import { listed } from '../words/names.ts';
import { quoted } from '../words/text.ts';
import { afterFailing, ENDS_WORK, type Failing, failedWith, isFailingElsewhere, subject } from './failing.ts';
import type { Kind, Severity } from './kind.ts';

/** What was tried and never succeeded. A warning when it was hardly tried. */
export type NoSuccess = { kind: 'no-success'; severity: Severity; check?: string } & Failing;

export const noSuccess: Kind<NoSuccess> = {
  kind: 'no-success',
  testCase: 'what is asked for succeeds',
  certain: { headline: 'Something that was asked for never succeeded.' },
  needsAllShards: true,
  followsFrom: ENDS_WORK,
  isEffect: isFailingElsewhere,
  sentence(finding) {
    const { what, scenarios, tries, check } = finding;
    if (what === 'check') {
      return `Check ${quoted(check ?? '')} of ${listed(scenarios)} was never true: 0 of ${count(tries)}; required: at least 1.`;
    }
    const few = finding.severity === 'warning' ? ', too few to tell' : '';
    return `None of ${subject(finding)} succeeded: 0 of ${count(tries)}${few}; required: at least 1.${failedWith(finding)}`;
  },
  nextStep: afterFailing,
};
