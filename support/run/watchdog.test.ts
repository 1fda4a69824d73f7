import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Watchdog } from './watchdog.ts';

/** A slice that is heard, or not, once a second. */
function watched(place?: string) {
  const killed: number[] = [];
  const printed: string[] = [];
  const dog = new Watchdog(
    async () => place,
    (pid) => killed.push(pid),
    (line) => printed.push(line),
  );
  let now = 1_000;
  const look = (heard: boolean, state: { started?: boolean; stopping?: boolean; stepMs?: number } = {}) => {
    const { started = true, stopping = false, stepMs = 1_000 } = state;
    now += stepMs;
    dog.look([{ id: { scenario: 'ping', index: 1 }, pid: 42, heard }], now, started ? now : undefined, stopping);
  };
  const times = (count: number, ...args: Parameters<typeof look>) => {
    for (let i = 0; i < count; i++) look(...args);
  };
  return { dog, killed, printed, look, times };
}

test('a slice that is silent for half a minute is ended, and the reason names it and the moment', async () => {
  const { dog, killed, printed, look, times } = watched();
  look(true);
  times(29, false);
  assert.deepEqual(killed, []);
  assert.deepEqual(printed, [
    'Nothing was heard of slice 2 of ping for 10.0 s: its event loop is blocked, or its process stopped.',
  ]);
  times(3, false);
  await turn();
  assert.deepEqual(killed, [42]);
  const why =
    'its event loop was blocked, or its process stopped, from 2.00 s into the run on; it was ended after 30.0 s without a sign of life';
  assert.deepEqual(dog.ended, [{ scenario: 'ping', index: 1, why }]);
  assert.equal(printed[1], `Ended slice 2 of ping: ${why}.`);
});

test('of slices that share a process one that is heard is enough, and with it all are ended', async () => {
  const killed: number[] = [];
  const printed: string[] = [];
  const dog = new Watchdog(
    async () => undefined,
    (pid) => killed.push(pid),
    (line) => printed.push(line),
  );
  const [a, b] = ['a', 'b'].map((scenario) => ({ id: { scenario, index: 0 }, pid: 42 }));
  let now = 0;
  const look = (isHeard: boolean) => {
    now += 1_000;
    dog.look(
      [
        { ...a!, heard: false },
        { ...b!, heard: isHeard },
      ],
      now,
      now,
      false,
    );
  };
  for (let i = 0; i < 40; i++) look(true);
  assert.deepEqual([killed, printed], [[], []]);
  for (let i = 0; i < 29; i++) look(false);
  assert.deepEqual(killed, []);
  look(false);
  await turn();
  assert.deepEqual(killed, [42]);
  assert.match(printed[0]!, /^Nothing was heard of slice 1 of a, slice 1 of b for 10\.0 s:/);
  assert.deepEqual(
    dog.ended.map(({ scenario, index }) => [scenario, index]),
    [
      ['a', 0],
      ['b', 0],
    ],
  );
});

test('the reason names the place as well, where the process can tell it', async () => {
  const { dog, killed, look, times } = watched('operation get, in parse (protocol/ping.load.ts:14)');
  look(true);
  times(31, false);
  assert.deepEqual(killed, [], 'not before it has told');
  await turn();
  assert.deepEqual(killed, [42]);
  assert.equal(
    dog.ended[0]?.why,
    'its event loop was blocked by operation get, in parse (protocol/ping.load.ts:14), from 2.00 s into the run on; ' +
      'it was ended after 30.0 s without a sign of life',
  );
});

test('a pause is none', () => {
  const { killed, printed, look, times } = watched();
  for (let i = 0; i < 10; i++) {
    times(9, false);
    look(true);
  }
  assert.deepEqual([killed, printed], [[], []]);
});

test('when the run is to stop, five seconds are enough, also before the start', async () => {
  for (const started of [true, false]) {
    const { killed, look, times } = watched();
    look(true, { started });
    times(5, false, { started });
    assert.deepEqual(killed, []);
    look(false, { started, stopping: true });
    await turn();
    assert.deepEqual(killed, [42]);
  }
});

test('before the start a slice may be busy for long', () => {
  const { killed, look, times } = watched();
  look(true, { started: false });
  times(170, false, { started: false });
  assert.deepEqual(killed, []);
});

test('a machine that slept blames nobody', () => {
  const { killed, printed, look } = watched();
  look(true);
  look(false, { stepMs: 3_600_000 });
  look(true);
  assert.deepEqual([killed, printed], [[], []]);
});
