import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { secretsOf, withoutSecrets } from './secrets.ts';

const settings = (values: Record<string, string>) => ({ name: 'staging', source: '.env.staging', values });

describe('secrets of a target', () => {
  test('are its token and the passwords in its URLs, as written and decoded', () => {
    const values = {
      BASE_URL: 'https://me:p%40ssword@ledger.example.com',
      DATABASE_URL: 'postgres://ada:hunter2@localhost/ledger',
      API_TOKEN: 'tok-12345',
    };
    assert.deepEqual(secretsOf(settings(values)), ['tok-12345', 'p%40ssword', 'hunter2', 'p@ssword']);
  });

  test('are none where nothing is secret, and none that is a mere word', () => {
    assert.deepEqual(secretsOf(settings({ BASE_URL: 'https://ledger.example.com' })), []);
    assert.deepEqual(secretsOf(settings({ API_TOKEN: 'pass' })), []);
  });
});

test('data without secrets keeps its shape', () => {
  const data = { errors: { 'refused: tok-12345': 3 }, texts: ['a tok-12345', null, 1, true], rest: { status: 'pass' } };
  assert.deepEqual(withoutSecrets(data, ['tok-12345']), {
    errors: { 'refused: ***': 3 },
    texts: ['a ***', null, 1, true],
    rest: { status: 'pass' },
  });
  assert.equal(data.texts[0], 'a tok-12345', 'the original stays');
});
