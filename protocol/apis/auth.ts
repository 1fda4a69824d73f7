import { type Account, secret } from '../../support/test.ts';
import { type Http, json } from '../transports/http.ts';

export interface Session {
  /** Secret. */
  token: string;
  /** It ends soon after; on `performance.now()`'s clock. */
  renewAt: number;
}

/** User and password that stand in a URL, which are sent as HTTP's Basic: who asks is then no account of our making up. */
export function userIn(url: string): string | undefined {
  const { username, password } = new URL(url);
  return username || password ? `${username}:${password}` : undefined;
}

/** @param token undefined where the URL says who asks; see {@link userIn} */
export function bearer(token: string | undefined): { authorization?: string } {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** Of a session's life; the rest is for what is under way. */
const RENEW_AFTER = 0.9;

interface LoginAnswer {
  access_token?: unknown;
  /** Seconds. */
  expires_in?: unknown;
}

/**
 * Signs in over the auth routes.
 * @param http of the API's base URL
 * @returns undefined when there is no such account, or no answer that makes sense
 */
export async function signIn(http: Http, { email, password }: Account): Promise<Session | undefined> {
  const askedAt = performance.now();
  const answer = await http.request({
    op: 'login',
    method: 'POST',
    path: '/api/v1/auth/login',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const { access_token: token, expires_in: seconds } = (answer.status === 200 && json<LoginAnswer>(answer)) || {};
  if (typeof token !== 'string') return undefined;
  secret(token);
  const lifeMs = typeof seconds === 'number' ? 1_000 * seconds : Number.POSITIVE_INFINITY;
  return { token, renewAt: askedAt + RENEW_AFTER * lifeMs };
}
