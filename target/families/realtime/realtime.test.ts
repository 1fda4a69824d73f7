import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import { WebSocket } from 'ws';
import { hashToken } from '../../core/accounts.ts';
import { type Event, Events } from '../../core/events.ts';
import { type ProcessLink, targetFigures } from '../../core/server.ts';
import { type TestDatabase, testDatabase } from '../../core/target.fixture.ts';
import { parseFaults, startTarget, type Target } from '../../target.ts';
import { TestOperator, type TestStream } from '../vms/operator.fixture.ts';
import { realtime } from './family.ts';

let database: TestDatabase;
let databaseUrl: string;
let target: Target;
before(async () => {
  database = await testDatabase();
  databaseUrl = database.url;
  target = await startTarget({ webFolder: 'none', databaseUrl, metricsEveryMs: 50 });
});
after(async () => {
  await target.stop();
  await database.stop();
});

const PING = { type: 'ping', timestamp: 5, client_id: 'phone' };

const sequences = (stream: TestStream) => stream.of('vm_status').map(({ sequence }) => sequence);

/** Changes VMs of two accounts in turns, by the routes. */
async function changeVms(operators: TestOperator[], times: number): Promise<void> {
  const vms = await Promise.all(operators.map((operator) => operator.vm()));
  for (let time = 0; time < times; time++) {
    const action = time % 2 === 0 ? 'stop' : 'start';
    const answers = await Promise.all(
      operators.map((operator, index) => operator.post(`/api/v1/vms/${vms[index]}/${action}`, {})),
    );
    for (const { status } of answers) assert.equal(status, 200);
  }
}

test('numbers have no gap in an account, whoever else changes something at the same time', async () => {
  const operators = [new TestOperator(target), new TestOperator(target)];
  const streams = await Promise.all(operators.map((operator) => operator.subscribe('/realtime', 'vm_status')));
  await changeVms(operators, 4);
  const late = await operators[0]!.subscribe('/realtime', 'vm_status');
  assert.equal(late.messages[0]!.sequence, 4);
  for (const stream of streams) {
    await stream.until(() => stream.of('vm_status').length === 4);
    assert.deepEqual(stream.messages[0]!.sequence, 0);
    assert.deepEqual(sequences(stream), [1, 2, 3, 4]);
    assert.deepEqual(
      stream.of('vm_status').map(({ status }) => status),
      ['stopped', 'running', 'stopped', 'running'],
    );
  }
  // Who unsubscribes gets no more, and others do.
  assert.equal((await streams[0]!.ask({ action: 'unsubscribe', channel: 'vm_status' })).type, 'unsubscribed');
  await changeVms(operators, 1);
  await late.until(() => late.of('vm_status').length === 1);
  await streams[0]!.ask(PING);
  assert.deepEqual([sequences(streams[0]!), sequences(late)], [[1, 2, 3, 4], [5]]);
});

test('questions are answered, and what is not understood is answered with what is', async () => {
  const operator = new TestOperator(target);
  const [vm, foreign, stream, dwcp] = await Promise.all([
    operator.vm({ status: 'stopped', zone: 'eu-west-1' }),
    new TestOperator(target).vm(),
    operator.connect('/realtime'),
    operator.connect('/dwcp/v3/stream'),
  ]);
  for (const each of [stream, dwcp]) {
    const { timestamp, ...pong } = await each.ask(PING);
    assert.deepEqual(pong, { type: 'pong', channel: 'control', client_timestamp: 5, client_id: 'phone' });
    assert.ok(Math.abs(Date.now() - (timestamp as number)) < 5_000);
  }
  const state = async (id: string) => {
    const { type, vm_id, status, zone } = await stream.ask({ type: 'vm_query', action: 'get_status', vm_id: id });
    assert.deepEqual([type, vm_id], ['vm_query_result', id]);
    return [status, zone];
  };
  assert.deepEqual(await state(vm), ['stopped', 'eu-west-1']);
  assert.deepEqual(await state(foreign), [null, null]);
  assert.deepEqual(await state(randomUUID()), [null, null]);
  for (const resource of ['cpu', 'memory']) {
    const { type, value } = await stream.ask({ type: 'metric_query', action: 'get_metrics', resource });
    assert.equal(type, 'metric_query_result');
    assert.ok((value as number) >= 0);
  }

  const cases: [TestStream, unknown, RegExp][] = [
    [stream, 'hello', /^A message must be a JSON object\.$/],
    [stream, [], /^A message must be a JSON object\.$/],
    [
      stream,
      { action: 'subscribe', channel: 'migrations' },
      /^channel must be one of vm_status, system_metrics, alerts\.$/,
    ],
    [dwcp, { action: 'subscribe', channel: 'alerts' }, /^channel must be one of migrations\.$/],
    [stream, { type: 'vm_query', action: 'get_status', vm_id: 'x' }, /^vm_id must be the id of a VM\.$/],
    [
      stream,
      { type: 'metric_query', action: 'get_metrics', resource: 'gpu' },
      /^resource must be one of cpu, memory\.$/,
    ],
    [stream, { type: 'vm_query', action: 'stop' }, /^Understood are action subscribe and unsubscribe, type ping, /],
    [dwcp, { type: 'vm_query' }, /^Understood are action subscribe and unsubscribe, and type ping\.$/],
  ];
  for (const [each, message, expected] of cases) {
    const { type, channel, message: sentence } = await each.ask(message);
    assert.deepEqual([type, channel], ['error', 'control']);
    assert.match(sentence as string, expected);
  }
});

test('without account there is no connection', async () => {
  for (const path of ['/realtime', '/dwcp/v3/stream']) {
    const socket = new WebSocket(target.url.replace('http', 'ws') + path);
    const [, response] = await once(socket, 'unexpected-response');
    assert.equal(response.statusCode, 401);
  }
});

test('system metrics come for everybody as long as somebody listens', async () => {
  const [one, other] = [new TestOperator(target), new TestOperator(target)];
  await one.vm({ status: 'migrating' });
  const streams = [
    await one.subscribe('/realtime', 'system_metrics'),
    await other.subscribe('/realtime', 'system_metrics'),
  ];
  for (const stream of streams) await stream.until(() => stream.messages.length === 4);
  const [first, second] = streams.map((stream) => stream.of('system_metrics').at(-1)!);
  assert.ok(first!.sequence >= 3 && second!.sequence >= 3);
  const { cpu_percent, memory_bytes, vms, active_migrations, connections } = second!;
  assert.ok((cpu_percent as number) >= 0 && (memory_bytes as number) > 1e7 && (vms as number) >= 1);
  assert.equal(active_migrations, 0);
  assert.ok((connections as number) >= 2, String(connections));
  for (const stream of streams) {
    const numbers = stream.of('system_metrics').map(({ sequence }) => sequence);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => stream.messages[0]!.sequence + index + 1),
    );
    stream.socket.close();
    await once(stream.socket, 'close');
  }
});

test('of several processes they are the sum, and there are none when nobody listens', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const pool = { query: async () => ({ rows: [{ vms: 3, active_migrations: 2 }] }) } as unknown as pg.Pool;
  const events = new Events();
  const systemMetrics = targetFigures([realtime], { pool, events }, 5_000);
  const figures = { cpuPercent: 40, memoryBytes: 1_000, connections: 7, listeners: 0 };
  systemMetrics.report(figures, 1);
  systemMetrics.report(figures, 2);
  t.mock.timers.tick(5_000);
  await systemMetrics.stop();
  assert.equal(events.lastSequence('system_metrics', undefined), 0);

  const listening = targetFigures([realtime], { pool, events }, 5_000);
  listening.report(figures, 1);
  listening.report({ ...figures, listeners: 1 }, 2);
  const published: Event[] = [];
  events.listen((event) => published.push(event));
  t.mock.timers.tick(5_000);
  await listening.stop();
  const { timestamp: _, ...event } = published[0]!;
  assert.deepEqual(event, {
    type: 'system_metrics',
    channel: 'system_metrics',
    sequence: 1,
    cpu_percent: 80,
    memory_bytes: 2_000,
    vms: 3,
    active_migrations: 2,
    connections: 14,
  });
});

const PUBLISHED = 100;

/** What is published, by a target with a fault, to one receiver and then to another. */
async function received(fault: string): Promise<[number[], number[]]> {
  const link: ProcessLink = { events: new Events(), report: () => {}, poolSize: 2, hasOwnPort: false };
  const faulty = await startTarget({ webFolder: 'none', databaseUrl, faults: parseFaults(fault), link });
  try {
    const operator = new TestOperator(faulty);
    const streams = [
      await operator.subscribe('/realtime', 'vm_status'),
      await operator.subscribe('/realtime', 'vm_status'),
    ] as const;
    for (let nth = 0; nth < PUBLISHED; nth++) {
      link.events.publish('vm_status', `token:${hashToken(operator.token)}`, 'vm_status', { nth });
    }
    // An answer comes after everything that was sent before it.
    for (const stream of streams) await stream.ask(PING).then(() => stream.until(() => stream.of('pong').length === 1));
    return [sequences(streams[0]), sequences(streams[1])];
  } finally {
    await faulty.stop();
  }
}

test('event-drop, event-duplicate and event-reorder strike each receiver for itself, after numbering', async () => {
  const all = Array.from({ length: PUBLISHED }, (_, index) => index + 1);
  const isShare = (strikes: number) => assert.ok(strikes > 15 && strikes < 45, `${strikes} of ${PUBLISHED}`);

  const [dropped, duplicated, reordered] = await Promise.all(
    ['event-drop=0.3', 'event-duplicate=0.3', 'event-reorder=0.3'].map(received),
  );
  for (const came of dropped!) {
    isShare(PUBLISHED - came.length);
    assert.deepEqual(
      came,
      [...new Set(came)].toSorted((a, b) => a - b),
    );
  }
  assert.notDeepEqual(dropped![0], dropped![1]);
  assert.deepEqual(await received('event-drop=0.3'), dropped, 'the same with the same seed');

  for (const came of duplicated!) {
    isShare(came.length - PUBLISHED);
    assert.deepEqual([...new Set(came)], all);
    assert.deepEqual(
      came,
      came.toSorted((a, b) => a - b),
      'a duplicate comes at once',
    );
  }
  assert.notDeepEqual(duplicated![0], duplicated![1]);

  for (const came of reordered!) {
    const late = came.filter((sequence, index) => came[index - 1] === sequence + 1);
    assert.ok(late.length > 10 && late.length < 45, `${late.length} of ${PUBLISHED}`);
    // The very last may be held back still.
    assert.deepEqual(
      came.toSorted((a, b) => a - b),
      all.slice(0, came.length),
    );
    assert.ok(came.length >= PUBLISHED - 1);
  }
  assert.notDeepEqual(reordered![0], reordered![1]);

  assert.deepEqual(await received('event-drop=0,event-duplicate=0,event-reorder=0'), [all, all]);
});

test('an event that is held back and has no successor comes all the same', async () => {
  const link: ProcessLink = { events: new Events(), report: () => {}, poolSize: 2, hasOwnPort: false };
  const faulty = await startTarget({ webFolder: 'none', databaseUrl, faults: parseFaults('event-reorder=1'), link });
  const operator = new TestOperator(faulty);
  const stream = await operator.subscribe('/realtime', 'vm_status');
  const vm = await operator.vm();
  await operator.post(`/api/v1/vms/${vm}/stop`, {});
  await stream.ask(PING);
  assert.deepEqual(sequences(stream), []);
  await stream.until(() => stream.of('vm_status').length === 1);
  await faulty.stop();
});
