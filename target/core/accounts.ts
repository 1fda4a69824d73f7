import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type pg from 'pg';

/** Prefix of the tokens that the auth routes issue. */
export const ACCESS_PREFIX = 'at_';
const MIN_TOKEN_LENGTH = 8;
/** How long a token's session is believed without asking the database, which other servers may share. */
const SESSION_TRUST_MS = 5_000;
const MAX_REMEMBERED = 50_000;

export interface Session {
  userId: string;
  accessHash: string;
}

/** What is stored of a token: a database that leaks lets nobody in. */
export const hashToken = (token: string) => hash('sha256', token, 'base64url');

/** The token of an Authorization header, empty when there is none. */
export function bearerToken(headers: IncomingMessage['headers']): string {
  return /^bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}

/** Says which account a bearer token names. */
export class Accounts {
  #pool: pg.Pool;
  #remembered = new Map<string, { session: Session; until: number }>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /**
   * The account of a token, undefined when it is not valid. Issued tokens name their user's account; any other of at
   * least 8 characters is an account by itself, so that protocol workers need not register thousands of users.
   */
  resolve(token: string): string | undefined | Promise<string | undefined> {
    if (token.startsWith(ACCESS_PREFIX)) {
      return this.session(token).then((session) => session && `user:${session.userId}`);
    }
    return token.length >= MIN_TOKEN_LENGTH ? `token:${hashToken(token)}` : undefined;
  }

  /** The session of an issued token, undefined when it is unknown, expired or logged out. */
  async session(token: string): Promise<Session | undefined> {
    const accessHash = hashToken(token);
    const known = this.#remembered.get(accessHash);
    if (known && known.until > Date.now()) return known.session;
    const { rows } = await this.#pool.query<{ user_id: string }>({
      name: 'session',
      text: 'SELECT user_id FROM tandem.sessions WHERE access_hash = $1 AND expires_at > now()',
      values: [accessHash],
    });
    if (!rows[0]) {
      this.#remembered.delete(accessHash);
      return undefined;
    }
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    const session = { userId: rows[0].user_id, accessHash };
    this.#remembered.set(accessHash, { session, until: Date.now() + SESSION_TRUST_MS });
    return session;
  }

  /** Stops believing a session at once; called on logout. */
  forget(accessHash: string): void {
    this.#remembered.delete(accessHash);
  }
}
