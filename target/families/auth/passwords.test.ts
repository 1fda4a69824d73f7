import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Passwords } from './passwords.ts';

test('a password matches its own hash alone, whatever new hashes cost by now', async () => {
  const stored = await new Passwords(1_024).hash('correct horse');
  assert.match(stored, /^1024:[\w+/=]+:[\w+/=]+$/);
  const dearer = new Passwords(2_048);
  assert.equal(await dearer.matches('correct horse', stored), true);
  assert.equal(await dearer.matches('wrong horse', stored), false);
  assert.match(await dearer.hash('correct horse'), /^2048:/);
});

test('a hash is never the same twice, and nobody has no password', async () => {
  const passwords = new Passwords(1_024);
  assert.notEqual(await passwords.hash('correct horse'), await passwords.hash('correct horse'));
  assert.equal(await passwords.matches('correct horse', undefined), false);
});

test('the dearest that the target takes has the memory it needs', async () => {
  const stored = `131072:${Buffer.alloc(16).toString('base64')}:${Buffer.alloc(32).toString('base64')}`;
  assert.equal(await new Passwords(1_024).matches('correct horse', stored), false);
});
