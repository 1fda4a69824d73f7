// Puts the modules of a program into few files: to find and read each takes Node, and Playwright more so, longer than to run it.

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..');
/** Packages are looked for from where a file is. */
const FOLDER = join(ROOT, 'node_modules', '.cache', 'tandem');
/** What nobody has begun with for so long is removed: a run may read of its own at its end, and lasts 14 days at most. */
const KEPT_MS = 15 * 24 * 3_600_000;

/**
 * The files of a program. They are made anew when one of its modules has changed.
 *
 * @param {string} name of the program
 * @param {string[]} entryPoints absolute paths of modules that others import
 * @returns {Promise<string | undefined>} the path of their list, for {@link listed}, which stays the same; undefined where nothing can be
 *   written, as in what somebody else has installed, or when a module cannot be read
 */
export async function bundle(name, entryPoints) {
  return upToDate(name, entryPoints) ?? (await build(name, entryPoints).catch(() => undefined));
}

/**
 * @param {string} list
 * @returns {Record<string, string>} by entry point the path of its file
 */
export function listed(list) {
  return JSON.parse(readFileSync(list, 'utf8'));
}

/**
 * @param {string} name
 * @param {string[]} entryPoints
 */
function upToDate(name, entryPoints) {
  try {
    /** @type {{ list: string, sources: Record<string, string> }} */
    const { list, sources } = JSON.parse(readFileSync(lastBuilt(name), 'utf8'));
    const files = listed(list);
    const isSame =
      // A folder that was copied has what was built from the other one.
      entryPoints.length === Object.keys(files).length &&
      entryPoints.every((path) => path in files) &&
      Object.entries(sources).every(([path, state]) => stateOf(path) === state);
    if (!isSame) return undefined;
    touch(dirname(list));
    return list;
  } catch {
    return undefined;
  }
}

/** @param {string} folder that is used */
function touch(folder) {
  try {
    utimesSync(folder, new Date(), new Date());
  } catch {} // somebody else's, who alone removes it
}

/**
 * What was built last, and from what.
 *
 * @param {string} name
 */
function lastBuilt(name) {
  return join(FOLDER, `${name}.json`);
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

/**
 * @param {string} name
 * @param {string[]} entryPoints
 */
async function build(name, entryPoints) {
  const { build, stop } = await import('esbuild');
  /** @type {Record<string, string>} */
  const sources = {};
  const made = join(FOLDER, `${name}-`);
  const { metafile, outputFiles } = await build({
    ...{
      absWorkingDir: ROOT,
      entryPoints,
      outbase: ROOT,
      outdir: made,
      write: false,
      metafile: true,
      logLevel: 'silent',
    },
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', packages: 'external', alias: ALIASES },
    ...{ outExtension: { '.js': '.mjs' }, chunkNames: 'shared/[hash]', sourcemap: true, sourcesContent: false },
    ...{ define: PLACES, plugins: [noting(sources)] },
  }).finally(stop);
  const hash = createHash('sha1').update(`${entryPoints}\n`);
  for (const { path, hash: own } of outputFiles) hash.update(`${path} ${own}\n`);
  const folder = `${made}${hash.digest('hex').slice(0, 16)}`;
  const own = `${folder}.${process.pid}`;
  for (const { path, text } of outputFiles) {
    const file = path.replace(made, own);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, path.endsWith('.map') ? await byLine(text) : text);
  }
  /** @type {Record<string, string>} */
  const files = {};
  for (const [output, { entryPoint = '' }] of Object.entries(metafile.outputs)) {
    const path = join(ROOT, entryPoint);
    // What a module imports later is one for esbuild, too.
    if (entryPoints.includes(path)) files[path] = join(ROOT, output).replace(made, folder);
  }
  writeFileSync(join(own, 'files.json'), JSON.stringify(files));
  // Of several that start at once, each finds the whole: what another one has put there is the same.
  try {
    renameSync(own, folder);
  } catch (error) {
    rmSync(own, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  const list = join(folder, 'files.json');
  writeFileSync(`${own}.json`, JSON.stringify({ list, sources }));
  renameSync(`${own}.json`, lastBuilt(name));
  removeOld(basename(made), folder);
  return list;
}

/**
 * A source map that tells lines, and of no column: Playwright reads the whole map of a file at the first error in it that has a stack,
 * which holds up a load under way.
 *
 * @param {string} map
 */
async function byLine(map) {
  const { decode, encode } = await import('@jridgewell/sourcemap-codec');
  const { mappings, ...rest } = JSON.parse(map);
  const lines = decode(mappings).map((segments) => segments.slice(0, 1));
  return JSON.stringify({ ...rest, mappings: encode(lines) });
}

/** Packages are read from where they are installed, but for one, of which each of some hundred modules would be asked for. */
const ALIASES = { zod: './node_modules/zod/index.js' };

/** A module's own place is where its source is: beside it are pages, styles and messages. */
const PLACES = {
  'import.meta.dirname': 'moduleFolder',
  'import.meta.filename': 'modulePath',
  'import.meta.url': 'moduleUrl',
};

/**
 * Notes each source's state before it is read, and tells it its place.
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
        const text = readFileSync(path, 'utf8');
        if (!text.includes('import.meta.')) return { contents: text, loader: 'default' };
        const [folder, own, url] = [dirname(path), path, pathToFileURL(path).href].map((place) =>
          JSON.stringify(place),
        );
        // In its first line: all others keep their numbers.
        const places = `const moduleFolder = ${folder}, modulePath = ${own}, moduleUrl = ${url};`;
        return { contents: `${places} ${text}`, loader: 'default' };
      });
    },
  };
}

/**
 * @param {string} start of their names
 * @param {string} current
 */
function removeOld(start, current) {
  for (const name of readdirSync(FOLDER)) {
    const path = join(FOLDER, name);
    const usedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    const isOld = usedAt !== undefined && Date.now() - usedAt > KEPT_MS;
    if (isOld && name.startsWith(start) && path !== current) rmSync(path, { recursive: true, force: true });
  }
}
