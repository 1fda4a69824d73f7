import { sum } from 'simple-statistics';
import { type FailureFacts, RATE_LIMITED } from './failures.ts';
import type { RateLimited } from './findings/rate-limited.ts';

/** So much of a scenario's requests may be turned away: with less left, the load is not what was asked for. */
const ALLOWED_SHARE = 0.05;

/**
 * What the target turned away since it was asked too often. Such a target was spared: what then holds says nothing of the load,
 * and what fails says nothing of the target's health.
 */
export function rateLimitFindings(
  facts: Pick<FailureFacts, 'store' | 'scenarios' | 'slices'>,
  url: string,
): RateLimited[] {
  const limited = facts.scenarios.flatMap(({ name: scenario }) => {
    const errors = facts.slices.flatMap((one) => (one.scenario === scenario ? Object.entries(one.end.errors) : []));
    const turnedAway = sum([0, ...errors.map(([name, count]) => (RATE_LIMITED.test(name) ? count : 0))]);
    const requests = facts.store.sum('http_reqs', { scenario });
    return turnedAway > 0 && requests > 0 ? { scenario, turnedAway, requests } : [];
  });
  if (limited.length === 0) return [];
  const isTooMuch = limited.some(({ turnedAway, requests }) => turnedAway > requests * ALLOWED_SHARE);
  return [
    {
      kind: 'rate-limited',
      severity: isTooMuch ? 'fail' : 'warning',
      url,
      scenarios: limited.map(({ scenario }) => scenario),
      turnedAway: sum(limited.map((one) => one.turnedAway)),
      requests: sum(limited.map((one) => one.requests)),
      allowed: ALLOWED_SHARE,
    },
  ];
}
