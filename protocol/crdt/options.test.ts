import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testSlice } from '../clients/slice.fixture.ts';
import { conflictOptions } from './options.ts';

const read = (options: Record<string, unknown>) => conflictOptions({ ...testSlice('http://127.0.0.1'), options });

test('both dialects and 10 s, unless the profile says otherwise', () => {
  assert.deepEqual(read({}), { dialect: undefined, convergenceTimeoutMs: 10_000 });
  assert.deepEqual(read({ dialect: 'yjs', convergenceTimeout: '1m30s' }), {
    dialect: 'yjs',
    convergenceTimeoutMs: 90_000,
  });
});

const wrong: [options: Record<string, unknown>, message: string][] = [
  [{ dialect: 'yjz' }, 'scenarios.test.options.dialect is "yjz"; allowed: relay, yjs, or none for both.'],
  [{ dialect: null }, 'scenarios.test.options.dialect is null; allowed: relay, yjs, or none for both.'],
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
