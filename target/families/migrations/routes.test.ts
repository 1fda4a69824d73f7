import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Events } from '../../core/events.ts';
import { type TestDatabase, testDatabase } from '../../core/target.fixture.ts';
import { parseFaults, startTarget, type Target } from '../../target.ts';
import { type TestMessage, TestOperator, type TestStream } from '../vms/operator.fixture.ts';
import { progressOf, recoverVms } from './jobs.ts';

let database: TestDatabase;
let target: Target;
before(async () => {
  database = await testDatabase();
  // Migrations take the shortest time there is, 200 ms.
  target = await startTarget({ webFolder: 'none', databaseUrl: database.url, timeScale: 0.001 });
});
after(async () => {
  await target?.stop();
  await database?.stop();
});

const STREAM = '/dwcp/v3/stream';

const isOver = ({ status }: TestMessage) => status === 'completed' || status === 'failed';
/** Pending, pre-copy and stop-and-copy are the first three events; an honest job's fourth is switch-over. */
const isStuck = ({ phase, job_sequence }: TestMessage) => phase === 'stop-and-copy' && (job_sequence as number) > 3;

/** Waits for a job's last event. */
async function over(stream: TestStream, jobId: unknown): Promise<void> {
  await stream.until(() => stream.messages.some((message) => message.job_id === jobId && isOver(message)));
}

/** The jobs that have come as far as stop-and-copy. */
function paused(stream: TestStream): Set<unknown> {
  return new Set(stream.messages.filter(({ phase }) => phase === 'stop-and-copy').map(({ job_id }) => job_id));
}

/** Runs beside the honest target on the same database: as one process of several it leaves the others' work alone. */
async function withFaults(
  faults: string,
  run: (operator: TestOperator, stream: TestStream, url: string) => Promise<void>,
) {
  const link = { events: new Events(), report: () => {}, poolSize: 2, hasOwnPort: false };
  const options = { webFolder: 'none', databaseUrl: database.url, timeScale: 0.001, link };
  const faulty = await startTarget({ ...options, faults: parseFaults(faults), faultsSeed: 2 });
  try {
    const operator = new TestOperator(faulty);
    await run(operator, await operator.subscribe(STREAM, 'migrations'), faulty.url);
  } finally {
    await faulty.stop();
  }
}

test('progress is told from the clock, within its phase, and 100 only when it is done', () => {
  assert.equal(progressOf('pending', 500, 1_000), 0);
  assert.equal(progressOf('pre-copy', 123, 1_000), 12.3);
  assert.equal(progressOf('pre-copy', 900, 1_000), 80);
  assert.equal(progressOf('stop-and-copy', 100, 1_000), 80);
  assert.equal(progressOf('stop-and-copy', 5_000, 1_000), 95);
  assert.equal(progressOf('switch-over', 5_000, 1_000), 99.9);
  assert.equal(progressOf('done', 1, 1_000), 100);
});

describe('migrations', { concurrency: true }, () => {
  test('a migration goes through its phases in order, and its VM runs in the other zone', async () => {
    const operator = new TestOperator(target);
    const [vm, all, changes] = await Promise.all([
      operator.vm(),
      operator.subscribe(STREAM, 'migrations'),
      operator.subscribe('/realtime', 'vm_status'),
    ]);
    const { status, body } = await operator.migrate(vm, {
      source_zone: 'us-west-1',
      protocol: 'dwcp-v3',
      live_migration: true,
      bandwidth_limit_mbps: 500,
      compression: true,
      encryption: true,
    });
    assert.equal(status, 202);
    assert.deepEqual(body, { job_id: body.job_id, vm_id: vm, status: 'pending' });
    await over(all, body.job_id);
    const events = all.of('migration');
    assert.deepEqual(
      events.map(({ status, phase }) => `${status} ${phase}`),
      [
        'pending pending',
        'in_progress pre-copy',
        'in_progress stop-and-copy',
        'in_progress switch-over',
        'completed done',
      ],
    );
    assert.deepEqual(
      events.map(({ sequence, job_sequence }) => [sequence, job_sequence]),
      [1, 2, 3, 4, 5].map((number) => [number, number]),
    );
    const progresses = events.map(({ progress }) => progress as number);
    assert.deepEqual(
      progresses,
      progresses.toSorted((a, b) => a - b),
    );
    assert.equal(progresses.at(-1), 100);

    const done = (await operator.get(`/api/v1/dwcp/migrations/${body.job_id}`)).body;
    const { created_at, started_at, completed_at, downtime_ms, ...facts } = done;
    assert.deepEqual(facts, {
      job_id: body.job_id,
      vm_id: vm,
      source_zone: 'us-west-1',
      target_zone: 'us-east-1',
      status: 'completed',
      phase: 'done',
      progress: 100,
      data_loss: false,
      bytes_total: Math.floor(512 * 1024 * 1024 * 0.7),
      bytes_transferred: Math.floor(512 * 1024 * 1024 * 0.7),
      bandwidth_mbps: 500,
      error: null,
    });
    const [created, started, completed] = [created_at, started_at, completed_at].map((time) => Date.parse(time!));
    assert.ok(created! <= started! && completed! - started! >= 199, `${created_at} ${started_at} ${completed_at}`);
    assert.ok(downtime_ms! > 0 && downtime_ms! < completed! - started!, String(downtime_ms));

    const row = await operator.row(vm);
    assert.deepEqual([row.status, row.zone, row.revision], ['running', 'us-east-1', 3]);
    await changes.until(() => changes.of('vm_status').length === 2);
    assert.deepEqual(
      changes
        .of('vm_status')
        .map(({ vm_id, status, zone, revision, sequence }) => [vm_id, status, zone, revision, sequence]),
      [
        [vm, 'migrating', 'us-west-1', 2, 1],
        [vm, 'running', 'us-east-1', 3, 2],
      ],
    );
  });

  test('a job has a stream of its own, with numbers of its own, that only its account can follow', async () => {
    // Jobs that never end are there to be followed, however long it takes to subscribe.
    await withFaults('migration-stuck=1', async (operator, all, url) => {
      const vm = await operator.vm();
      await operator.migrate(await operator.vm());
      const { body } = await operator.migrate(vm);
      const path = `${STREAM}?job_id=${body.job_id}`;
      await all.until(() => paused(all).size === 2);
      const [job, foreign] = await Promise.all([
        operator.subscribe(path, 'migrations'),
        new TestOperator({ url, database: target.database }).subscribe(path, 'migrations'),
      ]);
      const last = job.messages[0]!.sequence;
      assert.ok(last >= 3, String(last));
      await job.until(() => job.of('migration').length > 0);
      for (const { job_id, sequence, job_sequence } of job.of('migration')) {
        assert.deepEqual([job_id, sequence, job_sequence], [body.job_id, last + 1, last + 1]);
      }
      assert.deepEqual(
        all.of('migration').map(({ sequence }) => sequence),
        all.of('migration').map((_, index) => index + 1),
      );
      await foreign.ask({ type: 'ping' });
      assert.deepEqual(
        foreign.messages.map(({ type, sequence }) => [type, sequence]),
        [
          ['subscribed', 0],
          ['pong', undefined],
        ],
      );

      const { started_at, completed_at, downtime_ms, phase, status, progress } = (
        await operator.get(`/api/v1/dwcp/migrations/${body.job_id}`)
      ).body;
      assert.ok(started_at);
      assert.deepEqual(
        [completed_at, downtime_ms, phase, status, progress],
        [null, null, 'stop-and-copy', 'in_progress', 95],
      );
      assert.equal((await operator.row(vm)).status, 'migrating');
      assert.equal((await operator.get(`/api/v1/vms/${vm}/metrics`)).body.error.code, 'VM_PAUSED');
      assert.equal((await operator.get('/api/v1/dwcp/stats')).body.active_migrations, 2);
    });
  });

  test('the duration follows size and bandwidth', async () => {
    const operator = new TestOperator(target);
    const stream = await operator.subscribe(STREAM, 'migrations');
    // 65,536 MB × 8 bit ÷ 1,000 Mbit/s × 0.001 = 524 ms
    const vm = await operator.vm({ memoryMb: 65_536 });
    const { status, body } = await operator.post(`/api/v1/vms/${vm}/migrate`, {
      target_zone: 'eu-west-1',
      bandwidth_limit_mbps: 1_000,
    });
    assert.equal(status, 202);
    await over(stream, body.job_id);
    const { started_at, completed_at } = (await operator.get(`/api/v1/dwcp/migrations/${body.job_id}`)).body;
    assert.ok(Date.parse(completed_at!) - Date.parse(started_at!) >= 522, `${started_at} ${completed_at}`);
    assert.equal((await operator.row(vm)).zone, 'eu-west-1');
  });

  test('of twenty starts at once one is accepted', async () => {
    // One that never ends: whatever comes late comes while it is under way.
    await withFaults('migration-stuck=1', async (operator) => {
      const vm = await operator.vm();
      const answers = await Promise.all(Array.from({ length: 20 }, () => operator.migrate(vm)));
      assert.equal(answers.filter(({ status }) => status === 202).length, 1);
      for (const { status, body } of answers) {
        if (status === 202) continue;
        assert.deepEqual(
          [status, body.error.code, body.error.message],
          [409, 'ILLEGAL_STATE', 'The VM is migrating; only a running one can be migrated.'],
        );
      }
      assert.equal((await operator.get('/api/v1/dwcp/migrations')).body.total, 1);
    });
  });

  test('what cannot be migrated is refused with its reason', async () => {
    const operator = new TestOperator(target);
    const [running, stopped, foreign] = await Promise.all([
      operator.vm(),
      operator.vm({ status: 'stopped' }),
      new TestOperator(target).vm(),
    ]);
    const cases: [string, object, number, RegExp][] = [
      [running, { target_zone: 'moon' }, 400, /^target_zone must be one of us-west-1, us-east-1, eu-west-1\.$/],
      [running, { target_zone: 'us-west-1' }, 400, /^target_zone must be another than us-west-1, where the VM is\.$/],
      [running, { source_zone: 'eu-west-1' }, 400, /^source_zone is eu-west-1; the VM is in us-west-1\.$/],
      [running, { source_zone: 'moon' }, 400, /^source_zone must be one of/],
      [running, { protocol: 'dwcp-v2' }, 400, /^protocol must be one of dwcp-v3\.$/],
      [running, { bandwidth_limit_mbps: 0 }, 400, /^bandwidth_limit_mbps must be a number from 1 to 100000\.$/],
      [running, { compression: 'yes' }, 400, /^compression must be true or false\.$/],
      [stopped, {}, 409, /^The VM is stopped; only a running one can be migrated\.$/],
      [foreign, {}, 404, /^There is no VM /],
      [randomUUID(), {}, 404, /^There is no VM /],
      ['no-uuid', {}, 404, /^There is no VM no-uuid\.$/],
    ];
    for (const [vm, fields, status, message] of cases) {
      const answer = await operator.migrate(vm, fields);
      assert.equal(answer.status, status, String(message));
      assert.match(answer.body.error.message, message);
    }
    const short = await operator.post(`/api/v1/vms/${stopped}/migrate`, { target_zone: 'us-east-1' });
    assert.deepEqual([short.status, short.body.error.code], [409, 'ILLEGAL_STATE']);
    for (const path of ['no-uuid', randomUUID()]) {
      assert.equal((await operator.get(`/api/v1/dwcp/migrations/${path}`)).status, 404);
    }
    assert.equal((await fetch(`${target.url}/api/v1/dwcp/stats`)).status, 401);
  });

  test("lists and figures are the account's own; what the protocol says of itself is for everybody", async () => {
    const operator = new TestOperator(target);
    const stream = await operator.subscribe(STREAM, 'migrations');
    const jobs: unknown[] = [];
    for (let nth = 0; nth < 3; nth++) jobs.push((await operator.migrate(await operator.vm())).body.job_id);
    for (const job of jobs) await over(stream, job);
    const page = (await operator.get('/api/v1/dwcp/migrations?status=completed&limit=2')).body;
    assert.equal(page.total, 3);
    assert.deepEqual(
      (page.migrations as unknown as { job_id: string }[]).map(({ job_id }) => job_id),
      [jobs[2], jobs[1]],
    );
    assert.equal((await operator.get('/api/v1/dwcp/migrations?status=in_progress')).body.total, 0);
    const { average_duration_ms, ...counts } = (await operator.get('/api/v1/dwcp/stats')).body;
    assert.deepEqual(counts, { active_migrations: 0, completed: 3, failed: 0, total: 3 });
    assert.ok(average_duration_ms! >= 199);
    assert.equal((await new TestOperator(target).get('/api/v1/dwcp/stats')).body.total, 0);
    for (const query of ['status=done', 'limit=0', 'limit=101', 'limit=ten']) {
      assert.equal((await operator.get(`/api/v1/dwcp/migrations?${query}`)).status, 400, query);
    }
    for (const path of ['/dwcp/v3/health', '/api/v1/dwcp/version']) {
      const { status, version } = await (await fetch(target.url + path)).json();
      assert.deepEqual([status, version], ['ok', '3.0.0']);
    }
  });

  test('migration-data-loss, migration-wrong-zone: a completed job says that data was lost, and not where its VM is', async () => {
    await withFaults('migration-data-loss=1,migration-wrong-zone=1', async (operator, stream) => {
      const vm = await operator.vm();
      const { body } = await operator.migrate(vm);
      await over(stream, body.job_id);
      const { status, target_zone, data_loss } = (await operator.get(`/api/v1/dwcp/migrations/${body.job_id}`)).body;
      assert.deepEqual([status, target_zone, data_loss], ['completed', 'us-east-1', true]);
      assert.equal(stream.messages.at(-1)!.data_loss, true);
      assert.equal((await operator.row(vm)).zone, 'eu-west-1');
    });
  });

  test('migration-stuck: that share stays in stop-and-copy, and the others go on', async () => {
    await withFaults('migration-stuck=0.5', async (operator, stream) => {
      const jobs: unknown[] = [];
      for (let nth = 0; nth < 20; nth++) jobs.push((await operator.migrate(await operator.vm())).body.job_id);
      const done = () =>
        new Set(
          stream
            .of('migration')
            .filter(isOver)
            .map(({ job_id }) => job_id),
        );
      const stuck = () =>
        new Set(
          stream
            .of('migration')
            .filter(isStuck)
            .map(({ job_id }) => job_id),
        );
      await stream.until(() => done().size + stuck().size === 20);
      assert.ok(stuck().size > 4 && stuck().size < 16, `${stuck().size} of 20`);
      assert.equal((await operator.get('/api/v1/dwcp/migrations?status=in_progress')).body.total, stuck().size);
      assert.equal((await operator.get('/api/v1/dwcp/migrations?status=completed')).body.total, done().size);
    });
  });
});

test('a target that starts ends what was left half done; one whose migrations it ended says that they failed', async (t) => {
  // The migrations stand still until their timer ticks.
  t.mock.timers.enable({ apis: ['setInterval'] });
  const operator = new TestOperator(target);
  const [stream, alerts] = await Promise.all([
    operator.subscribe(STREAM, 'migrations'),
    operator.subscribe('/realtime', 'alerts'),
  ]);
  const [vm, creating] = [await operator.vm(), await operator.vm({ status: 'creating' })];
  const { body } = await operator.migrate(vm);
  await recoverVms(target.database.pool);
  assert.deepEqual(await operator.row(vm).then(({ status, zone }) => [status, zone]), ['running', 'us-west-1']);
  assert.equal((await operator.row(creating)).status, 'stopped');
  const { status, error } = (await operator.get(`/api/v1/dwcp/migrations/${body.job_id}`)).body;
  assert.deepEqual([status, error], ['failed', 'The server was stopped before it was done.']);
  t.mock.timers.tick(10);
  await over(stream, body.job_id);
  assert.equal(stream.messages.at(-1)!.status, 'failed');
  await alerts.until(() => alerts.messages.length === 2);
  const { type, sequence, severity, vm_id } = alerts.messages[1]!;
  assert.deepEqual([type, sequence, severity, vm_id], ['alert', 1, 'critical', vm]);
});
