// Lets Playwright read Tandem from few files. The runner and each worker would ask its loader for hundreds, and compile each that has
// changed.
import { readdirSync, readFileSync } from 'node:fs';
import * as module from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle, listed } from './bundle.mjs';
import { instead } from './suite-hook.mjs';

const ROOT = join(import.meta.dirname, '..');

/** By this environment variable workers know what their runner reads: the modules may have changed meanwhile. */
const VARIABLE = 'TANDEM_SUITE';

/** @typedef {import('node:module').ResolveFnOutput} Found */
/**
 * Of Node 22.15 and later: hooks that need no thread of their own.
 *
 * @type {undefined | ((hooks: { resolve(specifier: string, context: object, next: (specifier: string, context: object) => Found): Found }) => void)}
 */
const registerHooks = Reflect.get(module, 'registerHooks');

/**
 * From here on whoever imports one of Tandem's modules gets it from its file. Without such files, as when a module has a mistake,
 * everybody reads the modules.
 */
export async function readBundled() {
  const list = process.env.TEST_WORKER_INDEX === undefined ? await build() : process.env[VARIABLE];
  if (list === undefined) return;
  process.env[VARIABLE] = list;
  const urls = Object.fromEntries(
    Object.entries(listed(list)).map((paths) => paths.map((path) => pathToFileURL(path).href)),
  );
  if (registerHooks) registerHooks({ resolve: (specifier, context, next) => instead(urls, next(specifier, context)) });
  else module.register('./suite-hook.mjs', import.meta.url, { data: urls });
}

/**
 * @returns {Promise<string | undefined>} the list of their files; none where modules may change while they are used, and for a command
 * that asks what Playwright is told, which has the modules already: what loads then declare would be in others
 */
async function build() {
  delete process.env[VARIABLE];
  const isWatching = process.argv.some((word) => /^(--ui(-.*)?|test-server)$/.test(word));
  const isCommand = /[\\/]tandem(\.mjs)?$/.test(process.argv[1] ?? '');
  return isWatching || isCommand ? undefined : await bundleSuite();
}

/** As {@link bundle}. */
export function bundleSuite() {
  return bundle('suite', entryPoints());
}

/** Whatever is imported from elsewhere: what a package exports, and what Playwright is told to read. */
function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  /** @type {{ default?: string }[]} */
  const words = Object.values(exports);
  const exported = words.flatMap((word) => word.default?.replace(/^\.\/dist\/(.*)\.js$/, '$1.ts') ?? []);
  return [...exported, 'support/run/reporter.ts', ...['protocol', 'journeys'].flatMap(declaring)].map((path) =>
    join(ROOT, path),
  );
}

/**
 * The files of loads, journeys and oracles.
 *
 * @param {string} folder
 */
function declaring(folder) {
  const paths = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return paths.filter((path) => /\.(load|journey|oracle)\.ts$/.test(path)).map((path) => join(folder, path));
}
