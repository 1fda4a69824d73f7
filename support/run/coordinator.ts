import { drillSocketVariable } from '../embedded-drills.ts';
import type { CapacityStep } from '../judge/results.ts';
import { scope } from '../judge/scope.ts';
import { rate } from '../judge/words/figures.ts';
import { multiple } from '../judge/words/names.ts';
import { beyondText } from '../judge/words/signals.ts';
import type { MetricDefinition } from '../measure/metrics.ts';
import { type Connect, TargetProbe, type Watched } from '../measure/probe.ts';
import type { Interval } from '../measure/recorder.ts';
import { sliceName } from '../measure/slice.ts';
import { drain, TimeAxis } from '../measure/time-axis.ts';
import { overHttp, type Used } from '../preflight.ts';
import type { Drill } from '../profile/drills.ts';
import type { LiveDisplay, LiveSnapshot } from '../report/live.ts';
import {
  type HungHook,
  type Meet,
  monotonicMs,
  type Sharing,
  type SliceId,
  StartLine,
  startLineVariable,
} from '../schedule/startline.ts';
import type { Timeline } from '../schedule/timeline.ts';
import { secrets } from '../secrets/secrets.ts';
import { shownUrl, type Target } from '../target.ts';
import { dispatcherTo } from '../wire/connection.ts';
import { Drills, GuardianProcess } from './drills.ts';
import { Inspection } from './inspection.ts';
import { LiveHealth } from './live-health.ts';
import { type Choice, LiveSearch } from './live-search.ts';
import { type Abort, abortsLeftOut, LiveThresholds } from './live-thresholds.ts';
import type { Observation } from './observation.ts';
import { Progress, type ProgressScenario } from './progress.ts';
import type { Observed, StreamWriter } from './stream.ts';
import { Watchdog } from './watchdog.ts';

/** For preparing VUs: a thousand sign-ups against a slow target, and a cold start of many browsers. */
const READY_TIMEOUT_MS = 180_000;
const DRAW_EVERY_MS = 1_000;
/** A start that is no further ahead has come, for whoever looks once a second. */
const NEAR_MS = 500;

/** What a machine of the run does with the drills of its profile. */
export interface PlannedDrills {
  all: Drill[];
  /** Names of those that cannot be carried out. */
  leftOut: string[];
  /** False where another machine carries them out. */
  own: boolean;
}

/** Holds the slices of a run together while it lasts: start line, what they stream, the probe, the live display. */
export class Coordinator {
  readonly probe: TargetProbe;
  readonly target: Target;
  readonly #timeline: Timeline;
  readonly #axis: TimeAxis;
  readonly runId: string;
  readonly #display: LiveDisplay;
  /** Hears what the slices write to standard error. */
  readonly inspection: Inspection;
  readonly #streamed = new Map<string, Observation['streamed'][0]>();
  readonly #watchdog: Watchdog;
  readonly #hung: HungHook[] = [];
  readonly #drills: Drills;
  readonly #drillsLeftOut: string[];
  #sharing: Sharing | undefined;
  #line!: StartLine;
  /** Ctrl-C was pressed, or what is given to Playwright as that has happened. */
  #isInterrupted = false;
  #progress: Progress | undefined;
  #health: LiveHealth | undefined;
  #thresholds: LiveThresholds | undefined;
  #aborted: Abort | undefined;
  /** Undefined when no capacity is searched for. */
  #search: LiveSearch | undefined;
  /** All that is known lies on disk as well. */
  #stream: StreamWriter | undefined;
  /** What it holds of what was observed, and the interval that its gauges have come to. */
  #kept = '';
  #gaugedTo = 0;
  #expected = 0;
  #ready = 0;
  #timer: NodeJS.Timeout | undefined;
  #startTimer: NodeJS.Timeout | undefined;
  #startedAt: Date | undefined;
  /** What ended the run from outside, such as Ctrl-C; undefined when nothing did. */
  interruptedBy: string | undefined;
  /** When the target was found to be down, ms since the start. */
  targetDownAtMs: number | undefined;

  private constructor(
    timeline: Timeline,
    target: Target,
    used: Used,
    runId: string,
    root: string,
    display: LiveDisplay,
    drills: PlannedDrills,
  ) {
    this.#timeline = timeline;
    this.#axis = new TimeAxis(timeline.phases, timeline.intervalMs);
    this.target = target;
    this.runId = runId;
    this.#display = display;
    this.inspection = new Inspection(root);
    this.#watchdog = new Watchdog(
      (id, pid) => this.inspection.placeOf(id, pid),
      endProcess,
      (line) => display.print(line),
    );
    const guardian = drills.own && drills.all.length > 0 ? new GuardianProcess(root) : undefined;
    this.#drillsLeftOut = drills.leftOut;
    this.#drills = new Drills(
      drills.all,
      guardian,
      // Before the start too, for whose instant they wait.
      () => monotonicMs() - (this.#line.startAt ?? monotonicMs()),
      (line) => display.print(secrets.clean(line)),
      process.env[drillSocketVariable],
    );
    const connect: Connect = (url, options, timeoutMs) => dispatcherTo(url, target.wire, options, timeoutMs);
    this.probe = new TargetProbe(
      watched(target, used),
      target.apiUrl,
      timeline.health.targetDownAfterMs,
      connect,
      () => {
        this.targetDownAtMs = this.elapsedMs;
        this.#line.stop('the target stopped answering');
        this.#display.print('The target stopped answering: the run ends here.');
      },
      () => this.#drills.excusedUntilMs,
      target.figures,
    );
  }

  /**
   * Opens the start line; workers started from here on find it in their environment.
   * @param used what of the target is watched
   * @param root the project's folder
   * @param meet how its slices wait for those of other machines
   * @param drills those that are carried out; default: none
   * @param sharing how it shares with other machines what is set up once
   */
  static async open(
    timeline: Timeline,
    target: Target,
    used: Used,
    runId: string,
    root: string,
    display: LiveDisplay,
    meet?: Meet,
    drills: PlannedDrills = { all: [], leftOut: [], own: true },
    sharing?: Sharing,
  ): Promise<Coordinator> {
    const coordinator = new Coordinator(timeline, target, used, runId, root, display, drills);
    coordinator.#sharing = sharing;
    const events = {
      ready: (count: number) => {
        coordinator.#ready = count;
      },
      start: (startAt: number) => coordinator.#startAt(startAt),
      interval: (id: SliceId, interval: Interval, steps: number) => coordinator.#receive(id, interval, steps),
      hung: (hook: HungHook) => coordinator.#hung.push(hook),
    };
    coordinator.#line = await StartLine.open(events, meet);
    process.env[startLineVariable] = coordinator.#line.address;
    return coordinator;
  }

  /**
   * The slices that will come, `slices` of them; the run starts when all are ready. Closes the stream in the end.
   * @param metrics those that the scenarios declare
   */
  expect(scenarios: ProgressScenario[], stream?: StreamWriter, metrics: Record<string, MetricDefinition> = {}): void {
    this.#stream = stream;
    this.#keep();
    this.#expected = scenarios.reduce((sum, { slices }) => sum + slices, 0);
    this.#progress = new Progress(scenarios, this.#axis, metrics);
    this.#health = new LiveHealth(scenarios, this.#timeline.phases, this.#timeline.health);
    const asked = scope(this.#timeline, this.#timeline.scenarios, scenarios, new Set(Object.keys(metrics)));
    const timeline = { ...this.#timeline, thresholds: asked.thresholds, answers: asked.answers };
    this.#thresholds = new LiveThresholds(timeline, metrics);
    const leftOut = abortsLeftOut(timeline);
    if (leftOut) this.#display.print(leftOut);
    this.#search = LiveSearch.of(timeline, scenarios, metrics);
    this.#timer = setInterval(() => {
      this.#watch();
      this.#keep();
      this.#warn();
      this.#abortOnFail();
      this.#display.show(this.#snapshot());
    }, DRAW_EVERY_MS);
    process.once('SIGINT', this.#onInterrupt);
    this.#line.expect(this.#expected, READY_TIMEOUT_MS, this.#sharing);
  }

  /** Ms since the common start; 0 before. */
  get elapsedMs(): number {
    const { startAt } = this.#line;
    return startAt === undefined ? 0 : Math.max(0, monotonicMs() - startAt);
  }

  get startedAt(): Date | undefined {
    return this.#startedAt;
  }

  /** A slice cannot take part: without it there is nothing to start. After the start the others go on. */
  giveUp(reason: string): void {
    if (this.#startedAt === undefined) this.#line.stop(reason);
  }

  /** Ends the slices' processes, whatever they are doing; their browsers end with them. */
  killSlices(): void {
    for (const pid of new Set(this.#line.pids)) endProcess(pid);
  }

  /** Why the slices were told to stop; undefined when they were not. */
  get stopReason(): string | undefined {
    return this.#line.stopReason;
  }

  /** What the target said of itself. */
  gauges(): Interval[] {
    return this.probe.gauges.intervals(this.#axis);
  }

  /** What nobody else can know of the run so far. */
  observation(): Observation {
    return { ...this.#observed(), gauges: this.gauges(), streamed: [...this.#streamed.values()] };
  }

  #observed(): Observed {
    const { down, outages, restarts } = this.probe;
    const drills = this.#drills.runs;
    return {
      format: 1,
      runId: this.runId,
      target: { name: this.target.name, url: shownUrl(this.target.baseUrl) },
      startedAt: this.#startedAt?.toISOString(),
      stopReason: this.stopReason,
      interruptedBy: this.interruptedBy,
      outage: down && outageOf(down),
      ...(outages.length > 0 && { outages }),
      ...(restarts.length > 0 && { restarts }),
      ...(drills.length > 0 && { drills }),
      ...(this.#drillsLeftOut.length > 0 && { drillsLeftOut: this.#drillsLeftOut }),
      ...(this.#aborted && { aborted: this.#aborted }),
      ...(this.#search && { search: this.#search.log }),
      ...(this.target.wire.insecure && { insecure: true }),
      ...(this.#watchdog.ended.length > 0 && { ended: this.#watchdog.ended }),
      ...(this.#hung.length > 0 && { hung: this.#hung }),
    };
  }

  /** The slice's whole report has come: what it streamed is no longer needed. */
  forget(id: SliceId): void {
    this.#streamed.delete(sliceName(id));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    process.off('SIGINT', this.#onInterrupt);
    clearTimeout(this.#startTimer);
    this.#search?.stop();
    this.#display.stop();
    await this.probe.stop();
    await this.#drills.close();
    await this.#line.close(this.#isInterrupted);
    this.#stream?.close();
  }

  readonly #onInterrupt = (): void => {
    this.#isInterrupted = true;
  };

  #watch(): void {
    const atMs = this.#startedAt === undefined ? undefined : this.elapsedMs;
    const stopping = this.#isInterrupted || this.stopReason !== undefined;
    if (stopping) void this.#drills.stop();
    this.#watchdog.look(this.#line.takeHeard(), monotonicMs(), atMs, stopping);
  }

  /** What is new of what only this process knows. */
  #keep(): void {
    if (!this.#stream) return;
    const observed = this.#observed();
    const text = JSON.stringify(observed);
    if (text !== this.#kept) this.#stream.observed(observed);
    this.#kept = text;
    const interval = this.#axis.indexAt(this.elapsedMs);
    if (interval > this.#gaugedTo) {
      const isNew = ({ index }: Interval) => index >= this.#gaugedTo && index < interval;
      this.#stream.gauges(this.gauges().filter(isNew));
      this.#gaugedTo = interval;
    }
    this.#stream.beat();
  }

  /** The instant is known a moment before; with other machines, long before. */
  #startAt(startAt: number): void {
    const start = () => {
      // The moment in which it is known is not yet that instant.
      const aheadMs = startAt - monotonicMs();
      this.#startedAt = new Date(Date.now() + aheadMs);
      this.probe.start(aheadMs);
      this.#drills.start();
      this.#keep();
      this.#search?.begin(this.#line, startAt, (choice) => this.#follow(choice));
    };
    const aheadMs = startAt - monotonicMs();
    if (aheadMs < NEAR_MS) start();
    else this.#startTimer = setTimeout(start, aheadMs);
  }

  #receive(id: SliceId, interval: Interval, steps: number): void {
    const known = this.#streamed.get(sliceName(id));
    if (known) known.intervals.push(interval);
    else this.#streamed.set(sliceName(id), { ...id, intervals: [interval] });
    this.#progress?.add(id.scenario, interval);
    this.#thresholds?.add(id, interval);
    this.#search?.add(id, interval, steps);
    this.#stream?.interval(id, interval);
  }

  /** Ends the run for a threshold that asks for it. */
  #abortOnFail(): void {
    if (this.#aborted || this.stopReason !== undefined || this.#startedAt === undefined) return;
    this.#aborted = this.#thresholds?.missed(this.elapsedMs);
    if (!this.#aborted) return;
    const { metric, expression } = this.#aborted;
    this.#line.stop(`${expression} of ${metric} was missed`);
    this.#display.print(`${expression} of ${metric} is missed: the run ends here, as abortOnFail asks.`);
  }

  /** A search for a capacity has chosen. */
  #follow(choice: Choice): void {
    if (choice.trial) this.#display.print(trialText(choice.trial));
    if ('end' in choice) this.#axis.end(choice.phases);
    this.#keep();
  }

  /** Says once of each signal that it is beyond its limit: whoever looks need not wait for the end. */
  #warn(): void {
    for (const signal of this.#health?.news() ?? []) {
      const doubt = 'what misses its threshold beside it may be called invalid';
      this.#display.print(`The generator is at its limit: ${beyondText(signal)}; ${doubt}.`);
    }
  }

  #snapshot(): LiveSnapshot {
    const { durationMs, profile } = this.#timeline;
    const elapsedMs = this.elapsedMs;
    const scenarios = this.#progress?.scenarios() ?? [];
    const journeys = scenarios.filter(({ kind }) => kind === 'journey');
    const sum = (figure: (one: (typeof journeys)[number]) => number) =>
      journeys.reduce((all, one) => all + figure(one), 0);
    return {
      runId: this.runId,
      profile,
      target: { name: this.target.name, url: shownUrl(this.target.baseUrl) },
      ...this.#phase(elapsedMs),
      elapsedMs: Math.min(elapsedMs, durationMs),
      totalMs: durationMs,
      slicesReady: this.#ready,
      slicesExpected: this.#expected,
      scenarios,
      stopReason: this.stopReason ?? null,
      p95Ms: this.#progress?.p95Ms() ?? null,
      sessions: {
        active: sum((one) => one.activeVUs),
        done: sum((one) => one.iterations - one.failed),
        failed: sum((one) => one.failed),
      },
      latenessP99Ms: this.#progress?.latenessP99Ms() ?? null,
      machineCpuPercent: this.#health?.machineCpuPercent() ?? null,
      targetCpuPercent: this.probe.gauges.latest('target_cpu_percent'),
      targetMemoryBytes: this.probe.gauges.latest('target_memory_bytes'),
      missing: this.#startedAt === undefined ? [] : (this.#thresholds?.missing(elapsedMs) ?? []),
      errors: this.#progress?.errors ?? {},
    };
  }

  #phase(elapsedMs: number): Pick<LiveSnapshot, 'phase' | 'isQuiet'> {
    if (this.#startedAt === undefined) return { phase: 'preparing' };
    const name = this.#axis.phaseAt(elapsedMs);
    if (name === drain || this.stopReason !== undefined) return { phase: 'draining' };
    return { phase: name, isQuiet: this.#timeline.phases.some((one) => one.name === name && one.load === 0) };
  }
}

function trialText({ load, perSecond, state, broke }: CapacityStep): string {
  const went = state === 'unknown' ? 'could not be told' : state;
  const why = broke ? `: ${broke.expression} of ${broke.metric}` : '';
  return `Capacity: ${multiple(load)} (${rate(perSecond)}) ${went}${why}.`;
}

/** The API by its health, for which it may have a path that costs nothing; the others as they are used. */
function watched({ apiUrl }: Target, { addresses, endpoints }: Used): Watched[] {
  const api = overHttp(apiUrl);
  const others = endpoints.map(({ variable, address: url, reach }) => ({ url, variable, reach }));
  const pages = addresses.map(({ variable, url: given }) => {
    const url = overHttp(given);
    return new URL(url).origin === new URL(api).origin ? { url: `${api}/health` } : { url, variable };
  });
  return [...pages, ...others];
}

function outageOf({ url, variable, outage, reach }: NonNullable<TargetProbe['down']>): Observation['outage'] {
  const { answeredMs, sinceMs, untilMs, tries, error } = outage;
  const when = { ...(answeredMs !== undefined && { answeredMs }), atMs: sinceMs, forMs: untilMs - sinceMs };
  return { url: reach ? url : shownUrl(url), variable, ...when, tries, error };
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {} // it has just ended by itself
}
