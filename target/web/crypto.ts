import { fromBase64, toBase64 } from 'lib0/buffer';

// The relay must never be able to read a ledger: the key is made from the password, in the page, and stays there.

const ITERATIONS = 100_000;
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The account's 32 key bytes: PBKDF2-SHA-256 of the password, salted with the lower-cased e-mail. */
export async function deriveKey(email: string, password: string): Promise<Uint8Array> {
  const text = new TextEncoder();
  const secret = await crypto.subtle.importKey('raw', text.encode(password), 'PBKDF2', false, ['deriveBits']);
  const salt = text.encode(email.toLowerCase());
  const bits = await crypto.subtle.deriveBits(
    { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ITERATIONS },
    secret,
    KEY_BYTES * 8,
  );
  return new Uint8Array(bits);
}

/** Key bytes as a key WebCrypto can use; the result cannot be exported again. */
export function importKey(bytes: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', new Uint8Array(bytes), 'AES-GCM', false, ['encrypt', 'decrypt']);
}

/** AES-256-GCM with a fresh iv; the answer is base64 of iv ‖ ciphertext ‖ tag. */
export async function encrypt(key: CryptoKey, plain: Uint8Array): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new Uint8Array(plain));
  const payload = new Uint8Array(IV_BYTES + sealed.byteLength);
  payload.set(iv);
  payload.set(new Uint8Array(sealed), IV_BYTES);
  return toBase64(payload);
}

/** Opens what `encrypt` sealed. Throws when the payload is malformed, was altered, or belongs to another key. */
export async function decrypt(key: CryptoKey, payload: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(fromBase64(payload));
  if (bytes.length < IV_BYTES + TAG_BYTES) throw new Error(`encrypted payload is too short: ${bytes.length} bytes`);
  const iv = bytes.subarray(0, IV_BYTES);
  return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, bytes.subarray(IV_BYTES)));
}
