import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from './clock.fixture.ts';
import { Alarm } from './clock.ts';

/** Fires its timers 0.8 ms before they should, as Node's can. */
class HastyClock extends FakeClock {
  protected override lengthOf(delayMs: number): number {
    return super.lengthOf(delayMs) - 0.8;
  }
}

test('an alarm rings once, when its time has come, even on timers that fire early', async () => {
  for (const clock of [new FakeClock(), new HastyClock()]) {
    const rings: number[] = [];
    new Alarm(clock, (now) => rings.push(now)).set(10.5);
    await clock.advance(100);
    assert.equal(rings.length, 1);
    assert.ok(rings[0]! >= 10.5 && rings[0]! < 11.6, `rang at ${rings[0]}`);
  }
});

test('setting an alarm again moves it, clearing it silences it', async () => {
  const clock = new FakeClock();
  const rings: number[] = [];
  const alarm = new Alarm(clock, (now) => rings.push(now));
  alarm.set(10);
  alarm.set(20);
  await clock.advance(50);
  assert.deepEqual(rings, [20]);
  alarm.set(60);
  alarm.clear();
  alarm.set(Number.POSITIVE_INFINITY);
  assert.equal(clock.pendingTimers, 0);
});

test('an alarm further away than a Node timer can hold does not ring at once', async () => {
  const clock = new FakeClock();
  let rings = 0;
  new Alarm(clock, () => rings++).set(2 ** 32);
  await clock.advance(2 ** 31 + 1000);
  assert.equal(rings, 0);
  await clock.advance(2 ** 31);
  assert.equal(rings, 1);
});
