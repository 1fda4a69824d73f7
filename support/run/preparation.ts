import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import type { FullConfig, Suite, TestCase, TestRun } from '@playwright/test/reporter';
import { launchOptions, trustedVariable } from '../browser.ts';
import { EmbeddedTarget } from '../embedded-target.ts';
import { listedFamilies } from '../family.ts';
import { chosenBy, commandLine, isFiltered } from '../input/command-line.ts';
import { embeddedVariables } from '../input/environment.ts';
import type { Part } from '../judge/shards.ts';
import type { SliceId } from '../measure/slice.ts';
import {
  checkBrowser,
  checkEndpoints,
  checkLoads,
  checkReachable,
  checkScenarios,
  endpointsUsed,
  originsUsed,
  trustedKeys,
  type Used,
} from '../preflight.ts';
import { tagsText } from '../profile/tags.ts';
import { runFolder } from '../report/files.ts';
import type { LiveDisplay } from '../report/live.ts';
import { askOrigin, originOf } from '../report/origin.ts';
import { checkRecipients } from '../report/recipients.ts';
import { scenarioFiles } from '../scenario-files.ts';
import { slicesOfShard } from '../schedule/slices.ts';
import type { Timeline } from '../schedule/timeline.ts';
import { secrets } from '../secrets/secrets.ts';
import { attemptOf, checkDrilled, ciRunId, commonStart, dataIdOf, meetingOf, setAttempt, sharingOf } from '../shard.ts';
import { resolveTarget, shownUrl, type Target, targetSettings } from '../target.ts';
import { colocate, colocatedText, colocatedVariable } from '../worker/colocated.ts';
import { type Declaration, declarationType } from '../worker/declaration.ts';
import { contextOptionNames } from '../worker/journey-use.ts';
import type { PlannedSlice } from './collector.ts';
import { Coordinator, type PlannedDrills } from './coordinator.ts';
import { checkOracles, loadOracles } from './oracle-files.ts';
import { resultsFolder, shardName } from './results.ts';
import { runnerOf, unjudgedRuns } from './stream.ts';

/** A slice that runs in the process of another. */
type Guest = PlannedSlice & { host: SliceId };

/** What Playwright hands to a reporter before it runs anything. */
export interface Planned {
  config: FullConfig;
  suite: Suite;
  testRun: TestRun;
}

/**
 * Checks everything that can be wrong with a run, leaves out the tests that are no slices of it, and opens its start line.
 * Undefined when there is nothing to run.
 * @param root the folder with the `.env` files
 * @throws one sentence
 */
export async function prepare(
  { config, suite, testRun }: Planned,
  root: string,
  display: LiveDisplay,
): Promise<Coordinator | undefined> {
  if (suite.suites.length > 1) {
    const names = suite.suites.map((one) => one.project()!.name).join(', ');
    throw new Error(`--project names ${suite.suites.length} profiles (${names}); allowed is one profile a run.`);
  }
  const timeline = timelineOf(suite);
  if (!timeline) return undefined;
  const { retries } = suite.suites[0]!.project()!;
  if (retries !== 0) {
    throw new Error(`--retries is ${retries}; allowed is 0, since half a load that begins again is no measurement.`);
  }
  excludeUnasked({ config, suite, testRun });
  const declared = declarations(suite);
  if (!isFiltered(commandLine(process.argv))) checkAllDeclared(timeline, declared, root);
  if (declared.size === 0) return undefined;
  checkScenarios(timeline, declared, root);
  await checkOraclesOf(suite, root);
  checkRepeats(timeline, suite);
  excludeOthers({ config, suite, testRun });
  const guests = timeline.sharedProcesses ? excludeColocated({ suite, testRun }) : [];
  process.env[colocatedVariable] = colocatedText(guests);
  const atOnce = suite.allTests().length;
  if (config.workers < atOnce) {
    throw new Error(
      `--workers is ${config.workers}, but profile ${timeline.profile} has ${atOnce} processes that must run at the same time; allowed is at least ${atOnce}.`,
    );
  }
  checkBrowser(timeline, new Set(declared.keys()));
  checkRecipients(process.env);
  const settings = targetSettings(process.env, root);
  const kinds = new Set([...declared.values()].map(({ kind }) => kind));
  const browser = kinds.has('journey') ? launchOptions().executablePath : undefined;
  await Promise.all([EmbeddedTarget.current?.listening(), askOrigin(root, browser)]);
  const target = resolveTarget(settings, process.env);
  const ignored = target.embedded ? [] : embeddedVariables(process.env);
  if (ignored.length > 0) {
    display.print(`${ignored.join(', ')} ignored: the target is ${shownUrl(target.baseUrl)}, not the embedded one.`);
  }
  const drills = drillsFor(timeline, target, config.shard?.current ?? 1, process.env);
  for (const name of drills.leftOut)
    display.print(
      `Drill ${name} is left out: only the embedded target has it, and the target is ${shownUrl(target.baseUrl)}.`,
    );
  if (target.wire.insecure) display.print('No certificate is verified in this run: TLS_INSECURE=1.');
  const unjudged = await unjudgedRuns(join(root, 'reports'));
  if (unjudged.length > 0) {
    display.print(
      `Killed before it could be judged: ${unjudged.join(', ')}. "npx tandem report <run>" makes the verdict of what was measured.`,
    );
  }
  const start = commonStart(process.env);
  const shard = config.shard ?? undefined;
  checkDrilled(start, shard, drills.all, timeline.path);
  const say = (line: string) => display.print(line);
  // An id that is made now was never used.
  const isNew = !process.env.LOAD_RUN_ID && !ciRunId(process.env);
  setAttempt(isNew ? '' : attemptOf(start, shard, process.env), process.env);
  process.env.LOAD_RUN_ID ||= defaultRunId(timeline.profile, root, shard !== undefined, process.env);
  const runId = process.env.LOAD_RUN_ID;
  await checkRunId(runId, resultsFolder(root, runId, shardName(shard)));
  const setUpOnce = [...declared].flatMap(([name, { hasRunHooks }]) => (hasRunHooks ? [name] : []));
  const sharing = sharingOf(start, shard, runId, timeline, setUpOnce, say);
  const own = originsUsed(target, kinds);
  const endpoints = endpointsUsed(target, listedFamilies() ?? [], suite.allTests().map(fileOf));
  await checkReachable(own, target.wire);
  await checkEndpoints(endpoints);
  const addresses = originsUsed(
    target,
    kinds,
    await checkLoads(timeline, declared, target, dataIdOf(runId, process.env), root, say),
  );
  const isFurther = ({ url }: { url: string }) => !own.some((one) => one.url === url);
  await checkReachable(addresses.filter(isFurther), target.wire);
  const used: Used = { addresses, endpoints };
  if (kinds.has('journey')) process.env[trustedVariable] = (await trustedKeys(target)).join(',');
  const part = await partOf(timeline, config, target, [...declared.keys()], root);
  // Before anybody asks for the metadata: a blob takes them along, and keeps them.
  Object.assign(timeline, secrets.cleanData({ ...timeline, guests, part }));
  const meet = meetingOf(start, shard, runId, timeline, say);
  return Coordinator.open(timeline, target, used, runId, root, display, meet, drills, sharing);
}

/**
 * The drills that are carried out, by the first machine of the run.
 * @throws one sentence when nobody allowed it for this target
 */
export function drillsFor(
  { drills, path }: Pick<Timeline, 'drills' | 'path'>,
  target: Target,
  shard: number,
  env: NodeJS.ProcessEnv,
): PlannedDrills {
  const all = drills.filter(({ run }) => target.embedded || typeof run !== 'string');
  const away =
    [target.baseUrl, ...target.addresses.map(({ url }) => url)].filter((url) => !isLoopback(url)).map(shownUrl)[0] ??
    // A path is a socket of this machine.
    target.endpoints.map(({ address }) => address).find((one) => !one.startsWith('/') && !isLoopback(`http://${one}`));
  if (all.length > 0 && !target.embedded && away !== undefined && env.DRILLS !== 'allow') {
    const { name } = all[0]!;
    throw new Error(
      `${path} has drills (${name}), and the target ${away} is not on this machine: they break it on purpose; allowed is DRILLS=allow, if that is what you want.`,
    );
  }
  return { all, leftOut: drills.filter((one) => !all.includes(one)).map(({ name }) => name), own: shard === 1 };
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url.replace(/^[a-z]+:/, 'http:'));
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname) || hostname.endsWith('.localhost');
}

/** What this machine says of its part of the run; {@link timelineOf} a run that was prepared holds it as `part`. */
async function partOf(
  timeline: Timeline,
  { shard, version }: FullConfig,
  target: Target,
  scenarios: string[],
  root: string,
): Promise<Part> {
  const { tandem, commit, playwright } = (await originOf(root, version, undefined)).versions;
  const runId = process.env.LOAD_RUN_ID!;
  const { current, total } = shard ?? { current: 1, total: 1 };
  const url = shownUrl(target.baseUrl);
  const { profile, seed, tags, ...schedule } = timeline;
  return {
    shard: current,
    of: total,
    runId,
    target: { name: target.name, url },
    scenarios,
    common: {
      'run id': runId,
      attempt: dataIdOf(runId, process.env),
      profile,
      seed,
      'number of shards': String(total),
      target: [url, shownUrl(target.apiUrl)].join(', '),
      commit: commit ?? 'unknown',
      'version of Tandem': tandem,
      'version of Playwright': playwright,
      'filter (-g)': scenarios.toSorted().join(', '),
      // Whatever else shapes it: LOAD_DURATION, LOAD_SCALE, LOAD_SLICES, an edited profile.
      tags: tagsText(tags),
      schedule: createHash('sha256')
        .update(JSON.stringify({ profile, seed, ...schedule }))
        .digest('hex')
        .slice(0, 12),
    },
  };
}

/** What a shard said of itself; undefined before the run was prepared. */
export function partIn(timeline: Timeline): Part | undefined {
  return (timeline as Timeline & { part?: Part }).part;
}

/** The slices that the test runs in its process, its own first. */
export function slicesOf(test: TestCase): PlannedSlice[] {
  const { guests = [] } = test.parent.project()!.metadata as Timeline & { guests?: Guest[] };
  const own = sliceOf(test);
  const isHere = ({ host }: Guest) => host.scenario === own.scenario && host.index === own.index;
  return [own, ...guests.filter(isHere).map(({ host: _, ...slice }) => slice)];
}

function sliceOf(test: TestCase): PlannedSlice {
  const { title: scenario, repeatEachIndex: index } = test;
  return { scenario, index, file: fileOf(test), declaration: declarationOf(test) };
}

/** Of the run's only profile; undefined when Playwright found no test. */
export function timelineOf(suite: Suite): Timeline | undefined {
  return suite.suites[0]?.project()?.metadata as Timeline | undefined;
}

/** What the test's file declared; undefined when it is no load(…) or journey(…). */
export function declarationOf(test: TestCase): Declaration | undefined {
  const found = test.annotations.find(({ type }) => type === declarationType)?.description;
  return found === undefined ? undefined : (JSON.parse(found) as Declaration);
}

/** Relative to the project's folder. The test's own location is in support/test.ts; its parent is the file. */
export function fileOf(test: TestCase): string {
  return test.parent.title;
}

/** What a file is to declare. */
function namedBy(file: string): { kind: string | undefined; name: string | undefined } {
  const [name, kind] = basename(file).split(/\.(load|journey)\.ts$/);
  return { kind, name };
}

/** What the test's file declared, when it is what the file is called. */
function soundDeclaration(test: TestCase): Declaration | undefined {
  const declaration = declarationOf(test);
  const { kind, name } = namedBy(fileOf(test));
  return declaration?.kind === kind && declaration?.name === name ? declaration : undefined;
}

/** By scenario name. Throws when a file declares another scenario than its name says. */
function declarations(suite: Suite): Map<string, Declaration> {
  const declared = new Map<string, Declaration>();
  for (const test of suite.allTests()) {
    const declaration = soundDeclaration(test);
    if (!declaration) {
      const file = fileOf(test);
      const { kind, name } = namedBy(file);
      const other = declarationOf(test);
      const found = `${other?.kind ?? 'test'}("${other?.name ?? test.title}", …)`;
      throw new Error(`${file} declares ${found}; allowed is ${kind}("${name}", …), once.`);
    }
    checkUnheard(test, declaration);
    declared.set(test.title, declaration);
  }
  return declared;
}

/** How the target is reached, which `test.use` may say as well. */
const targetOptionNames = ['baseURL', 'clientCertificates', 'httpCredentials', 'ignoreHTTPSErrors', 'proxy'];

/**
 * What a journey's file says by `test.use` is about Playwright's own contexts, and a session's is none of these.
 * @throws one sentence
 */
export function checkUnheard({ parent }: Pick<TestCase, 'parent'>, { kind, name }: Declaration): void {
  if (kind !== 'journey') return;
  const { _use: uses = [] } = parent as { _use?: { fixtures: object }[] };
  const said = uses.flatMap(({ fixtures }) => Object.keys(fixtures));
  const refuse = (names: readonly string[], allowed: (option: string) => string) => {
    const option = said.find((one) => names.includes(one));
    if (option === undefined) return;
    throw new Error(
      `${parent.title}: test.use says ${option}, which no session hears of; allowed is ${allowed(option)}.`,
    );
  };
  refuse(contextOptionNames, (option) => `journey("${name}", { use: { ${option}: … } })`);
  refuse(targetOptionNames, () => 'to say in .env how the target is reached');
}

/** @throws one sentence */
async function checkOraclesOf(suite: Suite, root: string): Promise<void> {
  const promised = suite
    .allTests()
    .map((test) => ({ file: fileOf(test), oracles: declarationOf(test)?.oracles ?? [] }));
  const fail = (sentence: string) => {
    throw new Error(sentence);
  };
  checkOracles(promised, await loadOracles(root, promised, fail));
}

/** A file without its load(…) would else be left out of the run, and its thresholds with it. */
function checkAllDeclared({ scenarios, path }: Timeline, declared: Map<string, Declaration>, root: string): void {
  const gone = scenarios.find(({ name }) => !declared.has(name));
  if (!gone) return;
  const { name, kind, exec = name } = gone;
  const file = relative(root, scenarioFiles(root)[kind].get(exec)!);
  throw new Error(
    `${file} declares nothing, but ${path} runs scenarios.${name}; allowed is one ${kind}(…) with the name of its file.`,
  );
}

function checkRepeats({ scenarios, profile, slices }: Timeline, suite: Suite): void {
  for (const { name } of scenarios) {
    const tests = suite.allTests().filter(({ title }) => title === name);
    if (tests.length > 0 && tests.length !== slices) {
      throw new Error(
        `--repeat-each is ${tests.length}, but slices are made by the profile, and ${profile} has ${slices}; allowed is LOAD_SLICES=${tests.length}.`,
      );
    }
  }
}

/**
 * Leaves the scenarios of the profile, and of these the ones that -g is about: a file declares a test for each scenario that runs
 * it in any profile, and Playwright looks for the pattern in the file's name too, which several scenarios may share.
 */
export function excludeUnasked({ suite, testRun }: Planned): void {
  for (const project of suite.suites) {
    const { scenarios } = project.project()!.metadata as Timeline;
    const isChosen = chosenBy(
      commandLine(process.argv),
      scenarios.map(({ name }) => name),
    );
    for (const test of project.allTests()) {
      const declaration = soundDeclaration(test);
      // A mistake, which is told of as one.
      if (!declaration) continue;
      const { kind, name } = declaration;
      const isOwn = scenarios.some(
        (one) => one.name === test.title && one.kind === kind && (one.exec ?? one.name) === name,
      );
      if (!isOwn || !isChosen(test.title)) testRun.exclude(test);
    }
  }
}

/**
 * Leaves the slices of this machine. Playwright repeats every test as often as the profile has slices, and a scenario may have
 * fewer; and it would cut the list into shards of equal length, of which one might have all the browsers.
 */
export function excludeOthers({ config, suite, testRun }: Planned): void {
  const { shard } = config;
  if (shard) testRun.skipSharding();
  for (const project of suite.suites) {
    const timeline = project.project()!.metadata as Timeline;
    for (const { name, slices } of timeline.scenarios) {
      const own = shard && new Set(slicesOfShard(timeline, name, shard.current));
      for (const test of project.allTests()) {
        const { title, repeatEachIndex: index } = test;
        if (title === name && (own ? !own.has(index) : index >= slices)) testRun.exclude(test);
      }
    }
  }
}

/** Leaves one slice in each process; it runs the others as well. */
function excludeColocated({ suite, testRun }: Pick<Planned, 'suite' | 'testRun'>): Guest[] {
  const tests = suite.allTests();
  const guests = colocate(tests.map((test) => ({ ...sliceOf(test), test })));
  for (const { test } of guests) testRun.exclude(test);
  return guests.map(({ test: _, ...guest }) => guest);
}

/**
 * Of two runs at once with one id the results of one would take the place of the other's.
 * @throws one sentence
 */
export async function checkRunId(runId: string, folder: string): Promise<void> {
  const pid = await runnerOf(folder);
  if (pid === undefined) return;
  throw new Error(
    `LOAD_RUN_ID is "${runId}", and process ${pid} is a run of that id, here and now; allowed is another one, or to wait for its end.`,
  );
}

/**
 * The CI's own run id, so that shards agree on it; else one that sorts by time. A job of a CI may run a profile twice, as against
 * two targets: the second run has a name of its own, or its results would take the place of the first one's.
 */
export function defaultRunId(profile: string, root: string, isShard: boolean, env: NodeJS.ProcessEnv): string {
  const made = `${new Date().toISOString().slice(0, 19).replace(/[:]/g, '')}-${process.pid.toString(36)}`;
  const first = `${profile}-${ciRunId(env) ?? made}`;
  let id = first;
  const isTaken = () => existsSync(join(root, 'reports', runFolder(id)));
  for (let number = 2; !isShard && isTaken(); number++) id = `${first}-${number}`;
  return id;
}
