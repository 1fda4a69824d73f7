/**
 * A run inside the test's own process: what profiles, loads and journeys say, the slices of support/test.ts, their start line and
 * the verdict, at a twentieth of the CPU time of a whole run. Without Playwright's processes, preflight, probe, files and exit code.
 */
import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Browser, test as playwright, type TestInfo } from '@playwright/test';
import { families } from '../protocol/families.ts';
import { tandemConfig } from '../support/config.ts';
import type { Verdict } from '../support/judge/verdict.ts';
import { sliceReportType } from '../support/measure/slice.ts';
import { firstLine } from '../support/report/failure.ts';
import { Collector } from '../support/run/collector.ts';
import { Drills, GuardianProcess } from '../support/run/drills.ts';
import { LiveSearch } from '../support/run/live-search.ts';
import { loadOracles } from '../support/run/oracle-files.ts';
import { type Planned, prepare } from '../support/run/preparation.ts';
import { scenarioFiles, testFilesOf } from '../support/scenario-files.ts';
import { type HungHook, monotonicMs, StartLine, startLineVariable } from '../support/schedule/startline.ts';
import { shownUrl } from '../support/target.ts';
import type { Declaration } from '../support/worker/declaration.ts';
import { type Project, repository } from './project.ts';

const RUN_ID = 'local';
const READY_TIMEOUT_MS = 60_000;

// Slices read them, as a reporter's workers do.
process.env.LOAD_RUN_ID = RUN_ID;
// Each slice listens for the end of its runner.
process.setMaxListeners(0);

type Body = (fixtures: { slices: unknown; browser: Browser | undefined }) => Promise<void>;
type Fixture = (none: object, use: (slices: unknown) => Promise<void>, testInfo: TestInfo) => Promise<void>;

/** A scenario as its file hands it to Playwright. */
interface Declared {
  annotation: { type: string; description: string };
  body: Body;
  slices: Fixture;
}

/** By name, those that were declared last; a file is read once in a process. */
const scenarios = new Map<string, Declared & { file: string }>();
let reading = '';

// In the place of Playwright, which takes tests in its own processes only.
Object.assign(playwright, {
  extend: ({ slices }: { slices: Fixture }) => {
    return (name: string, { annotation }: Pick<Declared, 'annotation'>, body: Body) =>
      scenarios.set(name, { annotation, body, slices, file: reading });
  },
});

let loading: Promise<unknown> = Promise.resolve();

/** Files of one project at a time: those of another may declare the same names, and while oracles are loaded nobody takes tests. */
function alone<T>(load: () => Promise<T>): Promise<T> {
  const own = loading.then(load);
  loading = own.catch(() => {});
  return own;
}

async function read(files: string[]): Promise<typeof scenarios> {
  for (const file of files) {
    reading = file;
    await import(pathToFileURL(file).href);
  }
  return new Map(scenarios);
}

interface LocalOptions {
  /** Such as `LOAD_SLICES`. */
  env?: Record<string, string>;
  /** Of the target, that follow from no other: `GRPC_ADDR`. */
  addresses?: Readonly<Record<string, string>>;
  /** For journeys. */
  browser?: Browser;
  /** Where the target is told of its own drills. */
  drillSocket?: string;
}

/** What Playwright's own switches come to. */
export interface PlannedAs {
  workers?: number;
  retries?: number;
}

/**
 * What is checked once the files of a profile are loaded and before anything is sent: an error is the sentence that would end the
 * run.
 */
export async function localPreparation(
  project: Project,
  profile: string,
  { workers = 1, retries = 0 }: PlannedAs = {},
): Promise<void> {
  const config = tandemConfig(project.folder, families, { BASE_URL: 'http://127.0.0.1:1' }, [
    ...['node', 'playwright', 'test', `--project=${profile}`],
  ]);
  const { metadata } = config.projects.find(({ name }) => name === profile)!;
  const testFiles = testFilesOf(project.folder, metadata.scenarios, scenarioFiles(project.folder, families));
  const declared = await alone(() => read(testFiles));
  const own = [...declared].filter(([, { file }]) => testFiles.includes(file));
  const tests = own.map(([title, { annotation, file }]) => ({
    ...{ title, annotations: [annotation], repeatEachIndex: 0, parent: { title: relative(project.folder, file) } },
  }));
  const suite = { allTests: () => tests, project: () => ({ metadata, retries, name: profile }) };
  const planned = { suite: { ...suite, suites: [suite] }, config: { workers, shard: null }, testRun: {} };
  const display = { show() {}, print() {}, stop() {} };
  const coordinator = await alone(() => prepare(planned as unknown as Planned, project.folder, display));
  assert.equal(coordinator, undefined, 'nothing was wrong');
}

/**
 * Runs a profile of a project to its end.
 * @param url of the target
 */
export async function localRun(
  project: Project,
  profile: string,
  url: string,
  { env = {}, addresses = {}, browser, drillSocket }: LocalOptions = {},
): Promise<Verdict> {
  const settings = Object.entries({ BASE_URL: url, ...addresses }).map(([name, value]) => `${name}=${value}\n`);
  project.write({ '.env': settings.join('') });
  const config = tandemConfig(project.folder, families, env, ['node', 'playwright', 'test', `--project=${profile}`]);
  const { metadata: timeline } = config.projects.find(({ name }) => name === profile)!;
  const testFiles = testFilesOf(project.folder, timeline.scenarios, scenarioFiles(project.folder, families));
  const declared = await alone(() => read(testFiles));
  const slices = timeline.scenarios.flatMap(({ name, slices: of }) => {
    const declaration: Declaration = JSON.parse(declared.get(name)!.annotation.description);
    return Array.from({ length: of }, (_, index) => ({ scenario: name, index, file: name, declaration }));
  });
  const hung: HungHook[] = [];
  let beganAt = Number.POSITIVE_INFINITY;
  const guardian = timeline.drills.length > 0 ? new GuardianProcess(project.folder) : undefined;
  const drills = new Drills(
    timeline.drills,
    guardian,
    () => monotonicMs() - beganAt,
    () => {},
    drillSocket,
  );
  const metrics = Object.assign({}, ...slices.map(({ declaration }) => declaration.metrics));
  const search = LiveSearch.of(timeline, timeline.scenarios, metrics);
  const line = await StartLine.open({
    ready() {},
    start: (startAt) => {
      beganAt = startAt;
      drills.start();
      search?.begin(line, startAt);
    },
    interval: (id, interval, steps) => search?.add(id, interval, steps),
    hung: (hook) => hung.push(hook),
  });
  const collector = new Collector(timeline, slices, undefined, project.folder);
  line.expect(slices.length, READY_TIMEOUT_MS);
  const startTime = new Date();
  // Each looks for it at once, before anything else can happen.
  process.env[startLineVariable] = line.address;
  const running = slices.map(async (id) => {
    const { slices, body, annotation } = declared.get(id.scenario)!;
    const errors: Error[] = [];
    const test = {
      ...{ title: id.scenario, repeatEachIndex: id.index, project: { metadata: timeline }, annotations: [annotation] },
      ...{ config: { configFile: join(project.folder, 'playwright.config.ts') }, errors, expectedStatus: 'passed' },
      status: 'passed',
      setTimeout() {},
      async attach(_name: string, { body, contentType }: { body: Buffer; contentType: string }) {
        if (contentType === sliceReportType) collector.receive(id, body);
      },
    };
    const fail = (error: Error) => {
      test.status = 'failed';
      errors.push(error);
      const ended = `slice ${id.index + 1} of ${id.scenario} ended before the start`;
      if (line.startAt === undefined) line.stop(`${ended}: ${firstLine(error.message)}`);
    };
    const use = (made: unknown) => body({ slices: made, browser }).catch(fail);
    await slices({}, use, test as unknown as TestInfo).catch(fail);
    if (errors[0]) collector.fail(id, errors[0].stack ?? errors[0].message);
  });
  await Promise.all(running);
  search?.stop();
  // What they said last is still on its way.
  while (line.pids.length > 0) await setImmediate();
  await line.close();
  await drills.close();
  const target = { name: 'default', url: shownUrl(url) };
  collector.observe({
    ...{ format: 1, runId: RUN_ID, target, startedAt: startTime.toISOString(), gauges: [], streamed: [] },
    ...{ stopReason: line.stopReason, hung, drills: drills.runs },
    ...(search && { search: search.log }),
  });
  const oracles = await alone(async () => {
    await loadOracles(project.folder, [], (sentence) => assert.fail(sentence));
    return loadOracles(repository, [], (sentence) => assert.fail(sentence));
  });
  return collector.verdict({ status: 'passed', startTime }, oracles);
}
