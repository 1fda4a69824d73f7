import { relative } from 'node:path';
import { consult } from '../check/oracles.ts';
import { machineMetrics } from '../judge/busy-times.ts';
import { foldedFindings } from '../judge/folded.ts';
import { type Case, crashed, judge, type SliceFacts } from '../judge/judge.ts';
import { worstFirst } from '../judge/order.ts';
import { scope } from '../judge/scope.ts';
import type { Part } from '../judge/shards.ts';
import type { Finding, Reason, Verdict } from '../judge/verdict.ts';
import { sumOfErrors } from '../measure/error-counts.ts';
import { highest } from '../measure/gauges.ts';
import { builtinMetrics, groupOf, metricOf } from '../measure/metrics.ts';
import type { Interval } from '../measure/recorder.ts';
import { type SliceId, type SliceReport, sliceName, unpackSlice } from '../measure/slice.ts';
import { MetricStore } from '../measure/store.ts';
import { type FoldedTag, NamedValues } from '../measure/tag-values.ts';
import { TimeAxis } from '../measure/time-axis.ts';
import type { Oracle } from '../oracle.ts';
import { failureLine, firstLine } from '../report/failure.ts';
import { say } from '../report/messages.ts';
import type { Origin } from '../report/origin.ts';
import { type RunRecord, recordOf } from '../report/record.ts';
import { durationOf, isOpen, type Plan, vusOf } from '../schedule/plan.ts';
import { slicesOfShard } from '../schedule/slices.ts';
import { asSteered } from '../schedule/steered.ts';
import type { Timeline } from '../schedule/timeline.ts';
import type { Declaration } from '../worker/declaration.ts';
import { type Observation, unpackObservation } from './observation.ts';
import type { Promised } from './oracle-files.ts';

/** A slice that was to take part, as its file declared it. */
export interface PlannedSlice extends SliceId {
  /** Where it is declared, relative to the project's folder. */
  file: string;
  declaration: Declaration | undefined;
}

/** How a run is spread over machines, when it is. */
export interface Division {
  /** One of the shards; what they have in common stands in each. */
  part: Part;
  /** Set when this is all of them, merged: those that were, those that should have been, and what was wrong. */
  merged?: { joined: number[]; missing: number[]; of: number; findings: Finding[] };
}

/** How Playwright ended. */
export interface Ending {
  status: 'passed' | 'failed' | 'timedout' | 'interrupted';
  startTime: Date;
}

/** What the slices of a run, or of all its shards, brought in, and the verdict that it comes to. */
export class Collector {
  readonly #timeline: Timeline;
  readonly #slices: PlannedSlice[];
  readonly #division: Division | undefined;
  readonly #root: string;
  readonly #observations: { shard: number | undefined; observation: Observation }[] = [];
  /** Of what they measured only how the generator was, by interval how its machine was: all else is in the store. */
  readonly #reports: SliceReport[] = [];
  /** What each slice's test said when it failed, by slice. */
  readonly #failures = new Map<string, string>();
  readonly #unreadable: Finding[] = [];
  #errorOutside: string | undefined;
  readonly #store: MetricStore;
  /** Tags that took more values than are told apart, in each slice. */
  readonly #folded: FoldedTag[] = [];

  /** @param root the project's folder */
  constructor(timeline: Timeline, slices: PlannedSlice[], division: Division | undefined, root: string) {
    this.#timeline = timeline;
    this.#slices = slices;
    this.#division = division;
    this.#root = root;
    this.#store = this.#newStore();
  }

  #newStore(): MetricStore {
    const operations = this.#slices.flatMap(({ declaration }) => declaration?.operations ?? []);
    const store = new MetricStore(new NamedValues(operations, Object.keys(this.#timeline.thresholds)));
    store.define(builtinMetrics);
    return store;
  }

  /** A slice's report, as it was attached. @returns whether it could be read */
  receive(id: SliceId, body: Buffer): boolean {
    return this.#read(id, () => {
      const report = unpackSlice(body);
      const intervals = this.#division?.merged ? ofMachine(report) : [];
      this.#reports.push({ ...report, intervals, totals: ofGenerator(report.totals) });
      this.#folded.push(...(report.folded ?? []));
      this.#store.define(report.definitions);
      this.#store.addSlice(report);
    });
  }

  /** What the coordinator of a merged shard saw, as it was attached to one of its slices. */
  receiveObservation(id: SliceId, body: Buffer, shard: number | undefined): void {
    this.#read(id, () => this.observe(unpackObservation(body), shard));
  }

  /** What a coordinator saw. @param shard of merged shards */
  observe(observation: Observation, shard?: number): void {
    this.#observations.push({ observation, shard });
  }

  #read(id: SliceId, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#unreadable.push(crashed(id.scenario, id.index, (error as Error).message));
      return false;
    }
  }

  /** What a slice's test said when it failed, with its stack. */
  fail(id: SliceId, why: string): void {
    this.#failures.set(sliceName(id), why);
  }

  /** An error, with its stack, for which Playwright fails the run though all of its slices passed. */
  failOutside(error: string): void {
    this.#errorOutside = failureLine(error, this.#root);
  }

  /** The oracles that the scenarios' files name. */
  get promised(): Promised[] {
    const files = new Map(this.#slices.map(({ file, declaration }) => [file, declaration?.oracles ?? []]));
    return [...files].map(([file, oracles]) => ({ file, oracles }));
  }

  /**
   * Once, when everything has come.
   * @param oracles those that there are, by name
   */
  verdict(ending: Ending, oracles: ReadonlyMap<string, Oracle>): Verdict {
    const timeline = this.#asRun;
    const store = this.#store;
    const missing: Case['missing'] = [];
    const streamedErrors: Record<string, number>[] = [];
    const otherwise = ending.status === 'interrupted' ? 'the run was interrupted' : 'no reason is known';
    for (const slice of this.#slices.filter((one) => !this.#reportOf(one))) {
      const { scenario, index, declaration } = slice;
      store.define(declaration?.metrics ?? {});
      for (const interval of this.#streamed(slice)) {
        store.add(interval);
        if (interval.errors) streamedErrors.push(interval.errors);
      }
      const of = timeline.scenarios.find(({ name }) => name === scenario)!.slices;
      const ended = this.#observations.flatMap(({ observation }) => observation.ended ?? []);
      const own = ended.find((one) => one.scenario === scenario && one.index === index);
      const cause = own?.why ?? firstLine(this.#failures.get(sliceName(slice)) ?? otherwise);
      missing.push({ scenario, slice: index, of, cause });
    }
    for (const interval of highest(this.#observations.map(({ observation }) => observation.gauges)))
      store.add(interval);

    const first = this.#reports[0];
    const seen = this.#observations[0]?.observation;
    const running = timeline.scenarios.filter(({ name }) => this.#slices.some(({ scenario }) => scenario === name));
    const declared = this.#slices.flatMap(({ declaration }) => declaration ?? []);
    const evidence = this.#reports.map((report) => report.evidence);
    const ownMetrics = new Set(declared.flatMap(({ metrics }) => Object.keys(metrics)));
    const { thresholds, answers, drills, leftOut } = scope(timeline, timeline.scenarios, running, ownMetrics);
    const { verdict, findings } = judge({
      runId: first?.runId ?? seen?.runId ?? this.#division?.part.runId ?? 'unknown',
      profile: timeline.profile,
      target: seen?.target ?? first?.target ?? this.#division?.part.target ?? { name: 'unknown', url: '' },
      startedAt: this.#startedAt() ?? ending.startTime.toISOString(),
      durationMs: Math.max(0, ...this.#reports.map(({ end }) => end.durationMs), this.#streamedMs()),
      seed: timeline.seed,
      phases: timeline.phases,
      intervalMs: timeline.intervalMs,
      ...(timeline.share && { share: timeline.share }),
      answers,
      ...(drills.length > 0 && { drills: { planned: drills, ...this.#drills } }),
      ...(this.#search?.end && { searchEnd: this.#search.end }),
      outages: this.#observations.flatMap(({ observation }) => observation.outages ?? []),
      // All machines of a run watch one target.
      restarts: this.#observations
        .map(({ observation }) => observation.restarts ?? [])
        .reduce((most, one) => (one.length > most.length ? one : most), []),
      store,
      slices: this.#reports.map((report) => this.#factsOf(report)),
      missing,
      partial: this.#partial,
      shards: this.#division?.merged && this.#shards(this.#division.merged),
      scenarios: running.map(({ name, kind, plan, maxFailed }) => ({
        name,
        kind,
        maxFailed,
        oracles: this.#slices.find(({ scenario }) => scenario === name)?.declaration?.oracles ?? [],
        maxVUs: vusOf(plan),
        isOpen: isOpen(plan),
        startMs: plan.startTimeMs,
        endMs: this.#endOf(name, plan),
      })),
      thresholds,
      limits: timeline.health,
      errors: sumOfErrors([...this.#reports.map(({ end }) => end.errors), ...streamedErrors]),
      oracles: consult(
        // What was brought is judged, also where nobody announced it.
        [...declared.flatMap((one) => one.oracles), ...evidence.flatMap((one) => Object.keys(one))],
        evidence,
        oracles,
        { isWhole: this.#isWhole },
      ),
      observed: [
        ...(this.#division?.merged?.findings ?? []),
        ...this.#observed(ending),
        ...this.#failedAfterwards(),
        ...this.#hungHooks(),
        ...this.#unverified(),
        ...this.#unreadable,
        ...this.#outside(),
        ...foldedFindings([...this.#folded, ...store.folded], store.definitions),
        ...leftOut.flatMap((finding) => this.#byFilter(finding)),
      ],
    });
    const reasons: Reason[] = worstFirst(findings).map((finding) => ({ ...finding, message: say(finding) }));
    return {
      ...verdict,
      ...(timeline.slo && { slo: timeline.slo.path }),
      ...(timeline.tags && { tags: timeline.tags }),
      reasons: reasons.filter(({ severity }) => severity !== 'warning'),
      warnings: reasons.filter(({ severity }) => severity === 'warning'),
    };
  }

  /**
   * How the run went, once it was judged.
   * @param files names of what failed sessions left behind
   */
  record(verdict: Verdict, files: string[], origin: Origin): RunRecord {
    const running = new Set(this.#slices.map(({ scenario }) => scenario));
    return recordOf(this.#asRun, running, verdict, this.#store, files, origin);
  }

  /** A search has chosen its phases while the run lasted. */
  get #asRun(): Timeline {
    if (!this.#timeline.answers.capacity?.search) return this.#timeline;
    return asSteered(this.#timeline, this.#search?.loads ?? []);
  }

  get #search(): Observation['search'] {
    return this.#observations.find(({ observation }) => observation.search)?.observation.search;
  }

  /** VUs that do a number of iterations may be done long before their schedule is over: what would be due then is not. */
  #endOf(scenario: string, plan: Plan): number {
    const planned = durationOf(plan);
    const reports = this.#slices.flatMap((slice) => (slice.scenario === scenario ? [this.#reportOf(slice)] : []));
    if (isOpen(plan) || plan.iterations === undefined || reports.includes(undefined)) return planned;
    const lastMs = Math.max(...reports.map((report) => report!.end.durationMs));
    return Math.min(planned, Math.max(plan.startTimeMs + 1, lastMs));
  }

  #reportOf({ scenario, index }: SliceId): SliceReport | undefined {
    return this.#reports.find((report) => report.scenario === scenario && report.slice.index === index);
  }

  #factsOf({ scenario, slice, end }: SliceReport): SliceFacts {
    const error = end.error && failureLine(end.error.replace(`${scenario}, slice ${slice.index}: `, ''), this.#root);
    const failures = end.failures.map(({ at, ...failure }) => ({
      ...failure,
      ...(at === undefined ? {} : { at: relative(this.#root, at) }),
    }));
    return { scenario, slice, end: { ...end, error, failures } };
  }

  /** A slice that delivered no report still measured as long as it streamed. */
  #streamedMs(): number {
    const all = this.#observations.flatMap(({ observation }) => observation.streamed);
    const { phases, intervalMs } = this.#timeline;
    // Of days there are more than a function takes arguments.
    let last = -1;
    for (const { intervals } of all) for (const { index } of intervals) last = Math.max(last, index);
    return new TimeAxis(phases, intervalMs).startOf(last + 1);
  }

  /** What only the coordinator and Playwright can know: an outage, a Ctrl-C, a stop before the start. */
  #observed(ending: Ending): Finding[] {
    const cut = { kind: 'interrupted', severity: 'invalid', ofMs: this.#timeline.durationMs } as const;
    const [outage] = this.#observations.flatMap(({ observation }) => observation.outage ?? []);
    if (outage) return [{ kind: 'target-down', severity: 'fail', ...outage }];
    const ends = this.#reports.map(({ end }) => end);
    const [aborted] = this.#observations.flatMap(({ observation }) => observation.aborted ?? []);
    if (aborted) return [{ kind: 'aborted', severity: 'invalid', ...aborted, ofMs: this.#timeline.durationMs }];
    const atMs = Math.max(this.#streamedMs(), ...ends.map(({ durationMs }) => durationMs));
    if (ending.status === 'interrupted') {
      const signals = this.#observations.flatMap(({ observation: { interruptedBy }, shard }) =>
        interruptedBy === undefined ? [] : `${ofShard(shard)}${interruptedBy}`,
      );
      const [by = 'Ctrl-C'] = signals;
      return [{ ...cut, by, atMs }];
    }
    if (ending.status === 'timedout') return [{ ...cut, by: 'Playwright’s globalTimeout', atMs }];
    // Without one of its slices a run does not begin: what became of that slice is the reason, not that the others stopped.
    const isCause = ends.some(({ status }) => status === 'crashed') || ends.length < this.#slices.length;
    if (isCause && ends.every(({ durationMs }) => durationMs === 0)) return [];
    for (const { observation, shard } of this.#observations) {
      const by = `${ofShard(shard)}${observation.stopReason}`;
      if (observation.stopReason !== undefined) return [{ ...cut, by, atMs }];
    }
    const stopped = this.#reports.find(({ end }) => end.status === 'stopped');
    return stopped ? [{ ...cut, by: `slice ${stopped.slice.index + 1} of ${stopped.scenario} was stopped`, atMs }] : [];
  }

  get #drills(): Omit<NonNullable<Case['drills']>, 'planned'> {
    const seen = this.#observations.map(({ observation }) => observation);
    return {
      runs: seen.flatMap(({ drills = [] }) => drills),
      leftOut: [...new Set(seen.flatMap(({ drillsLeftOut = [] }) => drillsLeftOut))],
    };
  }

  get #partial(): Case['partial'] {
    if (!this.#division || this.#division.merged) return undefined;
    const { shard, of } = this.#division.part;
    return { shard, of };
  }

  get #isWhole(): boolean {
    const merged = this.#division?.merged;
    const isPart = this.#division !== undefined && (merged === undefined || merged.missing.length > 0);
    const all = this.#slices.every((slice) => this.#reportOf(slice)?.end.status === 'complete');
    return all && !isPart;
  }

  /** When the first slice began, ISO 8601. */
  #startedAt(): string | undefined {
    const starts = [
      ...this.#reports.flatMap(({ startedAt }) => startedAt ?? []),
      ...this.#observations.flatMap(({ observation }) => observation.startedAt ?? []),
    ];
    return starts.sort()[0];
  }

  /** What a slice streamed until it died. */
  #streamed({ scenario, index }: SliceId): Interval[] {
    const all = this.#observations.flatMap(({ observation }) => observation.streamed);
    return all.find((one) => one.scenario === scenario && one.index === index)?.intervals ?? [];
  }

  /** Of merged shards: each machine for itself, as only it can be saturated. */
  #shards({ joined, missing, of }: NonNullable<Division['merged']>): NonNullable<Case['shards']> {
    const timeline = this.#timeline;
    const shardOf = new Map<string, number>();
    const scenarios = timeline.scenarios.filter(({ name }) => this.#division?.part.scenarios.includes(name));
    const slicesOf = (shard: number) =>
      scenarios.flatMap(({ name }) =>
        slicesOfShard(timeline, name, shard).map((index) => sliceName({ scenario: name, index })),
      );
    for (const shard of joined) for (const slice of slicesOf(shard)) shardOf.set(slice, shard);
    const merged = joined.map((shard) => {
      const reports = this.#reports.filter(
        ({ scenario, slice }) => shardOf.get(sliceName({ scenario, index: slice.index })) === shard,
      );
      const store = this.#newStore();
      // All slices read the one machine; whichever did so longest tells how it was.
      const [reader] = reports.toSorted((a, b) => b.intervals.length - a.intervals.length);
      for (const report of reports) {
        const intervals = report === reader ? report.intervals : [];
        store.addSlice({ totals: this.#ofGenerator(report.totals), intervals });
      }
      const starts = reports.flatMap(({ startedAt }) => (startedAt === undefined ? [] : Date.parse(startedAt)));
      return {
        shard,
        startedAt: starts.length > 0 ? Math.min(...starts) : undefined,
        store,
        slices: reports.map((report) => this.#factsOf(report)),
        errors: sumOfErrors(reports.map(({ end }) => end.errors)),
      };
    });
    return { expected: of, merged, missingSlices: missing.flatMap(slicesOf).length };
  }

  /** Nothing else is judged by shard. */
  #ofGenerator(totals: SliceReport['totals']): SliceReport['totals'] {
    const { definitions } = this.#store;
    return Object.fromEntries(
      Object.entries(totals).filter(([key]) => definitions[metricOf(key)]?.tells === 'generator'),
    );
  }

  /** A shard without a slice of a scenario, or a missing one, leaves out what no filter did. */
  #byFilter(finding: Finding): Finding[] {
    if (finding.kind !== 'left-out' || !this.#division) return [finding];
    const scenarios = finding.scenarios.filter((name) => !this.#division!.part.scenarios.includes(name));
    return scenarios.length > 0 ? [{ ...finding, scenarios }] : [];
  }

  /** Playwright's exit code would contradict a pass. */
  #outside(): Finding[] {
    const error = this.#errorOutside;
    return error === undefined ? [] : [{ kind: 'error-outside', severity: 'invalid', error }];
  }

  #unverified(): Finding[] {
    const isInsecure = this.#observations.some(({ observation }) => observation.insecure);
    return isInsecure ? [{ kind: 'unverified', severity: 'warning' }] : [];
  }

  /** Without its last look at the target an oracle has seen a part only. */
  #hungHooks(): Finding[] {
    const hung = this.#observations.flatMap(({ observation }) => observation.hung ?? []);
    return hung.map(({ id, hook, limitMs }): Finding => {
      const declared = this.#slices.find((slice) => sliceName(slice) === sliceName(id))?.declaration;
      const blind = hook === 'settle' && (declared?.oracles.length ?? 0) > 0;
      return {
        kind: 'hung',
        severity: blind ? 'invalid' : 'warning',
        scenario: id.scenario,
        slice: id.index,
        hook,
        limitMs,
      };
    });
  }

  /** A slice that ran to its end and failed all the same: in its teardown. Playwright's exit code would contradict a pass. */
  #failedAfterwards(): Finding[] {
    return this.#slices.flatMap((slice): Finding[] => {
      const error = this.#failures.get(sliceName(slice));
      if (this.#reportOf(slice)?.end.status !== 'complete' || error === undefined) return [];
      return [crashed(slice.scenario, slice.index, failureLine(error, this.#root))];
    });
  }
}

/** What tells how the machine and its processes were. */
function ofGenerator(totals: SliceReport['totals']): SliceReport['totals'] {
  return Object.fromEntries(Object.entries(totals).filter(([key]) => groupOf(metricOf(key)) === 'generator'));
}

/** What tells how the machine was, interval by interval; nothing where there is no room for details. */
function ofMachine({ totals, intervals }: SliceReport): Interval[] {
  const keys = Object.keys(totals).filter((key) => machineMetrics.includes(metricOf(key)));
  return intervals.map(({ index, series }) => ({
    index,
    series: Object.fromEntries(keys.flatMap((key) => (series[key] ? [[key, series[key]]] : []))),
  }));
}

/** Before what was seen on it. @param shard undefined where a run is on one machine */
function ofShard(shard: number | undefined): string {
  return shard === undefined ? '' : `shard ${shard}: `;
}
