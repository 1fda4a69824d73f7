import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricSummary } from '../judge/verdict.ts';
import { browserTables, browserTimes, isNotable, slowdown, typicalStat } from './browser-times.ts';
import { exampleVerdict } from './verdict.fixture.ts';

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

test('the table as text is the same wherever it is drawn; without journeys there is none', () => {
  const all = browserTimes(exampleVerdict())!;
  assert.deepEqual(all.columns, ['calm p75', 'load p75', 'load/calm', 'calm p95', 'load p95', 'samples']);
  const steps = all.groups.find(({ title }) => title === 'Steps')!;
  const shown = steps.rows.map(({ row, figures, isNotable }) => [row.label, ...figures, isNotable]);
  assert.deepEqual(
    shown.find(([label]) => label === 'light · sync'),
    ['light · sync', '71.2 ms', '217 ms', '×3.05', '88.0 ms', '402 ms', '12/104', true],
  );
  assert.deepEqual(shown.find(([label]) => label === 'power · import-csv')?.slice(1, 4), ['–', '1.05 s', '–']);
  assert.equal(browserTimes(exampleVerdict({ metrics: {} })), null);
});
