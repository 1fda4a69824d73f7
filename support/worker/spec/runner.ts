/** Tests of an ordinary project as sessions: run with their fixtures and hooks. */
import { resolve, sep } from 'node:path';
import { test as playwrightTest } from '@playwright/test';
import { type Browser, type BrowserContext, closeContext, openedWith } from '../../browser.ts';
import type { Visit } from '../journey.ts';
import { contextOptionNames, type JourneyUse } from '../journey-use.ts';
import type { Spec } from './file.ts';
import { Fixtures, Turns } from './fixtures.ts';
import { type AnyFunction, type FixturePool, type Hook, playwright, type Registration } from './internals.ts';
import { inSession } from './words.ts';

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

/** What a test hears of itself. */
interface Info {
  status: string;
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
