import { setMaxListeners } from 'node:events';
import timers from 'node:timers/promises';
import type { Evidence } from '../measure/evidence.ts';
import { textOf } from '../measure/failures.ts';
import { GeneratorHealth } from '../measure/health.ts';
import { followedOnly, type Interval, type Recorder } from '../measure/recorder.ts';
import type { SliceReport } from '../measure/slice.ts';
import { drain, TimeAxis } from '../measure/time-axis.ts';
import { defaultTimeLimits, TimeIsUp, within } from '../time-limit.ts';
import { Alarm, systemClock } from './clock.ts';
import { Executor } from './executor.ts';
import { recordedIterations, type Work } from './iterations.ts';
import { type ExpectedLoad, expectedLoad } from './plan.ts';
import { monotonicMs, type StartLineRunner } from './startline.ts';
import { type Timeline, type TimelineScenario, windowedMetrics } from './timeline.ts';

export type { Outcome, Work } from './iterations.ts';

/** A stopped slice delivers what it has after this long, whatever still hangs: Playwright too waits for a limited time. */
const FINISH_MS = 5_000;

/** All slices wait for the last of them: what is not ready after this long gets ready while it is measured. */
const WARM_UP_MS = 2_000;

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
  #alarm: Alarm | undefined;
  #healthTimer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #executor: Executor<unknown> | undefined;
  #status: SliceReport['end']['status'] = 'stopped';
  #error: string | undefined;
  #startAt: number | undefined;
  #startLateMs = 0;
  readonly #axis: TimeAxis;
  /** Metrics that are judged by stretches of time. */
  readonly #windowed: Set<string>;
  /** The interval that it is. */
  #interval = 0;
  #over = false;
  #measuredMs = 0;
  #evidence: () => Evidence = () => ({});
  /** Undefined once it is too late for more. */
  #preparations: ((expected: ExpectedLoad) => Promise<unknown>)[] | undefined = [];
  readonly #health: GeneratorHealth;
  #cpuAtStart = process.cpuUsage();

  constructor(options: ScenarioRunOptions) {
    this.#options = options;
    this.#windowed = windowedMetrics(options.timeline);
    this.#axis = new TimeAxis(options.timeline.phases, options.timeline.intervalMs);
    this.#health = new GeneratorHealth(options.recorder);
    options.line.onSteer = (step) => this.#executor?.steer(step);
    options.line.onEnd = (phases) => {
      this.#axis.end(phases);
      this.#executor?.end();
    };
    // Each VU may listen.
    setMaxListeners(0, this.#stop.signal);
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

  /** Once all schedules have ended: what comes then only comes to its end. */
  get isDraining(): boolean {
    return this.#startAt !== undefined && this.#axis.phaseAt(monotonicMs() - this.#startAt) === drain;
  }

  /** What is to be done once the VUs are there, for a load so fast that it matters. */
  beforeStart(prepare: (expected: ExpectedLoad) => Promise<unknown>): void {
    this.#preparations?.push(prepare);
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
    await Promise.race([this.#running, timers.setTimeout(FINISH_MS, undefined, { ref: false })]);
    this.#endMeasuring();
    const { runId, timeline, scenario, slice, target, recorder } = this.#options;
    const evidence = this.#evidenceNow();
    const elapsedMs = this.#startAt === undefined ? undefined : Math.max(0, monotonicMs() - this.#startAt);
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
      totals: recorder.totals(),
      folded: recorder.folded,
      evidence,
      end: {
        status: this.#status,
        error: this.#error,
        startLateMs: this.#startLateMs,
        durationMs: this.#measuredMs,
        ...(this.#executor?.counts ?? { started: 0, completed: 0, dropped: 0, interrupted: 0 }),
        errors: recorder.errors,
        errorsByOperation: recorder.errorsByOperation,
        checked: [...recorder.checked],
        failures: recorder.examples.all,
        ...(recorder.settled.tries > 0 && { settled: recorder.settled }),
        cpuSeconds: (cpu.user + cpu.system) / 1e6,
      },
    };
  }

  async #run<V>(work: Work<V>): Promise<void> {
    const { recorder, line } = this.#options;
    this.#evidence = () => work.evidence?.() ?? {};
    try {
      const executor = this.#makeExecutor(work);
      this.#executor = executor as Executor<unknown>;
      recorder.onPack(() => {
        recorder.add('vus', executor.activeVUs);
        recorder.add('vus_max', executor.allocatedVUs);
      });
      await executor.prepare();
      await this.#warmUp();
      this.signal.throwIfAborted();
      const startAt = await line.ready();
      // Between the machine's clock and the executor's lies a constant.
      const beginsAt = startAt - monotonicMs() + performance.now();
      this.#begin(startAt, beginsAt);
      const { interrupted } = await executor.run(beginsAt);
      if (interrupted > 0 && !this.signal.aborted) recorder.cutOff();
      this.#endMeasuring();
      this.signal.throwIfAborted();
      await line.rest();
      if (work.settle) await this.#settle(work);
      this.signal.throwIfAborted();
      this.#status = 'complete';
    } catch (error) {
      if (!this.signal.aborted) this.#crash(error);
      throw error;
    }
  }

  /** What goes wrong here is no figure and no failure: it will go wrong again where it counts. */
  async #warmUp(): Promise<void> {
    const { scenario, slice } = this.#options;
    const preparations = this.#preparations ?? [];
    // Clients that are made later, one a session perhaps, are not kept for it.
    this.#preparations = undefined;
    const expected = expectedLoad(scenario.plan, slice);
    if (!expected) return;
    const share = { ...expected, atOnce: Math.floor(expected.atOnce / Math.max(1, preparations.length)) };
    const all = Promise.allSettled(preparations.map(async (prepare) => prepare(share)));
    await within('warm-up', WARM_UP_MS, all, this.signal).catch(() => {});
  }

  #crash(error: unknown): void {
    const { scenario, slice } = this.#options;
    this.#status = 'crashed';
    this.#error = `${scenario.name}, slice ${slice.index}: ${textOf(() => (error as Error).stack ?? error)}`;
  }

  /** Where an author's code throws there is none; what was measured counts all the same. */
  #evidenceNow(): Evidence {
    try {
      return this.#evidence();
    } catch (error) {
      this.#crash(error);
      return {};
    }
  }

  /** A target that never comes to an end must not hold the run: what was not looked at by then stays unknown. */
  async #settle({ settle, settleLimitMs = defaultTimeLimits.settle }: Work<unknown>): Promise<void> {
    try {
      await within('settle', settleLimitMs, settle!(), this.signal);
    } catch (error) {
      if (!(error instanceof TimeIsUp)) throw error;
      this.#options.line.hung('settle', settleLimitMs);
    }
  }

  #makeExecutor<V>(work: Work<V>): Executor<V> {
    const { scenario, slice, timeline, recorder } = this.#options;
    return new Executor<V>({
      plan: scenario.plan,
      slice,
      seed: `${timeline.seed}/${scenario.name}`,
      createVu: (id) => work.createVu(id),
      signal: this.signal,
      ...recordedIterations(work, recorder),
    });
  }

  /** @param beginsAt the start of the run on the clock of `performance.now()` */
  #begin(startAt: number, beginsAt: number): void {
    this.#startAt = startAt;
    this.#cpuAtStart = process.cpuUsage();
    this.#healthTimer = setTimeout(
      () => {
        this.#health.start();
        this.#startLateMs = monotonicMs() - startAt;
      },
      Math.max(0, Math.ceil(startAt - monotonicMs())),
    );
    this.#options.recorder.begin({ axis: this.#axis, startAt: beginsAt });
    // An alarm is never early. After a hiccup of the process several intervals are over at once.
    const alarm = new Alarm(systemClock, (now) => {
      while (beginsAt + this.#axis.endOf(this.#interval) <= now) {
        this.#pack();
        this.#interval += 1;
        this.#options.recorder.enter(this.#interval);
      }
      alarm.set(beginsAt + this.#axis.endOf(this.#interval));
    });
    alarm.set(beginsAt + this.#axis.endOf(0));
    this.#alarm = alarm;
  }

  /** From here on nothing that happens is a measurement. */
  #endMeasuring(): void {
    if (this.#over) return;
    this.#over = true;
    this.#alarm?.clear();
    clearTimeout(this.#healthTimer);
    if (this.#startAt === undefined) return;
    this.#measuredMs = Math.max(0, monotonicMs() - this.#startAt);
    this.#pack();
    this.#options.recorder.end();
    this.#health.stop();
  }

  /** Closes the current interval, and tells of what has come late to those before it. */
  #pack(): void {
    const { recorder, timeline, line } = this.#options;
    const interval = { index: this.#interval, series: recorder.pack() };
    for (const one of [...recorder.packLate(), interval]) {
      this.#intervals.push(timeline.detailed ? one : followedOnly(one, recorder.definitions, this.#windowed));
      const errors = one === interval ? recorder.takeErrors() : undefined;
      line.interval(errors ? { ...one, errors } : one);
    }
  }
}
