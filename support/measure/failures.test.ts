import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { stackOf, thrown } from './failures.ts';

const refused = new Error('connect ECONNREFUSED 127.0.0.1:1');
const fetched = new TypeError('fetch failed', { cause: refused });

test('an error is told with what it comes from', () => {
  assert.equal(thrown(fetched).error, 'TypeError: fetch failed (because of Error: connect ECONNREFUSED 127.0.0.1:1)');
  assert.equal(
    thrown(new AggregateError([refused, new Error('two')], 'none of them')).error,
    'AggregateError: none of them (because of Error: connect ECONNREFUSED 127.0.0.1:1; Error: two)',
  );
  assert.equal(thrown(new Error('alone')).error, 'Error: alone');
  assert.equal(thrown(new Error('alone', { cause: 'no error' })).error, 'Error: alone');
  const endless = new Error('again');
  endless.cause = endless;
  assert.match(thrown(endless).error, /^Error: again( \(because of Error: again){3}\)+$/);
});

test('of what is no error there is what it holds', () => {
  assert.equal(thrown({ code: 7, why: 'no seats' }).error, "thrown: { code: 7, why: 'no seats' }");
  assert.equal(thrown({ status: 401, headers: { token: 't' } }).error, 'thrown: { status: 401, headers: [Object] }');
  assert.equal(thrown('a text').error, 'thrown: a text');
  const hidden = {
    [inspect.custom]() {
      throw new Error('none of your business');
    },
  };
  assert.equal(thrown(hidden).error, 'thrown: what cannot be shown');
});

test('so is the stack, of what Playwright makes of an error too', () => {
  const [first, second] = stackOf(fetched)!.split('\n');
  assert.equal(first, 'TypeError: fetch failed (because of Error: connect ECONNREFUSED 127.0.0.1:1)');
  assert.match(second!, /^\s+at /);
  const ofPlaywright = { message: 'Error: outer', stack: 'Error: outer\n    at x', cause: { message: 'Error: inner' } };
  assert.equal(stackOf(ofPlaywright), 'Error: outer (because of Error: inner)\n    at x');
  assert.equal(stackOf({ value: 'a text' }), 'a text');
  assert.equal(stackOf({}), undefined);
});
