/** Faults of the embedded target end in the right verdict, with the right first reason; without them the same run passes. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Browser } from '@playwright/test';
import type { Reason, Verdict } from '../support/judge/verdict.ts';
import { launch } from '../target/core/chromium.fixture.ts';
import { coreFaults } from '../target/core/faults/registry.ts';
import { type Cluster, startCluster } from '../target/core/postgres.ts';
import { testDatabase, testTarget } from '../target/core/target.fixture.ts';
import { families } from '../target/families/index.ts';
import { parseFaults } from '../target/target.ts';
import { localRun } from './local-run.ts';
import { anyMachine, Project, repository, scenarioFile } from './project.ts';

const load = (scenario: object) => ({ executor: 'constant-arrival-rate', duration: '2s', ...scenario });
const closed = (scenario: object) => ({ executor: 'constant-vus', duration: '2s', ...scenario });
const profile = (scenarios: object, thresholds: object) => ({
  description: 'a test',
  scenarios,
  thresholds,
  health: anyMachine,
});

function roomsWithin(convergenceTimeout: string) {
  return profile(
    { 'crdt-conflicts': load({ rate: 5, maxVUs: 4, options: { dialect: 'yjs', convergenceTimeout } }) },
    { crdt_conflicts_expected: ['count>0'] },
  );
}

const profiles = {
  relay: profile(
    { 'sync-relay': load({ rate: 40, maxVUs: 8 }) },
    { http_req_failed: ['rate<0.05'], checks: ['rate>0.95'], changes_accepted: ['count>0'] },
  ),
  slow: profile({ 'sync-relay': load({ rate: 10, maxVUs: 16 }) }, { iteration_response_time: ['p(95)<6000'] }),
  rooms: roomsWithin('3s'),
  /** However busy the machine is with other tests. */
  honestRooms: roomsWithin('30s'),
  vms: profile({ 'vm-crud': load({ rate: 30, maxVUs: 6 }) }, { 'http_req_failed{scenario:vm-crud}': ['rate<0.05'] }),
  jobs: profile(
    { migrations: closed({ vus: 4, options: { timeout: '6s', memoryMb: 512, probeShare: 0 } }) },
    { http_req_failed: ['rate<0.05'] },
  ),
  events: profile(
    { realtime: closed({ duration: '4s', vus: 3, options: { life: '10s', heartbeat: '500ms', changes: 20 } }) },
    { realtime_events: ['count>0'] },
  ),
  messages: profile(
    { 'websocket-messages': closed({ vus: 4, options: { rate: 50, timeout: '4s' } }) },
    { websocket_message_latency: ['count>0'] },
  ),
  builders: profile(
    { agents: load({ rate: 30, maxVUs: 4 }) },
    { http_req_failed: ['rate<0.05'], agent_crud_duration: ['count>0'] },
  ),
  calls: profile(
    { kernel: load({ rate: 30, maxVUs: 6 }), ai: load({ rate: 10, maxVUs: 40 }) },
    { grpc_req_failed: ['rate<0.05'], grpc_stream_duration: ['avg<3000'] },
  ),
  database: profile(
    {
      'database-queries': load({ rate: 40, maxVUs: 8, options: { rows: 500, connections: 4 } }),
      'database-transfers': load({ rate: 60, maxVUs: 8, options: { accounts: 40, connections: 6 } }),
    },
    { db_query_failed: ['rate<0.01'], db_write_duration: ['count>0'] },
  ),
  pool: profile(
    {
      'database-queries': load({
        ...{ rate: 80, maxVUs: 16, arrivals: 'bursts', burstSize: 16, mix: { 'point-read': 3, insert: 1 } },
        options: { rows: 500, connections: 16 },
      }),
    },
    { db_query_failed: ['rate<0.01'], db_read_duration: ['p(95)<6000'], db_connection_wait: ['count>0'] },
  ),
  slowPool: profile(
    {
      'database-queries': load({
        ...{ rate: 15, maxVUs: 30, mix: { 'point-read': 3, insert: 1 }, options: { rows: 500, connections: 30 } },
      }),
    },
    { db_read_duration: ['p(95)<6000'] },
  ),
  /** The second session notes a transaction, and the third looks for it. */
  return: profile(
    { light: { executor: 'per-vu-iterations', vus: 1, iterations: 3 } },
    { browser_session_failed: [{ threshold: 'rate<0.1', minSamples: 3 }] },
  ),
  screen: profile(
    { light: { executor: 'per-vu-iterations', vus: 1, iterations: 3 } },
    { browser_interaction_to_paint: ['p(75)<500'] },
  ),
};

/**
 * What a fault must be found by: an oracle, or a metric whose threshold it crosses; and a name among the errors. It is the first
 * reason, but for work that failed by that error.
 */
const faults: [fault: string, profile: keyof typeof profiles, by: string, error?: string | RegExp][] = [
  ['latency=6s', 'slow', 'iteration_response_time'],
  ['stall=9s@500ms', 'slow', 'iteration_response_time'],
  ['slow-body=6s', 'slow', 'iteration_response_time'],
  ['error=0.2', 'relay', 'http_req_failed', 'HTTP 500'],
  ['reset=0.2', 'relay', 'http_req_failed', /^ECONNRESET$|^connection closed/],
  ['truncate-json=0.2', 'relay', 'checks', /^check: (push|pull): answer is as in the contract$/],
  ['duplicate-change=0.9', 'relay', 'checks', 'check: pull: no change twice'],
  ['reject-silently=0.5', 'relay', 'checks', 'check: push: every change is accepted or rejected'],
  ['lose-write=0.1', 'relay', 'acknowledged-writes'],
  ['empty-pull', 'relay', 'acknowledged-writes'],
  ['empty-pull', 'return', 'browser_session_failed'],
  ['drop-update=0.5', 'rooms', 'convergence', 'check: crdt: replicas converge'],
  ['freeze-replica', 'rooms', 'convergence', 'check: crdt: replicas converge'],
  ['illegal-state=0.5', 'vms', 'vm-lifecycle'],
  ['vm-lost=0.5', 'vms', 'vm-lifecycle'],
  ['vm-resurrect=1', 'vms', 'vm-lifecycle'],
  ['migration-stuck=1', 'jobs', 'migration-continuity'],
  ['migration-data-loss=1', 'jobs', 'migration-continuity'],
  ['migration-wrong-zone=1', 'jobs', 'migration-continuity'],
  ['event-drop=0.2', 'events', 'event-delivery'],
  ['event-duplicate=0.2', 'events', 'event-delivery'],
  ['event-reorder=0.2', 'events', 'event-delivery'],
  ['message-lost=0.3', 'messages', 'message-delivery'],
  ['message-reorder=0.3', 'messages', 'message-delivery'],
  ['agent-lost=0.5', 'builders', 'agent-lifecycle'],
  ['stale-update=0.5', 'builders', 'agent-lifecycle'],
  ['list-misses=0.5', 'builders', 'agent-lifecycle'],
  ['tenant-leak=0.5', 'builders', 'sessions'],
  ['token-outlives=1', 'builders', 'sessions', 'check: me-after-expiry: status is 401 or 403'],
  ['token-survives-logout=1', 'builders', 'sessions'],
  ['lost-commit=0.2', 'database', 'committed-rows'],
  ['torn-transfer=0.2', 'database', 'account-totals'],
  ['slow-query=7s@1s', 'slowPool', 'db_read_duration'],
  ['pool-exhausted=12', 'pool', 'db_query_failed', '53300 too_many_connections'],
  ['slow-paint=700ms', 'screen', 'browser_interaction_to_paint'],
];

/** Those that are found side by side in one run, each by its own. */
const together = ['token-lost=0.1', 'cell-twice=0.2', 'grpc-unavailable=0.2', 'stream-stall=6s'];

/** Those that end a run by other means. */
const others = {
  'rate-limit': 'below',
  crash: 'tests/interrupt.test.ts: a target that dies',
  'fsync-off': 'tests/drills.test.ts',
  'no-restart': 'tests/drills.test.ts',
  'page-forgets': 'tests/drills.test.ts',
  'stale-restart': 'tests/drills.test.ts',
  zombie: 'tests/drills.test.ts',
};

let cluster: Cluster | undefined;
let browser: Browser;
before(async () => {
  // A target that starts ends the migrations that it finds under way: each has a database of its own.
  if (!process.env.TEST_POSTGRES_FOLDER) {
    cluster = await startCluster();
    process.env.TEST_POSTGRES_FOLDER = cluster.folder;
  }
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});

/** A run of profiles, their scenarios side by side, against a target with a list of faults. */
async function run(t: TestContext, names: (keyof typeof profiles)[], list: string): Promise<Verdict> {
  const target = await testTarget(t, {
    databaseUrl: (await testDatabase()).url,
    faults: parseFaults(list),
    ...(names.some((name) => name === 'screen' || name === 'return') && { webFolder: undefined }),
  });
  const chosen = names.map((name) => profiles[name]);
  const scenarios = Object.assign({}, ...chosen.map((one) => one.scenarios));
  const thresholds = Object.assign({}, ...chosen.map((one) => one.thresholds));
  const files = Object.keys(scenarios).map(scenarioFile);
  const project = new Project(t, {
    ...Object.fromEntries(files.map((file) => [file, `import '${repository}/${file}';`])),
    'profiles/faulty.json': profile(scenarios, thresholds),
  });
  return localRun(project, 'faulty', target.url, { addresses: target.addresses, browser });
}

function nameOf(one: Reason): string {
  return one.kind === 'oracle' ? one.oracle : one.kind === 'threshold' ? one.metric : one.kind;
}

test('every fault that there is ends in a verdict of its own', () => {
  const known = [...coreFaults, ...families.flatMap((family) => family.faults ?? [])].map(({ name }) => name);
  const shown = [...faults.map(([fault]) => fault), ...together, ...Object.keys(others)].map(
    (one) => one.split('=')[0],
  );
  assert.deepEqual([...new Set(shown)].toSorted(), known.toSorted());
});

// A run mostly waits: for its schedule, and for what must be quiet before it looks at what became of it.
describe('a target with a fault', { concurrency: 4 }, () => {
  for (const [fault, name, by, error] of faults) {
    test(`${fault} fails the run by ${by}`, async (t) => {
      const { status, reasons, errors } = await run(t, [name], fault);
      const found = JSON.stringify(reasons);
      const isNamed = (one: string) =>
        error === undefined || (typeof error === 'string' ? one === error : error.test(one));
      assert.equal(status, 'fail', found);
      assert.ok(reasons.map(nameOf).includes(by), found);
      const first = reasons[0]!;
      if (first.kind === 'no-success' || first.kind === 'failed-share') {
        assert.ok(isNamed(first.errors[0]!.name), found);
      } else {
        assert.equal(nameOf(first), by, found);
      }
      if (error !== undefined) assert.ok(Object.keys(errors).some(isNamed), JSON.stringify(errors));
    });
  }

  test(`${together.join(', ')} fail the run by four reasons`, async (t) => {
    const { status, reasons, errors } = await run(t, ['calls'], together.join(','));
    const found = JSON.stringify(reasons);
    assert.equal(status, 'fail', found);
    const first = ['executions', 'grpc_req_failed', 'grpc_stream_duration', 'token-streams'];
    assert.deepEqual(reasons.slice(0, first.length).map(nameOf).toSorted(), first, found);
    assert.ok((errors['gRPC UNAVAILABLE'] ?? 0) > 0, JSON.stringify(errors));
  });

  test('rate-limit=10/min fails the run for that: hardly anything was let through', async (t) => {
    const { status, reasons, errors } = await run(t, ['relay'], 'rate-limit=10/min');
    assert.deepEqual([status, reasons[0]?.kind], ['fail', 'rate-limited'], JSON.stringify(reasons));
    const crossed = reasons.flatMap((one) => (one.kind === 'threshold' ? one.metric : []));
    assert.ok(crossed.includes('http_req_failed'), JSON.stringify(reasons));
    assert.ok((errors['HTTP 429 (rate limited)'] ?? 0) > 0, JSON.stringify(errors));
  });

  for (const names of [
    ['relay', 'honestRooms', 'vms', 'jobs', 'events', 'builders'],
    ['calls', 'database'],
    ['slow', 'pool', 'messages'],
    ['screen'],
  ] as const) {
    test(`none: ${names.join(', ')} pass`, async (t) => {
      const { status, reasons, errors } = await run(t, [...names], '');
      assert.equal(status, 'pass', JSON.stringify(reasons));
      // Transfers that run into each other are no fault of the database, and nobody knows how often they do.
      const { '40001 serialization_failure': _, ...others } = errors;
      assert.deepEqual(others, {});
    });
  }
});
