import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '../judge/verdict.ts';
import { neverBought, url } from './findings.fixture.ts';
import { headline } from './headline.ts';
import { exampleVerdict, passedVerdict, reason } from './verdict.fixture.ts';

const headlines: [string, Verdict, string][] = [
  [
    'pass',
    passedVerdict(),
    'All 5 thresholds held over 24,794 iterations, 2 oracles saw every promise kept, and the generator was on time.',
  ],
  ['a bare pass', { ...passedVerdict(), thresholds: [], oracles: [] }, 'The generator was on time.'],
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
];
for (const [name, verdict, expected] of headlines)
  test(`headline: ${name}`, () => assert.equal(headline(verdict), expected));
