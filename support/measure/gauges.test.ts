import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GaugeLog, highest } from './gauges.ts';
import { MetricStore } from './store.ts';
import { TimeAxis } from './time-axis.ts';

test('the last value of each interval, at the place where the slices have theirs', () => {
  const log = new GaugeLog();
  log.note(0, { target_memory_bytes: 100 });
  log.note(999, { target_memory_bytes: 200, target_cpu_percent: 50 });
  log.note(1_000, { target_memory_bytes: 300 });
  log.note(3_500, { target_cpu_percent: 70 });
  const store = new MetricStore();
  const intervals = log.intervals(new TimeAxis([], 1_000));
  for (const interval of intervals) store.add(interval);
  assert.deepEqual(
    intervals.map(({ index, series }) => [index, Object.keys(series)]),
    [
      [0, ['target_memory_bytes', 'target_cpu_percent']],
      [1, ['target_memory_bytes']],
      [3, ['target_cpu_percent']],
    ],
  );
  const memory = { t: 'gauge', last: 300, min: 200, max: 300, sum: 500, n: 2 };
  assert.deepEqual(store.select('target_memory_bytes')!.pack(), memory);
  const cpu = { t: 'gauge', last: 70, min: 50, max: 70, sum: 120, n: 2 };
  assert.deepEqual(store.select('target_cpu_percent')!.pack(), cpu);
});

test('the latest value is that of the last reading that had one', () => {
  const log = new GaugeLog();
  assert.equal(log.latest('target_cpu_percent'), null);
  log.note(0, { target_cpu_percent: 5 });
  log.note(1_000, { target_memory_bytes: 1 });
  assert.equal(log.latest('target_cpu_percent'), 5);
  log.note(2_000, { target_cpu_percent: 0 });
  assert.equal(log.latest('target_cpu_percent'), 0);
});

test('without a reading there is no interval', () => {
  assert.deepEqual(new GaugeLog().intervals(new TimeAxis([], 1_000)), []);
});

test('of what several machines read of one target the highest counts, in each interval', () => {
  const gauge = (value: number) => ({ t: 'gauge', last: value, min: value, max: value, sum: value, n: 1 }) as const;
  const readings = [
    [{ index: 0, series: { cpu: gauge(10), memory: gauge(5) } }],
    [
      { index: 0, series: { cpu: gauge(30) } },
      { index: 2, series: { cpu: gauge(20) } },
    ],
  ];
  assert.deepEqual(highest(readings), [
    { index: 0, series: { cpu: gauge(30), memory: gauge(5) } },
    { index: 2, series: { cpu: gauge(20) } },
  ]);
  assert.deepEqual(highest([]), []);
});
