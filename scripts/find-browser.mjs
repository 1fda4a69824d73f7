// Where Chromium is looked for. Playwright's headless shell costs a third of a full Chromium, so the light ones come first.
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

/** Names looked for on PATH, cheapest first. */
const COMMANDS = ['chromium-headless-shell', 'google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser'];

/**
 * Finds the browser that journeys run in.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {{ path: string } | { lookedFor: string[] }} the executable, or everything that was looked for in vain
 * @throws {Error} when PLAYWRIGHT_CHROMIUM_EXECUTABLE is set to something that cannot be executed
 */
export function findBrowser(env = process.env) {
  const chosen = env.PLAYWRIGHT_CHROMIUM_EXECUTABLE;
  if (chosen) {
    if (isExecutable(chosen)) return { path: chosen };
    throw new Error(
      `PLAYWRIGHT_CHROMIUM_EXECUTABLE is "${chosen}", which is not an executable file: name one, or unset it.`,
    );
  }
  const folder = headlessShellFolder(env);
  const path = (folder && executableIn(folder)) ?? onPath(COMMANDS, env);
  if (path) return { path };
  return {
    lookedFor: [
      'PLAYWRIGHT_CHROMIUM_EXECUTABLE (not set)',
      `Playwright's headless shell (${folder ?? 'Playwright is not installed'})`,
      `${COMMANDS.join(', ')} (on PATH)`,
    ],
  };
}

/**
 * The first of the commands that PATH offers.
 *
 * @param {string[]} commands
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function onPath(commands, env) {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  return commands.flatMap((command) => folders.map((folder) => join(folder, command))).find(isExecutable);
}

/**
 * Where the installed Playwright keeps its headless shell. Its own registry would say, but takes 300 ms to load.
 *
 * @param {NodeJS.ProcessEnv} env
 */
function headlessShellFolder(env) {
  const core = playwrightCoreFolder();
  if (!core) return undefined;
  /** @type {{ browsers: { name: string, revision: string }[] }} */
  const { browsers } = JSON.parse(readFileSync(join(core, 'browsers.json'), 'utf8'));
  const revision = browsers.find(({ name }) => name === 'chromium-headless-shell')?.revision;
  return revision && join(browsersFolder(core, env), `chromium_headless_shell-${revision}`);
}

function playwrightCoreFolder() {
  try {
    return dirname(createRequire(import.meta.url).resolve('playwright-core/package.json'));
  } catch {
    return undefined;
  }
}

/**
 * @param {string} core folder of playwright-core
 * @param {NodeJS.ProcessEnv} env
 */
function browsersFolder(core, env) {
  const chosen = env.PLAYWRIGHT_BROWSERS_PATH;
  if (chosen === '0') return join(core, '.local-browsers');
  if (chosen) return resolve(env.INIT_CWD || process.cwd(), chosen);
  const home = env.HOME || homedir();
  const caches = process.platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache');
  return join(env.XDG_CACHE_HOME || caches, 'ms-playwright');
}

/**
 * The shell lies one folder down, in a folder named after the platform; the marker says that its download was finished.
 *
 * @param {string} folder
 */
function executableIn(folder) {
  try {
    statSync(join(folder, 'INSTALLATION_COMPLETE'));
    return readdirSync(folder)
      .map((name) => join(folder, name, 'chrome-headless-shell'))
      .find(isExecutable);
  } catch {
    return undefined;
  }
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
