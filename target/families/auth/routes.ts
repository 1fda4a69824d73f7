import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type pg from 'pg';
import { ACCESS_PREFIX, type Accounts, bearerToken, hashToken } from '../../core/accounts.ts';
import { ApiError, answerUnprocessable, invalid, unauthorized } from '../../core/api-error.ts';
import { object, text } from '../../core/fields.ts';
import type { Passwords } from './passwords.ts';

interface User {
  id: string;
  email: string;
  name: string;
  organization_id: string;
  role: string;
}

interface Tokens {
  access_token: string;
  refresh_token: string;
  token_type: 'Bearer';
  expires_in: number;
}

const USER_COLUMNS = 'id, email, name, organization_id, role';

/** Registration and sessions, below `/api/v1/auth`. */
export function authRoutes(
  app: FastifyInstance,
  pool: pg.Pool,
  accounts: Accounts,
  passwords: Passwords,
  tokenSeconds: number,
): void {
  answerUnprocessable(app);

  app.post('/api/v1/auth/register', async (request, reply) => {
    const body = object(request.body, 'The body');
    const { email, password } = credentials(body);
    const name = text(body.name, 'name');
    const organization = text(body.organization_name, 'organization_name');
    const { rows } = await pool.query<User>({
      name: 'register',
      text: `INSERT INTO tandem.users (email, name, password, organization_name) VALUES ($1, $2, $3, $4)
        ON CONFLICT (email) DO NOTHING RETURNING ${USER_COLUMNS}`,
      values: [email, name, await passwords.hash(password), organization],
    });
    const user = rows[0];
    if (!user) throw new ApiError(409, 'EMAIL_TAKEN', 'This e-mail address has an account already.');
    return reply.code(201).send({ user, tokens: await openSession(pool, user.id, tokenSeconds) });
  });

  app.post('/api/v1/auth/login', async (request) => {
    const { email, password } = credentials(object(request.body, 'The body'));
    const { rows } = await pool.query<User & { password: string }>({
      name: 'login',
      text: `SELECT ${USER_COLUMNS}, password FROM tandem.users WHERE email = $1`,
      values: [email],
    });
    // Without an account the work is the same, so that the time taken does not tell who has one.
    const matches = await passwords.matches(password, rows[0]?.password);
    if (!rows[0] || !matches) throw new ApiError(401, 'UNAUTHORIZED', 'E-mail address or password is wrong.');
    const { password: _, ...user } = rows[0];
    return { user, ...(await openSession(pool, user.id, tokenSeconds)) };
  });

  app.post('/api/v1/auth/refresh', async (request) => {
    const hash = hashToken(refreshToken(request.body));
    const { rows } = await pool.query<{ user_id: string; access_hash: string }>(
      'DELETE FROM tandem.sessions WHERE refresh_hash = $1 RETURNING user_id, access_hash',
      [hash],
    );
    if (!rows[0]) throw unauthorized();
    accounts.forget(rows[0].access_hash);
    return openSession(pool, rows[0].user_id, tokenSeconds);
  });

  app.post('/api/v1/auth/logout', async (request) => {
    const hash = hashToken(refreshToken(request.body));
    const { rows } = await pool.query<{ access_hash: string }>({
      name: 'logout',
      text: 'DELETE FROM tandem.sessions WHERE refresh_hash = $1 RETURNING access_hash',
      values: [hash],
    });
    if (rows[0]) accounts.forget(rows[0].access_hash);
    return { message: 'Logged out.' };
  });

  app.get('/api/v1/auth/me', async (request) => {
    const session = await accounts.session(bearerToken(request.headers));
    if (!session) throw unauthorized();
    const { rows } = await pool.query<User>(`SELECT ${USER_COLUMNS} FROM tandem.users WHERE id = $1`, [session.userId]);
    if (!rows[0]) throw unauthorized();
    return rows[0];
  });
}

function credentials(body: Record<string, unknown>): { email: string; password: string } {
  const email = text(body.email, 'email').trim().toLowerCase();
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw invalid('email must be an e-mail address.');
  const password = text(body.password, 'password', 1_000);
  if (password.length < 8) throw invalid('password must have at least 8 characters.');
  return { email, password };
}

function refreshToken(body: unknown): string {
  return text(object(body, 'The body').refresh_token, 'refresh_token');
}

async function openSession(pool: pg.Pool, userId: string, tokenSeconds: number): Promise<Tokens> {
  const accessToken = ACCESS_PREFIX + randomBytes(32).toString('base64url');
  const newRefreshToken = `rt_${randomBytes(32).toString('base64url')}`;
  await pool.query({
    name: 'open session',
    text: `INSERT INTO tandem.sessions (access_hash, refresh_hash, user_id, expires_at)
      VALUES ($1, $2, $3, now() + make_interval(secs => $4))`,
    values: [hashToken(accessToken), hashToken(newRefreshToken), userId, tokenSeconds],
  });
  return {
    access_token: accessToken,
    refresh_token: newRefreshToken,
    token_type: 'Bearer',
    expires_in: tokenSeconds,
  };
}
