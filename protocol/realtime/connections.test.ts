import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { delivery } from '../../support/check/delivery.ts';
import { Recorder } from '../../support/measure/recorder.ts';
import { readOptions } from '../../support/options.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { type TestDatabase, testDatabase } from '../../target/core/target.fixture.ts';
import { parseFaults, startTarget } from '../../target/target.ts';
import { vmMetrics, vmToken } from '../apis/vms/api.ts';
import { recorded, testSlice, testVu } from '../slice.fixture.ts';
import { realtimeMetrics } from './api.ts';
import { Connections } from './connections.ts';
import { realtimeOptions } from './options.ts';
import { eventsTold } from './watched-vm.ts';

const CONNECTIONS = 5;

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database?.stop());

/** Connections that listen to a target of their own until so many events have come, and then end. */
async function listen(faults: string, events: number) {
  const target = await startTarget({ webFolder: 'none', databaseUrl: database.url, faults: parseFaults(faults) });
  const recorder = new Recorder('test', 'load', metricDefinitions({ ...realtimeMetrics, ...vmMetrics }));
  let over = false;
  const slice = {
    ...testSlice(target.url),
    recorder,
    options: readOptions(
      realtimeOptions,
      { channels: ['vm_status'], life: '1h', heartbeat: '80ms', queries: 600, changes: 100 },
      'options',
    ),
    isOver: () => over,
  };
  const connections = new Connections(slice);
  const series = recorder.counter('realtime_events', { channel: 'vm_status' });
  const add = series.add.bind(series);
  let heard = 0;
  series.add = (value, at) => {
    heard += Number(value);
    add(value, at);
  };
  const vus = Array.from({ length: CONNECTIONS }, (_, id) => testVu(slice, id));
  const lives = vus.map((vu) => connections.live(connections.join(vu)));
  while (heard < events) await wait(5);
  over = true;
  await Promise.all(lives);
  const outcomes = vus.map((vu) => vu.takeOutcome());
  const evidence = connections.evidence();
  await connections.close();
  const headers = { authorization: `Bearer ${vmToken(slice)}` };
  const { pagination } = await (await fetch(`${target.url}/api/v1/vms`, { headers })).json();
  await target.stop();
  return {
    result: delivery([evidence['event-delivery']!]),
    contents: eventsTold([evidence['events-told']!]),
    metrics: recorded(slice),
    errors: recorder.errors,
    outcomes,
    pagination,
  };
}

test('against a target that keeps its promise: all is measured, nothing is missed, the VM is deleted', async () => {
  const { result, contents, metrics, errors, outcomes, pagination } = await listen('', 300);
  assert.equal(contents.violations, 0);
  assert.ok(contents.checked > 10);
  assert.deepEqual([result.status, result.violations, result.examples], ['ok', 0, []]);
  assert.ok(result.checked >= 300);
  assert.deepEqual([result.counts?.subscriptions, result.counts?.confirmed], [CONNECTIONS, CONNECTIONS]);
  assert.deepEqual(errors, {});
  assert.deepEqual(outcomes, Array(CONNECTIONS).fill('ok'));
  for (const metric of ['ws_connecting', 'ws_session_duration', 'realtime_query_duration']) {
    assert.equal(metrics[metric]?.t, 'trend', metric);
  }
  assert.equal(metrics['realtime_event_latency{channel:vm_status}']?.t, 'trend');
  const offset = metrics.realtime_clock_offset;
  assert.ok(offset?.t === 'gauge' && Math.abs(offset.last) < 1_000);
  for (const metric of ['lost', 'duplicated', 'reordered']) {
    const packed = metrics[`realtime_events_${metric}`];
    assert.deepEqual(packed, { t: 'counter', sum: 0 }, metric);
  }
  assert.equal(pagination.total, 0);
});

for (const [fault, breach] of [
  ['event-drop=0.1', 'lost'],
  ['event-duplicate=0.1', 'duplicated'],
  ['event-reorder=0.1', 'reordered'],
] as const) {
  test(`${fault}: events are ${breach}, and nothing else is wrong with them`, async () => {
    const { result, metrics } = await listen(fault, 200);
    assert.equal(result.status, 'violated');
    assert.equal(result.counts?.[breach], result.violations);
    assert.equal((result.examples[0] as { breach: string }).breach, breach);
    assert.deepEqual(metrics[`realtime_events_${breach}`], { t: 'counter', sum: result.violations });
  });
}
