import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricSummary } from '../judge/verdict.ts';
import { allowedText } from './signals.ts';
import {
  browserTables,
  isNotable,
  journeyNames,
  operations,
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
  assert.deepEqual([null, 1.49, 1.5, 3].map(isNotable), [false, false, true, true]);
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
