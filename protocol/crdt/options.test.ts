import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from '../../support/options.ts';
import { testSlice } from '../slice.fixture.ts';
import { conflictOptions, dialectsOf } from './options.ts';

const read = (options: Record<string, unknown>) => readOptions(conflictOptions, options, 'scenarios.test.options');

test('what the target is configured for, else both dialects; a dialect that is named wins', () => {
  const slice = testSlice('http://127.0.0.1');
  const dialects = (options: Record<string, unknown>, ...configured: string[]) =>
    dialectsOf({ ...slice, target: { ...slice.target, configured }, options: read(options) });
  assert.deepEqual(dialects({}, 'API_URL'), ['relay', 'yjs']);
  assert.deepEqual(dialects({}, 'API_URL', 'YJS_URL'), ['yjs']);
  assert.deepEqual(dialects({}, 'API_URL', 'SYNC_API_URL'), ['relay']);
  assert.deepEqual(dialects({}, 'SYNC_API_URL', 'YJS_URL'), ['relay', 'yjs']);
  assert.deepEqual(dialects({ dialect: 'relay' }, 'YJS_URL'), ['relay']);
});

test('10 s, unless the profile says otherwise', () => {
  assert.deepEqual(read({}), { convergenceTimeout: 10_000 });
  const given = { dialect: 'yjs', convergenceTimeout: '1m30s' };
  assert.deepEqual(read(given), { ...given, convergenceTimeout: 90_000 });
});

const wrong: [options: Record<string, unknown>, message: string][] = [
  ...['yjz', null].map((dialect): [Record<string, unknown>, string] => [
    { dialect },
    `scenarios.test.options.dialect is ${JSON.stringify(dialect)}; ` + 'allowed is one of "relay", "yjs".',
  ]),
  [
    { dialects: 'yjs' },
    'scenarios.test.options has an unknown field "dialects"; did you mean "dialect"? allowed: convergenceTimeout, dialect.',
  ],
  ...['10', 10, '0s', '', null].map((value): [Record<string, unknown>, string] => [
    { convergenceTimeout: value },
    `scenarios.test.options.convergenceTimeout is ${JSON.stringify(value)}; ` +
      'allowed is a duration such as 500ms, 30s, 1m30s or 2h, at most 14d, above 0.',
  ]),
];
for (const [options, message] of wrong) {
  test(`${JSON.stringify(options)} is refused`, () => assert.throws(() => read(options), new Error(message)));
}
