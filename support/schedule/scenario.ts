import { setTimeout as wait } from 'node:timers/promises';
import type { Interval, Recorder } from '../measure/recorder.ts';
import type { AnySeries } from '../measure/series.ts';
import type { SliceReport } from '../measure/slice.ts';
import { Executor, type Iteration } from './executor.ts';
import { monotonicMs, type StartLineRunner } from './startline.ts';
import type { Timeline, TimelineScenario } from './timeline.ts';

/** A stopped slice delivers what it has after this long, whatever still hangs: Playwright's own patience is limited. */
const FINISH_MS = 5_000;

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
}

interface OperationSeries {
  responseTime: AnySeries;
  duration: AnySeries;
  iterations: AnySeries;
  failed: AnySeries;
}

export interface ScenarioRunOptions {
  runId: string;
  timeline: Timeline;
  scenario: TimelineScenario;
  slice: { index: number; of: number };
  /** As reports show it: no secrets. */
  target: { name: string; url: string };
  recorder: Recorder;
  line: StartLineRunner;
}

/** One slice of one scenario: runs its schedule from the common start and keeps what it measured, interval by interval. */
export class ScenarioRun {
  readonly #options: ScenarioRunOptions;
  readonly #stop = new AbortController();
  readonly #intervals: Interval[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #executor: Executor<unknown> | undefined;
  #status: SliceReport['end']['status'] = 'stopped';
  #error: string | undefined;
  #startAt: number | undefined;
  #startLateMs = 0;
  #over = false;
  #cpuAtStart = process.cpuUsage();

  constructor(options: ScenarioRunOptions) {
    this.#options = options;
    const { signal } = options.line;
    signal.addEventListener('abort', () => this.stop(signal.reason));
    if (signal.aborted) this.stop(signal.reason);
  }

  /** Aborted when the run is to stop. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** On the machine's monotonic clock, ms; undefined before the start. */
  get startAt(): number | undefined {
    return this.#startAt;
  }

  /** `calm` until the load starts, then `load`. */
  get window(): 'calm' | 'load' {
    const { timeline } = this.#options;
    return this.#startAt === undefined || monotonicMs() < this.#startAt + timeline.calmMs ? 'calm' : 'load';
  }

  /** Prepares VUs, waits at the start line, runs the schedule. Rejects with the reason when it was stopped or failed. */
  async run<V>(work: Work<V>): Promise<void> {
    const execution = this.#run(work);
    this.#running = execution.catch(() => {});
    await execution;
  }

  /** Starts no further iteration; running ones get a moment to finish. */
  stop(reason: Error): void {
    this.#stop.abort(reason);
  }

  /** Waits until nothing runs any more, then gives everything that was measured. */
  async finish(): Promise<SliceReport> {
    this.stop(new Error('the test ended'));
    await Promise.race([this.#running, wait(FINISH_MS, undefined, { ref: false })]);
    clearTimeout(this.#timer);
    this.#over = true;
    if (this.#startAt !== undefined) this.#pack();
    const { runId, timeline, scenario, slice, target, recorder } = this.#options;
    const elapsedMs = this.#startAt === undefined ? undefined : monotonicMs() - this.#startAt;
    const cpu = process.cpuUsage(this.#cpuAtStart);
    return {
      format: 1,
      runId,
      scenario: scenario.name,
      kind: scenario.kind,
      slice,
      target,
      startedAt: elapsedMs === undefined ? undefined : new Date(Date.now() - elapsedMs).toISOString(),
      intervalMs: timeline.intervalMs,
      definitions: { ...recorder.definitions },
      intervals: this.#intervals,
      end: {
        status: this.#status,
        error: this.#error,
        startLateMs: this.#startLateMs,
        durationMs: elapsedMs ?? 0,
        ...(this.#executor?.counts ?? { started: 0, completed: 0, dropped: 0, interrupted: 0 }),
        errors: recorder.errors,
        cpuSeconds: (cpu.user + cpu.system) / 1e6,
      },
    };
  }

  async #run<V>(work: Work<V>): Promise<void> {
    const { scenario, slice, timeline, recorder, line } = this.#options;
    try {
      const executor = this.#makeExecutor(work);
      this.#executor = executor as Executor<unknown>;
      recorder.onPack(() => {
        recorder.add('vus', executor.activeVUs);
        recorder.add('vus_max', executor.allocatedVUs);
      });
      await executor.prepare();
      this.signal.throwIfAborted();
      const startAt = await line.ready();
      this.#begin(startAt, timeline.intervalMs);
      // Between the machine's clock and the executor's lies a constant.
      const counts = await executor.run(startAt - monotonicMs() + performance.now());
      this.#over = true;
      if (counts.interrupted > 0) recorder.add('interrupted_iterations', counts.interrupted);
      this.signal.throwIfAborted();
      this.#status = 'complete';
    } catch (error) {
      if (!this.signal.aborted) {
        this.#status = 'crashed';
        this.#error = `${scenario.name}, slice ${slice.index}: ${(error as Error).stack ?? error}`;
      }
      throw error;
    }
  }

  #makeExecutor<V>(work: Work<V>): Executor<V> {
    const { scenario, slice, timeline, recorder } = this.#options;
    const series = work.operations.map((op) => operationSeries(recorder, op));
    const lateness = recorder.trend('iteration_lateness');
    const generatorLateness = recorder.trend('generator_lateness');
    const dropped = recorder.counter('dropped_iterations');
    return new Executor<V>({
      plan: scenario.plan,
      slice,
      seed: `${timeline.seed}/${scenario.name}`,
      createVu: (id) => work.createVu(id),
      signal: this.signal,
      onDropped: () => dropped.add(1),
      run: async (vu, iteration) => {
        const { index, dueAt, startAt, waitedForVu } = iteration;
        lateness.add(startAt - dueAt);
        if (!waitedForVu) generatorLateness.add(startAt - dueAt);
        const operation = work.operationOf(index);
        const outcome = await work.run(vu, operation, iteration);
        // Given up and counted as interrupted: what becomes of it while its browser or connection is closed is no result.
        if (this.#over) return;
        const end = performance.now();
        const { responseTime, duration, iterations, failed } = series[operation]!;
        responseTime.add(end - dueAt);
        duration.add(end - startAt);
        iterations.add(1);
        failed.add(outcome === 'ok' ? 0 : 1);
      },
    });
  }

  #begin(startAt: number, intervalMs: number): void {
    this.#startAt = startAt;
    this.#cpuAtStart = process.cpuUsage();
    setTimeout(
      () => {
        this.#startLateMs = monotonicMs() - startAt;
      },
      Math.max(0, Math.ceil(startAt - monotonicMs())),
    );
    const tick = () => {
      this.#pack();
      schedule();
    };
    const schedule = () => {
      const now = monotonicMs() - startAt;
      this.#timer = setTimeout(tick, (Math.floor(Math.max(0, now) / intervalMs) + 1) * intervalMs - now);
    };
    schedule();
  }

  /** Closes the current interval. After a hiccup of the process several intervals' worth lies in the last of them. */
  #pack(): void {
    const series = this.#options.recorder.pack();
    const elapsedMs = monotonicMs() - this.#startAt!;
    const index = Math.max(0, Math.round(elapsedMs / this.#options.timeline.intervalMs) - 1);
    const last = this.#intervals.at(-1)?.index ?? -1;
    const interval = { index: Math.max(last + 1, index), series };
    this.#intervals.push(interval);
    this.#options.line.interval(interval);
  }
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
