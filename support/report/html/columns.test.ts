import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinMetrics } from '../../measure/metrics.ts';
import { Recorder } from '../../measure/recorder.ts';
import { MetricStore } from '../../measure/store.ts';
import { TimeAxis } from '../../measure/time-axis.ts';
import { exampleRun, exampleTimeline } from '../record.fixture.ts';
import { scopesOf } from './columns.ts';

test('what succeeded and what failed are as many as were due, however late it is known what failed', () => {
  const planned = exampleTimeline();
  const recorder = new Recorder('sync-relay', 'load');
  recorder.begin({ axis: new TimeAxis(planned.phases, planned.intervalMs), startAt: 0 });
  const store = new MetricStore();
  store.define(builtinMetrics);
  const end = (dueSecond: number, failed: number) => {
    for (let n = 0; n < 10; n++) {
      recorder.add('iterations', 1, undefined, 1_000 * dueSecond);
      recorder.add('iteration_failed', failed, undefined, 1_000 * dueSecond);
    }
  };
  for (let second = 0; second < 10; second++) {
    if (second > 0) recorder.enter(second);
    // Those of the fourth second time out three seconds later.
    if (second >= 2 && second !== 4) end(second, 0);
    if (second === 7) end(4, 1);
    for (const interval of [...recorder.packLate(), { index: second, series: recorder.pack() }]) store.add(interval);
  }
  const { record } = exampleRun({}, planned, store);
  const { ok, failed } = scopesOf(record).find(({ name }) => name === 'sync-relay')!.columns;
  assert.deepEqual(ok, [null, null, 10, 10, 0, 10, 10, 10, 10, 10]);
  assert.deepEqual(failed, [null, null, 0, 0, 10, 0, 0, 0, 0, 0]);
});
