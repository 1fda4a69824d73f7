import { createCipheriv, createDecipheriv, createHash, pbkdf2, randomFillSync } from 'node:crypto';
import { promisify } from 'node:util';

const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const ITERATIONS = 100_000;

const derive = promisify(pbkdf2);

/**
 * AES-256-GCM as the ledger's clients use it: base64 of iv ‖ ciphertext ‖ tag. Theirs has no additional data; what has some can be
 * decrypted beside the same alone.
 */
export class Cipher {
  readonly #key: Buffer;

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** The key of an account that exists for the load only: nobody types its password, so no slow derivation protects it. */
  static ofToken(token: string): Cipher {
    return new Cipher(createHash('sha256').update(token).digest());
  }

  /** The key of a person's account, as the page derives it: PBKDF2-SHA-256, salted with the e-mail address. */
  static async ofPassword(email: string, password: string): Promise<Cipher> {
    return new Cipher(await derive(password, email.toLowerCase(), ITERATIONS, KEY_BYTES, 'sha256'));
  }

  encrypt(plain: Uint8Array, beside = ''): string {
    const iv = randomFillSync(Buffer.allocUnsafe(IV_BYTES));
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv);
    cipher.setAAD(Buffer.from(beside));
    const body = cipher.update(plain);
    cipher.final();
    return Buffer.concat([iv, body, cipher.getAuthTag()]).toString('base64');
  }

  /** Undefined when it was not encrypted with this key beside this text, or was changed since. */
  decrypt(payload: string, beside = ''): Uint8Array | undefined {
    const bytes = Buffer.from(payload, 'base64');
    if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, IV_BYTES));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    decipher.setAAD(Buffer.from(beside));
    const plain = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return plain;
  }
}
