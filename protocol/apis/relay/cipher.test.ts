import assert from 'node:assert/strict';
import { randomBytes, webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { Cipher } from './cipher.ts';

const plain = new TextEncoder().encode('an update of a ledger');

test('what was encrypted is decrypted, and no two payloads are alike', () => {
  const cipher = Cipher.ofToken('account-1');
  const [one, other] = [cipher.encrypt(plain), cipher.encrypt(plain)];
  assert.notEqual(one, other);
  assert.deepEqual(Buffer.from(cipher.decrypt(one)!), Buffer.from(plain));
  assert.deepEqual(Buffer.from(Cipher.ofToken('account-1').decrypt(other)!), Buffer.from(plain));
  assert.equal(cipher.decrypt(cipher.encrypt(new Uint8Array()))?.length, 0);
});

test('a payload that was changed anywhere, cut, or encrypted by somebody else does not decrypt', () => {
  const cipher = Cipher.ofToken('account-1');
  const payload = Buffer.from(cipher.encrypt(plain), 'base64');
  for (let place = 0; place < payload.length; place++) {
    const changed = Buffer.from(payload);
    changed[place]! ^= 1;
    assert.equal(cipher.decrypt(changed.toString('base64')), undefined, `byte ${place}`);
  }
  assert.equal(cipher.decrypt(payload.subarray(0, -1).toString('base64')), undefined);
  assert.equal(cipher.decrypt(payload.subarray(0, 27).toString('base64')), undefined);
  assert.equal(cipher.decrypt(''), undefined);
  assert.equal(cipher.decrypt(Cipher.ofToken('account-2').encrypt(plain)), undefined);
});

test('a payload decrypts beside the text that it was encrypted beside, and no other', () => {
  const cipher = Cipher.ofToken('account-1');
  const payload = cipher.encrypt(plain, 'id-1');
  assert.deepEqual(Buffer.from(cipher.decrypt(payload, 'id-1')!), Buffer.from(plain));
  for (const other of [undefined, '', 'id-2']) assert.equal(cipher.decrypt(payload, other), undefined);
});

test('a browser’s WebCrypto reads what it wrote, and it reads what WebCrypto wrote', async () => {
  const raw = randomBytes(32);
  const cipher = new Cipher(raw);
  const key = await webcrypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);

  const ours = Buffer.from(cipher.encrypt(plain), 'base64');
  const aes = (iv: Uint8Array<ArrayBuffer>) => ({ name: 'AES-GCM', iv });
  const read = await webcrypto.subtle.decrypt(aes(new Uint8Array(ours.subarray(0, 12))), key, ours.subarray(12));
  assert.deepEqual(Buffer.from(read), Buffer.from(plain));

  const iv = new Uint8Array(randomBytes(12));
  const theirs = Buffer.concat([iv, new Uint8Array(await webcrypto.subtle.encrypt(aes(iv), key, plain))]);
  assert.deepEqual(Buffer.from(cipher.decrypt(theirs.toString('base64'))!), Buffer.from(plain));
});

test('the key of a password is the one that a browser derives, whatever the case of the address', async () => {
  const text = new TextEncoder();
  const secret = await webcrypto.subtle.importKey('raw', text.encode('secret word'), 'PBKDF2', false, ['deriveBits']);
  const parameters = { name: 'PBKDF2', hash: 'SHA-256', salt: text.encode('a@b.test'), iterations: 100_000 };
  const theirs = new Cipher(Buffer.from(await webcrypto.subtle.deriveBits(parameters, secret, 256)));
  const ours = await Cipher.ofPassword('A@b.test', 'secret word');
  assert.deepEqual(Buffer.from(ours.decrypt(theirs.encrypt(plain))!), Buffer.from(plain));
  assert.equal((await Cipher.ofPassword('a@b.test', 'another word')).decrypt(theirs.encrypt(plain)), undefined);
});
