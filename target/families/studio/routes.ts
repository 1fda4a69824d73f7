import type { FastifyInstance } from 'fastify';
import type { Accounts } from '../../core/accounts.ts';
import { ApiError, answerUnprocessable } from '../../core/api-error.ts';
import { allowEmptyBodies } from '../../core/empty-bodies.ts';
import type { JsonObject } from '../../core/fields.ts';
import { parseAgentChanges, parseNewAgent } from './agent.ts';
import { parseNewDeployment } from './deployment.ts';
import { parseTimeRange } from './metrics.ts';
import { parseGraph, parseNewPipeline, parsePipelineChanges } from './pipeline.ts';
import { type ListQuery, parseList } from './query.ts';
import type { Studio } from './studio.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The organisation of the account, on the routes of the studio. */
    organization: string;
  }
}

type One = { Params: { id: string } };
type WithQuery = { Querystring: JsonObject };

/** The routes of agents, pipelines, deployments and metrics, below `/api/v1`. */
export function studioRoutes(app: FastifyInstance, studio: Studio, accounts: Accounts): void {
  answerUnprocessable(app);
  allowEmptyBodies(app);
  app.decorateRequest('organization', '');
  app.addHook('preHandler', async (request) => {
    request.organization = await accounts.organization(request.account);
  });
  agentRoutes(app, studio);
  pipelineRoutes(app, studio);
  deploymentRoutes(app, studio);
  metricsRoutes(app, studio);
}

function agentRoutes(app: FastifyInstance, { agents }: Studio): void {
  app.get<WithQuery>('/api/v1/agents', async ({ organization, query }) => {
    const asked = parseList(query, agents.filters);
    const { rows, total } = await agents.list(organization, asked);
    return { records: rows, ...paging(asked, total) };
  });

  app.post('/api/v1/agents', async ({ organization, body }, reply) =>
    reply.code(201).send(await agents.create(organization, parseNewAgent(body))),
  );

  app.get<One>('/api/v1/agents/:id', ({ organization, params }) => agents.get(organization, params.id));

  app.put<One>('/api/v1/agents/:id', ({ organization, params, body }) =>
    agents.update(organization, params.id, parseAgentChanges(body)),
  );

  app.delete<One>('/api/v1/agents/:id', async ({ organization, params }) => {
    await agents.remove(organization, params.id);
    return { message: 'Agent deleted.' };
  });
}

function pipelineRoutes(app: FastifyInstance, { pipelines }: Studio): void {
  app.get<WithQuery>('/api/v1/pipelines', async ({ organization, query }) => {
    requireOwn(organization, query.organization_id);
    const asked = parseList(query, pipelines.filters);
    const { rows, total } = await pipelines.list(organization, asked);
    return { data: rows, ...paging(asked, total) };
  });

  app.post<{ Body: JsonObject }>('/api/v1/pipelines', async ({ organization, body }, reply) => {
    const pipeline = parseNewPipeline(body);
    requireOwn(organization, body.organization_id);
    return reply.code(201).send({ data: await pipelines.create(organization, pipeline) });
  });

  app.get<One>('/api/v1/pipelines/:id', async ({ organization, params }) => ({
    data: await pipelines.get(organization, params.id),
  }));

  app.put<One>('/api/v1/pipelines/:id', async ({ organization, params, body }) => ({
    data: await pipelines.update(organization, params.id, parsePipelineChanges(body)),
  }));

  app.put<One>('/api/v1/pipelines/:id/graph', async ({ organization, params, body }) => ({
    data: await pipelines.update(organization, params.id, parseGraph(body)),
  }));

  app.delete<One>('/api/v1/pipelines/:id', async ({ organization, params }) => {
    await pipelines.remove(organization, params.id);
    return { message: 'Pipeline deleted.' };
  });
}

function deploymentRoutes(app: FastifyInstance, studio: Studio): void {
  const { deployments } = studio;
  app.get<WithQuery>('/api/v1/deployments', async ({ organization, query }) => {
    const asked = parseList(query, deployments.filters);
    const { rows, total } = await deployments.list(organization, asked);
    return { deployments: rows, ...paging(asked, total) };
  });

  app.post('/api/v1/deployments', async ({ organization, body }, reply) =>
    reply.code(201).send(await studio.deploy(organization, parseNewDeployment(body))),
  );

  app.get<One>('/api/v1/deployments/:id', ({ organization, params }) => deployments.get(organization, params.id));

  app.post<One>('/api/v1/deployments/:id/stop', ({ organization, params }) => studio.stop(organization, params.id));
}

function metricsRoutes(app: FastifyInstance, studio: Studio): void {
  app.get<WithQuery>('/api/v1/metrics', ({ organization, query }) =>
    studio.metrics(organization, parseTimeRange(query), agentOf(query)),
  );

  app.get<WithQuery>('/api/v1/metrics/summary', ({ organization, query }) =>
    studio.summary(organization, parseTimeRange(query), agentOf(query)),
  );
}

const agentOf = ({ agent_id }: JsonObject) => (agent_id === undefined ? undefined : String(agent_id));

function paging({ page, pageSize }: ListQuery, total: number): object {
  return { total, page, page_size: pageSize, pages: Math.ceil(total / pageSize) };
}

/** Who names an organisation names their own. @throws {ApiError} 403 */
function requireOwn(organization: string, named: unknown): void {
  if (named !== undefined && named !== organization) {
    throw new ApiError(403, 'FORBIDDEN', 'organization_id is another organisation.');
  }
}
