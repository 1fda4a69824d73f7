/** What tests, hooks and fixtures are to Playwright itself, of which it publishes nothing. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

export type AnyFunction = (fixtures: object, ...more: never[]) => unknown;

/** Of Playwright's own: what it knows of a fixture. */
export interface Registration {
  name: string;
  location: { file: string };
  scope: 'test' | 'worker';
  fn: unknown;
  option: boolean;
  deps: string[];
  super?: Registration;
}

export interface FixturePool {
  resolve(name: string, forFixture?: Registration): Registration | undefined;
  autoFixtures(): Registration[];
}

export interface Hook {
  type: 'beforeAll' | 'beforeEach' | 'afterEach' | 'afterAll';
  fn: AnyFunction;
  location: object;
}

export interface TestSuite {
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

export interface SpecCase {
  parent: TestSuite;
  title: string;
  fn: AnyFunction;
  location: { file: string; line: number };
  _testType: { fixtures: object[]; test: object };
}

/** What Playwright resolves fixtures with: a spec means by them what it means there. */
export function playwright() {
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
