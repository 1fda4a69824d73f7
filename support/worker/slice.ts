import { dirname } from 'node:path';
import { lostAsJson } from '../measure/evidence.ts';
import { stackOf, textOf } from '../measure/failures.ts';
import { Recorder } from '../measure/recorder.ts';
import {
  type HungHook,
  packSlice,
  type SliceId,
  type SliceReport,
  sliceFailureType,
  sliceName,
  sliceReportType,
  withoutEvidence,
} from '../measure/slice.ts';
import { NamedValues } from '../measure/tag-values.ts';
import { optionsOf } from '../options.ts';
import { drillEnds } from '../profile/drills.ts';
import { durationOf, shareOf, vusOf } from '../schedule/plan.ts';
import { ScenarioRun } from '../schedule/scenario.ts';
import { monotonicMs, StartLineRunner } from '../schedule/startline.ts';
import type { Timeline, TimelineScenario } from '../schedule/timeline.ts';
import { secrets } from '../secrets/secrets.ts';
import { dataIdOf } from '../shard.ts';
import { resolveTarget, shownUrl, type TargetSettings } from '../target.ts';
import { TimeIsUp, within } from '../time-limit.ts';
import type { Declaration } from './declaration.ts';
import type { SliceContext } from './vu.ts';

/** How long the teardown of a run that was stopped may take: whoever stopped it is waiting. */
const STOPPED_TEARDOWN_MS = 5_000;

/** Why something failed, as Playwright has it. */
interface TestError {
  message?: string;
  stack?: string;
  value?: string;
}

/** Of the test in whose process a slice runs: Playwright's `TestInfo`. */
interface HostTest {
  config: { configFile?: string };
  project: { metadata: object };
  status?: string;
  errors: TestError[];
  attach(name: string, options: { body: Buffer; contentType: string }): Promise<void>;
}

/** What is done when everything is over. */
interface CleanUp {
  hook: HungHook['hook'];
  cleanUp(): void | Promise<void>;
  limitMs: number;
  /** Resolves when it may begin. */
  turn(): Promise<void>;
}

/** A slice of a scenario in the process that runs it, from its connection to the start line to its report. */
export class Slice {
  readonly id: SliceId;
  /** The project's folder. */
  readonly root: string;
  readonly run: ScenarioRun;
  readonly timeline: Timeline;
  readonly scenario: TimelineScenario;
  readonly context: SliceContext;
  readonly line: StartLineRunner;
  /** What it threw first. */
  failure: Error | undefined;
  readonly #test: HostTest;
  readonly #cleanUps: CleanUp[] = [];

  /**
   * @param address of the start line
   */
  static async open(
    id: SliceId,
    declaration: Declaration,
    address: string,
    settings: TargetSettings,
    test: HostTest,
  ): Promise<Slice> {
    return new Slice(id, declaration, await StartLineRunner.connect(address, id), settings, test);
  }

  private constructor(
    id: SliceId,
    { kind, name, metrics, operations }: Declaration,
    line: StartLineRunner,
    settings: TargetSettings,
    test: HostTest,
  ) {
    this.id = id;
    this.line = line;
    this.#test = test;
    this.root = dirname(test.config.configFile!);
    const timeline = test.project.metadata as Timeline;
    const scenario = timeline.scenarios.find((one) => one.name === id.scenario)!;
    this.timeline = timeline;
    this.scenario = scenario;
    const runId = process.env.LOAD_RUN_ID!;
    const slice = { index: id.index, of: scenario.slices };
    const named = new NamedValues(operations, Object.keys(timeline.thresholds));
    const recorder = new Recorder(scenario.name, scenario.kind, metrics, named, (text) => secrets.cleanName(text));
    const target = resolveTarget(settings, process.env);
    const shown = { name: target.name, url: shownUrl(target.baseUrl) };
    const run = new ScenarioRun({ runId, timeline, scenario, slice, target: shown, recorder, line });
    this.run = run;
    const context: SliceContext = {
      runId: dataIdOf(runId, process.env),
      scenario: scenario.name,
      ...slice,
      target,
      recorder,
      options: optionsOf(kind, name, scenario.options, `scenarios.${scenario.name}.options`),
      maxVUs: shareOf(vusOf(scenario.plan), slice),
      signal: run.signal,
      beforeStart: (prepare) => run.beforeStart(prepare),
      elapsedMs: () => (run.startAt === undefined ? 0 : Math.max(0, monotonicMs() - run.startAt)),
      endsAfterMs: durationOf(scenario.plan),
      drills: drillEnds(timeline.drills),
      isOver: () => run.signal.aborted || run.isDraining || context.elapsedMs() >= context.endsAfterMs,
    };
    this.context = context;
  }

  /** Runs when everything is over, before the connection to the start line is given up; what was said last comes first. */
  atEnd(hook: CleanUp['hook'], cleanUp: CleanUp['cleanUp'], limitMs: number, turn: CleanUp['turn'] = async () => {}) {
    this.#cleanUps.unshift({ hook, cleanUp, limitMs, turn });
  }

  async keep(name: string, body: Buffer, contentType: string): Promise<void> {
    await this.#test.attach(name, { body, contentType });
  }

  /**
   * Attaches what was measured, and cleans up.
   * @param causeOf what went wrong with it, as far as it is known
   * @param isFirst of its process: the CPU time of that is told of once
   * @returns what cleaning up threw
   */
  async end(causeOf: () => TestError | undefined, isFirst: boolean): Promise<unknown[]> {
    const stopped = this.line.signal.aborted;
    const report = await this.run.finish();
    if (!isFirst) report.end.cpuSeconds = 0;
    const cause = causeOf();
    const hasFailed = this.#test.status === 'failed' || this.#test.status === 'timedOut';
    if (report.end.status === 'stopped' && hasFailed && cause && !stopped) {
      // It failed before its schedule began, in `setup` or for want of a browser; or its own code gave it a time limit.
      report.end = { ...report.end, status: 'crashed', error: stackOf(cause) };
    }
    await this.keep(sliceName(this.id), packed(report), sliceReportType);
    for (const error of this.#test.errors) secrets.cleanInPlace(error);
    if (cause === this.failure && this.failure) await this.#tell(this.failure);
    const failures: unknown[] = [];
    for (const { hook, cleanUp, limitMs, turn } of this.#cleanUps) {
      await turn();
      const allowedMs = report.end.status === 'stopped' ? Math.min(limitMs, STOPPED_TEARDOWN_MS) : limitMs;
      await within(hook, allowedMs, (async () => cleanUp())()).catch((error: unknown) => {
        if (error instanceof TimeIsUp) this.line.hung(hook, allowedMs);
        else failures.push(secrets.cleanError(error));
      });
    }
    if (failures.length > 0) await this.#tell(failures[0]);
    await this.line.end();
    return failures;
  }

  /** Which of those in this process failed, Playwright does not know. */
  async #tell(failure: unknown): Promise<void> {
    const text = textOf(() => (failure instanceof Error ? stackOf(failure) : failure));
    await this.keep(sliceName(this.id), Buffer.from(secrets.clean(text)), sliceFailureType);
  }
}

function packed(report: SliceReport): Buffer {
  const pack = ({ evidence, end, ...rest }: SliceReport) =>
    packSlice({ ...rest, evidence: secrets.cleanData(evidence), end: secrets.cleanMessages(end) });
  try {
    const lost = lostAsJson(report.evidence);
    if (lost !== undefined) throw new Error(`${lost}, of which JSON holds nothing`);
    return pack(report);
  } catch (error) {
    return pack(withoutEvidence(report, error));
  }
}
