import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding, Verdict } from '../judge/verdict.ts';
import { neverBought, url } from './findings.fixture.ts';
import { headline } from './headline.ts';
import { exampleVerdict, passedVerdict, reason } from './verdict.fixture.ts';

const missedDrill: Finding = {
  ...{ kind: 'drill', severity: 'fail', name: 'crash', startMs: 0, endMs: 0, isCarriedOut: true, detectedMs: null },
  ...{
    requests: { failed: 1, of: 1 },
    connectionsPerSecond: null,
    backlogMs: 0,
    expect: { failed: 0.5 },
    missed: ['failed'],
  },
};
const slowRecovery: Finding = {
  ...{ kind: 'recovery', severity: 'fail', after: 'spike', withinMs: 1, stayMs: 1, recoveredMs: null, watchedMs: 9 },
};

const headlines: [string, Verdict, string][] = [
  [
    'pass',
    passedVerdict(),
    'All 5 thresholds held over 24,794 iterations, 2 oracles saw every promise kept, and the generator was on time.',
  ],
  [
    'two limits',
    { ...passedVerdict(), thresholds: passedVerdict().thresholds.slice(0, 2), oracles: [] },
    'Both thresholds held over 24,794 iterations, and the generator was on time.',
  ],
  [
    'a pass of which nothing was asked',
    { ...passedVerdict(), thresholds: [], oracles: [] },
    'Nothing was asked of it, and the generator was on time.',
  ],
  [
    'a pass that was asked for its availability alone',
    {
      ...passedVerdict(),
      ...{ thresholds: [], oracles: [] },
      availability: { ok: true } as Verdict['availability'],
    },
    'The generator was on time.',
  ],
  ['limits', exampleVerdict(), 'The target missed 1 of 5 thresholds and could not sustain the load.'],
  [
    'invalid',
    exampleVerdict({ status: 'invalid' }),
    'The measurement cannot be trusted; it neither clears nor blames the target.',
  ],
  [
    'oracle',
    exampleVerdict({ reasons: [reason({ kind: 'oracle', severity: 'fail', oracle: 'o', checked: 1, violations: 1 })] }),
    'The target broke a promise under load.',
  ],
  [
    'nothing succeeded',
    exampleVerdict({ reasons: [reason(neverBought)] }),
    'Something that was asked for never succeeded.',
  ],
  [
    'turned away',
    exampleVerdict({
      reasons: [
        reason({
          kind: 'rate-limited',
          severity: 'fail',
          url,
          scenarios: ['s'],
          turnedAway: 1,
          requests: 2,
          allowed: 0,
        }),
      ],
    }),
    'The target turned away what it was asked for.',
  ],
  [
    'target down',
    exampleVerdict({
      reasons: [reason({ kind: 'target-down', severity: 'fail', url, atMs: 1, forMs: 1, tries: 1, error: 'e' })],
    }),
    'The target stopped answering.',
  ],
  [
    'drills, and what else is asked beside thresholds',
    exampleVerdict({ reasons: [reason(missedDrill), reason(missedDrill), reason(slowRecovery)], thresholds: [] }),
    'The target was not well in time after a drill and did not recover in time.',
  ],
];
for (const [name, verdict, expected] of headlines)
  test(`headline: ${name}`, () => assert.equal(headline(verdict), expected));
