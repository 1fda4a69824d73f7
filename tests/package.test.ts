/** What npm pack gives, in somebody else's repository: beside their tests, in a path with a blank, in a CommonJS project. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { runQuietly } from '../scripts/child.mjs';
import { folderOf } from '../support/folder.fixture.ts';
import type { Verdict } from '../support/judge/verdict.ts';
import { serve } from '../support/server.fixture.ts';
import { anyMachine, Run, repository } from './project.ts';

const ordinaryProject = (url: string) => ({
  'package.json': { name: 'shop', private: true },
  'playwright.config.cts': `import { defineConfig } from '@playwright/test';
export default defineConfig({
  testDir: './e2e',
  use: { baseURL: '${url}' },
  projects: [{ name: 'chromium', use: { storageState: 'auth/user.json' } }],
});
`,
  'auth/user.json': {
    cookies: [
      {
        ...{ name: 'session', value: 'ada-0123456789abcdef', domain: '127.0.0.1', path: '/', expires: -1 },
        ...{ httpOnly: true, secure: false, sameSite: 'Lax' },
      },
    ],
    origins: [],
  },
  'e2e/pages/shop-page.ts': `import { expect, type Page } from '@playwright/test';
export class ShopPage {
  constructor(readonly page: Page) {}
  async buy() {
    await this.page.getByRole('button', { name: 'Buy' }).click();
    await expect(this.page.getByRole('status')).toHaveText('Bought');
  }
}
`,
  'e2e/fixtures.ts': `import { test as base } from '@playwright/test';
import { ShopPage } from './pages/shop-page';
export const test = base.extend<{ shop: ShopPage }>({
  shop: async ({ page, baseURL }, use) => {
    if (!baseURL) throw new Error('no baseURL');
    await page.goto('/shop');
    await use(new ShopPage(page));
    await page.goto('/left');
  },
});
export { expect } from '@playwright/test';
`,
  'e2e/shop.spec.ts': `import { test } from './fixtures';
test.describe('the shop', () => {
  test.beforeEach(async ({ page }) => {
    await page.goto('/before');
  });
  test('sells', async ({ shop, browser }) => {
    await test.step('buy one', () => shop.buy());
    const window = await browser.newPage();
    await window.goto('/further');
  });
  test('is not asked for', async () => {
    throw new Error('never run');
  });
});
`,
});

/** Packages that are no development dependencies: what npm would install beside the tarball. */
function installed(folder: string): void {
  const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean }>;
  };
  for (const [path, { dev, optional }] of Object.entries(packages)) {
    const [, name] = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path) ?? [];
    if (!name || dev || optional) continue;
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(repository, path), link);
  }
}

/** A copy of the repository, in which packing leaves its traces: beside the other tests there must be none. */
function repositoryIn(folder: string): string {
  const left = new Set(['.git', 'node_modules', 'reports', 'test-results', 'blob-report', 'dist']);
  for (const name of readdirSync(repository)) {
    if (!left.has(name)) cpSync(join(repository, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

test('a repository installs it, runs init, and gets a verdict; its own test is a journey as it stands', async (t) => {
  const cookies = new Map<string, string | undefined>();
  const { url } = await serve(t, (request, answer) => {
    // The load asks for the same page, signed in by nothing.
    cookies.set(request.url!, request.headers.cookie ?? cookies.get(request.url!));
    answer.setHeader('content-type', 'text/html');
    answer.end(
      `<title>Shop</title><button onclick="document.querySelector('output').textContent = 'Bought'">Buy</button><output></output>`,
    );
  });
  const files = ordinaryProject(url);
  const root = join(
    folderOf(t, Object.fromEntries(Object.entries(files).map(([path, text]) => [`a shop/${path}`, text]))),
    'a shop',
  );
  const copy = repositoryIn(folderOf(t, {}));
  const npm = (args: string[]) =>
    execFileSync('npm', args, { cwd: copy, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [{ filename }] = JSON.parse(npm(['pack', '--json', '--silent', '--pack-destination', root])) as [
    { filename: string },
  ];
  const tandem = join(root, 'node_modules', 'tandem');
  mkdirSync(tandem, { recursive: true });
  execFileSync('tar', ['-xzf', join(root, filename), '--strip-components=1', '-C', tandem]);
  installed(root);
  // It is started by its path, which no compiler follows.
  assert.ok(existsSync(join(tandem, 'dist', 'scripts', 'guardian.mjs')));

  const cli = async (...args: string[]) => {
    const command = [join(tandem, 'scripts', 'tandem.mjs'), ...args];
    return (await runQuietly(process.execPath, command, { timeoutMs: 60_000, cwd: root })).output;
  };
  const made = await cli('init');
  assert.match(made, /^made load\/playwright\.config\.ts$/m);
  assert.match(made, /^made \.github\/workflows\/load\.yml$/m);
  assert.match(made, /^Then: npx playwright test -c load --project=smoke$/m);
  assert.equal(readFileSync(join(root, 'playwright.config.cts'), 'utf8'), files['playwright.config.cts']);
  assert.equal(readFileSync(join(root, 'load', '.env'), 'utf8').split('\n')[1], `BASE_URL=${url}`);
  assert.match(await cli('init'), /^load\/playwright\.config\.ts is there already, and stays as it is; /);
  assert.match(await cli('new', 'oracle', 'stock'), /^made load\/protocol\/stock\.oracle\.ts$/m);
  assert.match(await cli('new', 'profile', 'more'), /^made load\/profiles\/more\.json$/m);
  assert.match(await cli('doctor'), new RegExp(`^✓ ${url}: answered$`, 'm'));

  const write = (path: string, text: string) => writeFileSync(join(root, path), text);
  // Compilers find all that is exported, with its types, and those before node16 as well.
  const { exports, typesVersions } = JSON.parse(readFileSync(join(tandem, 'package.json'), 'utf8'));
  const names = Object.keys(exports).flatMap((path) => (path === './package.json' ? [] : path.slice(2)));
  assert.deepEqual(
    Object.entries(typesVersions['*']),
    names.map((name) => [name, [exports[`./${name}`].types]]),
  );
  write('load/all.ts', names.map((name, i) => `export * as all${i} from 'tandem/${name}';\n`).join(''));
  const compiler = [
    join(repository, 'node_modules', 'typescript-7', 'bin', 'tsc'),
    '--noEmit',
    '--strict',
    '--checkers',
    '1',
  ];
  const options = ['--target', 'es2023', '--module', 'preserve', '--types', 'node', 'load/all.ts'];
  const compiled = await runQuietly(process.execPath, [...compiler, ...options], { timeoutMs: 60_000, cwd: root });
  assert.equal(compiled.output, '');
  write('shop.js', `export const options = { vus: 1, duration: '1s' };\nexport function setup() {}\n`);
  assert.match(
    await cli('import', 'k6', 'shop.js'),
    /^load\/profiles\/shop\.json has .*\nTo write: load\/protocol\/shop\.load\.ts \(npx tandem new load shop\), or .*\nTo write: setup\(\) becomes setupRun /m,
  );
  write(
    'load/journeys/buy.journey.ts',
    `import '../../e2e/shop.spec';\nimport { journeyFromTest } from 'tandem/test';\njourneyFromTest('buy', 'sells');\n`,
  );
  // What a spec declares, only Playwright can take.
  assert.match(await cli('schema'), /^made load\/profiles\/profile\.schema\.json$/m);
  assert.match(readFileSync(join(root, 'load', 'profiles', 'profile.schema.json'), 'utf8'), /"attack"/);
  const rate = { executor: 'constant-arrival-rate', rate: 1, duration: '3s', maxSessions: 5 };
  const profile = {
    description: 'a test',
    scenarios: { visit: rate, buy: rate, requests: { ...rate, rate: 20, maxSessions: undefined, maxVUs: 5 } },
    thresholds: {
      'browser_session_failed{journey:buy}': ['rate==0'],
      'http_req_failed{scenario:requests}': ['rate==0'],
    },
    health: anyMachine,
  };
  write('load/profiles/short.json', JSON.stringify(profile));
  const run = new Run(t, join(root, 'load'), ['--project=short'], {});
  const { exitCode, output, verdict } = await run.end();
  assert.deepEqual([exitCode, verdict?.status], [0, 'pass'], output);
  const counts = (name: string) =>
    Object.entries((verdict as Verdict).metrics).flatMap(([key, { count }]) => (key.startsWith(name) ? [count] : []));
  assert.ok(
    Math.max(...counts('browser_step_duration{journey:buy,step:buy one')) > 0,
    Object.keys(verdict!.metrics).join('\n'),
  );
  assert.ok(Math.max(...counts('browser_step_duration{journey:visit')) > 0);
  // Hooks ran, and fixtures are taken down, after each session.
  assert.ok(cookies.has('/before') && cookies.has('/left'));
  // A page in a context of its own finds the target, too.
  assert.ok(cookies.has('/further'));
  // What init took from the tests' configuration signs journeys in.
  assert.match(cookies.get('/')!, /session=ada/);

  rmSync(join(root, 'load', '.env'));
  const { output: refusal } = await new Run(t, join(root, 'load'), ['--project=short'], {}).end();
  assert.match(
    refusal,
    /BASE_URL and API_URL are not set, and the embedded target .* needs .*fastify.*; set BASE_URL /,
  );
});
