import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instantOf } from './time-stamp.ts';

const at = Date.parse('2026-11-29T02:32:10.250Z');

test('an instant is the same in whatever unit and form a server writes it', () => {
  const forms = ['2026-11-29T02:32:10.25Z', '2026-11-29T08:02:10.250+05:30', '2026-11-29T02:32:10.250000000Z'];
  for (const form of [at, at / 1e3, at * 1e3, at * 1e6, ...forms])
    assert.equal(Math.round(instantOf(form)!), at, `${form}`);
  // A number of ms may well be one of whole seconds.
  assert.equal(instantOf(at - 250), at - 250);
});

test('whole seconds tell no latency, and what is no time tells nothing', () => {
  for (const form of [
    ...['2026-11-29T02:32:10Z', '2026-11-29T08:02:10+05:30', Math.trunc(at / 1e3), 0],
    ...['', 'soon', '10:00:00.5 o’clock', null, undefined, {}, true, Number.NaN, Number.POSITIVE_INFINITY],
  ]) {
    assert.equal(instantOf(form), undefined, `${form}`);
  }
});
