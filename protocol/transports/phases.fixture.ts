/** For tests: to which phase belongs what a transport records. */
import type { Recorder } from '../../support/measure/recorder.ts';
import { MetricStore } from '../../support/measure/store.ts';
import { TimeAxis } from '../../support/measure/time-axis.ts';
import { hearingSoftFailures } from '../../support/worker/soft-failures.ts';

/**
 * Does the work twice in the phase `drain`: as part of an iteration that was due in the phase `spike`, which has ended, and by itself.
 * @returns what was recorded
 */
export async function overPhases(recorder: Recorder, work: () => Promise<unknown>): Promise<MetricStore> {
  const now = performance.now();
  const axis = new TimeAxis([{ name: 'spike', startMs: 0, endMs: 60_000, load: 1 }], 60_000);
  // The spike ended a second ago.
  recorder.begin({ axis, startAt: now - 61_000 });
  recorder.enter(axis.indexAt(61_000));
  const hears = () => {};
  await hearingSoftFailures(hears, () => 'operation', work, now - 2_000);
  await work();
  const store = new MetricStore();
  for (const interval of [...recorder.packLate(), { index: 1, series: recorder.pack() }]) store.add(interval);
  return store;
}
