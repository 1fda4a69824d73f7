import { objectivesOf } from '../judge/answers.ts';
import { stepOf } from '../judge/capacity.ts';
import { nextOf } from '../judge/capacity-search.ts';
import { healthOf } from '../judge/health.ts';
import type { CapacityStep, SearchEnd } from '../judge/results.ts';
import { measuredBy, suspects } from '../judge/validity.ts';
import type { Course } from '../judge/windows.ts';
import { builtinMetrics, groupOf, type MetricDefinition, metricOf } from '../measure/metrics.ts';
import type { Interval } from '../measure/recorder.ts';
import type { SliceId } from '../measure/slice.ts';
import { sliceName } from '../measure/slice.ts';
import { MetricStore } from '../measure/store.ts';
import { type Phase, TimeAxis } from '../measure/time-axis.ts';
import type { SearchSpec } from '../profile/search.ts';
import { isOpen, vusOf } from '../schedule/plan.ts';
import { type LoadStep, monotonicMs, type StartLine } from '../schedule/startline.ts';
import type { Timeline } from '../schedule/timeline.ts';
import type { Observation } from './observation.ts';

/** What comes next: a step of the load, a rest until what has begun is over, or the end of the schedule after so many phases. */
export type Choice = { trial?: CapacityStep } & (
  | { step: LoadStep }
  | { rest: true }
  | { end: SearchEnd; phases: number }
);

/** Metrics that tell how a step went, beside those of the objectives. */
const NEEDED = new Set(['iterations', 'iteration_lateness', 'dropped_iterations', 'vus']);

/** Ahead of a step it is chosen: the word has to reach the slices. */
const LEAD_SHARE = 0.25;
const MAX_LEAD_MS = 250;
/** So many steps' time work of an earlier step is waited for. */
const MAX_RESTS = 3;

/**
 * Chooses the steps of a search for a capacity while a run lasts, by what its slices stream: judged as in the verdict, as far as that
 * goes. A step is chosen when all that began in the one before is over; until then there is no load.
 */
export class LiveSearch {
  readonly #timeline: Timeline;
  readonly #search: SearchSpec;
  readonly #store = new MetricStore();
  readonly #axis: TimeAxis;
  readonly #metrics: Set<string>;
  readonly #trials: CapacityStep[] = [];
  readonly #loads: number[];
  readonly #leadMs: number;
  readonly #slices: string[];
  /** Where VUs alone are steered, how many a load of 1 is of those that are most: a load is what whole ones come to. */
  readonly #vusOfOne: number | undefined;
  /** Of each slice that is steered: its newest interval, whether VUs were at work at the end of it, and of how many steps it knew. */
  readonly #newest = new Map<string, { index: number; isBusy: boolean; steps: number }>();
  /** That were chosen so far. */
  #steps = 0;
  /** The rest, by its place among the phases, before the step that is chosen next. */
  #rest: number;
  /** The step that was chosen, until it is judged. */
  #pending: Phase | undefined;
  #rests = 0;
  #end: SearchEnd | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Undefined when the timeline is none of a search.
   * @param slices how many there are of each scenario
   * @param declared metrics of the scenarios' own
   */
  static of(
    timeline: Timeline,
    slices: readonly { name: string; slices: number }[],
    declared: Record<string, MetricDefinition>,
  ): LiveSearch | undefined {
    const search = timeline.answers.capacity?.search;
    return search && new LiveSearch(timeline, search, slices, declared);
  }

  private constructor(
    timeline: Timeline,
    search: SearchSpec,
    slices: readonly { name: string; slices: number }[],
    declared: Record<string, MetricDefinition>,
  ) {
    this.#timeline = timeline;
    this.#search = search;
    this.#axis = new TimeAxis(timeline.phases, timeline.intervalMs);
    this.#store.define(builtinMetrics);
    this.#store.define(declared);
    this.#metrics = new Set([
      ...NEEDED,
      ...Object.keys(timeline.answers.objectives).map((one) => metricOf(one.trim())),
    ]);
    this.#rest = timeline.phases.findIndex(({ name }) => name === timeline.answers.capacity!.steps[0]) - 1;
    this.#loads = timeline.phases.slice(0, this.#rest).map(() => 0);
    this.#leadMs = Math.min(MAX_LEAD_MS, search.settleMs * LEAD_SHARE);
    const steered = timeline.scenarios.filter(({ plan }) => plan.steered !== undefined);
    const vus = steered.map(({ plan }) => (isOpen(plan) ? Number.POSITIVE_INFINITY : plan.steered!));
    const most = Math.max(...vus);
    this.#vusOfOne = Number.isFinite(most) ? most : undefined;
    this.#slices = steered.flatMap(({ name }) => {
      const count = slices.find((one) => one.name === name)?.slices ?? 0;
      return Array.from({ length: count }, (_, index) => sliceName({ scenario: name, index }));
    });
  }

  /** The load of each phase that has begun, or is about to, 0 where nothing was steered; `end` is absent while it lasts. */
  get log(): NonNullable<Observation['search']> {
    return { loads: [...this.#loads], ...(this.#end && { end: this.#end }) };
  }

  /** When the next step is to be chosen, ms since the run's start; undefined once the search is over. */
  get choosesAtMs(): number | undefined {
    const rest = this.#timeline.phases[this.#rest];
    return this.#end || !rest ? undefined : rest.endMs - this.#leadMs;
  }

  /**
   * From the start of the run on: chooses whenever it is time, and says it to the slices, until the search is over.
   * @param startAt of the run, monotonic ms
   * @param tell hears it too
   */
  begin(line: StartLine, startAt: number, tell: (choice: Choice) => void = () => {}): void {
    const atMs = this.choosesAtMs;
    if (atMs === undefined) return;
    const choose = () => {
      if (line.stopReason !== undefined) return;
      const choice = this.choose(monotonicMs() - startAt);
      if ('step' in choice) line.steer(choice.step);
      if ('end' in choice) line.end(choice.phases);
      tell(choice);
      this.begin(line, startAt, tell);
    };
    this.#timer = setTimeout(choose, Math.max(0, Math.ceil(startAt + atMs - monotonicMs())));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** @param steps that the slice had been told of at the end of it */
  add(id: SliceId, { index, series }: Interval, steps: number): void {
    const own = Object.entries(series).filter(
      ([key]) => this.#metrics.has(metricOf(key)) || groupOf(metricOf(key)) === 'generator',
    );
    this.#store.add({ index, series: Object.fromEntries(own) });
    const name = sliceName(id);
    if (index <= (this.#newest.get(name)?.index ?? -1)) return;
    const isBusy = own.some(([key, packed]) => metricOf(key) === 'vus' && packed.t === 'gauge' && packed.last > 0);
    this.#newest.set(name, { index, isBusy, steps });
  }

  /** At {@link choosesAtMs}, or a little later. */
  choose(elapsedMs: number): Choice {
    const { phases } = this.#timeline;
    const rest = phases[this.#rest]!;
    const next = phases[this.#rest + 1]!;
    if (!this.#isIdle()) {
      if (this.#pending && this.#rests === MAX_RESTS) return this.#over('backlog', this.#judge(elapsedMs));
      this.#rests += 1;
      return this.#goOn(0) ?? { rest: true };
    }
    this.#rests = 0;
    const trial = this.#pending && this.#judge(elapsedMs);
    const choice = nextOf(this.#search, this.#trials, this.#possible);
    if ('end' in choice) return this.#over(choice.end, trial);
    const ended = this.#goOn(choice.load, trial);
    if (ended) return ended;
    this.#pending = next;
    this.#steps += 1;
    return { ...(trial && { trial }), step: { startMs: rest.endMs, endMs: next.endMs, load: choice.load } };
  }

  /** The load nearest to one that there can be. */
  readonly #possible = (load: number): number => {
    const one = this.#vusOfOne;
    return one === undefined ? load : Math.max(1, Math.round(one * load)) / one;
  };

  /** The phases of this rest and the step after it begin. @returns the end, where there are no further ones */
  #goOn(load: number, trial?: CapacityStep): Choice | undefined {
    // After the last step nobody could tell any more how it went.
    if (this.#rest + 3 > this.#timeline.phases.length) return this.#over('time', trial);
    this.#loads.push(0, load);
    this.#rest += 2;
    return undefined;
  }

  #over(end: SearchEnd, trial?: CapacityStep): Choice {
    this.#loads.push(0);
    this.#end = end;
    return { ...(trial && { trial }), end, phases: this.#loads.length };
  }

  /**
   * Nothing of an earlier step is under way, as far as every slice says of the time since its end. One that was held up may not have heard
   * of that step yet: it has it all before it.
   */
  #isIdle(): boolean {
    const since = this.#axis.indexAt(this.#timeline.phases[this.#rest]!.startMs);
    return this.#slices.every((name) => {
      const newest = this.#newest.get(name);
      return newest !== undefined && newest.index >= since && newest.steps === this.#steps && !newest.isBusy;
    });
  }

  #judge(elapsedMs: number): CapacityStep {
    const { phase, load } = { phase: this.#pending!.name, load: this.#loads };
    const phases = this.#timeline.phases.slice(0, load.length).map((one, place) => ({ ...one, load: load[place]! }));
    this.#pending = undefined;
    const { scenarios, health: limits, intervalMs, answers } = this.#timeline;
    const end = { startLateMs: 0, durationMs: elapsedMs, interrupted: 0, cpuSeconds: 0 };
    const { signals } = healthOf({
      ...{ store: this.#store, errors: {}, phases, limits, named: [phase] },
      scenarios: scenarios.map(({ name, plan }) => ({ name, maxVUs: vusOf(plan), isOpen: isOpen(plan) })),
      slices: scenarios.flatMap(({ name, slices }) =>
        Array.from({ length: slices }, (_, index) => ({ scenario: name, slice: { index }, end })),
      ),
    });
    const course: Course = {
      store: this.#store,
      axis: new TimeAxis(phases, intervalMs),
      durationMs: elapsedMs,
      suspects: suspects(signals, [], phases),
      measures: measuredBy(this.#store),
      scenarios: scenarios.map(({ name, kind }) => ({ name, kind, startMs: 0, endMs: elapsedMs })),
    };
    const step = stepOf(phase, objectivesOf(answers), course, this.#search.settleMs);
    this.#trials.push(step);
    return step;
  }
}
