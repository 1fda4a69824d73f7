import type { TestContext } from 'node:test';
import { serve } from '../../support/server.fixture.ts';

export interface Agent {
  id: string | number;
  name: string;
  organization_id?: string;
  description?: string;
}

/** What a studio elsewhere may do that the embedded one does not. */
export interface Habits {
  /** Of every list, whatever page size is asked for. */
  maxPageSize?: number;
  /** Its lists have no end: each page is full of what was on none before. */
  isEndless?: boolean;
  /** What a list shows of what there is. */
  lists?(agents: Agent[]): Agent[];
  /** Whom everybody is let in as. */
  letsInAs?: { email?: string; organization_id?: string } | ((email: string) => { organization_id: string });
  /** Its ids are numbers. */
  isNumbered?: boolean;
  /** What it says of agents tells of no organisation. */
  hidesOrganizations?: boolean;
  /** What is left of a session that was ended makes a new one. */
  refreshesAfterLogout?: boolean;
  /** Seconds. */
  tokensLast?: number;
  /** Of what is carried out all the same, by `POST /agents` or `DELETE`. */
  statuses?: Record<string, number>;
  /** Answers of some calls, by `POST /auth/refresh`: status and text. */
  answers?: Record<string, [status: number, text: string]>;
}

/** A studio of one organisation in memory; its ids have slashes, blanks and more than ASCII. */
export async function publishedStudio(t: TestContext, habits: Habits = {}) {
  /** By id, as text. */
  const agents = new Map<string, Agent>();
  /** Each call, without its query. */
  const asked: string[] = [];
  let count = 0;
  const ended = new Set<unknown>();
  const tokens = () => {
    count += 1;
    const { tokensLast: expires_in = 3_600 } = habits;
    return { access_token: `access-token-${count}`, refresh_token: `refresh-token-${count}`, expires_in };
  };
  /** Addresses are written as the studio likes. */
  const user = ({ email = '' }: { email?: string }) => ({
    ...{ id: 'u', email: email.toUpperCase(), organization_id: 'o' },
    ...(typeof habits.letsInAs === 'function' ? habits.letsInAs(email) : habits.letsInAs),
  });
  const calls: Record<string, (body: object, query: URLSearchParams) => [status: number, body: object]> = {
    'POST /auth/register': (body) => [201, { user: user(body), tokens: tokens() }],
    'POST /auth/login': (body) => [200, { user: user(body), ...tokens() }],
    'POST /auth/refresh': (body) => {
      const { refresh_token: token } = body as { refresh_token?: unknown };
      return ended.has(token) && !habits.refreshesAfterLogout ? [401, {}] : [200, tokens()];
    },
    'POST /auth/logout': (body) => {
      ended.add((body as { refresh_token?: unknown }).refresh_token);
      return [200, { message: '' }];
    },
    'GET /auth/me': () => [401, {}],
    'POST /agents': (body) => {
      count += 1;
      const id = habits.isNumbered ? count : `ä/${count} 代`;
      const whose = habits.hidesOrganizations ? {} : { organization_id: 'o' };
      agents.set(`${id}`, { ...(body as { name: string }), id, ...whose });
      return [201, agents.get(`${id}`)!];
    },
    'GET /agents': (_, query) => {
      const size = Math.min(habits.maxPageSize ?? 100, Number(query.get('page_size')));
      const first = (Number(query.get('page')) - 1) * size;
      if (habits.isEndless) {
        const row = (_: unknown, n: number) => ({ id: `endless-${first + n}`, name: 'endless', organization_id: 'o' });
        return [200, { records: Array.from({ length: size }, row) }];
      }
      const all = [...agents.values()];
      return [200, { records: (habits.lists?.(all) ?? all).slice(first, first + size) }];
    },
  };
  const { url } = await serve(t, async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { pathname, searchParams } = new URL(request.url!, 'http://any');
    const path = pathname.replace('/api/v1', '');
    const call = `${request.method} ${path}`;
    asked.push(call);
    const id = decodeURIComponent(/^\/agents\/([^/]+)$/.exec(path)?.[1] ?? '');
    const [status, body] = habits.answers?.[call] ??
      calls[call]?.(text ? JSON.parse(text) : {}, searchParams) ?? [agents.has(id) ? 200 : 404, agents.get(id) ?? {}];
    if (request.method === 'DELETE') agents.delete(id);
    response.statusCode = habits.statuses?.[call] ?? habits.statuses?.[request.method!] ?? status;
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
    return undefined;
  });
  return { url, agents, asked, habits };
}
