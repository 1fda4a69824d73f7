import { dirname } from 'node:path';
import { test as base, type TestInfo } from '@playwright/test';
import { type Browser, contextOptions, warmUp } from './browser.ts';
import { ControlPage, controlVariable } from './control-page.ts';
import { type Declaration, declarationType, metricDefinitions, wantsTests } from './declaration.ts';
import { executionsOf } from './executions.ts';
import { type JourneyDefinition, journeyWork } from './journey.ts';
import { checkOperations, errorName, type LoadDefinition, loadWork } from './load.ts';
import { declarePreflight } from './load-preflight.ts';
import { Recorder } from './measure/recorder.ts';
import { type HungHook, packSlice, type SliceReport, sliceReportType, withoutEvidence } from './measure/slice.ts';
import { NamedValues } from './measure/tag-values.ts';
import { declareOptions, type Options, optionsOf, optionsSchema } from './options.ts';
import { drillEnds } from './profile/drills.ts';
import { setUpRun } from './run-hooks.ts';
import { durationOf, shareOf, vusOf } from './schedule/plan.ts';
import { ScenarioRun } from './schedule/scenario.ts';
import { monotonicMs, StartLineRunner, sliceName, startLineVariable } from './schedule/startline.ts';
import type { Timeline, TimelineScenario } from './schedule/timeline.ts';
import { secrets } from './secrets.ts';
import { dataIdOf } from './shard.ts';
import { divertSoftFailures } from './soft-failures.ts';
import { SpecRunner, takeSpec } from './spec.ts';
import { resolveTarget, shownUrl, targetSettings } from './target.ts';
import { defaultSessionLimits, defaultTimeLimits, TimeIsUp, within } from './time-limit.ts';
import type { SliceContext } from './vu.ts';

export type { Locator, Page } from '@playwright/test';
export { expect } from '@playwright/test';
export { acknowledgedSet, type SetEvidence, SetHistory } from './check/acknowledged-set.ts';
export { conservation, type TotalEvidence } from './check/conservation.ts';
export { convergence, type ReplicaEvidence } from './check/convergence.ts';
export {
  type Arrival,
  type DeliveryEvidence,
  DeliveryHistory,
  delivery,
  type LossListener,
  type Subscription,
} from './check/delivery.ts';
export {
  ExpectedResource,
  type LifecycleEvidence,
  lifecycle,
  type Mismatch,
  ResourceHistory,
  type ResourceKind,
} from './check/lifecycle.ts';
export { type IdsEvidence, uniqueIds } from './check/unique-ids.ts';
export { durationHelp, parseDuration } from './duration.ts';
export { Feeder } from './feeder.ts';
export type { JourneyDefinition, JourneyUse, User, Visit } from './journey.ts';
export type { LoadDefinition } from './load.ts';
export type { JudgedRun, Judgement } from './measure/evidence.ts';
export { exhaustedCodes } from './measure/failures.ts';
export { epochMs, markOf, markText } from './measure/marks.ts';
export { type MetricDefinition, unfinished } from './measure/metrics.ts';
export type { RecordedSeries } from './measure/recorded-series.ts';
export { allowed } from './misspelling.ts';
export { durationMs, OptionError, share, wholeNumber } from './options.ts';
export { type OracleDefinition, oracle } from './oracle.ts';
export type { RunHooks } from './run-hooks.ts';
export type { ExpectedLoad } from './schedule/plan.ts';
export { type Random, random } from './schedule/random.ts';
export { secret } from './secrets.ts';
export { workDueAt } from './soft-failures.ts';
export type { Target } from './target.ts';
export type { RunLimits, SessionLimits, TimeLimits } from './time-limit.ts';
export { type Account, accountOf } from './user.ts';
export { type SliceContext, unmeasured, type Vu } from './vu.ts';

/** How long a slice without a runner may take to clean up. */
const ORPHAN_MS = 5_000;

/** How long the teardown of a run that was stopped may take: whoever stopped it is waiting. */
const STOPPED_TEARDOWN_MS = 5_000;

/**
 * Declares protocol work: one Playwright test a slice, in a file `<name>.load.ts` below `protocol/`.
 * @param name the file's name; profiles call the scenario by it, or name it in `exec`
 * @throws one sentence for operations without any, a weight that is no number, or a metric's name that no threshold could be about
 */
export function load<S = undefined, V = undefined, O = Options, R = undefined>(
  name: string,
  definition: LoadDefinition<S, V, O, R>,
): void {
  checkOperations(name, definition);
  if (definition.options) declareOptions('load', name, definition.options);
  if (definition.preflight) declarePreflight(name, definition.preflight);
  if (!wantsTests()) return;
  const declaration: Declaration = {
    kind: 'load',
    name,
    operations: Object.keys(definition.operations),
    metrics: metricDefinitions(definition.metrics ?? {}),
    oracles: definition.oracles ?? [],
    ...runHooksOf(definition),
    options: optionsSchema('load', name)?.properties ?? {},
  };
  declareTests(declaration, async ({ slice }) => {
    const limits = { ...defaultTimeLimits, ...definition.timeLimitsMs };
    const data = await setUpRun(definition, limits, slice);
    const setUp = definition.setup?.(slice.context as SliceContext<O>, data);
    const shared = (await within(`setup of ${slice.scenario.name}`, limits.setup, setUp, slice.context.signal)) as S;
    slice.atEnd('teardown', () => definition.teardown?.(shared), limits.teardown);
    const work = loadWork(definition, { shared, data }, slice.context, slice.timeline.seed, slice.scenario.mix);
    await slice.run.run(work);
  });
}

/**
 * Declares a browser user: one Playwright test a slice, in a file `<name>.journey.ts` below `journeys/`; each iteration is a session.
 * @param name the file's name; profiles call the scenario by it, or name it in `exec`
 * @throws one sentence for a metric's name that no threshold could be about
 */
export function journey<O = Options, R = undefined>(name: string, definition: JourneyDefinition<O, R>): void {
  if (definition.options) declareOptions('journey', name, definition.options);
  if (!wantsTests()) return;
  const metrics = metricDefinitions(definition.metrics ?? {});
  const { oracles = [] } = definition;
  const options = optionsSchema('journey', name)?.properties ?? {};
  const declaration: Declaration = { kind: 'journey', name, operations: [], metrics, oracles, options };
  declareTests({ ...declaration, ...runHooksOf(definition) }, async ({ slice, browser }) => {
    const { context, run, timeline, keep } = slice;
    const data = await setUpRun(definition, { ...defaultSessionLimits, ...definition.timeLimitsMs }, slice);
    slice.atEnd('teardown', () => definition.teardown?.(), defaultTimeLimits.teardown);
    await warmUp(browser, contextOptions(context.target)).catch((error) => {
      if (!(error instanceof TimeIsUp)) throw error;
      context.recorder.error(`generator: ${error.message}`);
    });
    const hasControl = process.env[controlVariable] === sliceName({ scenario: context.scenario, index: slice.index });
    const unmeasured = (error: Error) => context.recorder.error(`control page: ${errorName(error)}`);
    const control = hasControl ? await ControlPage.open(browser).catch(unmeasured) : undefined;
    control?.visit(run, context.recorder);
    try {
      await run.run(
        journeyWork(definition as unknown as JourneyDefinition, {
          slice: context,
          data,
          root: slice.root,
          browser,
          seed: timeline.seed,
          isDraining: () => run.isDraining,
          keep,
        }),
      );
    } finally {
      await control?.close();
    }
  });
}

/**
 * Declares a browser user that does what a test of an ordinary project does: the file imports the spec, unchanged, and names its test.
 * A session has the test's fixtures, page objects and hooks (`beforeAll` and fixtures of scope `worker` once a slice); each `test.step`
 * is a measured step. The spec's other tests are not run.
 * @param name the file's name, as of {@link journey}
 * @param title of the test; those of its groups before it, with " › " between them, where several tests have it
 * @throws one sentence when the specs that were imported have no such test, or several
 */
export function journeyFromTest(
  name: string,
  title: string,
  definition: Omit<JourneyDefinition, 'run' | 'options' | 'teardown'> = {},
): void {
  const spec = takeSpec(loadingSuite(), title);
  let browser: Browser | undefined;
  const runner = new SpecRunner(spec, () => browser);
  const { use = {} } = definition;
  journey(name, {
    ...definition,
    use: (user, data) => ({ ...runner.use, ...(typeof use === 'function' ? use(user, data) : use) }),
    async run(visit) {
      browser = visit.page.context().browser() ?? undefined;
      await runner.session(visit);
    },
    teardown: () => runner.end(),
  });
}

/** Of the file that Playwright is loading, by what `test(…)` itself asks. */
function loadingSuite(): Parameters<typeof takeSpec>[0] {
  const of = base as unknown as Record<symbol, { _currentSuite?(location: object, title: string): unknown }>;
  const [own] = Object.getOwnPropertySymbols(base).map((symbol) => of[symbol]);
  if (!own?._currentSuite)
    throw new Error('journeyFromTest does not know this version of Playwright; allowed is a journey.');
  return own._currentSuite({}, 'journeyFromTest()') as Parameters<typeof takeSpec>[0];
}

/** A test for each scenario that runs it, in whatever profile: the reporter leaves those of the profile that is run. */
function declareTests(declaration: Declaration, body: Parameters<typeof scenarioTest>[2]): void {
  const annotation = { type: declarationType, description: JSON.stringify(declaration) };
  for (const scenario of executionsOf(declaration.kind, declaration.name)) scenarioTest(scenario, { annotation }, body);
}

function runHooksOf({ setupRun, teardownRun }: { setupRun?: unknown; teardownRun?: unknown }) {
  return setupRun || teardownRun ? ({ hasRunHooks: true } as const) : {};
}

/** What is done when everything is over. */
interface CleanUp {
  hook: HungHook['hook'];
  cleanUp(): void | Promise<void>;
  limitMs: number;
  /** Resolves when it may begin. */
  turn(): Promise<void>;
}

interface Slice {
  /** The project's folder. */
  root: string;
  /** Counts from 0. */
  index: number;
  run: ScenarioRun;
  timeline: Timeline;
  scenario: TimelineScenario;
  context: SliceContext;
  line: StartLineRunner;
  /** Runs when everything is over, before the connection to the start line is given up; what was said last comes first. */
  atEnd(hook: CleanUp['hook'], cleanUp: CleanUp['cleanUp'], limitMs: number, turn?: CleanUp['turn']): void;
  keep(name: string, body: Buffer, contentType: string): Promise<void>;
}

/**
 * The slice is a fixture because on Ctrl-C, time-out or failure Playwright leaves a test's body where it stands but still tears
 * its fixtures down: what was measured is attached in every case that the process survives.
 */
const scenarioTest = base.extend<{ slice: Slice }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures a fixture needs from this pattern.
  slice: async ({}, use, testInfo) => {
    const address = process.env[startLineVariable];
    if (!address) {
      throw new Error(
        'No load was sent, as no verdict could be made: Tandem’s reporter is not there. --reporter replaces it; --add-reporter keeps it.',
      );
    }
    divertSoftFailures(testInfo);
    const timeline = testInfo.project.metadata as Timeline;
    const scenario = timeline.scenarios.find(({ name }) => name === testInfo.title)!;
    const index = testInfo.repeatEachIndex;
    const line = await StartLineRunner.connect(address, { scenario: scenario.name, index });
    const runId = process.env.LOAD_RUN_ID!;
    const slice = { index, of: scenario.slices };
    const root = dirname(testInfo.config.configFile!);
    const settings = targetSettings(process.env, root);
    secrets.addGiven(settings);
    // What authors' code prints goes from here to every reporter there is.
    secrets.guard([process.stdout, process.stderr]);
    const clean = (name: string) => secrets.cleanName(name);
    const { kind, name, metrics, operations } = declarationOf(testInfo);
    const named = new NamedValues(operations, Object.keys(timeline.thresholds));
    const recorder = new Recorder(scenario.name, scenario.kind, metrics, named, clean);
    const target = resolveTarget(settings, process.env);
    const shown = { name: target.name, url: shownUrl(target.baseUrl) };
    const run = new ScenarioRun({ runId, timeline, scenario, slice, target: shown, recorder, line });
    const cleanUps: CleanUp[] = [];
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
    const keep = (name: string, body: Buffer, contentType: string) => testInfo.attach(name, { body, contentType });
    endWithTheRunner();
    // Were it ever asked where it is blocked (run/inspection.ts), it listens at a port that nobody else has.
    process.debugPort = 0;
    const atEnd: Slice['atEnd'] = (hook, cleanUp, limitMs, turn = async () => {}) =>
      cleanUps.unshift({ hook, cleanUp, limitMs, turn });
    await use({ root, index, run, timeline, scenario, context, line, keep, atEnd });
    const stopped = line.signal.aborted;
    const report = await run.finish();
    const [failure] = testInfo.errors;
    if (report.end.status === 'stopped' && testInfo.status === 'failed' && failure && !stopped) {
      // It failed before its schedule began: in `setup`, or for want of a browser.
      report.end = { ...report.end, status: 'crashed', error: failure.stack ?? failure.message ?? failure.value };
    }
    await testInfo.attach('slice', { body: packed(report), contentType: sliceReportType });
    for (const error of testInfo.errors) secrets.cleanInPlace(error);
    const failures: unknown[] = [];
    for (const { hook, cleanUp, limitMs, turn } of cleanUps) {
      await turn();
      const allowedMs = report.end.status === 'stopped' ? Math.min(limitMs, STOPPED_TEARDOWN_MS) : limitMs;
      await within(hook, allowedMs, (async () => cleanUp())()).catch((error: unknown) => {
        if (error instanceof TimeIsUp) line.hung(hook, allowedMs);
        else failures.push(secrets.cleanError(error));
      });
    }
    await line.end();
    if (failures.length > 0) throw failures[0];
  },
});

function packed(report: SliceReport): Buffer {
  const pack = ({ evidence, end, ...rest }: SliceReport) =>
    packSlice({ ...rest, evidence: secrets.cleanData(evidence), end: secrets.cleanMessages(end) });
  try {
    return pack(report);
  } catch (error) {
    return pack(withoutEvidence(report, error));
  }
}

/**
 * A slice whose runner was killed has nobody to report to: it may close its browser, and goes then, whatever hangs. A signal to
 * all processes of the run is the runner's to hear, which tells the slices.
 */
function endWithTheRunner(): void {
  process.on('SIGHUP', () => {});
  process.once('disconnect', () => setTimeout(() => process.exit(1), ORPHAN_MS));
}

function declarationOf(testInfo: TestInfo): Declaration {
  const annotation = testInfo.annotations.find(({ type }) => type === declarationType);
  return JSON.parse(annotation!.description!);
}
