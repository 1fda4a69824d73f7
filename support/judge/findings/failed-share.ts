import { apart, count } from '../words/figures.ts';
import { afterFailing, ENDS_WORK, type Failing, failedWith, isFailingElsewhere, subject } from './failing.ts';
import type { Kind } from './kind.ts';

/** What succeeded at times, but failed more often than `maxFailed` allows. */
export type FailedShare = { kind: 'failed-share'; severity: 'fail' | 'invalid'; allowed: number } & Failing;

export const failedShare: Kind<FailedShare> = {
  kind: 'failed-share',
  testCase: 'what is asked for succeeds',
  certain: { headline: 'Too much of what was asked for failed.' },
  needsAllShards: true,
  followsFrom: ENDS_WORK,
  isEffect: isFailingElsewhere,
  sentence(finding) {
    const { failed, tries, allowed } = finding;
    const [observed, limit] = apart(failed / tries, allowed, 'ratio');
    return (
      `Of ${subject(finding)} ${count(failed)} of ${count(tries)} failed (${observed}); allowed ${limit} (maxFailed).` +
      failedWith(finding)
    );
  },
  nextStep: afterFailing,
};
