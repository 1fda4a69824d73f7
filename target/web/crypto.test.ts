import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { decrypt, deriveKey, encrypt, importKey } from './crypto.ts';

const plain = new TextEncoder().encode('rent −980.00');

test('derives the key that node:crypto derives, whatever the case of the e-mail', async () => {
  const expected = pbkdf2Sync('correct horse', 'ann@example.test', 100_000, 32, 'sha256');
  assert.deepEqual(Buffer.from(await deriveKey('Ann@Example.test', 'correct horse')), expected);
});

test('what it seals, node:crypto opens: iv, ciphertext, tag', async () => {
  const secret = randomBytes(32);
  const payload = Buffer.from(await encrypt(await importKey(secret), plain), 'base64');
  assert.equal(payload.length, 12 + plain.length + 16);
  const decipher = createDecipheriv('aes-256-gcm', secret, payload.subarray(0, 12));
  decipher.setAuthTag(payload.subarray(-16));
  const opened = Buffer.concat([decipher.update(payload.subarray(12, -16)), decipher.final()]);
  assert.deepEqual(opened, Buffer.from(plain));
});

test('what node:crypto seals, it opens', async () => {
  const secret = randomBytes(32);
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', secret, iv);
  const payload = Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64');
  assert.deepEqual(await decrypt(await importKey(secret), payload), plain);
});

test('seals the same text differently every time', async () => {
  const key = await importKey(randomBytes(32));
  assert.notEqual(await encrypt(key, plain), await encrypt(key, plain));
});

test('opens neither with another key, nor altered, nor cut short', async () => {
  const key = await importKey(randomBytes(32));
  const payload = await encrypt(key, plain);
  const altered = Buffer.from(payload, 'base64');
  altered[20]! ^= 1;
  await assert.rejects(decrypt(await importKey(randomBytes(32)), payload), { name: 'OperationError' });
  await assert.rejects(decrypt(key, altered.toString('base64')), { name: 'OperationError' });
  await assert.rejects(decrypt(key, payload.slice(0, 36)), { message: 'encrypted payload is too short: 27 bytes' });
});
