import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from '../../support/options.ts';
import { migrationOptions } from './options.ts';

const read = (options: Record<string, unknown>) => readOptions(migrationOptions, options, 'scenarios.test.options');

test('without options: both, a look a second, a minute at most; with them as they say', () => {
  assert.deepEqual(read({}), {
    follow: 'both',
    pollIntervalMs: 1_000,
    timeoutMs: 60_000,
    probeShare: 0.1,
    probeIntervalMs: 10,
    memoryMb: 4_096,
    bandwidthMbps: 1_000,
  });
  const options = {
    follow: 'stream',
    pollInterval: '2s',
    timeout: '1m30s',
    probeShare: 0,
    probeInterval: '5ms',
    memoryMb: 512,
    bandwidthMbps: 10,
  };
  assert.deepEqual(read(options), {
    follow: 'stream',
    pollIntervalMs: 2_000,
    timeoutMs: 90_000,
    probeShare: 0,
    probeIntervalMs: 5,
    memoryMb: 512,
    bandwidthMbps: 10,
  });
});

const aDuration = 'a duration such as 500ms, 30s, 1m30s or 2h, at most 14d, above 0';
const wrong: [options: Record<string, unknown>, message: string][] = [
  [{ follow: 'pol' }, 'follow is "pol"; allowed is one of "both", "poll", "stream".'],
  [
    { polling: '1s' },
    ' has an unknown field "polling"; allowed: bandwidthMbps, follow, memoryMb, pollInterval, probeInterval, probeShare, timeout.',
  ],
  [{ pollInterval: '0s' }, `pollInterval is "0s"; allowed is ${aDuration}.`],
  [{ timeout: 60 }, `timeout is 60; allowed is ${aDuration}.`],
  [{ probeInterval: null }, `probeInterval is null; allowed is ${aDuration}.`],
  [{ probeShare: 1.1 }, 'probeShare is 1.1; allowed is a number from 0 to 1.'],
  [{ probeShare: '0.1' }, 'probeShare is "0.1"; allowed is a number from 0 to 1.'],
  [{ memoryMb: 0.5 }, 'memoryMb is 0.5; allowed is a whole number of at least 1.'],
  [{ bandwidthMbps: 0 }, 'bandwidthMbps is 0; allowed is a whole number of at least 1.'],
];
for (const [options, message] of wrong) {
  test(`${JSON.stringify(options)} is refused`, () =>
    assert.throws(
      () => read(options),
      new Error(`scenarios.test.options${message.startsWith(' ') ? '' : '.'}${message}`),
    ));
}
