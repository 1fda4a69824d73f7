import type { Evidence } from '../measure/evidence.ts';
import { unfinished } from '../measure/metrics.ts';
import type { RecordedSeries } from '../measure/recorded-series.ts';
import type { Recorder } from '../measure/recorder.ts';
import type { CutReason, ExecutorOptions, Iteration } from './executor.ts';

/** What became of an iteration. `indeterminate`: a write that timed out, it may have happened. */
export type Outcome = 'ok' | 'failed' | 'indeterminate';

export interface Work<V> {
  createVu(id: number): V | Promise<V>;
  /** Operations by name; iteration metrics carry it as the tag `op`. One unnamed operation: `''`. */
  operations: readonly string[];
  /** Which operation iteration `index` is; the same whatever the number of slices. */
  operationOf(index: number): number;
  /**
   * Does the work of one iteration. What it throws is the suite's fault and ends the slice. `stopped`: it was given up because the run
   * was ended, which is nobody's failure.
   */
  run(vu: V, operation: number, iteration: Iteration): Promise<Outcome | 'stopped'>;
  /** The iteration that the VU is in is no longer waited for, and its own figures have been recorded. */
  cutOff?(vu: V, why: Exclude<CutReason, 'stopped'>): void;
  /** Once no slice loads the target any more: looks at what has become of the work. Nothing of it is measured. */
  settle?(): Promise<void>;
  /** How long that may take; default 1 min. */
  settleLimitMs?: number;
  /** What the oracles will judge; asked for at the very end, however the slice ended. */
  evidence?(): Evidence;
}

interface OperationSeries {
  responseTime: RecordedSeries;
  duration: RecordedSeries;
  iterations: RecordedSeries;
  failed: RecordedSeries;
}

/**
 * What an executor does for `work`: an iteration, and its figures. One that was cut off has failed, and its age is the least that
 * it would have taken; what comes of it later is no result. When we ended the run it is nobody's failure.
 */
export function recordedIterations<V>(
  work: Work<V>,
  recorder: Recorder,
): Pick<ExecutorOptions<V>, 'run' | 'onCut' | 'onDropped'> {
  const series = work.operations.map((op) => operationSeries(recorder, tagsOf(op)));
  const cut: OperationSeries[] = [];
  const lateness = recorder.trend('iteration_lateness');
  const ownLateness = recorder.trend('generator_lateness');
  const dropped = recorder.counter('dropped_iterations');
  const interrupted = recorder.counter('interrupted_iterations');
  return {
    run(vu, iteration) {
      const { index, dueAt, startAt, ownWaitMs } = iteration;
      lateness.add(startAt - dueAt, dueAt);
      ownLateness.add(ownWaitMs, dueAt);
      const operation = work.operationOf(index);
      // No async function: its frame would be kept as long as the iteration lasts, for each of 100,000 VUs.
      return work.run(vu, operation, iteration).then((outcome) => {
        if (iteration.abandoned || outcome === 'stopped') return outcome;
        const own = series[operation]!;
        own.iterations.add(1, iteration.dueAt);
        add(own, iteration, outcome === 'ok');
        return outcome;
      });
    },
    onDropped(dueAt, _index, why, count, ownWaitMs) {
      // What waits when a run is ended early was not too late yet: nobody knows whether it would have been.
      (why === 'stopped' ? interrupted : dropped).add(count, dueAt);
      // One that the end of its schedule found waiting was not late enough to be dropped.
      if (why === 'max-lateness') ownLateness.add(ownWaitMs, dueAt);
    },
    onCut(vu, iteration, why) {
      interrupted.add(1, iteration.dueAt);
      if (why === 'stopped') return;
      recorder.error(`cut off by ${why}`);
      const operation = work.operationOf(iteration.index);
      cut[operation] ??= operationSeries(recorder, { ...tagsOf(work.operations[operation]!), ...unfinished });
      add(cut[operation], iteration, false);
      work.cutOff?.(vu, why);
    },
  };
}

function add({ responseTime, duration, failed }: OperationSeries, iteration: Iteration, ok: boolean): void {
  const now = performance.now();
  const { dueAt, startAt } = iteration;
  responseTime.add(now - dueAt, dueAt);
  duration.add(now - startAt, dueAt);
  failed.add(ok ? 0 : 1, dueAt);
}

function tagsOf(op: string): Record<string, string> {
  return op ? { op } : {};
}

function operationSeries(recorder: Recorder, tags: Record<string, string>): OperationSeries {
  return {
    responseTime: recorder.trend('iteration_response_time', tags),
    duration: recorder.trend('iteration_duration', tags),
    iterations: recorder.counter('iterations', tags),
    failed: recorder.rate('iteration_failed', tags),
  };
}
