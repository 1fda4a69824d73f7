// Starts the target from one file that its modules were put into: in little more than half the time that it takes to read each.
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const MAIN = join(import.meta.dirname, 'main.ts');
// Packages are looked for from where a module is.
const FOLDER = join(import.meta.dirname, '..', 'node_modules', '.cache', 'tandem');
/** What was built last, and from what. */
const BUILT = join(FOLDER, 'target.json');

const file = upToDate() ?? (await build());
if (file === undefined) {
  const { register } = await import('tsx/esm/api');
  register();
  await import(pathToFileURL(MAIN).href);
} else {
  process.setSourceMapsEnabled(true);
  // What each process of a cluster runs.
  process.argv[1] = file;
  await import(pathToFileURL(file).href);
}

/** @returns {string | undefined} the file, when it was built here, and none of what it was built from has changed */
function upToDate() {
  try {
    const { file, sources } = JSON.parse(readFileSync(BUILT, 'utf8'));
    // A folder that was copied has what was built from the other one.
    const isSame = MAIN in sources && Object.entries(sources).every(([path, state]) => stateOf(path) === state);
    return isSame && existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Of installed packages all files are of one time, but for when they came.
 *
 * @param {string} path
 */
function stateOf(path) {
  const { size, mtimeMs, ctimeMs } = statSync(path);
  return `${size} ${mtimeMs} ${ctimeMs}`;
}

/** @returns {Promise<string | undefined>} the file; none where nothing can be written, as in what somebody else has installed */
async function build() {
  const { build } = await import('esbuild');
  /** @type {Record<string, string>} */
  const sources = {};
  const { outputFiles } = await build({
    ...{ entryPoints: [MAIN], outdir: FOLDER, write: false, plugins: [noting(sources)] },
    ...{ bundle: true, packages: 'external', format: 'esm', platform: 'node', sourcemap: 'inline' },
  });
  const [program] = outputFiles;
  const file = join(FOLDER, `target-${program?.hash.replace(/\W/g, '-')}.mjs`);
  try {
    mkdirSync(FOLDER, { recursive: true });
    replace(file, program?.contents ?? '');
    replace(BUILT, JSON.stringify({ file, sources }));
    return file;
  } catch {
    return undefined;
  }
}

/**
 * Notes each source's state before it is read. A module knows its folder, beside which pages are.
 *
 * @param {Record<string, string>} sources by path
 * @returns {import('esbuild').Plugin}
 */
function noting(sources) {
  return {
    name: 'noting',
    setup({ onLoad }) {
      onLoad({ filter: /^/ }, ({ path }) => {
        sources[path] = stateOf(path);
        const contents = readFileSync(path, 'utf8').replaceAll('import.meta.dirname', JSON.stringify(dirname(path)));
        return { contents, loader: 'default' };
      });
    },
  };
}

/**
 * Of several that start at once, each finds the whole.
 *
 * @param {string} path
 * @param {string | Uint8Array} contents
 */
function replace(path, contents) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, contents);
  renameSync(own, path);
}
