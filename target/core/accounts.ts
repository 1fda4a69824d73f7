import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type pg from 'pg';
import { unauthorized } from './api-error.ts';

/** Prefix of the tokens that the auth routes issue. */
export const ACCESS_PREFIX = 'at_';
const MIN_TOKEN_LENGTH = 8;
/** How long a token's session is believed without asking the database. */
const SESSION_TRUST_MS = 5_000;
const MAX_REMEMBERED = 50_000;
const USER = 'user:';

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
  #trustMs: number;
  /** Counts logouts: what was asked before one may be out of date after it. */
  #forgotten = 0;
  #remembered = new Map<string, { session: Session; until: number }>();
  /** By the user's id; it never changes. */
  #organizations = new Map<string, string>();

  /** @param isAlone nobody else ends the sessions of this database: they may be believed for a while */
  constructor(pool: pg.Pool, isAlone = true) {
    this.#pool = pool;
    this.#trustMs = isAlone ? SESSION_TRUST_MS : 0;
  }

  /**
   * The account of a token, undefined when it is not valid. Issued tokens name their user's account; any other of at
   * least 8 characters is an account by itself, so that protocol workers need not register thousands of users.
   */
  resolve(token: string): string | undefined | Promise<string | undefined> {
    if (token.startsWith(ACCESS_PREFIX)) {
      return this.session(token).then((session) => session && USER + session.userId);
    }
    return token.length >= MIN_TOKEN_LENGTH ? `token:${hashToken(token)}` : undefined;
  }

  /** The organisation of an account, a UUID: its user's, while every other account is one by itself. */
  organization(account: string): string | Promise<string> {
    if (account.startsWith(USER)) return this.#organizationOf(account.slice(USER.length));
    const hex = hash('sha256', account, 'hex');
    // Version 8 of RFC 9562: of the application's own making.
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }

  /** The session of an issued token, undefined when it is unknown, expired or logged out. */
  async session(token: string): Promise<Session | undefined> {
    const accessHash = hashToken(token);
    const known = this.#remembered.get(accessHash);
    if (known && known.until > performance.now()) return known.session;
    const forgotten = this.#forgotten;
    const { rows } = await this.#pool.query<{ user_id: string; left_ms: number }>({
      name: 'session',
      text: `SELECT user_id, (extract(epoch FROM expires_at - now()) * 1000)::float8 AS left_ms
        FROM tandem.sessions WHERE access_hash = $1 AND expires_at > now()`,
      values: [accessHash],
    });
    if (!rows[0]) {
      this.#remembered.delete(accessHash);
      return undefined;
    }
    const session = { userId: rows[0].user_id, accessHash };
    if (forgotten !== this.#forgotten) return session;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(accessHash, { session, until: performance.now() + Math.min(this.#trustMs, rows[0].left_ms) });
    return session;
  }

  async #organizationOf(userId: string): Promise<string> {
    const known = this.#organizations.get(userId);
    if (known !== undefined) return known;
    const { rows } = await this.#pool.query<{ organization_id: string }>({
      name: 'organization',
      text: 'SELECT organization_id FROM tandem.users WHERE id = $1',
      values: [userId],
    });
    if (!rows[0]) throw unauthorized();
    if (this.#organizations.size >= MAX_REMEMBERED) this.#organizations.clear();
    this.#organizations.set(userId, rows[0].organization_id);
    return rows[0].organization_id;
  }

  /** Stops believing a session at once; called on logout. */
  forget(accessHash: string): void {
    this.#forgotten += 1;
    this.#remembered.delete(accessHash);
  }
}
