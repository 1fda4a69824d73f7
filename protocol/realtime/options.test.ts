import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from '../../support/options.ts';
import { realtimeOptions } from './options.ts';

const read = (options: Record<string, unknown>) => readOptions(realtimeOptions, options, 'scenarios.test.options');

test('without options: all channels, 30 to 60 s, a heartbeat every 5 s; with them as they say', () => {
  assert.deepEqual(read({}), {
    channels: ['vm_status', 'system_metrics', 'alerts'],
    lifeMs: [30_000, 60_000],
    heartbeatMs: 5_000,
    timeoutMs: 10_000,
    queriesPerMinute: 2,
    changesPerSecond: 1,
    localAddresses: [],
  });
  const options = { channels: ['alerts'], life: '10m', heartbeat: '15s', timeout: '1s', queries: 0, changes: 0.1 };
  assert.deepEqual(read({ ...options, localAddresses: '127.0.0.2-127.0.0.4' }), {
    channels: ['alerts'],
    lifeMs: [600_000, 600_000],
    heartbeatMs: 15_000,
    timeoutMs: 1_000,
    queriesPerMinute: 0,
    changesPerSecond: 0.1,
    localAddresses: ['127.0.0.2', '127.0.0.3', '127.0.0.4'],
  });
  assert.deepEqual(read({ localAddresses: ['10.0.0.1'] }).localAddresses, ['10.0.0.1']);
  assert.deepEqual(read({ localAddresses: '10.0.0.1' }).localAddresses, ['10.0.0.1']);
});

const aDuration = 'a duration such as 500ms, 30s, 1m30s or 2h, at most 14d, above 0';
const names = 'a list of different names such as ["vm_status", "alerts"]';
const addresses = 'a list of IPv4 addresses, or a range that differs in the last number, such as 127.0.0.2-127.0.0.8';
const wrong: [options: Record<string, unknown>, message: string][] = [
  [
    { lives: '1s' },
    ' has an unknown field "lives"; did you mean "life"? allowed: changes, channels, heartbeat, life, localAddresses, queries, timeout.',
  ],
  [{ channels: [] }, `channels is []; allowed is ${names}.`],
  [{ channels: ['alerts', 'alerts'] }, `channels is ["alerts","alerts"]; allowed is ${names}.`],
  [{ channels: 'alerts' }, `channels is "alerts"; allowed is ${names}.`],
  [{ life: '60s-30s' }, `life is "60s-30s"; allowed is ${aDuration}, or two such as 30s-60s.`],
  [{ life: '30s-' }, `life is "30s-"; allowed is ${aDuration}, or two such as 30s-60s.`],
  [{ life: 30 }, `life is 30; allowed is ${aDuration}, or two such as 30s-60s.`],
  [{ heartbeat: '0s' }, `heartbeat is "0s"; allowed is ${aDuration}.`],
  [{ timeout: 'soon' }, `timeout is "soon"; allowed is ${aDuration}.`],
  [{ queries: -1 }, 'queries is -1; allowed is a number of at least 0.'],
  [{ changes: '1' }, 'changes is "1"; allowed is a number of at least 0.'],
  [{ localAddresses: ['localhost'] }, `localAddresses is ["localhost"]; allowed is ${addresses}.`],
  [{ localAddresses: '127.0.0.8-127.0.0.2' }, `localAddresses is "127.0.0.8-127.0.0.2"; allowed is ${addresses}.`],
  [{ localAddresses: '127.0.0.2-127.0.1.2' }, `localAddresses is "127.0.0.2-127.0.1.2"; allowed is ${addresses}.`],
  [
    { localAddresses: '127.0.0.250-127.0.0.256' },
    `localAddresses is "127.0.0.250-127.0.0.256"; allowed is ${addresses}.`,
  ],
];
for (const [options, message] of wrong) {
  test(`${JSON.stringify(options)} is refused`, () =>
    assert.throws(
      () => read(options),
      new Error(`scenarios.test.options${message.startsWith(' ') ? '' : '.'}${message}`),
    ));
}
