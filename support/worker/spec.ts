/** Tests of an ordinary project as sessions: taken out of the file that is being loaded, and run with their fixtures and hooks. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { dirname, resolve, sep } from 'node:path';
import type { Browser } from '../browser.ts';
import { allowed } from '../input/misspelling.ts';
import type { JourneyUse, Visit } from './journey.ts';

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
}

interface SpecCase {
  parent: TestSuite;
  title: string;
  fn: AnyFunction;
  location: object;
  _testType: { fixtures: object[]; test: { step: Step } };
}

type Step = ((title: string, body: (info: object) => unknown, options?: object) => Promise<unknown>) & {
  skip: unknown;
};

/** A test with what surrounds it in its file. */
export interface Spec {
  title: string;
  test: SpecCase;
  /** From the file inwards. */
  hooks: Hook[];
  use: object[];
}

/** By the titles of its groups and its own. A file is evaluated once in a process, and several journeys may be of its tests. */
const taken = new Map<string, Spec>();

const inSession = new AsyncLocalStorage<Visit>();

/** Options of a context that a spec may set by `test.use`. */
const contextOptionNames = [
  ...[
    'acceptDownloads',
    'bypassCSP',
    'colorScheme',
    'deviceScaleFactor',
    'extraHTTPHeaders',
    'geolocation',
    'hasTouch',
  ],
  ...[
    'isMobile',
    'javaScriptEnabled',
    'locale',
    'offline',
    'permissions',
    'serviceWorkers',
    'storageState',
    'timezoneId',
  ],
  ...['userAgent', 'viewport'],
] as const satisfies (keyof JourneyUse)[];

/**
 * Takes the tests that were declared so far, out of the file that Playwright is loading: they are not its own any more.
 * @param suite of the file
 * @param title of the one that is asked for, or those of its groups before it, with " › " between them
 * @throws one sentence when there is not exactly one
 */
export function takeSpec(suite: TestSuite, title: string): Spec {
  for (const entry of suite._entries.splice(0)) takeAll(entry, suite._hooks, suite._use);
  // They were the spec's, and would be those of whatever else this file declares.
  for (const list of [suite._hooks, suite._use, suite._modifiers, suite._staticAnnotations]) list.length = 0;
  const found = [...taken].filter(([path, spec]) => path === title || spec.title === title);
  if (found.length === 1) return found[0]![1];
  const paths = [...taken.keys()];
  if (found.length > 1) throw new Error(`${found.length} tests are called "${title}"; ${allowed(title, paths)}.`);
  throw new Error(
    paths.length === 0
      ? `No test is called "${title}"; allowed is one of a spec that this file imports.`
      : `No test is called "${title}"; ${allowed(title, paths)}.`,
  );
}

function takeAll(entry: TestSuite | SpecCase, hooks: Hook[], use: object[], groups: string[] = []): void {
  const path = entry.title === '' ? groups : [...groups, entry.title];
  if ('_entries' in entry) {
    for (const one of entry._entries) takeAll(one, [...hooks, ...entry._hooks], [...use, ...entry._use], path);
    return;
  }
  measureSteps(entry._testType.test);
  taken.set(path.join(' › '), { title: entry.title, test: entry, hooks: [...hooks], use: [...use] });
}

const measured = new WeakSet<object>();

/** `test.step` of a spec becomes a step of the session in which it is called. */
function measureSteps(test: { step: Step }): void {
  if (measured.has(test)) return;
  measured.add(test);
  const { step } = test;
  const ours = (title: string, body: (info: object) => unknown, options?: object) => {
    const visit = inSession.getStore();
    return visit ? visit.step(title, async () => body({})) : step(title, body, options);
  };
  test.step = Object.assign(ours, { skip: step.skip });
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
  return { ...fixtures, folder: dirname(found.resolve('playwright/package.json')), library: found('playwright') };
}

/** A spec's test in a slice: each session has fixtures of its own, and shares those of scope `worker`. */
export class SpecRunner {
  readonly #spec: Spec;
  readonly #browser: () => Browser | undefined;
  readonly #playwright = playwright();
  readonly #pool: FixturePool;
  readonly #ofSlice = new Fixtures();
  #beforeAll: Promise<void> | undefined;

  constructor(spec: Spec, browser: () => Browser | undefined) {
    this.#spec = spec;
    this.#browser = browser;
    const { FixturePool } = this.#playwright;
    this.#pool = new FixturePool([...spec.test._testType.fixtures, ...spec.use], ({ message }) => {
      throw new Error(`The fixtures of test "${spec.title}": ${message}`);
    });
  }

  /** What the spec's own `test.use` says of its context. */
  get use(): JourneyUse {
    const said = contextOptionNames.flatMap((name) => {
      const found = this.#pool.resolve(name);
      if (!found || this.#isPlaywrights(found) || typeof found.fn === 'function') return [];
      // Playwright finds it from where it is called.
      const isPath = name === 'storageState' && typeof found.fn === 'string';
      return [[name, isPath ? resolve(found.fn as string) : found.fn]];
    });
    return Object.fromEntries(said) as JourneyUse;
  }

  async session(visit: Visit): Promise<void> {
    const fixtures = new Fixtures();
    const { hooks, test } = this.#spec;
    const call = async (fn: AnyFunction, location: object) =>
      fn(await this.#valuesFor(fn, location, fixtures, visit), this.#info as never);
    const each = (type: Hook['type']) => hooks.filter((hook) => hook.type === type);
    await inSession.run(visit, async () => {
      this.#beforeAll ??= this.#callAll(each('beforeAll'), visit);
      await this.#beforeAll;
      try {
        for (const registration of this.#pool.autoFixtures()) {
          if (!this.#isPlaywrights(registration)) await this.#value(registration, fixtures, visit);
        }
        try {
          for (const { fn, location } of each('beforeEach')) await call(fn, location);
          await call(test.fn, test.location);
        } finally {
          for (const { fn, location } of each('afterEach').reverse()) await call(fn, location);
        }
      } finally {
        await fixtures.end();
      }
    });
  }

  /** Once a slice, at its end. */
  async end(): Promise<void> {
    if (this.#beforeAll) await this.#callAll(this.#spec.hooks.filter(({ type }) => type === 'afterAll').reverse());
    await this.#ofSlice.end();
  }

  async #callAll(hooks: Hook[], visit?: Visit): Promise<void> {
    for (const { fn, location } of hooks) {
      await fn(await this.#valuesFor(fn, location, this.#ofSlice, visit), this.#info as never);
    }
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

  #value(registration: Registration, fixtures: Fixtures, visit?: Visit): Promise<unknown> {
    if (this.#isPlaywrights(registration)) return Promise.resolve(this.#given(registration, visit));
    const of = registration.scope === 'worker' ? this.#ofSlice : fixtures;
    return of.value(
      registration,
      async () => {
        const values: Record<string, unknown> = {};
        for (const name of registration.deps) {
          values[name] = await this.#value(this.#found(name, registration), of, visit);
        }
        return values;
      },
      this.#info,
    );
  }

  #isPlaywrights({ location }: Registration): boolean {
    return location.file.startsWith(this.#playwright.folder + sep);
  }

  /** Playwright's own fixtures, as a session has them. */
  #given({ name, option, fn }: Registration, visit?: Visit): unknown {
    const own: Record<string, () => unknown> = {
      page: () => visit?.page,
      context: () => visit?.page.context(),
      request: () => visit?.request,
      baseURL: () => visit?.target.baseUrl,
      browser: this.#browser,
      browserName: () => 'chromium',
      playwright: () => this.#playwright.library,
    };
    const value = own[name]?.();
    if (value !== undefined) return value;
    if (option && typeof fn !== 'function') return fn;
    throw new Error(`test "${this.#spec.title}" asks for the fixture "${name}", which there is none of in a session`);
  }

  /** Of Playwright's `TestInfo` what a test can do with in a session: what it would attach goes nowhere. */
  get #info(): object {
    const { title, test } = this.#spec;
    return {
      title,
      location: test.location,
      retry: 0,
      annotations: [],
      attach: async () => {},
      setTimeout() {},
      slow() {},
    };
  }
}

/** Fixtures that live together, each set up once, and taken down in reverse. */
class Fixtures {
  readonly #values = new Map<Registration, Promise<unknown>>();
  readonly #takeDown: (() => Promise<void>)[] = [];

  value(registration: Registration, depsOf: () => Promise<object>, info: object): Promise<unknown> {
    let value = this.#values.get(registration);
    if (!value) {
      value = this.#setUp(registration, depsOf, info);
      this.#values.set(registration, value);
    }
    return value;
  }

  async #setUp({ name, fn }: Registration, depsOf: () => Promise<object>, info: object): Promise<unknown> {
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
      const ended = (async () => fn(deps, use, info))();
      ended.then(() => reject(new Error(`The fixture "${name}" did not call use()`)), reject);
      this.#takeDown.push(async () => {
        finish();
        await ended;
      });
    });
  }

  /** Those that are left are taken down, whichever of them fails; the first error is thrown. */
  async end(): Promise<void> {
    const errors: unknown[] = [];
    for (const takeDown of this.#takeDown.splice(0).reverse()) await takeDown().catch((error) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  }
}
