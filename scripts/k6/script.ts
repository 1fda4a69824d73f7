/** What a k6 script exports, read without k6. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { build, type Plugin } from 'esbuild';

/** A script that does more than say what it is about, before it is asked to do anything. */
const TIMEOUT_MS = 5_000;

/** In the place of k6's modules, and of those that it would load from elsewhere: whatever is asked of them is there. */
const NOTHING = `
const nothing = new Proxy(function () {}, {
  get: (_, key) => (key === Symbol.toPrimitive ? () => '' : key === Symbol.iterator ? [][Symbol.iterator].bind([]) : nothing),
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

/** Runs where the script is: what it exports, as JSON. */
const EXPORTED = `
const { options, ...more } = { ...module.exports, ...script };
const unread = [];
const look = (value, path) => {
  if (typeof value === 'function') unread.push(path);
  else if (value && typeof value === 'object') for (const key of Object.keys(value)) look(value[key], path + '.' + key);
};
look(options, 'options');
JSON.stringify({ options, functions: Object.keys(more).filter((key) => typeof more[key] === 'function'), unread });`;

/**
 * @param path of the script, JavaScript or TypeScript; what it imports from files of its own is read too
 * @param env what the script sees as `__ENV`
 * @throws one sentence
 */
export async function k6Script(path: string, env: NodeJS.ProcessEnv, timeoutMs = TIMEOUT_MS): Promise<K6Script> {
  const { outputFiles } = await build({
    ...{ entryPoints: [path], bundle: true, write: false, format: 'iife', globalName: 'script', logLevel: 'silent' },
    plugins: [withoutK6],
  }).catch((error: { errors?: { text: string; location: { line: number } | null }[] }) => {
    const first = error.errors?.[0];
    const line = first?.location ? `:${first.location.line}` : '';
    throw new Error(`${path}${line} cannot be read: ${first?.text ?? error}.`);
  });
  const open = (name: string) => readFileSync(resolve(dirname(path), name), 'utf8');
  const quiet = () => {};
  const context = createContext({
    __ENV: { ...env },
    __VU: 0,
    __ITER: 0,
    open,
    console: { debug: quiet, error: quiet, info: quiet, log: quiet, warn: quiet },
    // Of a script in CommonJS below a package.json of modules.
    module: { exports: {} },
  });
  let text: string;
  try {
    // As JSON, which a profile is: objects of another context are no plain ones here.
    text = runInContext(`${outputFiles[0]!.text};${EXPORTED}`, context, { timeout: timeoutMs });
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as Error).message}.`);
  }
  const { options, ...more } = JSON.parse(text) as { options: unknown; functions: string[]; unread: string[] };
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new Error(`${path} exports no options; allowed is a k6 script with "export const options = { … }".`);
  }
  return { options: options as Record<string, unknown>, ...more };
}
