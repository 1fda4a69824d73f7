/** Faults of the embedded target end in the right verdict for the right reason; without them the same run passes. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { Pool } from 'pg';
import type { Verdict } from '../support/judge/verdict.ts';
import { parseFaults } from '../target/core/faults.ts';
import { type Cluster, startCluster } from '../target/core/postgres.ts';
import { startTarget } from '../target/core/server.ts';
import { anyMachine, Project, repository, scenarioFile } from './project.ts';

const load = (scenario: object) => ({ executor: 'constant-arrival-rate', duration: '2s', ...scenario });
const closed = (scenario: object) => ({ executor: 'constant-vus', duration: '2s', ...scenario });
const profile = (scenarios: object, thresholds: object) => ({
  description: 'a test',
  scenarios,
  thresholds,
  health: anyMachine,
});

const profiles = {
  relay: profile(
    { 'sync-relay': load({ rate: 40, maxVUs: 8 }) },
    { http_req_failed: ['rate<0.05'], checks: ['rate>0.95'], changes_accepted: ['count>0'] },
  ),
  slow: profile({ 'sync-relay': load({ rate: 10, maxVUs: 16 }) }, { iteration_response_time: ['p(95)<1000'] }),
  rooms: profile(
    { 'crdt-conflicts': load({ rate: 5, maxVUs: 4, options: { dialect: 'yjs', convergenceTimeout: '1s' } }) },
    { crdt_conflicts_expected: ['count>0'] },
  ),
  vms: profile({ 'vm-crud': load({ rate: 30, maxVUs: 6 }) }, { 'http_req_failed{scenario:vm-crud}': ['rate<0.05'] }),
  jobs: profile(
    { migrations: closed({ vus: 4, options: { timeout: '2s', memoryMb: 512, probeShare: 0 } }) },
    { http_req_failed: ['rate<0.05'] },
  ),
  events: profile(
    { realtime: closed({ vus: 3, options: { life: '10s', heartbeat: '500ms', stir: 20 } }) },
    { realtime_events: ['count>0'] },
  ),
  screen: profile(
    { light: { executor: 'per-vu-iterations', vus: 1, iterations: 2 } },
    { browser_interaction_to_paint: ['p(75)<500'] },
  ),
};

/**
 * What a fault must be found by: an oracle, or a metric whose threshold it crosses; and a name among the errors. Of the VM
 * control plane's faults one for each oracle: the tests of its loads show the others, on the same target.
 */
const faults: [fault: string, profile: keyof typeof profiles, by: string, error?: string | RegExp][] = [
  ['latency=1s', 'slow', 'iteration_response_time'],
  ['stall=2s@500ms', 'slow', 'iteration_response_time'],
  ['slow-body=1500ms', 'slow', 'iteration_response_time'],
  ['error=0.3', 'relay', 'http_req_failed', 'HTTP 500'],
  ['reset=0.3', 'relay', 'http_req_failed', /^ECONNRESET$|^connection closed/],
  ['truncate-json=0.3', 'relay', 'checks', 'check: push: answer is as in the contract'],
  ['duplicate-change=0.9', 'relay', 'checks', 'check: pull: no change twice'],
  ['reject-silently=0.5', 'relay', 'checks', 'check: push: every change is accepted or rejected'],
  ['lose-write=0.1', 'relay', 'acknowledged-writes'],
  ['empty-pull', 'relay', 'acknowledged-writes'],
  ['drop-update=0.5', 'rooms', 'convergence', 'check: crdt: replicas converge'],
  ['freeze-replica', 'rooms', 'convergence', 'check: crdt: replicas converge'],
  ['illegal-state=0.5', 'vms', 'vm-lifecycle'],
  ['migration-stuck=1', 'jobs', 'migration-continuity'],
  ['event-drop=0.2', 'events', 'event-delivery'],
  ['slow-paint=700ms', 'screen', 'browser_interaction_to_paint'],
];

let cluster: Cluster;
let admin: Pool;
let databases = 0;
before(async () => {
  cluster = await startCluster();
  admin = new Pool({ max: 1, host: cluster.folder, user: 'postgres', database: 'postgres' });
});
after(async () => {
  await admin?.end();
  await cluster?.stop();
});

/** A run of profiles, their scenarios side by side, against a target with a list of faults. */
async function run(t: TestContext, names: (keyof typeof profiles)[], list: string): Promise<Verdict> {
  // A target that starts ends the migrations that it finds under way: each has a database of its own.
  const database = `target${++databases}`;
  await admin.query(`CREATE DATABASE ${database}`);
  const target = await startTarget({
    databaseUrl: `postgres://postgres@localhost/${database}?host=${encodeURIComponent(cluster.folder)}`,
    faults: parseFaults(list),
    ...(names.includes('screen') ? {} : { webFolder: 'none' }),
  });
  t.after(() => target.stop());
  const chosen = names.map((name) => profiles[name]);
  const scenarios = Object.assign({}, ...chosen.map((one) => one.scenarios));
  const thresholds = Object.assign({}, ...chosen.map((one) => one.thresholds));
  const files = Object.keys(scenarios).map(scenarioFile);
  const project = new Project(t, {
    ...Object.fromEntries(files.map((file) => [file, `import '${repository}/${file}';`])),
    'profiles/faulty.json': profile(scenarios, thresholds),
  });
  const { verdict, output } = await project.run(['--project=faulty'], { BASE_URL: target.url });
  assert.ok(verdict, output);
  return verdict;
}

// A run mostly waits: for its schedule, and for what must be quiet before it looks at what became of it.
describe('a target with a fault', { concurrency: 3 }, () => {
  for (const [fault, name, by, error] of faults) {
    test(`${fault} fails the run by ${by}`, async (t) => {
      const { status, reasons, errors } = await run(t, [name], fault);
      assert.equal(status, 'fail', JSON.stringify(reasons));
      const found = reasons.map((one) =>
        one.kind === 'oracle' ? one.oracle : one.kind === 'threshold' ? one.metric : one.kind,
      );
      assert.ok(found.includes(by), `found by ${found.join(', ')}`);
      if (error !== undefined) {
        const named = Object.keys(errors).some((one) => (typeof error === 'string' ? one === error : error.test(one)));
        assert.ok(named, `errors: ${JSON.stringify(errors)}`);
      }
    });
  }

  test('rate-limit=10/min fails the run for that: hardly anything was let through', async (t) => {
    const { status, reasons, errors } = await run(t, ['relay'], 'rate-limit=10/min');
    assert.deepEqual([status, reasons[0]?.kind], ['fail', 'rate-limited'], JSON.stringify(reasons));
    const crossed = reasons.flatMap((one) => (one.kind === 'threshold' ? one.metric : []));
    assert.ok(crossed.includes('http_req_failed'), JSON.stringify(reasons));
    assert.ok((errors['HTTP 429 (rate limited)'] ?? 0) > 0, JSON.stringify(errors));
  });

  for (const names of [['relay', 'rooms', 'vms', 'jobs', 'events'], ['slow'], ['screen']] as const) {
    test(`none: ${names.join(', ')} pass`, async (t) => {
      const { status, reasons, errors } = await run(t, [...names], '');
      assert.equal(status, 'pass', JSON.stringify(reasons));
      assert.deepEqual(errors, {});
    });
  }
});
