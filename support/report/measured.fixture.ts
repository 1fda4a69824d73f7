/** What two slices of a load, a journey and the target's gauges leave behind, for the tests of everything that exports it. */
import { builtinMetrics } from '../measure/metrics.ts';
import { Recorder } from '../measure/recorder.ts';
import { MetricStore } from '../measure/store.ts';
import { TimeAxis } from '../measure/time-axis.ts';

export const INTERVAL_MS = 2_000;

/** Three intervals of 2 s. Every slice pushes 20 times in each, in 1 … 20 ms times slice × (index + 1). */
export function measured() {
  const store = new MetricStore();
  store.define(builtinMetrics);
  for (const slice of [1, 2]) {
    const relay = new Recorder('relay', 'load');
    for (const index of [0, 1, 2]) {
      for (let n = 1; n <= 20; n += 1) relay.add('http_req_duration', n * slice * (index + 1), { op: 'push' });
      relay.add('iterations', 10 * slice);
      relay.add('data_received', 1_000);
      relay.add('http_req_failed', slice - 1);
      relay.add('vus', slice * 10 + index);
      store.add({ index, series: relay.pack() });
    }
  }
  const light = new Recorder('light', 'journey');
  light.add('browser_web_vital_cls', 0.25, { phase: 'load' });
  store.add({ index: 1, series: light.pack() });
  return { store, axis: new TimeAxis([], INTERVAL_MS), intervals: 3 };
}
