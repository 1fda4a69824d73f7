import { dirname } from 'node:path';
import { test as base, type TestInfo } from '@playwright/test';
import { type Browser, contextOptions, warmUp } from './browser.ts';
import { ControlPage, controlVariable } from './control-page.ts';
import { textOf } from './measure/failures.ts';
import { sliceName } from './measure/slice.ts';
import { declareOptions, type Options, optionsSchema } from './options.ts';
import { startLineVariable } from './schedule/startline.ts';
import { secrets } from './secrets/secrets.ts';
import { targetSettings } from './target.ts';
import { defaultSessionLimits, defaultTimeLimits, TimeIsUp, within } from './time-limit.ts';
import { importColocated } from './worker/colocated.ts';
import { type Declaration, declarationType, metricDefinitions, takenBy } from './worker/declaration.ts';
import { executionsOf } from './worker/executions.ts';
import { checkJourney, type JourneyDefinition } from './worker/journey.ts';
import { checkUse } from './worker/journey-use.ts';
import { checkOperations, errorName, type LoadDefinition, loadWork } from './worker/load.ts';
import { declarePreflight } from './worker/load-preflight.ts';
import { setUpRun } from './worker/run-hooks.ts';
import { journeyWork } from './worker/sessions.ts';
import { Slice } from './worker/slice.ts';
import { divertRejections, divertSoftFailures } from './worker/soft-failures.ts';
import { takeSpec } from './worker/spec/file.ts';
import { SpecRunner } from './worker/spec/runner.ts';
import { keepNoSteps } from './worker/test-steps.ts';
import { hearNoWords } from './worker/test-words.ts';
import type { SliceContext } from './worker/vu.ts';

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
  listLagMs,
  type Mislisted,
  type Mismatch,
  onlyListed,
  ResourceHistory,
  type ResourceKind,
} from './check/lifecycle.ts';
export { type IdsEvidence, uniqueIds } from './check/unique-ids.ts';
export { durationHelp, parseDuration } from './input/duration.ts';
export { allowed } from './input/misspelling.ts';
export type { JudgedRun, Judgement } from './measure/evidence.ts';
export { exhaustedCodes } from './measure/failures.ts';
export { epochMs, markOf, markText } from './measure/marks.ts';
export { type MetricDefinition, unfinished } from './measure/metrics.ts';
export type { RecordedSeries } from './measure/recorded-series.ts';
export { durationMs, OptionError, share, wholeNumber } from './options.ts';
export { type OracleDefinition, oracle } from './oracle.ts';
export type { ExpectedLoad } from './schedule/plan.ts';
export { type Random, random } from './schedule/random.ts';
export { secret } from './secrets/secrets.ts';
export type { Target } from './target.ts';
export type { RunLimits, SessionLimits, TimeLimits } from './time-limit.ts';
export { Feeder } from './worker/feeder.ts';
export type { JourneyDefinition, User, Visit } from './worker/journey.ts';
export type { JourneyUse } from './worker/journey-use.ts';
export type { LoadDefinition } from './worker/load.ts';
export type { RunHooks } from './worker/run-hooks.ts';
export { ownRequests, type Requests, workDueAt } from './worker/soft-failures.ts';
export { type Account, accountOf } from './worker/user.ts';
export { type SliceContext, unmeasured, type Vu } from './worker/vu.ts';

/** How long a slice without a runner may take to clean up. */
const ORPHAN_MS = 5_000;

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
  if (takenBy() === 'nobody') return;
  const declaration: Declaration = {
    kind: 'load',
    name,
    operations: Object.keys(definition.operations),
    metrics: metricDefinitions(definition.metrics ?? {}, `load("${name}")`),
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
  declareJourney(name, definition);
}

function declareJourney<O, R>(
  name: string,
  definition: JourneyDefinition<O, R>,
  more: Pick<Declaration, 'ownProcess'> = {},
): void {
  checkJourney(name, definition as unknown as JourneyDefinition);
  if (definition.options) declareOptions('journey', name, definition.options);
  if (takenBy() === 'nobody') return;
  const metrics = metricDefinitions(definition.metrics ?? {}, `journey("${name}")`);
  const { oracles = [] } = definition;
  const options = optionsSchema('journey', name)?.properties ?? {};
  const declaration: Declaration = { kind: 'journey', name, operations: [], metrics, oracles, options };
  declareTests({ ...declaration, ...runHooksOf(definition), ...more }, async ({ slice, browser }) => {
    const { context, run, timeline } = slice;
    const data = await setUpRun(definition, { ...defaultSessionLimits, ...definition.timeLimitsMs }, slice);
    slice.atEnd('teardown', () => definition.teardown?.(), defaultTimeLimits.teardown);
    const { use } = definition;
    if (use !== undefined && typeof use !== 'function') await checkUse(slice.root, use, browser, context.target);
    const hasControl = process.env[controlVariable] === sliceName(slice.id);
    const openControl = () =>
      ControlPage.open(browser).catch((error: Error) => {
        context.recorder.error(`control page: ${errorName(error)}`);
        return undefined;
      });
    const warm = warmUp(browser, contextOptions(context.target)).catch((error) => {
      if (!(error instanceof TimeIsUp)) throw error;
      context.recorder.error(`generator: ${error.message}`);
    });
    const [control] = await Promise.all([hasControl ? openControl() : undefined, warm]);
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
          keep: (...what) => slice.keep(...what),
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
  const { use = {} } = definition;
  const runner = new SpecRunner(spec, () => browser, typeof use === 'function' ? undefined : use);
  const run: JourneyDefinition['run'] = async (visit) => {
    browser = visit.page.context().browser() ?? undefined;
    await runner.session(visit);
  };
  const sessions: JourneyDefinition = {
    ...definition,
    use:
      typeof use === 'function' ? (user, data) => ({ ...runner.use, ...use(user, data) }) : { ...runner.use, ...use },
    run,
    teardown: () => runner.end(),
  };
  // Playwright's loader alone can read a spec.
  declareJourney(name, sessions, { ownProcess: true });
}

/** Of the file that Playwright is loading, by what `test(…)` itself asks. */
function loadingSuite(): Parameters<typeof takeSpec>[0] {
  const of = base as unknown as Record<symbol, { _currentSuite?(location: object, title: string): unknown }>;
  const [own] = Object.getOwnPropertySymbols(base).map((symbol) => of[symbol]);
  if (!own?._currentSuite)
    throw new Error('journeyFromTest does not know this version of Playwright; allowed is a journey.');
  return own._currentSuite({}, 'journeyFromTest()') as Parameters<typeof takeSpec>[0];
}

/** What a slice does, from its preparation to the end of its schedule. */
type Body = (fixtures: { slice: Slice; browser: Browser }) => Promise<void>;

/** Of all files that this process has read, by scenario. */
const declared = new Map<string, { declaration: Declaration; body: Body }>();

/** A test for each scenario that runs it, in whatever profile: the reporter leaves those of the profile that is run. */
function declareTests(declaration: Declaration, body: Body): void {
  const annotation = { type: declarationType, description: JSON.stringify(declaration) };
  for (const scenario of executionsOf(declaration.kind, declaration.name)) {
    declared.set(scenario, { declaration, body });
    if (takenBy() === 'process') continue;
    // Playwright reads from the pattern whether there is to be a browser.
    if (declaration.kind === 'load') scenarioTest(scenario, { annotation }, ({ slices }) => runAll(slices, body));
    else scenarioTest(scenario, { annotation }, ({ slices, browser }) => runAll(slices, body, browser));
  }
}

/**
 * Runs the slices of this process.
 * @param body of the first, whose test this is
 */
async function runAll([first, ...others]: Slice[], body: Body, browser?: Browser): Promise<void> {
  const run = async (slice: Slice, body: Body) => {
    try {
      await body({ slice, browser: browser! });
    } catch (error) {
      slice.failure ??= error instanceof Error ? error : new Error(textOf(() => error));
      // Without one of its slices a run does not begin; after that the others go on.
      if (slice.run.startAt === undefined) throw error;
    }
  };
  await Promise.all([
    run(first!, body),
    ...others.map((slice) => run(slice, declared.get(slice.context.scenario)!.body)),
  ]);
  const failed = [first!, ...others].find(({ failure }) => failure);
  if (failed) throw failed.failure;
}

function runHooksOf({ setupRun, teardownRun }: { setupRun?: unknown; teardownRun?: unknown }) {
  return setupRun || teardownRun ? ({ hasRunHooks: true } as const) : {};
}

/**
 * The slices are a fixture because on Ctrl-C, time-out or failure Playwright leaves a test's body where it stands but still tears
 * its fixtures down: what was measured is attached in every case that the process survives.
 */
const scenarioTest = base.extend<{ slices: Slice[] }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures a fixture needs from this pattern.
  slices: async ({}, use, testInfo) => {
    const address = process.env[startLineVariable];
    if (!address) {
      throw new Error(
        'No load was sent, as no verdict could be made: Tandem’s reporter is not there. --reporter replaces it; --add-reporter keeps it.',
      );
    }
    divertSoftFailures(testInfo);
    divertRejections();
    keepNoSteps(testInfo);
    const own = hearNoWords(testInfo);
    endWithTheRunner();
    // Were it ever asked where it is blocked (run/inspection.ts), it listens at a port that nobody else has.
    process.debugPort = 0;
    const id = { scenario: testInfo.title, index: testInfo.repeatEachIndex };
    const root = dirname(testInfo.config.configFile!);
    const settings = targetSettings(process.env, root);
    secrets.addGiven(settings);
    // What authors' code prints goes from here to every reporter there is.
    secrets.guard([process.stdout, process.stderr]);
    const slices = [await Slice.open(id, declarationOf(testInfo), address, settings, own)];
    for (const scenario of await importColocated(id, process.env, root)) {
      const { declaration } = declared.get(scenario)!;
      slices.push(await Slice.open({ ...id, scenario }, declaration, address, settings, own));
    }
    await use(slices);
    // What throws from here on does so since it is ended.
    const causes = slices.map(({ failure }) => failure);
    const isOwn = causes.some((cause) => cause !== undefined);
    const endings = slices.map((slice, i) => slice.end(() => (isOwn ? causes[i] : testInfo.errors[0]), i === 0));
    const failures = (await Promise.all(endings)).flat();
    if (failures.length > 0) throw failures[0];
  },
});

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
