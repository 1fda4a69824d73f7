import { z } from 'zod';
import type { Account, Vu } from '../../support/test.ts';
import { type Id, isSame } from '../apis/id.ts';
import { type Answer, type HttpClient, json, type Method, mayHaveHappened } from '../transports/http.ts';

const failures = { type: 'rate', contains: 'default', tells: 'failure' } as const;
const successes = { type: 'rate', contains: 'default', tells: 'success' } as const;

/** Metrics of the studio's calls, times in milliseconds; a load that uses them declares them. */
export const studioMetrics = {
  login_duration: 'trend',
  logout_duration: 'trend',
  /** Tagged with the call: `{op:agent-list}`. */
  agent_crud_duration: 'trend',
  /** Likewise: `{op:pipeline-graph}`. */
  pipeline_crud_duration: 'trend',
  deployment_duration: 'trend',
  /** Of the calls below `/auth`: whose answer was not as in the contract, or never came. */
  auth_errors: failures,
  /** Likewise of all others. */
  api_errors: failures,
  /** Of all calls: whose answer was as in the contract. */
  success_rate: successes,
  /** Of all calls: those that the studio answered, with no error of its own (5xx). */
  availability: successes,
} as const;

const text = z.string().min(1);
const id = z.union([text, z.int()]);
const user = z.looseObject({ id, email: z.string(), organization_id: id });
const tokens = z.looseObject({ access_token: text, refresh_token: text, expires_in: z.number().positive() });
const resource = z.looseObject({ id, name: z.string(), organization_id: id.optional() });
const total = z.number().optional();
const anything = z.looseObject({});

/** Of a call that the studio has not. */
export const NO_CALL: readonly number[] = [404, 405];

export type User = z.infer<typeof user>;
/** `expires_in` is in seconds. */
export type Tokens = z.infer<typeof tokens>;
/** An agent or a pipeline: what can be relied on in one, and whatever more it has. */
export type Resource = z.infer<typeof resource>;
export type Content = Record<string, unknown>;

export interface Page {
  rows: Resource[];
  /** How many there are on all pages; a target need not say. */
  total?: number | undefined;
}

export interface Reply<T> {
  /** `unknown`: no answer, or one that does not say what became of a write, as a 5xx. */
  result: 'done' | 'refused' | 'unknown';
  /** 0 without an answer. */
  status: number;
  /** Undefined unless it is done and the answer is as in the contract. */
  value: T | undefined;
}

export interface Kind {
  noun: 'agent' | 'pipeline';
  path: string;
  metric: 'agent_crud_duration' | 'pipeline_crud_duration';
  /** What the contract says that a creation is answered with; where it says nothing, either. */
  created: readonly number[];
  one: z.ZodType<Resource>;
  page: z.ZodType<Page>;
}

export const agents: Kind = {
  noun: 'agent',
  path: '/agents',
  metric: 'agent_crud_duration',
  created: [201],
  one: resource,
  page: z
    .looseObject({ records: z.array(resource), total })
    .transform((page) => ({ rows: page.records, total: page.total })),
};

export const pipelines: Kind = {
  noun: 'pipeline',
  path: '/pipelines',
  metric: 'pipeline_crud_duration',
  created: [200, 201],
  one: z.looseObject({ data: resource }).transform(({ data }) => data),
  page: z.looseObject({ data: z.array(resource), total }).transform((page) => ({ rows: page.data, total: page.total })),
};

/** A call and what its answer must be. */
interface Call<T> {
  /** Names it in metrics and checks. */
  op: string;
  method: Method;
  path: string;
  body?: object;
  /** Right statuses. */
  good: readonly number[];
  shape: z.ZodType<T>;
  metric?: keyof typeof studioMetrics;
  /** Another token than that of who is signed in. */
  token?: string;
}

/** A user's calls to the studio, each measured and its answer checked. Nothing here throws. */
export class StudioApi {
  /** Of who asks; undefined before anybody is signed in, and once it was refused (401). */
  token: string | undefined;
  #http: HttpClient;
  #vu: Vu;

  constructor(http: HttpClient, vu: Vu) {
    this.#http = http;
    this.#vu = vu;
  }

  /** From here on its calls go through this client, and are measured for this VU. */
  use(http: HttpClient, vu: Vu): void {
    this.#http = http;
    this.#vu = vu;
  }

  /** @param mayExist an account that there is already (409) is as good as a new one */
  register({ email, password, name, organization }: Account, mayExist = false) {
    const shape = z.looseObject({ user, tokens }).transform((both) => ({ user: both.user, ...both.tokens }));
    const body = { email, password, name, organization_name: organization };
    const good = mayExist ? [201, 409] : [201];
    return this.#call({ op: 'register', method: 'POST', path: '/auth/register', body, good, shape });
  }

  login({ email, password }: Account) {
    const shape = tokens.extend({ user });
    const body = { email, password };
    const metric = 'login_duration';
    return this.#call({ op: 'login', method: 'POST', path: '/auth/login', body, good: [200], shape, metric });
  }

  /** Somebody who does not know the password is refused. */
  loginWithout({ email, password }: Account): Promise<Reply<object>> {
    const op = 'login-without-password';
    const body = { email, password: `${password}?` };
    return this.#call({ op, method: 'POST', path: '/auth/login', body, good: [400, 401, 403, 422], shape: anything });
  }

  /** The contract has no such call: a studio may be without it, and who has one may let its token stay as it is. */
  refresh(refreshToken: string): Promise<Reply<Tokens>> {
    const body = { refresh_token: refreshToken };
    const shape = tokens
      .partial({ refresh_token: true })
      .transform((made) => ({ ...made, refresh_token: made.refresh_token ?? refreshToken }));
    const good = [200, ...NO_CALL];
    return this.#call({ op: 'refresh', method: 'POST', path: '/auth/refresh', body, good, shape });
  }

  /** The same with that of a session that has ended: nobody gets in with it. */
  refreshAfterLogout(refreshToken: string): Promise<Reply<object>> {
    const op = 'refresh-after-logout';
    const body = { refresh_token: refreshToken };
    const good = [400, 401, 403, 404, 405, 410, 422];
    return this.#call({ op, method: 'POST', path: '/auth/refresh', body, good, shape: anything });
  }

  logout(refreshToken: string): Promise<Reply<object>> {
    const body = { refresh_token: refreshToken };
    const metric = 'logout_duration';
    return this.#call({
      op: 'logout',
      method: 'POST',
      path: '/auth/logout',
      body,
      good: [200],
      shape: anything,
      metric,
    });
  }

  me(): Promise<Reply<User>> {
    return this.#call({ op: 'me', method: 'GET', path: '/auth/me', good: [200], shape: user });
  }

  /** The same with the token of a session that has ended: it must be refused. */
  meAfterLogout(): Promise<Reply<object>> {
    return this.#call({ op: 'me-after-logout', method: 'GET', path: '/auth/me', good: [401, 403], shape: anything });
  }

  /** The same with a token whose time is over, whoever is signed in by now. */
  meAfterExpiry(token: string): Promise<Reply<object>> {
    const op = 'me-after-expiry';
    return this.#call({ op, method: 'GET', path: '/auth/me', good: [401, 403], shape: anything, token });
  }

  /** @param page counts from 1 */
  list({ noun, path, metric, page: shape }: Kind, page: number, pageSize: number): Promise<Reply<Page>> {
    const query = `${path}?page=${page}&page_size=${pageSize}`;
    return this.#call({ op: `${noun}-list`, method: 'GET', path: query, good: [200], shape, metric });
  }

  create({ noun, path, metric, created: good, one }: Kind, body: Content): Promise<Reply<Resource>> {
    return this.#call({ op: `${noun}-create`, method: 'POST', path, body, good, shape: one, metric });
  }

  /** @param good other statuses than 200 are failures, but for these */
  get(kind: Kind, id: Id, good: readonly number[] = [200]): Promise<Reply<Resource>> {
    const { noun, metric, one } = kind;
    return this.#call({ op: `${noun}-get`, method: 'GET', path: pathOf(kind, id), good, shape: one, metric });
  }

  update(kind: Kind, id: Id, body: Content): Promise<Reply<Resource>> {
    const { noun, metric, one } = kind;
    return this.#call({
      op: `${noun}-update`,
      method: 'PUT',
      path: pathOf(kind, id),
      body,
      good: [200],
      shape: one,
      metric,
    });
  }

  /** Replaces a pipeline's `nodes` and `connections`. */
  updateGraph(id: Id, body: Content): Promise<Reply<Resource>> {
    const { metric, one } = pipelines;
    const path = `${pathOf(pipelines, id)}/graph`;
    return this.#call({ op: 'pipeline-graph', method: 'PUT', path, body, good: [200], shape: one, metric });
  }

  /** @param mayBeGone an earlier deletion was never answered: 404 is as good as 200 */
  delete(kind: Kind, id: Id, mayBeGone = false): Promise<Reply<object>> {
    const { noun, metric } = kind;
    const good = mayBeGone ? [200, 204, 404] : [200, 204];
    const path = pathOf(kind, id);
    return this.#call({ op: `${noun}-delete`, method: 'DELETE', path, good, shape: anything, metric });
  }

  /** The contract does not say how it is answered: of another agent it may not be. */
  deploy(agentId: Id, gatewayId: string): Promise<Reply<object>> {
    const shape = z
      .looseObject({ agent_id: id.optional() })
      .refine(({ agent_id: of = agentId }) => isSame(of, agentId));
    const body = { agent_id: agentId, gateway_id: gatewayId };
    const metric = 'deployment_duration';
    const good = [200, 201, 202];
    return this.#call({ op: 'deploy', method: 'POST', path: '/deployments', body, good, shape, metric });
  }

  /** @param range such as `1h` or `7d` */
  metrics(range: string, what: '' | '/summary' = ''): Promise<Reply<object>> {
    const op = what ? 'metrics-summary' : 'metrics';
    return this.#call({ op, method: 'GET', path: `/metrics${what}?time_range=${range}`, good: [200], shape: anything });
  }

  health(): Promise<Reply<object>> {
    return this.#call({ op: 'health', method: 'GET', path: '/health', good: [200], shape: anything });
  }

  async #call<T>({ op, method, path, body, good, shape, metric, token = this.token }: Call<T>): Promise<Reply<T>> {
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    };
    const content = body && { body: JSON.stringify(body) };
    const answer = await this.#http.request({ op, method, path, headers, expects: good, ...content });
    const vu = this.#vu;
    const { status, durationMs } = answer;
    if (answer.outcome !== 'ok') vu.fail(answer.outcome);
    const isGood = vu.check(`${op}: status is ${good.join(' or ')}`, good.includes(status));
    if (status === 401 && token === this.token) this.token = undefined;
    const saysNothing = status === 204 || status >= 400;
    const found = isGood && !saysNothing ? shape.safeParse(json(answer)) : undefined;
    const isRight = isGood && (!found || vu.check(`${op}: answer is as in the contract`, found.success));
    if (metric && durationMs > 0) vu.add(metric, durationMs, metric.includes('_crud_') ? { op } : undefined);
    vu.add(path.startsWith('/auth/') ? 'auth_errors' : 'api_errors', !isRight);
    vu.add('success_rate', isRight);
    vu.add('availability', status > 0 && status < 500);
    return { result: resultOf(answer, isGood), status, value: found?.data };
  }
}

/** Ids are anybody's: with slashes, blanks, unicode. */
function pathOf({ path }: Kind, id: Id): string {
  return `${path}/${encodeURIComponent(id)}`;
}

function resultOf(answer: Answer, isGood: boolean): Reply<unknown>['result'] {
  if (isGood) return 'done';
  return answer.status === 0 || mayHaveHappened(answer) ? 'unknown' : 'refused';
}
