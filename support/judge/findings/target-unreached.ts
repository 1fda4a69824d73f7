import { counted } from '../words/figures.ts';
import { isOfProxy, lookAtProxy } from '../words/names.ts';
import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** There never was a connection. */
export interface TargetUnreached {
  kind: 'target-unreached';
  severity: 'invalid';
  url: string;
  requests: number;
  error: string;
}

export const targetUnreached: Kind<TargetUnreached> = {
  kind: 'target-unreached',
  testCase: 'the target answers',
  leavesNoFigures: true,
  sentence({ url, requests, error }) {
    return (
      `The target at ${url} was never reached: 0 answers to ${counted(requests, 'request')}, ` +
      `last error ${quoted(error)}; required: at least 1.`
    );
  },
  nextStep: ({ error }) =>
    isOfProxy(error) ? lookAtProxy : 'Look at the URLs in the .env file, and whether the target listens there.',
};
