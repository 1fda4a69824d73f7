/** Tests of an ordinary project as sessions: taken out of the file that is being loaded, and run with their fixtures and hooks. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { basename, dirname, resolve, sep } from 'node:path';
import { errors, test as playwrightTest } from '@playwright/test';
import { type Browser, type BrowserContext, closeContext, openedWith } from '../browser.ts';
import { allowed } from '../input/misspelling.ts';
import { TimeIsUp, within } from '../time-limit.ts';
import type { Visit } from './journey.ts';
import type { JourneyUse } from './journey-use.ts';

type AnyFunction = (fixtures: object, ...more: never[]) => unknown;

/** Of Playwright's own: what it knows of a fixture. */
interface Registration {
  name: string;
  location: { file: string };
  scope: 'test' | 'worker';
  fn: unknown;
  option: boolean;
  deps: string[];
  super?: Registration;
}

interface FixturePool {
  resolve(name: string, forFixture?: Registration): Registration | undefined;
  autoFixtures(): Registration[];
}

interface Hook {
  type: 'beforeAll' | 'beforeEach' | 'afterEach' | 'afterAll';
  fn: AnyFunction;
  location: object;
}

interface TestSuite {
  parent?: TestSuite;
  title: string;
  _entries: (TestSuite | SpecCase)[];
  _hooks: Hook[];
  _use: object[];
  _modifiers: object[];
  _staticAnnotations: object[];
  _locks: object[];
  _retries?: number;
  _timeout?: number;
  _parallelMode: string;
}

interface SpecCase {
  parent: TestSuite;
  title: string;
  fn: AnyFunction;
  location: { file: string; line: number };
  _testType: { fixtures: object[]; test: object };
}

type Step = (title: string, body: (info: object) => unknown, options?: { timeout?: number }) => Promise<unknown>;

/** What of `test` is said while a test runs. */
type Words = Record<(typeof interruptions)[number] | 'slow' | 'setTimeout', (...said: unknown[]) => unknown> & {
  step: Step & { skip: Step };
  info(): object;
};

/** By these a test says that it is not to be run to its end, or that it fails. */
const interruptions = ['skip', 'fixme', 'fail', 'abort'] as const;

/** A test with what surrounds it in its file. */
export interface Spec {
  title: string;
  test: SpecCase;
  /** From the file inwards. */
  hooks: Hook[];
  use: object[];
}

/** By its place. A file is evaluated once in a process, and several journeys may be of its tests. */
const taken = new Map<string, TakenSpec>();

interface TakenSpec extends Spec {
  /** The titles of its groups and its own. */
  path: string;
  /** Without its folder. */
  file: string;
}

interface CurrentSession {
  visit: Visit;
  info: object;
  title: string;
  /** Those that were opened in it besides its own. */
  contexts: BrowserContext[];
}

const inSession = new AsyncLocalStorage<CurrentSession>();

/** Options of a context that a spec may set by `test.use`. */
const contextOptionNames = [
  ...[
    'acceptDownloads',
    'bypassCSP',
    'colorScheme',
    'contrast',
    'deviceScaleFactor',
    'extraHTTPHeaders',
    'forcedColors',
    'geolocation',
    'hasTouch',
  ],
  ...[
    'isMobile',
    'javaScriptEnabled',
    'locale',
    'offline',
    'permissions',
    'reducedMotion',
    'screen',
    'serviceWorkers',
    'storageState',
    'strictSelectors',
    'timezoneId',
  ],
  ...['userAgent', 'viewport'],
] as const satisfies (keyof JourneyUse)[];

/**
 * Takes the tests that were declared so far, out of the file that Playwright is loading: they are not its own any more.
 * @param suite of the file
 * @param title of the one that is asked for, or those of its file and its groups before it, with " › " between them
 * @throws one sentence when there is not exactly one
 */
export function takeSpec(suite: TestSuite, title: string): Spec {
  speakInSessions(playwrightTest);
  const fresh = suite._entries.splice(0).flatMap((entry) => takeAll(entry, suite._hooks, suite._use));
  // They were the spec's, and would be those of whatever else this file declares.
  const lists = [suite._hooks, suite._use, suite._modifiers, suite._staticAnnotations, suite._locks];
  for (const list of lists) list.length = 0;
  Object.assign(suite, { _retries: undefined, _timeout: undefined, _parallelMode: 'none' });
  const all = [...taken.values()];
  // Of what is imported here for the first time others know nothing.
  const found = [fresh, all].map((specs) => called(specs, title)).find(({ length }) => length > 0) ?? [];
  if (found.length === 1) return found[0]!;
  const isOfSeveral = ({ path }: { path: string }) => all.filter((spec) => spec.path === path).length > 1;
  const paths = all.map((spec) => (isOfSeveral(spec) ? `${spec.file} › ${spec.path}` : spec.path));
  if (found.length > 1) throw new Error(`${found.length} tests are called "${title}"; ${allowed(title, paths)}.`);
  throw new Error(
    paths.length === 0
      ? `No test is called "${title}"; allowed is one of a spec that this file imports.`
      : `No test is called "${title}"; ${allowed(title, paths)}.`,
  );
}

function takeAll(entry: TestSuite | SpecCase, hooks: Hook[], use: object[], groups: string[] = []): TakenSpec[] {
  const path = entry.title === '' ? groups : [...groups, entry.title];
  if ('_entries' in entry) {
    return entry._entries.flatMap((one) => takeAll(one, [...hooks, ...entry._hooks], [...use, ...entry._use], path));
  }
  speakInSessions(entry._testType.test);
  const { title, location } = entry;
  const titles = { title, path: path.join(' › '), file: basename(location.file) };
  const spec = { ...titles, test: entry, hooks: [...hooks], use: [...use] };
  taken.set(`${location.file} › ${spec.path}`, spec);
  return [spec];
}

/** Those that a title can mean: by it alone where no path is that. */
function called(specs: TakenSpec[], title: string): TakenSpec[] {
  const exact = specs.filter(({ path, file }) => [path, `${file} › ${path}`].includes(title));
  return exact.length > 0 ? exact : specs.filter((spec) => spec.title === title);
}

const speaking = new WeakSet<object>();

/**
 * What a spec says by `test` in a session is about the session, and not about the slice, which is what Playwright runs: a step is
 * a measured one, and nobody skips the slice or limits its time.
 */
function speakInSessions(test: object): void {
  if (speaking.has(test)) return;
  speaking.add(test);
  const words = test as Words;
  const { step, info, slow, setTimeout } = words;
  const measured: Step = (title, body, options) => {
    const session = inSession.getStore();
    return session ? stepOf(session.visit, title, body, options) : step(title, body, options);
  };
  const skipped: Step = async (...said) => (inSession.getStore() ? undefined : step.skip(...said));
  words.step = Object.assign(measured, { skip: skipped });
  words.info = () => inSession.getStore()?.info ?? info();
  words.slow = (...said) => (inSession.getStore() ? undefined : slow(...said));
  words.setTimeout = (...said) => (inSession.getStore() ? undefined : setTimeout(...said));
  for (const word of interruptions) {
    const theirs = words[word];
    const ours = (...said: unknown[]) => {
      const session = inSession.getStore();
      return session ? interrupt(session.title, word, said) : theirs(...said);
    };
    words[word] = Object.assign(ours, theirs);
  }
}

/** A step that says of itself that it is not to be done: it is not measured, and the test goes on. */
class StepSkipped extends Error {}

async function stepOf({ step }: Visit, ...[title, body, { timeout } = {}]: Parameters<Step>): Promise<unknown> {
  const info = {
    skip(...said: unknown[]) {
      if (said.length === 0 || said[0]) throw new StepSkipped();
    },
    attach: async () => {},
  };
  const limited = async () => {
    const work = (async () => body(info))();
    if (!timeout) return work;
    return within('a step', timeout, work).catch((error) => {
      throw error instanceof TimeIsUp ? new errors.TimeoutError(`Step timeout of ${timeout}ms exceeded.`) : error;
    });
  };
  try {
    return await step(title, limited);
  } catch (error) {
    if (!(error instanceof StepSkipped)) throw error;
  }
}

/** A session that was not walked to its end is none that succeeded. */
function interrupt(title: string, word: (typeof interruptions)[number], [first, second]: unknown[]): void {
  if (first !== undefined && !first) return;
  const why = typeof first === 'string' ? first : second;
  throw new Error(`test "${title}" called test.${word}()${why === undefined ? '' : `: ${why}`}`);
}

/** What Playwright resolves fixtures with: a spec means by them what it means there. */
function playwright() {
  // Of its own packages, as Playwright Test itself finds them.
  const found = createRequire(createRequire(import.meta.url).resolve('@playwright/test'));
  const { fixtures } = found('playwright/lib/common') as {
    fixtures: {
      FixturePool: new (lists: object[], onError: (error: { message: string }) => void) => FixturePool;
      fixtureParameterNames(fn: unknown, location: object, onError: (error: { message: string }) => void): string[];
    };
  };
  return {
    ...fixtures,
    folder: dirname(found.resolve('playwright/package.json')),
    library: found('playwright') as typeof import('@playwright/test'),
  };
}

/** A spec's test in a slice: each session has fixtures of its own, and shares those of scope `worker`. */
export class SpecRunner {
  readonly #spec: Spec;
  readonly #browser: () => Browser | undefined;
  readonly #playwright = playwright();
  readonly #pool: FixturePool;
  readonly #contexts: BrowserContext[] = [];
  #ofSlice: Fixtures | undefined;
  #shared: Promise<void> | undefined;

  /**
   * @param use what the journey says of the context of its sessions; undefined where each may have another
   * @throws one sentence when the spec's fixtures say of it what a session cannot do
   */
  constructor(spec: Spec, browser: () => Browser | undefined, use?: JourneyUse) {
    this.#spec = spec;
    this.#browser = browser;
    const { FixturePool } = this.#playwright;
    const said = { fixtures: use ?? {}, location: spec.test.location };
    this.#pool = new FixturePool([...spec.test._testType.fixtures, ...spec.use, said], ({ message }) => {
      throw new Error(`The fixtures of test "${spec.title}": ${message}`);
    });
    const made = contextOptionNames.find((name) => {
      const found = this.#pool.resolve(name);
      return found && !this.#isPlaywrights(found) && typeof found.fn === 'function';
    });
    if (use && made !== undefined)
      throw new Error(
        `The fixtures of test "${spec.title}" make ${made}, and a session's context is there before them; allowed is to say it: journeyFromTest(…, { use: { ${made}: … } }).`,
      );
  }

  /** What the spec's own `test.use` says of its context. */
  get use(): JourneyUse {
    const inOne = (this.#said('contextOptions') ?? {}) as JourneyUse;
    const said = contextOptionNames.flatMap((name) => {
      const own = this.#said(name);
      const value = own === undefined ? inOne[name] : own;
      if (value === undefined) return [];
      // Playwright finds it from where it is called.
      const isPath = name === 'storageState' && typeof value === 'string';
      return [[name, isPath ? resolve(value) : value]];
    });
    return Object.fromEntries(said) as JourneyUse;
  }

  /** The value of an option, when it is not Playwright's own. */
  #said(name: string): unknown {
    const found = this.#pool.resolve(name);
    return found && !this.#isPlaywrights(found) ? found.fn : undefined;
  }

  async session(visit: Visit): Promise<void> {
    const { hooks, test, title } = this.#spec;
    const info = this.#infoOf(visit);
    this.#ofSlice ??= new Fixtures(this.#infoOf(visit));
    const testId = this.#said('testIdAttribute');
    // The process has no other sessions than of this test.
    if (typeof testId === 'string') this.#playwright.library.selectors.setTestIdAttribute(testId);
    const [action, navigation] = [this.#said('actionTimeout'), this.#said('navigationTimeout')];
    if (typeof action === 'number') visit.page.context().setDefaultTimeout(action);
    if (typeof navigation === 'number') visit.page.context().setDefaultNavigationTimeout(navigation);
    const fixtures = new Fixtures(info);
    const call = async (fn: AnyFunction, location: object) =>
      fn(await this.#valuesFor(fn, location, fixtures, visit), info as never);
    const each = (type: Hook['type']) => hooks.filter((hook) => hook.type === type);
    const contexts: BrowserContext[] = [];
    await inSession.run({ visit, info, title, contexts }, async () => {
      this.#shared ??= this.#setUpShared(each('beforeAll'), visit);
      await this.#shared;
      const turns = new Turns();
      const isSetUp = await turns.take(async () => {
        for (const registration of this.#pool.autoFixtures()) {
          if (!this.#isPlaywrights(registration)) await this.#value(registration, fixtures, visit);
        }
      });
      if (isSetUp) {
        const passed = await turns.take(async () => {
          for (const { fn, location } of each('beforeEach')) await call(fn, location);
          await call(test.fn, test.location);
        });
        if (!passed) info.status = 'failed';
        for (const { fn, location } of each('afterEach').reverse()) await turns.take(() => call(fn, location));
      }
      await turns.take(() => fixtures.end());
      await closeAll(contexts);
      turns.end();
    });
  }

  /** Once a slice, at its end. */
  async end(): Promise<void> {
    const turns = new Turns();
    for (const hook of this.#spec.hooks.filter(({ type }) => type === 'afterAll').reverse()) {
      if (this.#shared) await turns.take(() => this.#callShared(hook));
    }
    await turns.take(async () => this.#ofSlice?.end());
    await closeAll(this.#contexts);
    turns.end();
  }

  /** What a slice's sessions share. */
  #setUpShared(beforeAll: Hook[], visit: Visit): Promise<void> {
    return this.#inSlice(async () => {
      for (const registration of this.#pool.autoFixtures()) {
        const isShared = registration.scope === 'worker' && !this.#isPlaywrights(registration);
        if (isShared) await this.#value(registration, this.#ofSlice!, visit);
      }
      for (const hook of beforeAll) await this.#callShared(hook, visit);
    });
  }

  async #callShared({ fn, location }: Hook, visit?: Visit): Promise<void> {
    const ofSlice = this.#ofSlice!;
    await fn(await this.#valuesFor(fn, location, ofSlice, visit), ofSlice.info as never);
  }

  /** Contexts that are opened in it stay for the sessions that come later. */
  #inSlice<T>(work: () => T): T {
    const session = inSession.getStore();
    return session ? inSession.run({ ...session, contexts: this.#contexts }, work) : work();
  }

  async #valuesFor(fn: AnyFunction, location: object, fixtures: Fixtures, visit?: Visit): Promise<object> {
    const names = this.#playwright.fixtureParameterNames(fn, location, ({ message }) => {
      throw new Error(message);
    });
    const values: Record<string, unknown> = {};
    for (const name of names) values[name] = await this.#value(this.#found(name), fixtures, visit);
    return values;
  }

  #found(name: string, by?: Registration): Registration {
    const found = this.#pool.resolve(name, by);
    if (!found) throw new Error(`test "${this.#spec.title}" has unknown parameter "${name}"`);
    return found;
  }

  async #value(registration: Registration, fixtures: Fixtures, visit?: Visit): Promise<unknown> {
    if (this.#isPlaywrights(registration)) {
      if (registration.name === 'page') await this.#contextOf(fixtures, visit);
      const given = this.#given(registration, visit);
      if (given !== undefined) return given;
    }
    const isShared = registration.scope === 'worker';
    const of = isShared ? this.#ofSlice! : fixtures;
    const value = () =>
      of.value(registration, async () => {
        const values: Record<string, unknown> = {};
        for (const name of registration.deps) {
          values[name] = await this.#value(this.#found(name, registration), of, visit);
        }
        return values;
      });
    return isShared ? this.#inSlice(value) : value();
  }

  /** What the spec's own fixture makes of the context is made of that of the page. */
  async #contextOf(fixtures: Fixtures, visit?: Visit): Promise<void> {
    const context = this.#found('context');
    if (this.#isPlaywrights(context)) return;
    if ((await this.#value(context, fixtures, visit)) !== visit?.page.context())
      throw new Error(
        `The fixture "context" of test "${this.#spec.title}" makes a context of its own, in which nothing is measured; allowed is one that uses the context that it is given`,
      );
  }

  #isPlaywrights({ location }: Registration): boolean {
    return location.file.startsWith(this.#playwright.folder + sep);
  }

  /** Playwright's own fixtures, as a session has them; undefined for an option, which is set up as any fixture. */
  #given({ name, option }: Registration, visit?: Visit): unknown {
    const own: Record<string, () => unknown> = {
      page: () => visit?.page,
      context: () => visit?.page.context(),
      request: () => visit?.request,
      baseURL: () => visit?.target.pageBase ?? visit?.target.baseUrl,
      browser: () => withFurtherContexts(this.#browser()),
      browserName: () => 'chromium',
      playwright: () => this.#playwright.library,
    };
    const value = own[name]?.();
    if (value !== undefined || option) return value;
    throw new Error(`test "${this.#spec.title}" asks for the fixture "${name}", which there is none of in a session`);
  }

  /** Of Playwright's `TestInfo` what a test can do with in a session: what it would attach goes nowhere. */
  #infoOf({ slice }: Visit): Info {
    const { title, test } = this.#spec;
    const { skip, fixme, fail } = playwrightTest;
    const known = {
      ...{ title, titlePath: [title], location: test.location, ...test.location },
      // Who has an account for each process of the tests has one for each slice.
      ...{ workerIndex: slice.index, parallelIndex: slice.index, retry: 0, repeatEachIndex: 0 },
      ...{ annotations: [], attachments: [], tags: [], errors: [], error: undefined, timeout: 0, duration: 0 },
      ...{ status: 'passed', expectedStatus: 'passed', attach: async () => {}, setTimeout() {}, slow() {} },
      ...{ skip, fixme, fail },
    };
    return new Proxy(known, {
      get: (_, name) => {
        if (name in known || typeof name === 'symbol' || name === 'then') return Reflect.get(known, name);
        throw new Error(`test "${title}" asks testInfo for "${name}", which there is none of in a session`);
      },
    });
  }
}

const known = new WeakSet<Browser>();

/** As in Playwright a test's further contexts are opened like its own; those that it leaves open go with its session. */
function withFurtherContexts(browser: Browser | undefined): Browser | undefined {
  if (!browser || known.has(browser)) return browser;
  known.add(browser);
  const open = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const session = inSession.getStore();
    if (!session) return open(options);
    const context = await open({ ...openedWith(session.visit.page.context()), ...options });
    session.contexts.push(context);
    return context;
  };
  return browser;
}

async function closeAll(contexts: BrowserContext[]): Promise<void> {
  await Promise.all(contexts.splice(0).map(closeContext));
}

/** Each has its turn, also when one before it has failed; what failed first is thrown in the end. */
class Turns {
  readonly #failed: unknown[] = [];

  /** @returns whether it went well */
  async take(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#failed.push(error);
      return false;
    }
  }

  end(): void {
    if (this.#failed.length > 0) throw this.#failed[0];
  }
}

/** What a test hears of itself. */
interface Info {
  status: string;
}

/** Fixtures that live together, each set up once, and taken down in reverse. */
class Fixtures {
  readonly #values = new Map<Registration, Promise<unknown>>();
  readonly #takeDown: (() => Promise<void>)[] = [];

  /** What each of them hears of its test. */
  readonly info: object;

  constructor(info: object) {
    this.info = info;
  }

  value(registration: Registration, depsOf: () => Promise<object>): Promise<unknown> {
    let value = this.#values.get(registration);
    if (!value) {
      value = this.#setUp(registration, depsOf);
      this.#values.set(registration, value);
    }
    return value;
  }

  async #setUp({ name, fn }: Registration, depsOf: () => Promise<object>): Promise<unknown> {
    if (typeof fn !== 'function') return fn;
    const deps = await depsOf();
    return new Promise((resolve, reject) => {
      let finish = () => {};
      const finished = new Promise<void>((done) => {
        finish = done;
      });
      const use = async (value: unknown) => {
        resolve(value);
        await finished;
      };
      const ended = (async () => fn(deps, use, this.info))();
      ended.then(() => reject(new Error(`The fixture "${name}" did not call use()`)), reject);
      this.#takeDown.push(async () => {
        finish();
        await ended;
      });
    });
  }

  /** Those that are left are taken down, whichever of them fails; the first error is thrown. */
  async end(): Promise<void> {
    const turns = new Turns();
    for (const takeDown of this.#takeDown.splice(0).reverse()) await turns.take(takeDown);
    turns.end();
  }
}
