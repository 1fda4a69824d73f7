import type pg from 'pg';
import { ApiError } from '../../core/api-error.ts';
import { AGENTS, type Agent } from './agent.ts';
import { type Deployment, deployments, type parseNewDeployment } from './deployment.ts';
import { type Interval, intervalSeconds, intervalsOf, type Service, type TimeRange, totalsOf } from './metrics.ts';
import { PIPELINES, type Pipeline } from './pipeline.ts';
import { type Rule, Store } from './store.ts';

/** Metrics are of these, the newest. */
const MAX_MEASURED_DEPLOYMENTS = 1_000;
const FOREIGN_KEY_VIOLATION = '23503';

/** What the studio's faults reach into. */
export interface StudioParts {
  studio: Pick<Studio, 'addRule'>;
}

/** What organisations have in the studio. */
export class Studio {
  readonly agents: Store<Agent>;
  readonly pipelines: Store<Pipeline>;
  readonly deployments: Store<Deployment>;
  readonly #pool: pg.Pool;
  readonly #servicesSql: string;
  readonly #rules: Rule[] = [];

  constructor(pool: pg.Pool, timeScale: number) {
    this.#pool = pool;
    this.agents = new Store<Agent>(pool, AGENTS, this.#rules);
    this.pipelines = new Store<Pipeline>(pool, PIPELINES, this.#rules);
    const kind = deployments(timeScale);
    this.deployments = new Store<Deployment>(pool, kind, this.#rules);
    this.#servicesSql = servicesSql(kind.columns);
  }

  /** Lets `rule` make what is stored, or shown, another than what is answered. */
  addRule(rule: Rule): void {
    this.#rules.push(rule);
  }

  /** Begins to deploy an agent. @throws {ApiError} 404 or 403 for its agent, 409 when that is archived */
  async deploy(organization: string, fields: ReturnType<typeof parseNewDeployment>): Promise<Deployment> {
    const { id, status } = await this.agents.get(organization, fields.agent_id);
    if (status === 'archived') throw illegalState(`The agent ${id} is archived; what is deployed must not be.`);
    try {
      return await this.deployments.create(organization, fields);
    } catch (error) {
      // It has been deleted meanwhile, which is told in the same words.
      if ((error as { code?: string }).code === FOREIGN_KEY_VIOLATION) await this.agents.get(organization, id);
      throw error;
    }
  }

  /** @throws {ApiError} 404, 403, or 409 when it is stopped already */
  async stop(organization: string, id: string): Promise<Deployment> {
    const { status } = await this.deployments.get(organization, id);
    if (status === 'stopped') throw illegalState(`The deployment ${id} is stopped already.`);
    const deployment = await this.deployments.update(organization, id, { stopped_at: new Date() });
    return { ...deployment, status: 'stopped' };
  }

  /** @param agentId undefined for all agents of the organisation */
  async metrics(organization: string, range: TimeRange, agentId: string | undefined): Promise<object> {
    const data = await this.#intervals(organization, range, agentId);
    return { time_range: range, interval_seconds: intervalSeconds(range), data };
  }

  async summary(organization: string, range: TimeRange, agentId: string | undefined): Promise<object> {
    const [intervals, counts] = await Promise.all([
      this.#intervals(organization, range, agentId),
      this.#pool.query({ name: 'studio counts', text: COUNTS_SQL, values: [organization] }),
    ]);
    return { time_range: range, ...counts.rows[0], ...totalsOf(intervals) };
  }

  async #intervals(organization: string, range: TimeRange, agentId: string | undefined): Promise<Interval[]> {
    if (agentId !== undefined) await this.agents.get(organization, agentId);
    const { rows } = await this.#pool.query<Service>({
      name: 'studio services',
      text: this.#servicesSql,
      values: [organization, agentId, MAX_MEASURED_DEPLOYMENTS],
    });
    return intervalsOf(rows, range);
  }
}

const illegalState = (message: string) => new ApiError(409, 'ILLEGAL_STATE', message);

const COUNTS_SQL = `
SELECT (SELECT count(*)::int FROM tandem.agents WHERE organization_id = $1) AS agents,
  (SELECT count(*)::int FROM tandem.pipelines WHERE organization_id = $1) AS pipelines,
  (SELECT count(*)::int FROM tandem.deployments WHERE organization_id = $1 AND stopped_at IS NULL) AS deployments`;

const servicesSql = (columns: string) => `
SELECT ${columns} FROM tandem.deployments
WHERE organization_id = $1 AND ($2::uuid IS NULL OR agent_id = $2)
ORDER BY created_at DESC LIMIT $3`;
