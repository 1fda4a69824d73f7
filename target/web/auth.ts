import { HttpError, post } from './http.ts';
import type { Session } from './session.ts';

type Tokens = { access_token?: unknown; refresh_token?: unknown };

/** Makes an account and signs in to it. Throws `HttpError` with the server's message. */
export async function register(email: string, password: string): Promise<Session> {
  const name = email.split('@')[0] ?? email;
  const body = { email, password, name, organization_name: 'Personal' };
  const answer = await post('/api/v1/auth/register', body);
  return sessionOf(email, (answer.tokens ?? {}) as Tokens);
}

/** Signs in to an account that exists. Throws `HttpError`; its status is 401 when e-mail or password is wrong. */
export async function signIn(email: string, password: string): Promise<Session> {
  return sessionOf(email, await post('/api/v1/auth/login', { email, password }));
}

/** Tells the server that the session's tokens are no longer in use. */
export async function signOut(session: Session): Promise<void> {
  await post('/api/v1/auth/logout', { refresh_token: session.refreshToken }, session.token);
}

function sessionOf(email: string, { access_token: token, refresh_token: refreshToken }: Tokens): Session {
  if (typeof token !== 'string' || typeof refreshToken !== 'string') {
    throw new HttpError(200, 'The server answered without a token.');
  }
  return { email, token, refreshToken };
}
