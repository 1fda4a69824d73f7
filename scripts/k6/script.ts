/** What a k6 script exports, read without k6. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build, type Plugin } from 'esbuild';

/** A script that does more than say what it is about, before it is asked to do anything. */
const TIMEOUT_MS = 5_000;

/** In the place of k6's modules, and of those that it would load from elsewhere: whatever is asked of them is there. */
const NOTHING = `
// What is computed from it is no number, rather than one that nobody wrote.
const worth = (hint) => {
  if (hint === 'string') return '';
  outcome.hasComputed = true;
  return NaN;
};
// It has come when it is awaited.
const own = { [Symbol.toPrimitive]: worth, [Symbol.iterator]: [][Symbol.iterator].bind([]), then: undefined };
const nothing = new Proxy(function () {}, {
  get: (_, key) => (Object.hasOwn(own, key) ? own[key] : nothing),
  apply: () => nothing,
  construct: () => nothing,
});
// What imports it copies what it has of its own, and takes the rest from its prototype.
module.exports = Object.create(nothing);`;

/** Of k6's own what is done while a script says what it is about: its data have a length. */
const DATA = `${NOTHING}
module.exports.SharedArray = class { constructor(_name, make) { return make(); } };`;

const withoutK6: Plugin = {
  name: 'without-k6',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(k6(\/|$)|https?:)/ }, ({ path }) => ({ path, namespace: 'k6' }));
    onLoad({ filter: /.*/, namespace: 'k6' }, ({ path }) => ({
      contents: path === 'k6/data' ? DATA : NOTHING,
      loader: 'js',
    }));
  },
};

export interface K6Script {
  options: Record<string, unknown>;
  /** Names of those that it exports, `default` among them. */
  functions: string[];
  /** What of the options comes from where k6 alone gets it, and is not in them: `options.vus`. */
  unread: string[];
}

/** Runs where the script is: what it exports, as JSON, which a profile is; objects of another context are no plain ones here. */
const TOLD = `
const told = (script) => {
  // One in CommonJS is its own default.
  const { options, ...more } = { ...module.exports, ...script, ...(typeof script.default === 'object' && script.default) };
  const unread = [];
  const look = (value, path) => {
    // Without k6 in it, what is no number comes of a variable that is not set, as in k6.
    if (typeof value === 'function' || (Number.isNaN(value) && outcome.hasComputed)) unread.push(path);
    else if (value && typeof value === 'object') for (const key of Object.keys(value)) look(value[key], path + '.' + key);
  };
  look(options, 'options');
  return JSON.stringify({ options, functions: Object.keys(more).filter((key) => typeof more[key] === 'function'), unread });
};`;

/**
 * @param path of the script, JavaScript or TypeScript; what it imports from files of its own is read too
 * @param env what the script sees as `__ENV`
 * @throws one sentence
 */
export async function k6Script(path: string, env: NodeJS.ProcessEnv, timeoutMs = TIMEOUT_MS): Promise<K6Script> {
  const folder = dirname(path);
  const { outputFiles } = await build({
    stdin: {
      contents: `import * as script from ${JSON.stringify(path)};\noutcome.text = told(script);`,
      resolveDir: folder,
    },
    // Modules may await what k6 gives.
    ...{ bundle: true, write: false, format: 'esm', logLevel: 'silent' },
    define: { 'import.meta': 'meta' },
    plugins: [withoutK6],
  }).catch((error: { errors?: { text: string; location: { file: string; line: number } | null }[] }) => {
    const { text, location } = error.errors?.[0] ?? {};
    const where = location ? `${resolve(location.file)}:${location.line}` : path;
    throw new Error(`${where} cannot be read: ${text ?? error}.`);
  });
  const pathOf = (name: string) => (name.startsWith('file:') ? fileURLToPath(name) : resolve(folder, name));
  const quiet = () => {};
  const outcome: { text?: string; error?: unknown; hasComputed?: boolean } = {};
  const context = createContext(
    {
      __ENV: { ...env },
      __VU: 0,
      __ITER: 0,
      open: (name: string) => readFileSync(pathOf(name), 'utf8'),
      meta: { url: pathToFileURL(path).href, resolve: (name: string) => pathToFileURL(pathOf(name)).href },
      console: { debug: quiet, error: quiet, info: quiet, log: quiet, warn: quiet },
      crypto: globalThis.crypto,
      ...{ setTimeout: quiet, clearTimeout: quiet, setInterval: quiet, clearInterval: quiet },
      // Of a script in CommonJS below a package.json of modules.
      module: { exports: {} },
      outcome,
    },
    // What is awaited comes before it returns, in the same time.
    { microtaskMode: 'afterEvaluate' },
  );
  try {
    const work = `(async () => {\n${outputFiles[0]!.text}\n})().catch((error) => { outcome.error = error ?? 'it failed'; });`;
    runInContext(`${TOLD}\n${work}`, context, { timeout: timeoutMs });
  } catch (error) {
    outcome.error = error;
  }
  const { text, error } = outcome;
  if (error !== undefined)
    throw new Error(`${path} cannot be read: ${(error as { message?: string }).message ?? error}.`);
  if (text === undefined) throw new Error(`${path} cannot be read: it waits for what only k6 can give it.`);
  const { options, ...more } = JSON.parse(text) as { options: unknown; functions: string[]; unread: string[] };
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new Error(`${path} exports no options; allowed is a k6 script with "export const options = { … }".`);
  }
  return { options: options as Record<string, unknown>, ...more };
}
