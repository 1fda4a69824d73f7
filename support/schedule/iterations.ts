import type { Evidence } from '../measure/evidence.ts';
import type { Recorder } from '../measure/recorder.ts';
import type { AnySeries } from '../measure/series.ts';
import type { Iteration } from './executor.ts';

/** What became of an iteration. `indeterminate`: a write that timed out, it may have happened. */
export type Outcome = 'ok' | 'failed' | 'indeterminate';

export interface Work<V> {
  createVu(id: number): V | Promise<V>;
  /** Operations by name; iteration metrics carry it as the tag `op`. One unnamed operation: `''`. */
  operations: readonly string[];
  /** Which operation iteration `index` is; the same whatever the number of slices. */
  operationOf(index: number): number;
  /** Does the work of one iteration. What it throws is the suite's fault and ends the slice. */
  run(vu: V, operation: number, iteration: Iteration): Promise<Outcome>;
  /** Once no slice loads the target any more: looks at what has become of the work. Nothing of it is measured. */
  settle?(): Promise<void>;
  /** What the oracles will judge; asked for at the very end, however the slice ended. */
  evidence?(): Evidence;
}

interface OperationSeries {
  responseTime: AnySeries;
  duration: AnySeries;
  iterations: AnySeries;
  failed: AnySeries;
}

/**
 * The executor's `run` for `work`: does an iteration and records its figures.
 * @param isOver from when on nothing is recorded: what becomes of an iteration that was given up and counted as interrupted,
 *   while its browser or connection is closed, is no result
 */
export function recordedIterations<V>(work: Work<V>, recorder: Recorder, isOver: () => boolean) {
  const series = work.operations.map((op) => operationSeries(recorder, op));
  const lateness = recorder.trend('iteration_lateness');
  const generatorLateness = recorder.trend('generator_lateness');
  return (vu: V, iteration: Iteration): Promise<void> => {
    const { index, dueAt, startAt, waitedForVu } = iteration;
    lateness.add(startAt - dueAt);
    if (!waitedForVu) generatorLateness.add(startAt - dueAt);
    const operation = work.operationOf(index);
    // No async function: its frame would be kept as long as the iteration lasts, for each of 100,000 VUs.
    return work.run(vu, operation, iteration).then((outcome) => {
      if (isOver()) return;
      const end = performance.now();
      const { responseTime, duration, iterations, failed } = series[operation]!;
      responseTime.add(end - iteration.dueAt);
      duration.add(end - iteration.startAt);
      iterations.add(1);
      failed.add(outcome === 'ok' ? 0 : 1);
    });
  };
}

function operationSeries(recorder: Recorder, op: string): OperationSeries {
  const tags: Record<string, string> = op ? { op } : {};
  return {
    responseTime: recorder.trend('iteration_response_time', tags),
    duration: recorder.trend('iteration_duration', tags),
    iterations: recorder.counter('iterations', tags),
    failed: recorder.rate('iteration_failed', tags),
  };
}
