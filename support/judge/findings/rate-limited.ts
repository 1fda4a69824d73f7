import { apart, count } from '../words/figures.ts';
import type { Kind } from './kind.ts';

/** Requests that the target turned away (HTTP 429), of all that these scenarios sent. */
export interface RateLimited {
  kind: 'rate-limited';
  /** `warning`: no more than is allowed, a share. */
  severity: 'fail' | 'warning';
  url: string;
  scenarios: string[];
  turnedAway: number;
  requests: number;
  allowed: number;
}

export const rateLimited: Kind<RateLimited> = {
  kind: 'rate-limited',
  testCase: 'what is asked for succeeds',
  certain: { headline: 'The target turned away what it was asked for.' },
  sentence({ url, scenarios, turnedAway, requests, allowed }) {
    const [observed, limit] = apart(turnedAway / requests, allowed, 'ratio');
    return (
      `A rate limit at ${url} turned away ${count(turnedAway)} of ${count(requests)} requests of ` +
      `${scenarios.join(', ')} with HTTP 429 (${observed}); allowed ${limit}, since a target that says no is spared.`
    );
  },
  nextStep:
    'Raise the limit in the target’s own settings for the run, or ask less often: LOAD_SCALE, or the profile’s `rate`.',
};
