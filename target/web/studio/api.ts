import { call, HttpError } from '../http.ts';

/** The page keeps everything in one workspace. */
const WORKSPACE = 'default';
export const PAGE_SIZE = 10;

export const AGENT_TYPES = ['chat', 'task', 'pipeline', 'custom'];
export const MODELS = ['small-1', 'medium-2', 'large-3'];
export const STATUSES = ['draft', 'active', 'archived'];
export const PATTERNS = ['sequential', 'parallel', 'router', 'supervisor', 'ensemble'];
export const NODE_TYPES = ['input', 'agent', 'condition', 'merge', 'output'];
export const GATEWAYS = ['gateway-eu', 'gateway-us'];
export const TIME_RANGES = [
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
];

export type NewAgent = { name: string; agent_type: string; model_id: string };
export type AgentChanges = { name: string; description: string; system_prompt: string; status: string };
export type Agent = NewAgent & AgentChanges & { id: string };

export type NewPipeline = { name: string; pattern: string };
export type Node = {
  id: string;
  node_type: string;
  agent_id: string;
  label: string;
  position_x: number;
  position_y: number;
};
export type Connection = { source_node_id: string; target_node_id: string };
export type Graph = { nodes: Node[]; connections: Connection[] };
export type Pipeline = NewPipeline & { id: string; status: string };

export type Deployment = {
  id: string;
  agent_id: string;
  gateway_id: string;
  status: 'pending' | 'deploying' | 'active' | 'stopped';
};

export type Interval = { timestamp: string; requests: number };
export type Summary = { requests: number; error_rate: number; avg_latency_ms: number; tokens: number };

/** A page of a list, and how many there are in all. */
export type Page<T> = { rows: T[]; total: number };

type Answer = Record<string, unknown>;

/** The API of the studio, for one session. All of it throws `HttpError`. */
export class StudioApi {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  /** @param page counts from 1 */
  async agents(page: number, pageSize: number = PAGE_SIZE): Promise<Page<Agent>> {
    return pageOf(await this.#call('GET', `/agents?page=${page}&page_size=${pageSize}`), 'records');
  }

  async agent(id: string): Promise<Agent> {
    return (await this.#call('GET', `/agents/${id}`)) as unknown as Agent;
  }

  async createAgent(agent: NewAgent): Promise<void> {
    await this.#call('POST', '/agents', { ...agent, workspace_id: WORKSPACE });
  }

  async updateAgent(id: string, changes: AgentChanges): Promise<void> {
    await this.#call('PUT', `/agents/${id}`, changes);
  }

  async removeAgent(id: string): Promise<void> {
    await this.#call('DELETE', `/agents/${id}`);
  }

  async pipelines(page: number): Promise<Page<Pipeline>> {
    return pageOf(await this.#call('GET', `/pipelines?page=${page}&page_size=${PAGE_SIZE}`), 'data');
  }

  async createPipeline(pipeline: NewPipeline): Promise<void> {
    await this.#call('POST', '/pipelines', { ...pipeline, workspace_id: WORKSPACE, description: '', status: 'draft' });
  }

  async graph(id: string): Promise<Graph> {
    const { nodes, connections } = (await this.#call('GET', `/pipelines/${id}`)).data as Partial<Graph>;
    if (!Array.isArray(nodes) || !Array.isArray(connections)) {
      throw new HttpError(200, 'The server answered a pipeline without its graph.');
    }
    return { nodes, connections };
  }

  async saveGraph(id: string, graph: Graph): Promise<void> {
    await this.#call('PUT', `/pipelines/${id}/graph`, graph);
  }

  async removePipeline(id: string): Promise<void> {
    await this.#call('DELETE', `/pipelines/${id}`);
  }

  async deployments(page: number): Promise<Page<Deployment>> {
    return pageOf(await this.#call('GET', `/deployments?page=${page}&page_size=${PAGE_SIZE}`), 'deployments');
  }

  async deploy(agentId: string, gatewayId: string): Promise<void> {
    await this.#call('POST', '/deployments', { agent_id: agentId, gateway_id: gatewayId });
  }

  async stop(id: string): Promise<void> {
    await this.#call('POST', `/deployments/${id}/stop`);
  }

  async summary(range: string): Promise<Summary> {
    return (await this.#call('GET', `/metrics/summary?time_range=${range}`)) as unknown as Summary;
  }

  async intervals(range: string): Promise<Interval[]> {
    const { data } = await this.#call('GET', `/metrics?time_range=${range}`);
    if (!Array.isArray(data)) throw new HttpError(200, 'The server answered metrics without data.');
    return data;
  }

  #call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
    return call(method, `/api/v1${path}`, this.#token, body);
  }
}

function pageOf<T>(answer: Answer, field: string): Page<T> {
  const { [field]: rows, total } = answer;
  if (!Array.isArray(rows) || typeof total !== 'number') {
    throw new HttpError(200, `The server answered a list without ${field} or without a total.`);
  }
  return { rows, total };
}
