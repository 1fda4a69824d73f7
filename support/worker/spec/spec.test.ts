import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { test as playwrightTest } from '@playwright/test';
import type { Browser } from '../../browser.ts';
import type { Visit } from '../journey.ts';
import { takeSpec } from './file.ts';
import { SpecRunner } from './runner.ts';

type Suite = Parameters<typeof takeSpec>[0];

const found = createRequire(createRequire(import.meta.url).resolve('@playwright/test'));
const playwright = dirname(found.resolve('playwright/package.json'));

/** Fixtures as `test.extend` of a file adds them. */
const from = (file: string, fixtures: object) => ({ fixtures, location: { file, line: 1, column: 1 } });
type Use = (value: unknown) => Promise<void>;
const playwrights = from(join(playwright, 'lib', 'index.js'), {
  ...{
    page: async () => {},
    context: async () => {},
    browserPort: async () => {},
    locale: ['en-US', { option: true }],
  },
  contextOptions: [{ isMobile: true }, { option: true }],
  isMobile: [({ contextOptions }: { contextOptions: object }, use: Use) => use(contextOptions), { option: true }],
});

/** What a spec's file declares: tests in a group, by their titles. */
function suiteOf(
  group: string,
  tests: Record<string, unknown>,
  fixtures: object[] = [],
  hooks: object[] = [],
  file = `${group}.spec.ts`,
): Suite {
  const lists = () => ({ _use: [], _modifiers: [], _staticAnnotations: [], _locks: [] });
  const cases = Object.entries(tests).map(([title, fn]) => ({
    ...{ title, fn, location: { file: `/e2e/${file}`, line: 1, column: 1 } },
    _testType: { fixtures: [playwrights, ...fixtures], test: playwrightTest },
  }));
  const inner = { title: group, _entries: cases, _hooks: hooks, ...lists() };
  return { title: '', _entries: [inner], _hooks: [], ...lists() } as unknown as Suite;
}

const steps: string[] = [];
const context = {};
const visit = {
  page: { name: 'page', context: () => context },
  slice: { index: 3 },
  async step(title: string, body: () => unknown) {
    steps.push(title);
    return body();
  },
} as unknown as Visit;

test('a test is taken out of its file by its title, or its path where several have that', () => {
  const nothing = () => {};
  assert.throws(() => takeSpec(suiteOf('empty', {}), 'buys'), {
    message: 'No test is called "buys"; allowed is one of a spec that this file imports.',
  });
  const suite = suiteOf('shop', { buys: nothing, looks: nothing });
  assert.equal(takeSpec(suite, 'buys').title, 'buys');
  assert.deepEqual(suite._entries, []);
  assert.throws(() => takeSpec(suite, 'shop › buy'), {
    message: 'No test is called "shop › buy"; did you mean "shop › buys"? allowed: shop › buys, shop › looks.',
  });
  takeSpec(suiteOf('market', { looks: nothing }), 'market › looks');
  assert.throws(() => takeSpec(suite, 'looks'), { message: /^2 tests are called "looks"; / });
  assert.equal(takeSpec(suite, 'shop › looks').title, 'looks');
});

test('a session has the spec’s fixtures and hooks, each in its turn; what a file or a slice shares is had once', async () => {
  const said: string[] = [];
  const fixture =
    (name: string) =>
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads it
    async ({}: object, use: (value: string) => Promise<void>) => {
      said.push(`+${name}`);
      await use(name);
      said.push(`-${name}`);
    };
  const hook = (type: string) => ({ type, fn: () => said.push(type), location: {} });
  const fixtures = [
    // Beside Playwright's own folder, and not in it.
    from(`${playwright}-more/index.js`, { basket: fixture('basket'), shop: [fixture('shop'), { scope: 'worker' }] }),
  ];
  const buys = ({ page, basket, shop }: Record<string, { name?: string }>) =>
    said.push(`${page?.name} ${basket} ${shop}`);
  const hooks = ['beforeAll', 'beforeEach', 'afterEach', 'afterAll'].map(hook);
  const runner = new SpecRunner(
    takeSpec(suiteOf('hooked', { fills: buys }, fixtures, hooks), 'fills'),
    () => undefined,
  );
  await runner.session(visit);
  await runner.session(visit);
  await runner.end();
  const session = ['beforeEach', '+basket', 'page basket shop', 'afterEach', '-basket'];
  assert.deepEqual(
    said.filter((one) => one !== '+shop'),
    ['beforeAll', ...session, ...session, 'afterAll', '-shop'],
  );
  assert.equal(said.filter((one) => one === '+shop').length, 1);
});

test('what failed first is told, and hooks and fixtures that come after it have their turn', async () => {
  const said: string[] = [];
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads it
  const account = async ({}: object, use: Use) => {
    await use('account');
    said.push('-account');
    throw new Error('account');
  };
  const fails = (type: string, name: string) => {
    const fn = () => {
      said.push(name);
      throw new Error(name);
    };
    return { type, fn, location: {} };
  };
  const hooks = [fails('afterEach', 'second'), fails('afterEach', 'first'), fails('afterAll', 'last')];
  const shop = [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads it
    async ({}: object, use: Use) => {
      await use('shop');
      said.push('-shop');
    },
    { scope: 'worker', auto: true },
  ];
  const tests = {
    buys: ({ account: _ }: { account: unknown }) => Promise.reject(new Error('nothing to buy')),
    looks: ({ account: _ }: { account: unknown }) => {},
  };
  for (const [title, message] of [
    ['buys', 'nothing to buy'],
    ['looks', 'first'],
  ] as const) {
    const spec = takeSpec(suiteOf('failing', tests, [from('mine.ts', { account, shop })], hooks), title);
    const runner = new SpecRunner(spec, () => undefined);
    await assert.rejects(runner.session(visit), { message });
    await assert.rejects(runner.end(), { message: 'last' });
    assert.deepEqual(said.splice(0), ['first', 'second', '-account', 'last', '-shop']);
  }
});

test('contexts that a test opens go with its session, those of beforeAll and of the worker’s fixtures with the slice', async () => {
  const said: string[] = [];
  const browser = {
    newContext: async ({ name }: { name: string }) => ({ close: async () => void said.push(`-${name}`) }),
  } as unknown as Browser;
  type Opening = { browser: { newContext(options: object): Promise<unknown> } };
  const open =
    (name: string) =>
    ({ browser }: Opening) =>
      browser.newContext({ name });
  const shop = [
    async ({ browser }: Opening, use: Use) => {
      said.push('+shop');
      await use(await browser.newContext({ name: 'shop' }));
    },
    { scope: 'worker', auto: true },
  ];
  const beforeAll = async ({ browser }: Opening) => {
    said.push('+all');
    await browser.newContext({ name: 'all' });
  };
  const own = from(join(playwright, 'lib', 'index.js'), { browser: [async () => {}, { scope: 'worker' }] });
  const spec = takeSpec(
    suiteOf(
      'opening',
      { opens: open('test') },
      [own, from('mine.ts', { shop })],
      [{ type: 'beforeAll', fn: beforeAll, location: {} }],
    ),
    'opens',
  );
  const runner = new SpecRunner(spec, () => browser);
  await runner.session(visit);
  await runner.session(visit);
  assert.deepEqual(said, ['+shop', '+all', '-test', '-test']);
  await runner.end();
  assert.deepEqual(said.slice(4), ['-shop', '-all']);
  // Outside of a session nobody keeps it.
  await browser.newContext({ name: 'later' } as object);
  assert.equal(said.length, 6);
});

test('what a spec asks for in vain is named', async () => {
  const refuses = async (title: string, fn: unknown, message: string) => {
    const spec = takeSpec(suiteOf('refused', { [title]: fn }, [from('mine.ts', { idle: async () => {} })]), title);
    await assert.rejects(() => new SpecRunner(spec, () => undefined).session(visit), { message });
  };
  await refuses('none', ({ absent }: { absent: unknown }) => absent, 'test "none" has unknown parameter "absent"');
  await refuses(
    'port',
    ({ browserPort }: { browserPort: unknown }) => browserPort,
    'test "port" asks for the fixture "browserPort", which there is none of in a session',
  );
  await refuses('idles', ({ idle }: { idle: unknown }) => idle, 'The fixture "idle" did not call use()');
});

test('of the file that imports a spec nothing is left that the spec said of itself', () => {
  const suite = suiteOf('configured', { waits: () => {} });
  Object.assign(suite, { _retries: 2, _timeout: 1_000, _parallelMode: 'serial', _locks: [{}] });
  takeSpec(suite, 'waits');
  const { _retries, _timeout, _parallelMode, _locks } = suite;
  assert.deepEqual([_retries, _timeout, _parallelMode, _locks], [undefined, undefined, 'none', []]);
});

test('tests of several files that have the same title are told apart', () => {
  const nothing = () => {};
  const a = suiteOf('', { 'is shown': nothing }, [], [], 'a.spec.ts');
  const b = suiteOf('', { 'is shown': nothing }, [], [], 'b.spec.ts');
  const fileOf = (suite: Suite, title: string) => takeSpec(suite, title).test.location.file;
  assert.equal(fileOf(a, 'is shown'), '/e2e/a.spec.ts');
  assert.equal(fileOf(b, 'is shown'), '/e2e/b.spec.ts');
  // A file that imports one of them later than others did.
  assert.throws(() => takeSpec(a, 'is shown'), {
    message: /^2 tests are called "is shown"; .*a\.spec\.ts › is shown, b\.spec\.ts › is shown/,
  });
  assert.equal(fileOf(a, 'a.spec.ts › is shown'), '/e2e/a.spec.ts');
});

test('what a test says by "test" while it runs is said of its session, in page objects too', async () => {
  const run = async (title: string, fn: unknown, fixtures: object[] = [], hooks: object[] = []) =>
    new SpecRunner(takeSpec(suiteOf('speaking', { [title]: fn }, fixtures, hooks), title), () => undefined).session(
      visit,
    );
  const attached = { body: 'goes nowhere' };
  let said: unknown;
  await run('all', async ({ page: _ }: { page: unknown }, testInfo: { workerIndex: number }) => {
    playwrightTest.slow();
    playwrightTest.setTimeout(1);
    playwrightTest.skip(false, 'not so');
    await playwrightTest.info().attach('a', attached);
    await playwrightTest.step.skip('later', () => assert.fail());
    said = await playwrightTest.step('pays', async () => testInfo.workerIndex);
  });
  assert.deepEqual([said, steps.splice(0)], [3, ['pays']]);
  await assert.rejects(
    run('one', () => playwrightTest.skip(true, 'not today')),
    {
      message: 'test "one" called test.skip(): not today',
    },
  );
  await assert.rejects(
    run('two', () => playwrightTest.fail()),
    { message: 'test "two" called test.fail()' },
  );
  await assert.rejects(
    run('three', ({ page: _ }: { page: unknown }, info: { project: { name: string } }) => info.project.name),
    {
      message: 'test "three" asks testInfo for "project", which there is none of in a session',
    },
  );
  const statuses: string[] = [];
  const afterEach = ({ page: _ }: { page: unknown }, { status }: { status: string }) => statuses.push(status);
  const hooks = [{ type: 'afterEach', fn: afterEach, location: {} }];
  await run('four', () => {}, [], hooks);
  await assert.rejects(
    run('five', () => Promise.reject(new Error('no')), [], hooks),
    { message: 'no' },
  );
  assert.deepEqual(statuses, ['passed', 'failed']);
  // Outside of a session it is Playwright's.
  assert.throws(() => playwrightTest.info(), { message: /can only be called while test is running/ });
});

test('a step that skips itself ends, one that takes too long has failed, as in Playwright', async () => {
  type Info = { skip(...said: unknown[]): void };
  const run = (title: string, fn: unknown) =>
    new SpecRunner(takeSpec(suiteOf('stepping', { [title]: fn }), title), () => undefined).session(visit);
  let done = '';
  await run('skips', async () => {
    await playwrightTest.step('some', async (step: Info) => {
      step.skip(false);
      done += 'before ';
      step.skip(true, 'not here');
      done += 'never ';
    });
    done += 'after';
  });
  assert.equal(done, 'before after');
  const slow = () => playwrightTest.step('slow', () => new Promise(() => {}), { timeout: 5 });
  await assert.rejects(run('waits', slow), { name: 'TimeoutError', message: 'Step timeout of 5ms exceeded.' });
  steps.length = 0;
});

test('what a spec uses of a context in one is used too, and its own name of test ids', async (t) => {
  const named = t.mock.method(found('playwright').selectors, 'setTestIdAttribute', () => {});
  const fixtures = {
    contextOptions: { reducedMotion: 'reduce', locale: 'fr-FR', baseURL: 'http://elsewhere' },
    ...{ locale: 'de-DE', viewport: null, testIdAttribute: 'data-pw', actionTimeout: 500, navigationTimeout: 0 },
  };
  const spec = takeSpec(suiteOf('using', { uses: () => {} }, [from('mine.ts', fixtures)]), 'uses');
  const runner = new SpecRunner(spec, () => undefined);
  assert.deepEqual(runner.use, { locale: 'de-DE', reducedMotion: 'reduce', viewport: null });
  const limits: unknown[] = [];
  const patient = {
    setDefaultTimeout: (ms: number) => limits.push(['action', ms]),
    setDefaultNavigationTimeout: (ms: number) => limits.push(['navigation', ms]),
  };
  await runner.session({ ...visit, page: { context: () => patient } } as unknown as Visit);
  assert.deepEqual(limits, [
    ['action', 500],
    ['navigation', 0],
  ]);
  assert.deepEqual(
    named.mock.calls.map((call: { arguments: unknown[] }) => call.arguments),
    [['data-pw']],
  );
});

test('fixtures that a spec puts in the place of Playwright’s own are had where they can be', async () => {
  const run = (title: string, fn: unknown, fixtures: object, use?: object) =>
    new SpecRunner(
      takeSpec(suiteOf('replacing', { [title]: fn }, [from('mine.ts', fixtures)]), title),
      () => undefined,
      use,
    );
  const page = ({ page }: { page: unknown }) => page;
  let given: unknown;
  const onItsWay = {
    async context({ context }: { context: unknown }, use: Use) {
      given = context;
      await use(context);
    },
  };
  await run('first', page, onItsWay).session(visit);
  assert.equal(given, context);
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads it
  const own = { context: async ({}: object, use: Use) => use({}) };
  await assert.rejects(run('second', page, own).session(visit), {
    message: /^The fixture "context" of test "second" makes a context of its own, .*; allowed is /,
  });
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads it
  const locale = { locale: async ({}: object, use: Use) => use('de-DE') };
  assert.throws(() => run('third', page, locale, {}), {
    message: /^The fixtures of test "third" make locale, .*; allowed is .*\{ use: \{ locale: … \} \}\)\.$/,
  });
  assert.equal(run('fourth', page, locale, { locale: 'fr-FR' }).use.locale, 'fr-FR');
  const option = ({ isMobile }: { isMobile: unknown }) => {
    given = isMobile;
  };
  await run('fifth', option, {}).session(visit);
  assert.deepEqual(given, { isMobile: true });
});
