import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from '../../support/options.ts';
import { websocketOptions } from './options.ts';

const read = (options: Record<string, unknown>) => readOptions(websocketOptions, options, 'scenarios.test.options');

test('without options an echo of short texts once a second; with them as they say', () => {
  const defaults = {
    mode: 'echo',
    ratePerSecond: 1,
    publishers: 1,
    size: 128,
    frames: 'text',
    message: '{message}',
    subprotocols: [],
    compress: false,
    lifeMs: undefined,
    timeoutMs: 10_000,
    localAddresses: [],
  };
  assert.deepEqual(read({}), defaults);
  const given = {
    mode: 'fan-out',
    publishers: 2,
    size: 1_000,
    frames: 'binary',
    subprotocols: ['a', 'b'],
    compress: true,
  };
  assert.deepEqual(read({ ...given, rate: 0.5, timeout: '2s', life: '5s-10s', message: '["{message}"]' }), {
    ...{ ...defaults, ...given },
    ...{ ratePerSecond: 0.5, timeoutMs: 2_000, lifeMs: [5_000, 10_000], message: '["{message}"]' },
  });
});

const wrong: [options: Record<string, unknown>, message: string][] = [
  [{ rate: 0 }, 'rate is 0; allowed is a number above 0, at most 10,000.'],
  [{ rate: 1e6 }, 'rate is 1000000; allowed is a number above 0, at most 10,000.'],
  [{ mode: 'fanout' }, 'mode is "fanout"; allowed is one of "echo", "fan-out".'],
  [{ publishers: 0 }, 'publishers is 0; allowed is a whole number of at least 1.'],
  [{ size: 10 }, 'size is 10; allowed is a whole number from 64 to 1048576.'],
  [{ message: 'hello' }, 'message is "hello"; allowed is a text that has {message} in it once.'],
  [
    { subprotocols: ['a b'] },
    'subprotocols is ["a b"]; allowed is a list of different names such as ["chat.v2", "chat"].',
  ],
  [{ compress: 'yes' }, 'compress is "yes"; allowed is true or false.'],
];
for (const [options, message] of wrong) {
  test(`${JSON.stringify(options)} is refused`, () =>
    assert.throws(() => read(options), new Error(`scenarios.test.options.${message}`)));
}
