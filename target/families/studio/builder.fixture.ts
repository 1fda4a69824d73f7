import { randomUUID } from 'node:crypto';

// What a test looks into is said by its assertions: `never` goes for everything.
type Fields = Record<string, never>;

/** An answer, with what is in one or another of them. */
interface TestBody extends Record<string, unknown> {
  error: { code: string; message: string };
  id: string;
  status: string;
  /** Of one pipeline; of several it is a list. */
  data: Fields;
  user: Fields;
  tokens: Fields;
}

export interface TestAnswer {
  status: number;
  body: TestBody;
}

/** A valid agent. */
export const agent = (fields: object = {}) => ({
  workspace_id: 'w1',
  name: 'Answers',
  agent_type: 'chat',
  model_id: 'small-1',
  ...fields,
});

/** A valid pipeline. */
export const pipeline = (fields: object = {}) => ({
  workspace_id: 'w1',
  name: 'Support',
  pattern: 'sequential',
  description: '',
  status: 'draft',
  ...fields,
});

/** Two nodes, and what leads from one to the other. */
export const graph = () => ({
  nodes: [
    {
      id: 'a',
      node_type: 'input',
      agent_id: '',
      label: 'Frage 問い',
      position_x: 0,
      position_y: 0,
      config: { retries: 2 },
    },
    { id: 'b', node_type: 'output', agent_id: '', label: 'Answer', position_x: 190, position_y: 0 },
  ],
  connections: [{ source_node_id: 'a', target_node_id: 'b' }],
});

/** Somebody with an organisation, below `/api/v1`. */
export class TestBuilder {
  readonly token: string;
  readonly #url: string;

  constructor(url: string, token: string = randomUUID()) {
    this.#url = url;
    this.token = token;
  }

  get(path: string): Promise<TestAnswer> {
    return this.request('GET', path);
  }

  post(path: string, body?: object): Promise<TestAnswer> {
    return this.request('POST', path, body);
  }

  put(path: string, body: object): Promise<TestAnswer> {
    return this.request('PUT', path, body);
  }

  delete(path: string): Promise<TestAnswer> {
    return this.request('DELETE', path);
  }

  /** Creates something; gives its id. */
  async create(path: string, body: object): Promise<string> {
    const { body: answer } = await this.post(path, body);
    return answer.data?.id ?? answer.id;
  }

  /** The ids in a list, in its order. */
  async ids(path: string): Promise<string[]> {
    const { body } = await this.get(path);
    const rows = body.records ?? body.data ?? body.deployments;
    return (rows as { id: string }[]).map(({ id }) => id);
  }

  async request(method: string, path: string, body?: object): Promise<TestAnswer> {
    const response = await fetch(`${this.#url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as TestBody };
  }
}
