import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricSummary, Verdict } from '../judge/verdict.ts';
import { allowedText, signalOwner } from './signals.ts';
import {
  browserTables,
  isNotable,
  journeyNames,
  operations,
  scenarioRows,
  signals,
  slowdown,
  thresholdState,
  totalIterations,
  typicalStat,
} from './tables.ts';
import { exampleVerdict, passedVerdict, signal } from './verdict.fixture.ts';

const trend = (med: number): MetricSummary => ({
  type: 'trend',
  contains: 'time',
  count: 9,
  values: { med, 'p(95)': med },
});

test('calm stands beside load; a half that is missing is null', () => {
  const steps = browserTables(exampleVerdict()).find((g) => g.title === 'Steps')!;
  const sync = steps.rows.find((r) => r.label === 'light · sync')!;
  assert.equal(sync.calm?.count, 12);
  assert.equal(sync.load?.count, 104);
  assert.equal(slowdown(sync, 'med')?.toFixed(2), '1.90');
  const imports = steps.rows.find((r) => r.label === 'power · import-csv')!;
  assert.equal(imports.calm, null);
  assert.equal(slowdown(imports, 'med'), null);
});

test('of several cuts through a metric one is shown, the others repeat it', () => {
  const metrics = {
    'browser_step_duration{phase:load}': trend(1),
    'browser_step_duration{journey:light,step:sync}': trend(2),
    'browser_step_duration{journey:light,phase:load,step:sync}': trend(3),
    'browser_web_vital_lcp{journey:light,phase:load}': trend(4),
    'browser_web_vital_lcp{phase:load}': trend(5),
    'browser_unheard_of{phase:load,stage:1}': trend(6),
  };
  const rows = browserTables(exampleVerdict({ metrics })).flatMap((g) =>
    g.rows.map((r) => [r.label, r.load?.values.med]),
  );
  assert.deepEqual(rows, [
    ['light · sync', 3],
    ['LCP, main content shown', 5],
    ['unheard of', 6],
  ]);
});

test('without a window, a browser metric counts as load', () => {
  const [group] = browserTables(exampleVerdict({ metrics: { browser_web_vital_fcp: trend(7) } }));
  assert.deepEqual(group, {
    title: 'Page vitals',
    rows: [{ label: 'FCP, first content', unit: 'ms', calm: null, load: trend(7) }],
  });
});

test('typical is p(75) only when every row has it', () => {
  assert.equal(typicalStat(browserTables(exampleVerdict())), 'p(75)');
  assert.equal(typicalStat(browserTables(exampleVerdict({ metrics: { browser_web_vital_fcp: trend(7) } }))), 'med');
  assert.equal(typicalStat([]), 'med');
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

test('a slowdown stands out from one factor on, whoever draws it', () => {
  const row = (calm: number, load: number, samples = 10) => {
    const half = (med: number) =>
      ({ type: 'trend', contains: 'time', count: samples, values: { med } }) satisfies MetricSummary;
    return { label: 'x', unit: 'ms', calm: half(calm), load: half(load) } as const;
  };
  assert.deepEqual(
    [row(0, 9), row(100, 149), row(100, 150), row(100, 300)].map((one) => isNotable(one, 'med')),
    [false, false, true, true],
  );
  assert.equal(isNotable(row(100, 900, 9), 'med'), false, 'of few samples chance tells');
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
