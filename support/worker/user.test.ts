import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountOf } from './user.ts';

test('a slot has the same account wherever it is asked for, and no other slot, journey or run has it', () => {
  const account = accountOf('run', 'watcher', 1);
  assert.deepEqual(accountOf('run', 'watcher', 1), account);
  const others = [accountOf('run', 'watcher', 2), accountOf('run', 'light', 1), accountOf('other', 'watcher', 1)];
  for (const other of others) {
    assert.notEqual(other.email, account.email);
    assert.notEqual(other.password, account.password);
  }
});

test('what nobody may know of the password is not in the address', () => {
  const { email, password } = accountOf('run', 'watcher', 1);
  assert.match(email, /^watcher-1-[0-9a-f]{12}@tandem\.test$/);
  assert.ok(password.length >= 8);
  assert.ok(!password.includes(email.slice('watcher-1-'.length, email.indexOf('@'))));
});
