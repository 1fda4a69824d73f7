import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testSlice } from '../slice.fixture.ts';
import { conflictOptions } from './options.ts';

function read(options: Record<string, unknown>, ...configured: string[]) {
  const slice = testSlice('http://127.0.0.1');
  return conflictOptions({ ...slice, target: { ...slice.target, configured }, options });
}

test('what the target is configured for, else both dialects; a dialect that is named wins', () => {
  const dialects = (...configured: string[]) => read({}, ...configured).dialects;
  assert.deepEqual(dialects('API_URL'), ['relay', 'yjs']);
  assert.deepEqual(dialects('API_URL', 'YJS_URL'), ['yjs']);
  assert.deepEqual(dialects('API_URL', 'SYNC_API_URL'), ['relay']);
  assert.deepEqual(dialects('SYNC_API_URL', 'YJS_URL'), ['relay', 'yjs']);
  assert.deepEqual(read({ dialect: 'relay' }, 'YJS_URL').dialects, ['relay']);
});

test('10 s, unless the profile says otherwise', () => {
  assert.equal(read({}).convergenceTimeoutMs, 10_000);
  assert.deepEqual(read({ dialect: 'yjs', convergenceTimeout: '1m30s' }), {
    dialects: ['yjs'],
    convergenceTimeoutMs: 90_000,
  });
});

const wrong: [options: Record<string, unknown>, message: string][] = [
  ...['yjz', null].map((dialect): [Record<string, unknown>, string] => [
    { dialect },
    `scenarios.test.options.dialect is ${JSON.stringify(dialect)}; ` +
      'allowed: relay, yjs, or none for what the target is configured for.',
  ]),
  [{ dialects: 'yjs' }, 'scenarios.test.options.dialects is not known; allowed: convergenceTimeout, dialect.'],
  ...['10', 10, '0s', '', null].map((value): [Record<string, unknown>, string] => [
    { convergenceTimeout: value },
    `scenarios.test.options.convergenceTimeout is ${JSON.stringify(value)}; ` +
      'allowed is a duration such as 500ms, 30s, 1m30s or 2h, at most 14d, above 0.',
  ]),
];
for (const [options, message] of wrong) {
  test(`${JSON.stringify(options)} is refused`, () => assert.throws(() => read(options), new Error(message)));
}
