import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricSummary, Verdict } from '../judge/verdict.ts';
import { Recorder } from '../measure/recorder.ts';
import { TimeAxis } from '../measure/time-axis.ts';
import { payloadOf } from './html/payload.ts';
import { exampleRun, exampleStore, exampleTimeline } from './record.fixture.ts';
import { allowedText, signalOwner } from './signals.ts';
import {
  journeyNames,
  operations,
  phaseRows,
  scenarioRows,
  signals,
  slowestOf,
  thresholdState,
  totalIterations,
} from './tables.ts';
import { exampleVerdict, operationsOf, passedVerdict, signal } from './verdict.fixture.ts';

const trend = (med: number): MetricSummary => ({
  type: 'trend',
  contains: 'time',
  count: 9,
  values: { med, 'p(95)': med },
});

test('protocol work is told per scenario, journeys are not among it', () => {
  const verdict = exampleVerdict();
  assert.deepEqual(journeyNames(verdict), ['light', 'power']);
  const untagged = { x_duration: trend(1) };
  const [relay, rest, ...more] = operations(exampleVerdict({ metrics: { ...verdict.metrics, ...untagged } }));
  assert.equal(relay?.scenario, 'sync-relay');
  assert.equal(relay?.iterations, 24_690);
  assert.deepEqual(
    relay?.rows.map((r) => r.label),
    ['sync push', 'sync pull', 'HTTP request'],
  );
  assert.deepEqual(
    relay?.counts.map((c) => c.label),
    ['HTTP request failed', 'changes accepted', 'changes rejected', 'data received', 'checks · is-status-200'],
  );
  assert.equal(rest?.scenario, null);
  assert.deepEqual(
    rest?.rows.map((r) => r.label),
    ['x'],
  );
  assert.deepEqual(more, []);
});

test('of connections what is waited for in them stands in the place of their lives', () => {
  const planned = exampleTimeline();
  const phases = planned.phases.map((phase) => (phase.load === 0 ? { ...phase, load: 1 } : phase));
  const store = exampleStore(planned);
  const message = { type: 'trend', contains: 'time', followed: true, waitedFor: true } as const;
  store.define({ message_latency: message });
  const recorder = new Recorder('sync-relay', 'load', { message_latency: message });
  recorder.begin({ axis: new TimeAxis(planned.phases, planned.intervalMs), startAt: 0 });
  for (const index of [0, 3]) {
    recorder.enter(index);
    for (const channel of ['a', 'b']) recorder.add('message_latency', 0.5, { channel });
    recorder.add('iterations', 1);
    store.add({ index, series: recorder.pack() });
  }
  const [ofLives] = exampleVerdict().thresholds;
  const ofMessages = { ...ofLives!, metric: 'message_latency{scenario:sync-relay}', expression: 'p(95)<5', limit: 5 };
  const { verdict, record } = exampleRun({ phases, thresholds: [ofLives!, ofMessages] }, planned, store);
  const [relay] = operations(verdict);
  assert.deepEqual(
    relay?.times.map(({ label }) => label),
    ['connection, its whole life'],
  );
  assert.equal(relay?.hiddenWait, null);
  const [row] = scenarioRows(verdict);
  assert.deepEqual([row?.done, row?.response?.values.max, row?.response?.count], [relay?.iterations, 0.5, 4]);
  assert.ok(row!.perSecond! < row!.done, 'of the connections, not of the messages');
  const loaded = phaseRows(verdict).find(({ scenario, response }) => scenario === 'sync-relay' && response);
  assert.equal(loaded?.response?.values.max, 0.5);
  const { scopes, limits } = payloadOf(verdict, record);
  const scope = scopes.find(({ name }) => name === 'sync-relay');
  assert.deepEqual(new Set(scope?.columns['response p95']), new Set([null, 0.5]));
  assert.deepEqual(
    limits.map(({ chart, label }) => [chart, label]),
    [['response', 'p(95)<5']],
  );
  const others = exampleRun({ thresholds: [ofLives!] });
  assert.equal(payloadOf(others.verdict, others.record).limits[0]?.label, 'p(95)<500');
});

test('of many operations the slowest stand behind what is told of all of them', () => {
  const all = { 'http_req_duration{scenario:attack}': trend(1) };
  const [attack] = operations(exampleVerdict({ metrics: { ...operationsOf(60), ...all } }));
  const slowest = slowestOf(attack!.rows);
  assert.deepEqual([slowest?.shown, slowest?.of], [50, 60]);
  const labels = slowest?.rows.map(({ label }) => label);
  assert.deepEqual(labels?.slice(0, 3), ['HTTP request', 'HTTP request · GET /60', 'HTTP request · GET /59']);
  assert.equal(labels?.at(-1), 'HTTP request · GET /11');
  const [few] = operations(exampleVerdict({ metrics: { ...operationsOf(50), ...all } }));
  assert.equal(slowestOf(few!.rows), undefined);
});

test('what never ended is in the figures of its operation, and no operation of its own', () => {
  const share = (rate: number): MetricSummary => ({ type: 'rate', contains: 'default', count: 9, values: { rate } });
  const metrics = {
    'http_req_duration{op:push,scenario:relay}': trend(3),
    'http_req_duration{op:pull,scenario:relay}': trend(4),
    'http_req_duration{op:push,scenario:relay,unfinished:yes}': trend(9_000),
    'iteration_failed{scenario:relay}': share(0.1),
    'iteration_failed{scenario:relay,unfinished:yes}': share(1),
  };
  const [relay] = operations(exampleVerdict({ metrics }));
  const labels = (rows: { label: string }[]) => rows.map(({ label }) => label);
  assert.deepEqual(labels(relay!.rows), ['HTTP request · push', 'HTTP request · pull']);
  assert.deepEqual(labels(relay!.counts), ['iteration failed']);
});

test('the wait for a free VU is pointed out only where it hid something', () => {
  assert.deepEqual(operations(exampleVerdict())[0]!.hiddenWait, { responseMs: 1_420, serviceMs: 141 });
  assert.equal(operations(passedVerdict())[0]!.hiddenWait, null);
});

test('iterations come from the total, else from the scenarios', () => {
  assert.equal(totalIterations(exampleVerdict()), 24_794);
  const { iterations: _, ...metrics } = exampleVerdict().metrics;
  assert.equal(totalIterations(exampleVerdict({ metrics })), 24_794);
  assert.equal(totalIterations(exampleVerdict({ metrics: {} })), 0);
});

test('a request with a name of its own, and the only value of a tag, are told once', () => {
  const metrics = {
    'iterations{scenario:relay}': { type: 'counter', contains: 'default', count: 7, values: { count: 7, rate: 1 } },
    'http_req_duration{op:push,scenario:relay}': trend(3),
    'http_req_duration{op:pull,scenario:relay}': trend(4),
    'sync_push_duration{scenario:relay}': trend(3),
    'wait_time{kind:yjs,scenario:relay}': trend(5),
    'wait_time{scenario:relay}': trend(5),
  } satisfies Verdict['metrics'];
  const [relay] = operations(exampleVerdict({ metrics }));
  assert.deepEqual(
    relay?.rows.map(({ label }) => label),
    ['HTTP request · pull', 'sync push', 'wait time'],
  );
});

test('of a signal in several phases the worst is told, once', () => {
  const { health } = exampleVerdict();
  const calm = { ...signal('machine-cpu', 0.99, 0.95, 'ratio'), phase: 'calm' };
  const all = [signal('machine-cpu', 0.97, 0.95, 'ratio'), calm, signal('steal', 0, 0.1, 'ratio')];
  const { saturated, healthy } = signals(exampleVerdict({ health: { ...health, signals: all } }));
  assert.deepEqual([saturated, healthy.length], [[calm], 1]);
  assert.equal(signalOwner(calm), 'the machine in the calm');
});

test('scenarios in a line each: loads, then journeys', () => {
  const [relay, light] = scenarioRows(passedVerdict());
  assert.deepEqual([relay?.scenario, relay?.done, relay?.response?.values.med], ['sync-relay', 24_690, 12.1]);
  assert.deepEqual([light?.scenario, light?.done, light?.failed, light?.response], ['light', 116, 1, null]);
});

test('how often there was a session is over the time in which its journey was scheduled', () => {
  const { metrics } = passedVerdict();
  const sessions = { type: 'counter', contains: 'default', count: 116, values: { count: 116, rate: 2 } } as const;
  const [, light] = scenarioRows(
    exampleVerdict({ metrics: { ...metrics, 'browser_sessions{journey:light}': sessions } }),
  );
  assert.equal(light?.perSecond, 2);
  assert.equal(scenarioRows(passedVerdict())[1]?.perSecond, 116 / 125);
});

test('a threshold is held, missed, undecided or unmeasured', () => {
  const [threshold] = exampleVerdict().thresholds;
  const state = (observed: number | null, ok: boolean, decided: boolean) =>
    thresholdState({ ...threshold!, observed, ok, decided });
  assert.equal(state(1, true, true), 'held');
  assert.equal(state(1, false, true), 'missed');
  assert.equal(state(1, true, false), 'undecided');
  assert.equal(state(1, false, false), 'undecided');
  assert.equal(state(null, false, false), 'unmeasured');
});

test('of a signal the most is allowed, of the load that was sent the least', () => {
  assert.equal(allowedText(signal('machine-cpu', 0.5, 0.95, 'ratio')), '≤ 95 %');
  assert.equal(allowedText(signal('delivered', 0.5, 0.99, 'ratio')), '≥ 99 %');
});
