import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Visit } from './journey.ts';
import { SpecRunner, takeSpec } from './spec.ts';

type Suite = Parameters<typeof takeSpec>[0];

const found = createRequire(createRequire(import.meta.url).resolve('@playwright/test'));
const playwright = dirname(found.resolve('playwright/package.json'));

/** Fixtures as `test.extend` of a file adds them. */
const from = (file: string, fixtures: object) => ({ fixtures, location: { file, line: 1, column: 1 } });
const playwrights = from(join(playwright, 'lib', 'index.js'), { page: async () => {}, browserPort: async () => {} });

/** What a spec's file declares: tests in a group, by their titles. */
function suiteOf(group: string, tests: Record<string, unknown>, fixtures: object[] = [], hooks: object[] = []): Suite {
  const lists = () => ({ _use: [], _modifiers: [], _staticAnnotations: [] });
  const step = Object.assign(async () => {}, { skip() {} });
  const cases = Object.entries(tests).map(([title, fn]) => ({
    ...{ title, fn, location: { file: 'mine.spec.ts', line: 1, column: 1 } },
    _testType: { fixtures: [playwrights, ...fixtures], test: { step } },
  }));
  const inner = { title: group, _entries: cases, _hooks: hooks, ...lists() };
  return { title: '', _entries: [inner], _hooks: [], ...lists() } as unknown as Suite;
}

const visit = { page: { name: 'page' }, step: (_title: string, body: () => unknown) => body() } as unknown as Visit;

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
