import { basename, join, relative } from 'node:path';
import type {
  FullConfig,
  FullResult,
  Reporter,
  Suite,
  TestCase,
  TestError,
  TestResult,
  TestRun,
} from '@playwright/test/reporter';
import { consult } from '../check/oracles.ts';
import { type Declaration, declarationType } from '../declaration.ts';
import { parseSelector } from '../judge/expression.ts';
import { type Case, judge, type SliceFacts } from '../judge/judge.ts';
import type { Finding, Reason, Verdict } from '../judge/verdict.ts';
import { builtinMetrics } from '../measure/metrics.ts';
import { type SliceReport, sliceReportType, unpackSlice } from '../measure/slice.ts';
import { MetricStore } from '../measure/store.ts';
import { checkBrowser, checkReachable, checkScenarios } from '../preflight.ts';
import { durationOf, vusOf } from '../schedule/plan.ts';
import type { Timeline } from '../schedule/timeline.ts';
import { secretsOf, withoutSecrets } from '../secrets.ts';
import { resolveTarget, shownUrl, targetSettings } from '../target.ts';
import { wantsColor } from './ansi.ts';
import { Coordinator } from './coordinator.ts';
import { failureLine, firstLine, targetFailure } from './failure.ts';
import { runFolder, writeRun } from './files.ts';
import { isFiltered, nothingToRun } from './filter.ts';
import { k6Summary } from './k6.ts';
import type { LiveDisplay } from './live.ts';
import { summaryMarkdown } from './markdown.ts';
import { say, worstFirst } from './prose.ts';
import { plainDisplay, renderVerdict, terminalDisplay } from './terminal.ts';

/**
 * Playwright's reporter: the composition root of a run. Before it, checks everything that can be wrong and opens the start
 * line; during it, follows the slices; after it, merges what they delivered, judges, and writes the results. After
 * `merge-reports` only the last part takes place, on the attachments of all shards.
 */
export default class TandemReporter implements Reporter {
  readonly #root: string;
  readonly #display: LiveDisplay;
  readonly #listing = process.argv.includes('--list');
  readonly #secrets: string[];
  readonly #reports: SliceReport[] = [];
  /** What each slice's test said when it failed, by test. */
  readonly #failures = new Map<TestCase, string>();
  readonly #pictures: Record<string, Buffer> = {};
  readonly #unreadable: Finding[] = [];
  /** Why the run was not begun. */
  #refusal: string | undefined;
  /** True once an error was shown. */
  #explained = false;
  #shard = '';
  #coordinator: Coordinator | undefined;
  #timeline: Timeline | undefined;
  #tests: TestCase[] = [];

  /** @param options `root`: the folder with `reports/` and the `.env` files */
  constructor(options: { root: string }) {
    this.#root = options.root;
    this.#secrets = secretsOf(targetSettings(process.env, options.root));
    const { stdout } = process;
    this.#display = stdout.isTTY && process.env.TERM !== 'dumb' ? terminalDisplay(stdout) : plainDisplay(stdout);
  }

  printsToStdio(): boolean {
    return true;
  }

  /** Everything that can be wrong is found here: what this throws ends the run before any load. */
  async preprocess(run: { config: FullConfig; suite: Suite; testRun: TestRun }): Promise<void> {
    if (this.#listing) return;
    try {
      await this.#prepare(run.config, run.suite, run.testRun);
    } catch (error) {
      // Without a stack Playwright shows the sentence alone.
      if (error instanceof Error) {
        error.stack = error.message;
        this.#refusal = error.message;
      }
      throw error;
    }
  }

  onBegin(config: FullConfig, suite: Suite): void {
    this.#tests = suite.allTests();
    this.#shard = config.shard ? `shard-${config.shard.current}-of-${config.shard.total}` : '';
    this.#timeline ??= suite.suites[0]?.project()?.metadata as Timeline | undefined;
    if (this.#listing) this.#list(suite);
    const timeline = this.#timeline;
    if (!timeline || this.#tests.length === 0) return;
    this.#coordinator?.expect(
      timeline.scenarios
        .map(({ name, kind, plan }) => ({ name, kind, maxVUs: vusOf(plan), slices: this.#slicesOf(name) }))
        .filter(({ slices }) => slices > 0),
    );
  }

  onStdOut(chunk: string | Buffer): void {
    this.#display.print(this.#clean(chunk.toString()));
  }

  onStdErr(chunk: string | Buffer): void {
    this.#display.print(this.#clean(chunk.toString()));
  }

  onError(error: TestError): void {
    const text = (error.message ?? error.value ?? 'an error without a message').replace(/^Error: /, '');
    const nothing = text.startsWith('No tests found');
    // A file that cannot be loaded comes first, and what is missing because of that after it.
    if (this.#explained && (nothing || text === this.#refusal)) return;
    this.#explained = true;
    const where = error.location ? `\n    at ${error.location.file}:${error.location.line}` : '';
    this.#display.print(nothing ? nothingToRun(process.argv) : `${this.#clean(targetFailure(text) ?? text)}${where}`);
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    const { title: scenario, repeatEachIndex: index } = test;
    const { error } = result;
    if (error) this.#failures.set(test, error.stack ?? error.message ?? error.value ?? result.status);
    for (const { name, body, contentType } of result.attachments) {
      if (!body) continue;
      if (contentType === sliceReportType) this.#receive(scenario, index, body);
      else this.#pictures[name] = body;
    }
    if (result.status !== 'passed') {
      const why = this.#failures.get(test) ?? result.status;
      this.#coordinator?.giveUp(`slice ${index + 1} of ${scenario} ended before the start: ${firstLine(why)}`);
    }
  }

  async onEnd(result: FullResult): Promise<{ status: FullResult['status'] } | undefined> {
    await this.#coordinator?.close();
    this.#display.stop();
    if (this.#listing) return undefined;
    if (!this.#timeline || this.#tests.length === 0) return { status: 'failed' };
    const verdict = this.#judge(this.#timeline, result);
    await this.#write(verdict);
    return verdict.status === 'pass' ? undefined : { status: 'failed' };
  }

  async #prepare(config: FullConfig, suite: Suite, testRun: TestRun): Promise<void> {
    if (suite.suites.length > 1) {
      const names = suite.suites.map((one) => one.project()!.name).join(', ');
      throw new Error(`--project names ${suite.suites.length} profiles (${names}); allowed is one profile a run.`);
    }
    const timeline = suite.suites[0]?.project()?.metadata as Timeline | undefined;
    if (!timeline) return;
    this.#timeline = timeline;
    const { retries } = suite.suites[0]!.project()!;
    if (retries > 0) {
      throw new Error(`--retries is ${retries}; allowed is 0, since half a load that begins again is no measurement.`);
    }
    const declared = declarations(suite);
    if (!isFiltered(process.argv)) checkAllDeclared(timeline, declared);
    if (declared.size === 0) return;
    checkScenarios(timeline, declared);
    const count = excludeSurplus(timeline, suite, testRun);
    const atOnce = config.shard ? Math.ceil(count / config.shard.total) : count;
    if (config.workers < atOnce) {
      throw new Error(
        `--workers is ${config.workers}, but the ${atOnce} slices of profile ${timeline.profile} must run at the same time; allowed is at least ${atOnce}.`,
      );
    }
    checkBrowser(timeline, new Set(declared.keys()));
    const settings = targetSettings(process.env, this.#root);
    const target = resolveTarget(settings, process.env);
    await checkReachable(target, settings, new Set([...declared.values()].map(({ kind }) => kind)));
    process.env.LOAD_RUN_ID ||= defaultRunId(timeline.profile, process.env);
    this.#coordinator = await Coordinator.open(timeline, target, process.env.LOAD_RUN_ID, this.#display);
  }

  #slicesOf(scenario: string): number {
    return this.#tests.filter(({ title }) => title === scenario).length;
  }

  #receive(scenario: string, index: number, body: Buffer): void {
    try {
      this.#reports.push(unpackSlice(body));
      this.#coordinator?.forget({ scenario, index });
    } catch (error) {
      const { message } = error as Error;
      this.#unreadable.push({ kind: 'crashed', severity: 'invalid', scenario, slice: index, error: message });
    }
  }

  #judge(timeline: Timeline, result: FullResult): Verdict {
    const store = new MetricStore();
    store.define(builtinMetrics);
    const missing: Case['missing'] = [];
    for (const { intervals, definitions } of this.#reports) {
      store.define(definitions);
      for (const interval of intervals) store.add(interval);
    }
    for (const test of this.#tests) {
      const { title: scenario, repeatEachIndex: index } = test;
      if (this.#reports.some((report) => report.scenario === scenario && report.slice.index === index)) continue;
      store.define(declarationOf(test)?.metrics ?? {});
      for (const interval of this.#coordinator?.streamed({ scenario, index }) ?? []) store.add(interval);
      const of = timeline.scenarios.find(({ name }) => name === scenario)!.slices;
      missing.push({ scenario, slice: index, of, cause: firstLine(this.#failures.get(test) ?? 'no reason is known') });
    }
    for (const interval of this.#coordinator?.gauges() ?? []) store.add(interval);

    const first = this.#reports[0];
    const target = this.#coordinator?.target;
    const running = timeline.scenarios.filter(({ name }) => this.#slicesOf(name) > 0);
    const { kept, leftOut } = applicable(timeline, running, this.#tests);
    const errors: Record<string, number> = {};
    for (const { end } of this.#reports) {
      for (const [name, count] of Object.entries(end.errors)) errors[name] = (errors[name] ?? 0) + count;
    }
    const { verdict, findings } = judge({
      runId: first?.runId ?? process.env.LOAD_RUN_ID ?? 'unknown',
      profile: timeline.profile,
      target: target
        ? { name: target.name, url: shownUrl(target.baseUrl) }
        : (first?.target ?? { name: 'unknown', url: '' }),
      startedAt: first?.startedAt ?? (this.#coordinator?.startedAt ?? result.startTime).toISOString(),
      durationMs: Math.max(0, ...this.#reports.map(({ end }) => end.durationMs), this.#streamedMs(missing)),
      seed: timeline.seed,
      store,
      slices: this.#reports.map(({ scenario, slice, end }): SliceFacts => {
        const error =
          end.error && failureLine(end.error.replace(`${scenario}, slice ${slice.index}: `, ''), this.#root);
        return { scenario, slice, end: { ...end, error } };
      }),
      missing,
      scenarios: running.map(({ name, plan }) => ({
        name,
        maxVUs: vusOf(plan),
        startMs: plan.startTimeMs,
        endMs: durationOf(plan),
      })),
      thresholds: kept,
      limits: timeline.health,
      errors,
      oracles: consult(
        this.#tests.flatMap((test) => declarationOf(test)?.oracles ?? []),
        this.#reports.map(({ evidence }) => evidence),
      ),
      observed: [...this.#observed(timeline, result), ...this.#failedAfterwards(), ...this.#unreadable, ...leftOut],
    });
    const reasons: Reason[] = worstFirst(causes(findings)).map((finding) => ({ ...finding, message: say(finding) }));
    // Error texts come from anywhere: nothing that is written may hold a token.
    return withoutSecrets(
      {
        ...verdict,
        reasons: reasons.filter(({ severity }) => severity !== 'warning'),
        warnings: reasons.filter(({ severity }) => severity === 'warning'),
      },
      this.#secrets,
    );
  }

  /** A slice that died still measured as long as it streamed. */
  #streamedMs(missing: Case['missing']): number {
    const last = missing.map(
      ({ scenario, slice }) => this.#coordinator?.streamed({ scenario, index: slice }).at(-1)?.index ?? -1,
    );
    return (Math.max(-1, ...last) + 1) * this.#timeline!.intervalMs;
  }

  /** What only the coordinator and Playwright can know: an outage, a Ctrl-C, a stop before the start. */
  #observed(timeline: Timeline, result: FullResult): Finding[] {
    const coordinator = this.#coordinator;
    const cut = { kind: 'interrupted', severity: 'invalid', ofMs: timeline.durationMs } as const;
    if (coordinator?.targetDownAtMs !== undefined) {
      const { url, outage: last } = coordinator.probe.availability;
      const { sinceMs, untilMs, tries, error } = last!;
      const outage = { url: shownUrl(url), atMs: sinceMs, forMs: untilMs - sinceMs, tries, error };
      return [{ kind: 'target-down', severity: 'fail', ...outage }];
    }
    const ends = this.#reports.map(({ end }) => end);
    const atMs = Math.max(0, ...ends.map(({ durationMs }) => durationMs));
    if (result.status === 'interrupted') return [{ ...cut, by: 'Ctrl-C', atMs }];
    if (result.status === 'timedout') return [{ ...cut, by: 'Playwright’s globalTimeout', atMs }];
    // Without one of its slices a run does not begin: what became of that slice is the reason, not that the others stopped.
    const isCause = ends.some(({ status }) => status === 'crashed') || ends.length < this.#tests.length;
    if (isCause && ends.every(({ durationMs }) => durationMs === 0)) return [];
    if (coordinator?.stopReason !== undefined) return [{ ...cut, by: coordinator.stopReason, atMs }];
    const stopped = this.#reports.find(({ end }) => end.status === 'stopped');
    return stopped ? [{ ...cut, by: `slice ${stopped.slice.index + 1} of ${stopped.scenario} was stopped`, atMs }] : [];
  }

  /** A slice that ran to its end and failed all the same: in its teardown. Playwright's exit code would contradict a pass. */
  #failedAfterwards(): Finding[] {
    return this.#tests.flatMap((test): Finding[] => {
      const { title: scenario, repeatEachIndex: index } = test;
      const report = this.#reports.find((one) => one.scenario === scenario && one.slice.index === index);
      const error = this.#failures.get(test);
      if (report?.end.status !== 'complete' || error === undefined) return [];
      return [{ kind: 'crashed', severity: 'invalid', scenario, slice: index, error: failureLine(error, this.#root) }];
    });
  }

  async #write(verdict: Verdict): Promise<void> {
    const { stdout, stderr } = process;
    const color = wantsColor(stdout);
    const name = [runFolder(verdict.runId), this.#shard].filter(Boolean).join('-');
    const dir = join(this.#root, 'reports', name);
    const k6 = k6Summary(verdict, { isStdOutTTY: !!stdout.isTTY, isStdErrTTY: !!stderr.isTTY, noColor: !color });
    await writeRun(dir, {
      'verdict.json': `${JSON.stringify(verdict, null, 2)}\n`,
      'metrics.json': `${JSON.stringify(k6, null, 2)}\n`,
      'summary.md': summaryMarkdown(verdict),
      ...this.#pictures,
    });
    const shown = relative(process.cwd(), dir) || '.';
    stdout.write(
      renderVerdict(verdict, {
        columns: stdout.columns ?? 100,
        color,
        paths: { summary: join(shown, 'summary.md'), dir: shown },
      }),
    );
  }

  #list(suite: Suite): void {
    for (const project of suite.suites) {
      const { description, scenarios } = project.project()!.metadata as Timeline;
      this.#display.print(`${project.project()!.name}: ${description}`);
      for (const { name, kind, slices } of scenarios) this.#display.print(`  ${kind} ${name}, slices: ${slices}`);
    }
  }

  #clean(text: string): string {
    return withoutSecrets(text, this.#secrets);
  }
}

function declarationOf(test: TestCase): Declaration | undefined {
  const found = test.annotations.find(({ type }) => type === declarationType)?.description;
  return found === undefined ? undefined : (JSON.parse(found) as Declaration);
}

/** By scenario name. Throws when a file declares another scenario than its name says. */
function declarations(suite: Suite): Map<string, Declaration> {
  const declared = new Map<string, Declaration>();
  for (const test of suite.allTests()) {
    const declaration = declarationOf(test);
    // The test's own location is in support/test.ts; its parent is the file.
    const file = test.parent.title;
    const [name, kind] = basename(file).split(/\.(load|journey)\.ts$/);
    if (!declaration || declaration.kind !== kind || test.title !== name) {
      const found = `${declaration?.kind ?? 'test'}("${test.title}", …)`;
      throw new Error(`${file} declares ${found}; allowed is ${kind}("${name}", …), once.`);
    }
    declared.set(name, declaration);
  }
  return declared;
}

/** A file without its load(…) would else be left out of the run, and its thresholds with it. */
function checkAllDeclared({ scenarios, path }: Timeline, declared: Map<string, Declaration>): void {
  const gone = scenarios.find(({ name }) => !declared.has(name));
  if (!gone) return;
  const { name, kind } = gone;
  const file = kind === 'load' ? `protocol/${name}.load.ts` : `journeys/${name}.journey.ts`;
  throw new Error(
    `${file} declares nothing, but ${path} runs scenarios.${name}; allowed is one ${kind}(…) with the name of its file.`,
  );
}

/** Playwright repeats every test as often as the profile has slices; a scenario may have fewer. Returns how many remain. */
function excludeSurplus({ scenarios, profile, slices: all }: Timeline, suite: Suite, testRun: TestRun): number {
  let count = 0;
  for (const { name, slices } of scenarios) {
    const tests = suite.allTests().filter(({ title }) => title === name);
    if (tests.length > 0 && tests.length !== all) {
      throw new Error(
        `--repeat-each is ${tests.length}, but slices are made by the profile, and ${profile} has ${all}; allowed is LOAD_SLICES=${tests.length}.`,
      );
    }
    for (const test of tests) if (test.repeatEachIndex >= slices) testRun.exclude(test);
    count += Math.min(tests.length, slices);
  }
  return count;
}

/** Thresholds that this run can tell something about: a filter (-g) takes the others away with their scenarios. */
function applicable(timeline: Timeline, running: Timeline['scenarios'], tests: TestCase[]) {
  const names = new Set(running.map(({ name }) => name));
  const kinds = new Set(running.map(({ kind }) => kind));
  const own = new Set(tests.flatMap((test) => Object.keys(declarationOf(test)?.metrics ?? {})));
  const missing = timeline.scenarios.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  const kept: Case['thresholds'] = {};
  let gone = 0;
  for (const [source, specs] of Object.entries(timeline.thresholds)) {
    const { metric, tags } = parseSelector(source)!;
    const scenario = tags.scenario ?? tags.journey;
    const here = scenario === undefined || names.has(scenario);
    const recorded = metric.startsWith('browser_')
      ? kinds.has('journey')
      : /^(http|ws)_/.test(metric)
        ? kinds.has('load')
        : metric in builtinMetrics || own.has(metric);
    if (missing.length === 0 || (here && recorded)) kept[source] = specs;
    else gone += specs.length;
  }
  const leftOut: Finding[] =
    missing.length === 0 ? [] : [{ kind: 'left-out', severity: 'warning', scenarios: missing, thresholds: gone }];
  return { kept, leftOut };
}

/** The CI's own run id, so that shards agree on it; else one that sorts by time. */
function defaultRunId(profile: string, env: NodeJS.ProcessEnv): string {
  const ci = env.GITHUB_RUN_ID && `github-${env.GITHUB_RUN_ID}-${env.GITHUB_RUN_ATTEMPT ?? '1'}`;
  const other = env.CI_PIPELINE_ID ?? env.BUILDKITE_BUILD_ID ?? env.CIRCLE_WORKFLOW_ID ?? env.BUILD_TAG;
  const made = `${new Date().toISOString().slice(0, 19).replace(/[:]/g, '')}-${process.pid.toString(36)}`;
  return `${profile}-${ci || other || made}`;
}

/**
 * A run that was cut short leaves thresholds and oracles without samples and arrivals that never started; one that never
 * began has measured nothing.
 */
function causes(findings: Finding[]): Finding[] {
  const has = (...kinds: Finding['kind'][]) => findings.some(({ kind }) => kinds.includes(kind));
  const isCut = has('target-down', 'interrupted', 'crashed', 'missing-slice');
  const effects: Finding['kind'][] = [];
  if (isCut) effects.push('nothing-measured');
  if (isCut || has('nothing-measured')) effects.push('no-data', 'oracle-unknown');
  if (has('target-down', 'interrupted')) effects.push('dropped');
  return findings.filter(({ kind }) => !effects.includes(kind));
}
