import { rmSync } from 'node:fs';
import { relative } from 'node:path';
import { createInterface } from 'node:readline';
import type {
  FullConfig,
  FullResult,
  Reporter,
  Suite,
  TestCase,
  TestError,
  TestResult,
  TestStep,
} from '@playwright/test/reporter';
import { launchOptions } from '../browser.ts';
import { workingFolderVariable } from '../config.ts';
import { controlVariable } from '../control-page.ts';
import { EmbeddedTarget } from '../embedded-target.ts';
import { listedFamilies, settingsOf } from '../family.ts';
import { commandLine, nothingToRun } from '../input/command-line.ts';
import { joinParts } from '../judge/shards.ts';
import { type SliceId, sliceFailureType, sliceName, sliceNamed, sliceReportType } from '../measure/slice.ts';
import { firstLine } from '../report/failure.ts';
import { Dashboard, type Files, wantsDashboard } from '../report/html/dashboard.ts';
import type { LiveDisplay } from '../report/live.ts';
import { type Origin, originOf } from '../report/origin.ts';
import { plainDisplay, terminalDisplay } from '../report/text/terminal.ts';
import { vusOf } from '../schedule/plan.ts';
import type { Timeline } from '../schedule/timeline.ts';
import { secrets } from '../secrets/secrets.ts';
import { targetSettings } from '../target.ts';
import type { Declaration } from '../worker/declaration.ts';
import { Collector, type Division } from './collector.ts';
import type { Coordinator } from './coordinator.ts';
import { Interruption, watchExit } from './interruption.ts';
import { type Observation, observationType, packObservation } from './observation.ts';
import {
  declarationOf,
  excludeOthers,
  excludeUnasked,
  type Planned,
  partIn,
  prepare,
  slicesOf,
  timelineOf,
} from './preparation.ts';
import { Results, resultsFolder, shardName } from './results.ts';
import { type StreamHeader, StreamWriter } from './stream.ts';

/**
 * Playwright's reporter: the composition root of a run. Before it, checks everything that can be wrong and opens the start
 * line; during it, follows the slices; after it, merges what they delivered, judges, and writes the results. After
 * `merge-reports` only the last part takes place, on the attachments of all shards.
 */
export default class TandemReporter implements Reporter {
  readonly #root: string;
  readonly #display: LiveDisplay;
  readonly #line = commandLine(process.argv);
  readonly #listing = this.#line.list;
  readonly #merging = this.#line.command === 'merge-reports';
  readonly #pictures: Record<string, Buffer> = {};
  /** Why the run was not begun. */
  #refusal: string | undefined;
  /** True once an error was shown. */
  #explained = false;
  #shard = '';
  /** Tests that have not ended. */
  #running = 0;
  /** Of merged shards: those that belong together, by the metadata of their projects. */
  readonly #joined = new Map<unknown, number>();
  #interrupted = false;
  /** A test that has ended did not pass: what failed is known. */
  #hasFailed = false;
  /** The first error that belongs to no test, with its stack. */
  #errorOutside: string | undefined;
  readonly #interruption = new Interruption(() => this.#coordinator?.killSlices());
  /** From then on the process may end. */
  readonly #hasEnded: () => void;
  /** Why merging fails, for Playwright. */
  #failure: string | undefined;
  /** Playwright's version. */
  #version = '';
  /** Of a run that was prepared. */
  #origin: Origin | undefined;
  #coordinator: Coordinator | undefined;
  /** Undefined when nobody asked for it. */
  #dashboard: Dashboard | undefined;
  /** The page of the results, with what it links to. */
  #page: Files = {};
  /** Undefined when there is nothing to run. */
  #collector: Collector | undefined;

  /** @param options `root`: the folder with `reports/` and the `.env` files */
  constructor(options: { root: string }) {
    this.#root = options.root;
    secrets.addGiven(targetSettings(process.env, options.root));
    const { stdout, stderr } = process;
    // Whoever read them may be gone, as a closed terminal is: the run goes on without them.
    for (const stream of [stdout, stderr]) stream.on('error', () => {});
    // Also what the project's files print while they are loaded.
    secrets.guard([stdout, stderr], (text) => secrets.cleanName(text));
    if (!this.#listing && !this.#merging) this.#interruption.begin();
    this.#hasEnded = watchExit((at) => {
      if (this.#interruption.by !== undefined) return;
      const place = at === undefined ? '' : ` at ${relative(this.#root, at)}`;
      this.#display.print(`The process of the run was ended${place}: there is no verdict.`);
    });
    this.#display = stdout.isTTY && process.env.TERM !== 'dumb' ? terminalDisplay(stdout) : plainDisplay(stdout);
    const { current: target } = EmbeddedTarget;
    // By lines: a secret would not be known in two parts.
    if (target) createInterface(target.said).on('line', (line) => this.#display.print(this.#clean(`[target] ${line}`)));
  }

  printsToStdio(): boolean {
    return true;
  }

  /** Everything that can be wrong is found here: what this throws ends the run before any load. */
  async preprocess(planned: Planned): Promise<void> {
    if (this.#listing) {
      excludeUnasked(planned);
      return excludeOthers(planned);
    }
    try {
      this.#dashboard = await Dashboard.open(process.env, (shown) => secrets.cleanMessages(shown));
      const display = this.#dashboard?.beside(this.#display) ?? this.#display;
      this.#coordinator = await prepare(planned, this.#root, display);
      const slices = planned.suite.allTests().flatMap(slicesOf);
      const hasJourneys = slices.some(({ declaration }) => declaration?.kind === 'journey');
      const browser = hasJourneys ? launchOptions().executablePath : undefined;
      if (this.#coordinator) this.#origin = await this.#originOf(planned.config.version, browser);
      if (this.#coordinator && this.#dashboard) this.#display.print(`Dashboard: ${this.#dashboard.url}`);
    } catch (error) {
      await this.#dashboard?.end();
      // Without a stack Playwright shows the sentence alone.
      if (error instanceof Error) {
        error.stack = error.message;
        this.#refusal = error.message;
      }
      throw error;
    }
  }

  onBegin(config: FullConfig, suite: Suite): void {
    this.#version = config.version;
    this.#shard = shardName(config.shard);
    if ((this.#listing || this.#merging) && wantsDashboard(process.env)) {
      this.#display.print('LOAD_DASHBOARD is ignored: there is no run to follow.');
    }
    if (this.#listing) this.#list(suite);
    if (this.#merging) {
      this.#join(suite);
      return;
    }
    const timeline = timelineOf(suite);
    const tests = suite.allTests();
    const slices = tests.flatMap(slicesOf);
    if (!timeline || slices.length === 0) return;
    this.#running = tests.length;
    const firstOfJourneys = slices.find(({ declaration }) => declaration?.kind === 'journey');
    if (firstOfJourneys) process.env[controlVariable] = sliceName(firstOfJourneys);
    const part = partIn(timeline);
    const division = config.shard && part ? { part } : undefined;
    this.#collector = new Collector(timeline, slices, division, this.#root);
    const countOf = (name: string) => slices.filter(({ scenario }) => scenario === name).length;
    if (!this.#coordinator) return;
    this.#coordinator.expect(
      timeline.scenarios
        .map(({ name, kind, plan }) => ({ name, kind, maxVUs: vusOf(plan), slices: countOf(name) }))
        .filter((scenario) => scenario.slices > 0),
      this.#openStream(this.#coordinator, { timeline, slices, ...division }),
      Object.assign({}, ...slices.map(({ declaration }) => declaration?.metrics ?? {})),
    );
  }

  onStdOut(chunk: string | Buffer): void {
    this.#display.print(this.#clean(chunk.toString()));
  }

  onStdErr(chunk: string | Buffer, test?: TestCase): void {
    const text = chunk.toString();
    const own = test && this.#coordinator ? this.#coordinator.inspection.hear(slicesOf(test), text) : text;
    if (own !== '') this.#display.print(this.#clean(own));
  }

  /** The blob reporter comes after this one. What a step was given, such as a password, is of no use to anybody there. */
  onStepBegin(_test: TestCase, _result: TestResult, step: TestStep): void {
    step.title = secrets.clean(step.title).replace(/"(?:[^"\\]|\\.)*"/g, '"…"');
    Object.assign(step, { subtitle: undefined, params: undefined });
  }

  /** Why a session failed stands in the slice's report, without what the page showed. */
  onStepEnd(_test: TestCase, _result: TestResult, step: TestStep): void {
    step.error = undefined;
  }

  onError(error: TestError): void {
    secrets.cleanInPlace(error);
    const text = (error.message ?? error.value ?? 'an error without a message').replace(/^Error: /, '');
    const nothing = text.startsWith('No tests found');
    if (text === this.#failure) return;
    // A file that cannot be loaded comes first, and what is missing because of that after it.
    if (this.#explained && (nothing || text === this.#refusal)) return;
    this.#explained = true;
    this.#errorOutside ??= error.stack ?? text;
    const where = error.location ? `\n    at ${error.location.file}:${error.location.line}` : '';
    this.#display.print(nothing ? nothingToRun(this.#line) : `${this.#clean(text)}${where}`);
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    const shard = this.#joined.get(test.parent.project()?.metadata);
    if (this.#merging && shard === undefined) return;
    for (const one of result.errors) secrets.cleanInPlace(one);
    const { error, status } = result;
    this.#interrupted ||= status === 'interrupted';
    this.#hasFailed ||= status !== 'passed';
    const why = error && (error.stack ?? error.message ?? error.value ?? status);
    const slices = slicesOf(test);
    /** Why each failed, where the process that they share could say it. */
    const failures: { id: SliceId; why: string }[] = [];
    for (const { name, body, contentType } of result.attachments) {
      if (!body) continue;
      if (contentType === observationType) this.#collector?.receiveObservation(slices[0]!, body, shard);
      else if (contentType === sliceFailureType) failures.push({ id: sliceNamed(name), why: body.toString() });
      else if (contentType !== sliceReportType) this.#pictures[name] = body;
      else if (this.#collector?.receive(sliceNamed(name), body)) this.#coordinator?.forget(sliceNamed(name));
    }
    if (why !== undefined && failures.length === 0) failures.push(...slices.map((id) => ({ id, why })));
    for (const { id, why } of failures) this.#collector?.fail(id, why);
    // Those of a hundred shards are a lot of memory.
    if (this.#merging) result.attachments.length = 0;
    this.#running -= 1;
    if (this.#running === 0 && this.#shard && this.#coordinator) {
      this.#coordinator.interruptedBy = this.#interruption.by;
      // The blob reporter comes after this one, and takes it along.
      const body = packObservation(withoutSecrets(this.#coordinator.observation()));
      result.attachments.push({ name: 'observation', contentType: observationType, body });
    }
    if (status !== 'passed') {
      const [{ id, why } = { id: slices[0]!, why: status }] = failures;
      const ended = `slice ${id.index + 1} of ${id.scenario} ended before the start`;
      this.#coordinator?.giveUp(`${ended}: ${firstLine(why)}`);
    }
  }

  async onEnd(result: FullResult): Promise<{ status: FullResult['status'] } | undefined> {
    await this.#coordinator?.close();
    await EmbeddedTarget.current?.stop();
    this.#display.stop();
    if (this.#listing) return undefined;
    if (!this.#collector) {
      if (this.#merging) this.#display.print('There is nothing to merge: in none of the blobs did a run begin.');
      else if (!this.#explained && result.status === 'passed') this.#display.print(nothingToRun(this.#line));
      this.#failure = 'there is no verdict';
      return { status: 'failed' };
    }
    if (this.#coordinator) this.#coordinator.interruptedBy = this.#interruption.by;
    if (this.#coordinator) this.#collector.observe(this.#coordinator.observation());
    // Of merged shards no exit code depends on it, and the error may be that of one that was refused, and then came again.
    const isOutside = !this.#merging && result.status === 'failed' && !this.#hasFailed;
    if (isOutside && this.#errorOutside !== undefined) this.#collector.failOutside(this.#errorOutside);
    const ending = this.#merging && this.#interrupted ? { ...result, status: 'interrupted' as const } : result;
    const results = new Results(this.#root, this.#shard, (line) => this.#display.print(line));
    const { status, written } = await results.conclude(
      this.#collector,
      ending,
      this.#pictures,
      this.#origin ?? (await this.#originOf(this.#version)),
    );
    this.#page = results.page;
    if (written && status === 'pass') return undefined;
    this.#failure = written ? `the verdict is ${status}` : 'the results were not written';
    return { status: 'failed' };
  }

  /** Last of all, when the verdict is told. `merge-reports` does not hear what `onEnd` says: it fails when something is thrown. */
  async onExit(): Promise<void> {
    this.#hasEnded();
    await this.#dashboard?.end(this.#page);
    this.#interruption.end();
    rmSync(process.env[workingFolderVariable]!, { recursive: true, force: true });
    if (this.#merging && this.#failure !== undefined) throw this.#failure;
  }

  /** Of the blobs that are merged those that are shards of one run. */
  #join(suite: Suite): void {
    const shards = suite.suites.flatMap((project) => {
      const timeline = project.project()!.metadata as Timeline;
      const part = partIn(timeline);
      return part ? [{ ...part, timeline, tests: project.allTests() }] : [];
    });
    if (shards.length === 0) return;
    const { joined, missing, findings } = joinParts(shards);
    for (const { timeline, shard } of joined) this.#joined.set(timeline, shard);
    const { timeline, ...part } = joined[0]!;
    const merged = { joined: joined.map(({ shard }) => shard), missing, of: part.of, findings };
    const division: Division = { part, merged };
    const slices = joined.flatMap(({ tests }) => tests).flatMap(slicesOf);
    this.#collector = new Collector(timeline, slices, division, this.#root);
  }

  /** @param browser of merged shards nobody here knows which they had */
  async #originOf(version: string, browser?: string): Promise<Origin> {
    // Before they are quoted for a shell, which spells a secret in yet another way.
    const { argv, env } = secrets.cleanMessages({ argv: process.argv, env: process.env });
    return secrets.cleanMessages(await originOf(this.#root, version, browser, { argv, env }));
  }

  /** For whoever judges the run if this process cannot. */
  #openStream({ runId }: Coordinator, planned: Pick<StreamHeader, 'timeline' | 'slices' | 'part'>): StreamWriter {
    return new StreamWriter(
      resultsFolder(this.#root, runId, this.#shard),
      {
        format: 1,
        runId,
        pid: process.pid,
        openedAt: new Date().toISOString(),
        shard: this.#shard,
        origin: this.#origin!,
        ...secrets.cleanData(planned),
      },
      (line) => this.#display.print(line),
    );
  }

  #list(suite: Suite): void {
    const settings = settingsOf(listedFamilies() ?? []).map(({ variable }) => variable);
    for (const project of suite.suites) {
      const { description, scenarios } = project.project()!.metadata as Timeline;
      this.#display.print(`${project.project()!.name}: ${description}`);
      for (const { name, kind, exec, slices } of scenarios) {
        const own = project.allTests().filter(({ title }) => title === name);
        const numbers = own.map(({ repeatEachIndex }) => repeatEachIndex + 1).join(', ') || 'none';
        this.#display.print(
          `  ${kind} ${name}${exec === undefined ? '' : `, runs ${exec}`}, slices: ${this.#shard ? `${numbers} of ` : ''}${slices}`,
        );
        const declaration = own[0] && declarationOf(own[0]);
        if (declaration) for (const line of offered(declaration)) this.#display.print(`    ${line}`);
      }
    }
    for (const line of list('settings of the target, beside BASE_URL and API_URL', settings)) this.#display.print(line);
  }

  #clean(text: string): string {
    return secrets.clean(text);
  }
}

/** What a load or journey declares beside its operations. */
function offered({ metrics, oracles, options }: Declaration): string[] {
  const named = Object.entries(options).map(([name, { default: value }]) =>
    value === undefined ? name : `${name} (default ${JSON.stringify(value)})`,
  );
  return [...list('oracles', oracles), ...list('options', named), ...list('metrics', Object.keys(metrics))];
}

function list(what: string, names: string[]): string[] {
  return names.length > 0 ? [`${what}: ${names.join(', ')}`] : [];
}

/** What was measured has clean names already, and its figures are no texts. */
function withoutSecrets({ gauges, streamed, ...said }: Observation): Observation {
  return { ...secrets.cleanMessages(said), gauges, streamed };
}
