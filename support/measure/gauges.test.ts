import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GaugeLog, highest } from './gauges.ts';
import { MetricStore } from './store.ts';
import { TimeAxis } from './time-axis.ts';

test('the last value of each interval, with the least and the most, at the place where the slices have theirs', () => {
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
  const memory = { t: 'gauge', last: 300, min: 100, max: 300, sum: 500, n: 2 };
  assert.deepEqual(store.select('target_memory_bytes')!.pack(), memory);
  const cpu = { t: 'gauge', last: 70, min: 50, max: 70, sum: 120, n: 2 };
  assert.deepEqual(store.select('target_cpu_percent')!.pack(), cpu);
});

test('what was highest between two ends of intervals is not lost, in one reading or in those of several machines', () => {
  const peaks = (...readings: number[]) => {
    const log = new GaugeLog();
    for (const [i, value] of readings.entries()) log.note(5_000 * i, { target_cpu_percent: value });
    return log.intervals(new TimeAxis([], 15_000));
  };
  const of = (intervals: ReturnType<typeof peaks>) => {
    const store = new MetricStore();
    for (const interval of intervals) store.add(interval);
    const { last, min, max } = store.select('target_cpu_percent')!.pack() as { last: number; min: number; max: number };
    return [last, min, max];
  };
  assert.deepEqual(of(peaks(10, 99, 20)), [20, 10, 99]);
  assert.deepEqual(of(highest([peaks(10, 99, 20), peaks(10, 70, 30)])), [30, 10, 99]);
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
