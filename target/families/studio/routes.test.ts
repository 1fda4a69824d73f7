import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type TestDatabase, testDatabase } from '../../core/target.fixture.ts';
import { startTarget, type Target } from '../../target.ts';
import { parseNewAgent } from './agent.ts';
import { agent, graph, pipeline, TestBuilder } from './builder.fixture.ts';
import { Studio } from './studio.ts';

let database: TestDatabase;
let target: Target;
before(async () => {
  database = await testDatabase();
  target = await startTarget({ webFolder: 'none', databaseUrl: database.url });
});
after(async () => {
  await target?.stop();
  await database?.stop();
});

const builder = () => new TestBuilder(target.url);

/** Somebody who has registered, with their organisation. */
async function member(): Promise<{ member: TestBuilder; organization: string; login: object }> {
  const login = { email: `${randomUUID()}@example.org`, password: 'correct horse' };
  const { body } = await builder().post('/auth/register', { ...login, name: 'Ada', organization_name: 'Engines' });
  return {
    member: new TestBuilder(target.url, body.tokens.access_token),
    organization: body.user.organization_id!,
    login,
  };
}

test('an agent is created, read, changed, listed and deleted', async () => {
  const { member: ada, organization } = await member();
  const created = await ada.post('/agents', agent({ name: 'Übersetzer 翻訳 🙂' }));
  assert.equal(created.status, 201);
  const { id, created_at, updated_at, ...fields } = created.body;
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  assert.equal(created_at, updated_at);
  assert.deepEqual(fields, {
    organization_id: organization,
    workspace_id: 'w1',
    name: 'Übersetzer 翻訳 🙂',
    agent_type: 'chat',
    model_id: 'small-1',
    description: '',
    system_prompt: '',
    temperature: 0.7,
    max_tokens: 0,
    status: 'draft',
  });
  assert.deepEqual(await ada.get(`/agents/${id}`), { status: 200, body: created.body });

  const changes = { name: 'Translator', status: 'active', temperature: 0, description: 'into German' };
  const updated = await ada.put(`/agents/${id}`, changes);
  assert.equal(updated.status, 200);
  assert.deepEqual({ ...updated.body, updated_at: null }, { ...created.body, ...changes, updated_at: null });
  assert.ok(String(updated.body.updated_at) > String(updated_at));
  assert.deepEqual((await ada.get(`/agents/${id}`)).body, updated.body);
  assert.deepEqual((await ada.get('/agents')).body, {
    records: [updated.body],
    total: 1,
    page: 1,
    page_size: 20,
    pages: 1,
  });

  assert.deepEqual(await ada.delete(`/agents/${id}`), { status: 200, body: { message: 'Agent deleted.' } });
  for (const answer of [
    await ada.get(`/agents/${id}`),
    await ada.put(`/agents/${id}`, changes),
    await ada.delete(`/agents/${id}`),
  ]) {
    assert.equal(answer.status, 404);
    assert.deepEqual(answer.body.error, { code: 'NOT_FOUND', message: `There is no agent ${id}.` });
    assert.equal(typeof answer.body.timestamp, 'number');
  }
});

test('a pipeline has a graph, which is read as it was saved; its list goes without', async () => {
  const ada = builder();
  const created = await ada.post('/pipelines', pipeline());
  assert.equal(created.status, 201);
  const { id, nodes, connections, ...fields } = created.body.data;
  assert.deepEqual([nodes, connections], [[], []]);
  const saved = await ada.put(`/pipelines/${id}/graph`, graph());
  assert.equal(saved.status, 200);
  const read = (await ada.get(`/pipelines/${id}`)).body.data;
  assert.deepEqual(read, saved.body.data);
  assert.deepEqual({ nodes: read.nodes, connections: read.connections }, graph());
  const renamed = await ada.put(`/pipelines/${id}`, { name: 'Triage', pattern: 'router' });
  assert.deepEqual([renamed.body.data.name, renamed.body.data.nodes], ['Triage', graph().nodes]);

  const { body } = await ada.get('/pipelines');
  const [listed] = body.data as unknown as object[];
  const { updated_at } = renamed.body.data;
  assert.deepEqual(listed, { id, ...fields, name: 'Triage', pattern: 'router', updated_at });
  assert.equal(body.total, 1);
  assert.equal((await ada.delete(`/pipelines/${id}`)).status, 200);
  assert.equal((await ada.get(`/pipelines/${id}`)).status, 404);
});

test('pages are newest first, capped, and empty beyond the last', async () => {
  const ada = builder();
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) ids.unshift(await ada.create('/agents', agent({ name: `a${count}` })));
  assert.deepEqual(await ada.ids('/agents?page_size=2'), ids.slice(0, 2));
  assert.deepEqual(await ada.ids('/agents?page=3&page_size=2'), ids.slice(4));
  assert.deepEqual((await ada.get('/agents?page=4&page_size=2')).body, {
    records: [],
    total: 5,
    page: 4,
    page_size: 2,
    pages: 3,
  });
  assert.equal((await ada.get('/agents?page_size=100000')).body.page_size, 100);
  await ada.put(`/agents/${ids[0]}`, { status: 'archived' });
  assert.deepEqual(await ada.ids('/agents?status=archived'), ids.slice(0, 1));
  assert.deepEqual(await ada.ids('/agents?status=draft&workspace_id=w2'), []);
  for (const query of ['page=0', 'page=-1', 'page_size=0', 'page=x', 'page=1.5']) {
    const { status, body } = await ada.get(`/agents?${query}`);
    assert.deepEqual([status, body.error.code], [422, 'VALIDATION_ERROR'], query);
    assert.match(body.error.message, /^page(_size)? must be a whole number from 1 to /);
  }
});

test('an organisation is seen by its own members alone', async () => {
  const { member: ada, organization, login } = await member();
  const eve = builder();
  const paths = {
    agents: await ada.create('/agents', agent()),
    pipelines: await ada.create('/pipelines', pipeline({ organization_id: organization })),
    deployments: '',
  };
  paths.deployments = await ada.create('/deployments', { agent_id: paths.agents, gateway_id: 'gateway-eu' });
  for (const [path, id] of Object.entries(paths)) {
    assert.deepEqual(await eve.ids(`/${path}`), []);
    const answers = [await eve.get(`/${path}/${id}`)];
    if (path !== 'deployments') {
      answers.push(await eve.put(`/${path}/${id}`, { name: 'Mine' }), await eve.delete(`/${path}/${id}`));
    }
    for (const { status, body } of answers) assert.deepEqual([status, body.error.code], [403, 'FORBIDDEN']);
  }
  const others = [
    await eve.put(`/pipelines/${paths.pipelines}/graph`, graph()),
    await eve.post(`/deployments/${paths.deployments}/stop`),
    await eve.post('/deployments', { agent_id: paths.agents, gateway_id: 'gateway-eu' }),
    await eve.get(`/metrics?agent_id=${paths.agents}`),
    await eve.post('/pipelines', pipeline({ organization_id: organization })),
    await eve.get(`/pipelines?organization_id=${organization}`),
  ];
  assert.deepEqual(
    others.map(({ status }) => status),
    others.map(() => 403),
  );
  assert.equal((await ada.get(`/agents/${paths.agents}`)).body.name, 'Answers');
  const again = await builder().post('/auth/login', login);
  const other = new TestBuilder(target.url, String(again.body.access_token));
  assert.deepEqual(await other.ids(`/pipelines?organization_id=${organization}`), [paths.pipelines]);
  const sameToken = new TestBuilder(target.url, eve.token);
  const id = await eve.create('/agents', agent());
  assert.deepEqual(await sameToken.ids('/agents'), [id], 'a token that is no user’s is an organisation');
});

test('a deployment goes on by itself until it is active, is measured, and can be stopped once', async () => {
  const ada = builder();
  const id = await ada.create('/agents', agent());
  const created = await ada.post('/deployments', { agent_id: id, gateway_id: 'gateway-eu' });
  assert.equal(created.status, 201);
  const { id: deployment, ...fields } = created.body;
  assert.deepEqual(
    [fields.agent_id, fields.gateway_id, fields.agent_version_id, fields.status, fields.stopped_at],
    [id, 'gateway-eu', null, 'pending', null],
  );
  const order = ['pending', 'deploying', 'active'];
  const seen = ['pending'];
  while (seen.at(-1) !== 'active') seen.push((await ada.get(`/deployments/${deployment}`)).body.status);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)),
  );
  assert.deepEqual(await ada.ids(`/deployments?agent_id=${id}`), [deployment]);
  assert.deepEqual(await ada.ids(`/deployments?agent_id=${randomUUID()}`), []);

  const summary = () => ada.get('/metrics/summary?time_range=1h');
  while ((await summary()).body.requests === 0);
  const { body } = await summary();
  assert.deepEqual([body.time_range, body.agents, body.pipelines, body.deployments], ['1h', 1, 0, 1]);
  const metrics = (await ada.get(`/metrics?time_range=24h&agent_id=${id}`)).body;
  assert.deepEqual([metrics.time_range, metrics.interval_seconds], ['24h', 2_880]);
  assert.equal((metrics.data as unknown as object[]).length, 30);

  const stopped = await ada.post(`/deployments/${deployment}/stop`);
  assert.deepEqual([stopped.status, stopped.body.status], [200, 'stopped']);
  assert.equal((await ada.get(`/deployments/${deployment}`)).body.status, 'stopped');
  assert.equal((await ada.post(`/deployments/${deployment}/stop`)).status, 409);
  assert.equal((await summary()).body.deployments, 0);
  await ada.delete(`/agents/${id}`);
  assert.equal((await ada.get(`/deployments/${deployment}`)).status, 404, 'it goes with its agent');
});

test('what is archived is not deployed, and what is not there neither', async () => {
  const ada = builder();
  const id = await ada.create('/agents', agent());
  await ada.put(`/agents/${id}`, { status: 'archived' });
  const archived = await ada.post('/deployments', { agent_id: id, gateway_id: 'gateway-eu' });
  assert.deepEqual([archived.status, archived.body.error.code], [409, 'ILLEGAL_STATE']);
  for (const missing of [randomUUID(), 'no uuid', '../agents']) {
    assert.equal((await ada.post('/deployments', { agent_id: missing, gateway_id: 'g' })).status, 404);
    assert.equal((await ada.get(`/deployments/${encodeURIComponent(missing)}`)).status, 404);
    assert.equal((await ada.get(`/metrics?agent_id=${encodeURIComponent(missing)}`)).status, 404);
    assert.equal((await ada.put(`/agents/${encodeURIComponent(missing)}`, { name: 'x' })).status, 404);
  }
});

test('an agent that is deleted while it is deployed is not there', async () => {
  // The target's own time scale: its connections know the statements by their names.
  const studio = new Studio(target.database.pool, 0.05);
  const organization = randomUUID();
  const { id } = await studio.agents.create(organization, parseNewAgent(agent()));
  const get = studio.agents.get.bind(studio.agents);
  studio.agents.get = async (...asked) => {
    const found = await get(...asked);
    await studio.agents.remove(...asked);
    return found;
  };
  const deployment = { agent_id: id, gateway_id: 'gateway-eu', agent_version_id: null };
  await assert.rejects(studio.deploy(organization, deployment), { status: 404, code: 'NOT_FOUND' });
});

test('what is not valid is a 422 that names its field; what is no JSON a 400', async () => {
  const ada = builder();
  const [agentId, pipelineId] = [await ada.create('/agents', agent()), await ada.create('/pipelines', pipeline())];
  const { nodes } = graph();
  const cases: [method: string, path: string, body: object, field: string][] = [
    ['POST', '/agents', agent({ name: '' }), 'name'],
    ['POST', '/agents', agent({ name: 'x'.repeat(101) }), 'name'],
    ['POST', '/agents', agent({ workspace_id: undefined }), 'workspace_id'],
    ['POST', '/agents', agent({ agent_type: 'robot' }), 'agent_type'],
    ['POST', '/agents', agent({ temperature: 3 }), 'temperature'],
    ['POST', '/agents', agent({ max_tokens: -1 }), 'max_tokens'],
    ['PUT', `/agents/${agentId}`, {}, 'The body'],
    ['PUT', `/agents/${agentId}`, { status: 'lost' }, 'status'],
    ['POST', '/pipelines', pipeline({ pattern: 'circle' }), 'pattern'],
    ['PUT', `/pipelines/${pipelineId}`, { status: 'lost' }, 'status'],
    ['PUT', `/pipelines/${pipelineId}/graph`, { nodes: {}, connections: [] }, 'nodes'],
    ['PUT', `/pipelines/${pipelineId}/graph`, { nodes: [nodes[0], nodes[0]], connections: [] }, 'nodes'],
    [
      'PUT',
      `/pipelines/${pipelineId}/graph`,
      { nodes: [{ ...nodes[0], label: '' }], connections: [] },
      'nodes[0].label',
    ],
    [
      'PUT',
      `/pipelines/${pipelineId}/graph`,
      { nodes, connections: [{ source_node_id: 'a', target_node_id: 'z' }] },
      'connections[0].target_node_id',
    ],
    ['POST', '/deployments', { gateway_id: 'g' }, 'agent_id'],
    ['POST', '/deployments', { agent_id: agentId }, 'gateway_id'],
  ];
  for (const [method, path, body, field] of cases) {
    const answer = await ada.request(method, path, body);
    assert.deepEqual([answer.status, answer.body.error?.code], [422, 'VALIDATION_ERROR'], `${path} ${field}`);
    assert.ok(answer.body.error.message.startsWith(`${field} must`), answer.body.error.message);
  }
  assert.equal((await ada.get('/metrics?time_range=1y')).status, 422);
  const notJson = await fetch(`${target.url}/api/v1/agents`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ada.token}`, 'content-type': 'application/json' },
    body: '{"name": ',
  });
  assert.equal(notJson.status, 400);
});

test('without a valid token there is nothing to see', async () => {
  const { member: ada, login } = await member();
  const session = (await builder().post('/auth/login', login)).body;
  const other = new TestBuilder(target.url, String(session.access_token));
  assert.equal((await other.get('/agents')).status, 200);
  await other.post('/auth/logout', { refresh_token: session.refresh_token });
  for (const nobody of [other, new TestBuilder(target.url, ''), new TestBuilder(target.url, 'at_of-nobody')]) {
    for (const path of ['/agents', '/pipelines', '/deployments', '/metrics', '/metrics/summary']) {
      const { status, body } = await nobody.get(path);
      assert.deepEqual([status, body.error.code], [401, 'UNAUTHORIZED']);
    }
  }
  assert.equal((await ada.get('/agents')).status, 200, 'the other session goes on');
});
