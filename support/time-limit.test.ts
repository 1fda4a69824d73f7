import assert from 'node:assert/strict';
import { test } from 'node:test';
import timers from 'node:timers/promises';
import { checkLimits, TimeIsUp, within } from './time-limit.ts';

const never = new Promise<never>(() => {});
/** No Promise, and waited for as one: what many a library gives. */
const query = <T>(then: (done: (value: T) => void) => void) => ({ then }) as Promise<T>;

test('what is in time is as if there were no limit', async () => {
  assert.equal(await within('it', 60_000, Promise.resolve(7)), 7);
  assert.equal(await within('it', 60_000, 7), 7);
  await assert.rejects(within('it', 60_000, Promise.reject(new Error('its own'))), new Error('its own'));
  const answered = query<number>((done) => done(7));
  assert.equal(await within('it', 60_000, answered), 7);
});

test('what hangs is named, with its limit', async () => {
  await assert.rejects(within('setup of relay', 20, never), new TimeIsUp('setup of relay', 20));
  const unanswered = query<void>(() => {});
  await assert.rejects(within('setup of relay', 20, unanswered), new TimeIsUp('setup of relay', 20));
  assert.equal(new TimeIsUp('setup of relay', 90_000).message, 'setup of relay did not end within 90 s');
});

test('a run that is stopped waits no longer', async () => {
  const stop = new AbortController();
  const waiting = within('setup of relay', 60_000, never, stop.signal);
  stop.abort(new Error('slice 0 of other ended before the start'));
  await assert.rejects(waiting, new Error('slice 0 of other ended before the start'));
  await assert.rejects(within('it', 60_000, never, stop.signal), new Error('slice 0 of other ended before the start'));
});

test('no limit is none, and what is no limit is refused', async () => {
  assert.equal(await within('work', Number.POSITIVE_INFINITY, timers.setTimeout(5, 'done')), 'done');
  const refused: unknown[] = [];
  checkLimits(
    { setup: 1, vu: undefined, settle: Number.POSITIVE_INFINITY, teardown: 0, teardownRun: '5s' },
    (...what) => refused.push(what.slice(0, 2)),
  );
  assert.deepEqual(refused, [
    ['timeLimitsMs.teardown', 0],
    ['timeLimitsMs.teardownRun', '5s'],
  ]);
});
