import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

const BLOCK_SIZE = 8;
const KEY_BYTES = 32;

/** Hashes of passwords as `N:salt:key`, by scrypt; on the thread pool, so that other requests go on. */
export class Passwords {
  readonly #n: number;
  readonly #ofNobody: Promise<string>;

  /** @param n of new hashes; those that are stored keep theirs */
  constructor(n: number) {
    this.#n = n;
    this.#ofNobody = this.hash(randomBytes(16).toString('base64'));
  }

  async hash(password: string): Promise<string> {
    const salt = randomBytes(16);
    const key = await deriveKey(password, salt, this.#n);
    return `${this.#n}:${salt.toString('base64')}:${key.toString('base64')}`;
  }

  /**
   * Whether it is the password of a hash.
   * @param stored undefined of who has no account: the work is the same, so that the time taken does not tell who has one
   */
  async matches(password: string, stored: string | undefined): Promise<boolean> {
    const [n, salt, key] = (stored ?? (await this.#ofNobody)).split(':') as [string, string, string];
    const derived = await deriveKey(password, Buffer.from(salt, 'base64'), Number(n));
    return timingSafeEqual(derived, Buffer.from(key, 'base64'));
  }
}

function deriveKey(password: string, salt: Buffer, n: number): Promise<Buffer> {
  // Twice what it needs, which is 128 bytes times N and the size of its blocks.
  const options = { N: n, r: BLOCK_SIZE, p: 1, maxmem: 256 * n * BLOCK_SIZE };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
