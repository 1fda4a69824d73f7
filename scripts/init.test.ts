import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { folderOf } from '../support/folder.fixture.ts';
import { filesOf } from './commands/init.ts';
import { run as newFile } from './commands/new.ts';
import { applicationOf, packageManagerOf, playwrightConfigIn, repositoryOf } from './surroundings.ts';

test('a password in the address of the tests is in no file that git takes', (t) => {
  const root = folderOf(t, { 'package.json': { name: 'shop' } });
  const baseUrl = 'https://ada:hunter2@shop.example/eu';
  const files = filesOf(root, join(root, 'load'), {
    config: '../playwright.config.ts',
    baseUrl,
    signsIn: [],
    hasWebServer: false,
    notTaken: [],
  });
  const named = (name: string) => Object.entries(files).find(([path]) => basename(path) === name)![1];
  const telling = Object.entries(files).filter(([, text]) => text.includes('hunter2'));
  assert.deepEqual(
    telling.map(([path]) => path),
    [join(root, 'load', '.env')],
  );
  assert.match(named('.gitignore'), /^\.env$/m);
  assert.match(named('load.yml'), / BASE_URL: \$\{\{ vars\.BASE_URL \|\| 'https:\/\/shop\.example\/eu' \}\}$/m);
});

test("under Yarn's Plug'n'Play a folder is of ES modules, whatever the project is", (t) => {
  const made = (files: Record<string, unknown>) => {
    const root = folderOf(t, files);
    const of = (...path: string[]) => filesOf(root, join(root, 'load'), undefined)[join(root, 'load', ...path)];
    return { manifest: of('package.json'), isModule: of('playwright.config.ts')!.includes('import.meta.dirname') };
  };
  const commonJs = { 'package.json': { name: 'shop' } };
  const modules = { 'package.json': { name: 'shop', type: 'module' } };
  const manifest = '{ "private": true, "type": "module" }\n';
  assert.deepEqual(made({ ...commonJs, '.pnp.cjs': '' }), { manifest, isModule: true });
  assert.deepEqual(made(commonJs), { manifest: undefined, isModule: false });
  assert.deepEqual(made({ ...modules, '.pnp.cjs': '' }), { manifest: undefined, isModule: true });
});

test('a folder is made where its path says', (t) => {
  const folder = folderOf(t, { 'package.json': { name: 'shop' } });
  const tandem = join(import.meta.dirname, 'tandem.mjs');
  const made = execFileSync(process.execPath, [tandem, 'init', join(folder, 'tests', 'load')], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.deepEqual(readdirSync(folder).sort(), ['.github', 'package.json', 'tests']);
  assert.match(made, /^Then: npx playwright test -c tests\/load --project=smoke$/m);
});

test('from beside the project Playwright is told where it is', (t) => {
  const folder = folderOf(t, {
    'package.json': { name: 'shop' },
    'load/profiles/smoke.json': '{}',
    'load/protocol/buys.load.ts': '',
  });
  const says = (cwd: string, ...args: string[]) =>
    execFileSync(process.execPath, [join(import.meta.dirname, 'tandem.mjs'), ...args], { cwd, encoding: 'utf8' });
  assert.match(says(folder, 'new', 'profile', 'one'), /^Then: npx playwright test -c load --project=one$/m);
  assert.match(says(folder, '--help'), /^ {2}npx playwright test -c load --project=<profile> /m);
  const inside = join(folder, 'load');
  assert.match(says(inside, 'new', 'profile', 'two'), /^Then: npx playwright test --project=two$/m);
  assert.match(says(inside, '--help'), /^ {2}npx playwright test --project=<profile> /m);
});

test('a new file belongs to a project', async (t) => {
  const folder = folderOf(t, { 'package.json': { name: 'shop' } });
  await assert.rejects(newFile(['load', 'buys'], folder), {
    message: /^There is no folder profiles here or in load\/; allowed is the folder that "npx tandem init" made/,
  });
  assert.deepEqual(readdirSync(folder), ['package.json']);
  // The file is one that loads.
  await assert.rejects(newFile(['oracle', 'a.b'], folder), {
    message: '"a.b" is no name of an oracle; allowed is a name of letters, digits, - and _, such as stock-conserved.',
  });
  await assert.rejects(newFile(['load', 'été'], folder), { message: /^"été" is no name of a load; / });
});

test('a new scenario has a name of its own, in whatever folder others lie', async (t) => {
  const folder = folderOf(t, { 'profiles/smoke.json': '{}', 'protocol/shop/buys.load.ts': '' });
  for (const what of ['load', 'journey'])
    await assert.rejects(newFile([what, 'buys'], folder), {
      message: /^"buys" is the name of \S*protocol\/shop\/buys\.load\.ts already; allowed is another name\.$/,
    });
  t.mock.method(console, 'log', () => {});
  await newFile(['oracle', 'buys'], folder);
  await newFile(['journey', 'looks'], folder);
  assert.deepEqual(readdirSync(join(folder, 'journeys')), ['looks.journey.ts']);
});

test('a configuration is read as Playwright reads it, whatever its ending and its tsconfig say', async (t) => {
  const folder = folderOf(t, {
    'package.json': { name: 'shop' },
    'tsconfig.json': { compilerOptions: { baseUrl: '.', paths: { '@own/*': ['own/*'] } } },
    'own/address.ts': `import { host } from '@own/host'; export const address: string = 'http://' + host;`,
    'own/host.ts': `export const host: string = 'shop.example';`,
    'playwright.config.cts': `import { address } from './own/address';
export default { use: { baseURL: address }, projects: [
  { name: 'sign in' },
  { name: 'chromium', use: { httpCredentials: { username: 'a', password: 'b' }, ignoreHTTPSErrors: false, storageState: __dirname + '/auth/ada.json' }, dependencies: ['sign in'] },
] };`,
  });
  // As npm installs it.
  symlinkSync(join(import.meta.dirname, '..', 'node_modules'), join(folder, 'node_modules'));
  assert.deepEqual(await applicationOf(playwrightConfigIn(folder)!, join(folder, 'load')), {
    config: '../playwright.config.cts',
    baseUrl: 'http://shop.example',
    storageState: '../auth/ada.json',
    signsIn: ['sign in'],
    hasWebServer: false,
    notTaken: ['httpCredentials'],
  });
});

test('where nothing names a base URL it is that of the port of the only server, as for the tests', async (t) => {
  const baseOf = async (config: object) => {
    const folder = folderOf(t, { 'playwright.config.cjs': `module.exports = ${JSON.stringify(config)};` });
    symlinkSync(join(import.meta.dirname, '..', 'node_modules'), join(folder, 'node_modules'));
    return (await applicationOf(playwrightConfigIn(folder)!, join(folder, 'load'))).baseUrl;
  };
  const webServer = { command: 'npm start', port: 3000 };
  assert.equal(await baseOf({ webServer }), 'http://localhost:3000');
  assert.equal(await baseOf({ webServer, use: { baseURL: 'http://shop.test' } }), 'http://shop.test');
  assert.equal(await baseOf({ webServer: [webServer, webServer] }), undefined);
  assert.equal(await baseOf({ webServer: { command: 'npm start', url: 'http://localhost:3000/health' } }), undefined);
});

test('in one of several projects of a repository the workflow is where GitHub looks for it', (t) => {
  const repository = folderOf(t, {
    '.git/HEAD': '',
    'pnpm-lock.yaml': '',
    'apps/web/package.json': { name: 'web' },
  });
  const web = join(repository, 'apps', 'web');
  assert.deepEqual([repositoryOf(web), packageManagerOf(web)], [repository, 'pnpm']);
  assert.equal(packageManagerOf(folderOf(t, { 'package.json': {} })), 'unlocked');
  const workflow = filesOf(web, join(web, 'load'), undefined)[join(repository, '.github', 'workflows', 'load.yml')]!;
  assert.match(workflow, /^ {8}working-directory: "apps\/web"$/m);
  assert.match(workflow, /^ {10}path: "apps\/web\/load\/reports"$/m);
});
