// npm test: sets up, then formatting and lint, types and import rules beside the first tests, then the others, unless one of these failed.
// "npm test -- pacer" runs only the test files whose path contains "pacer".
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInForeground, runQuietly } from './child.mjs';
import { ROOT, setUpOrExit } from './setup.mjs';

const IGNORED_FOLDERS = new Set(['node_modules', 'dist', 'reports', 'test-results', 'blob-report']);
const CHECK_TIMEOUT_MS = 300_000;
const TEST_TIMEOUT_MS = 600_000;
const TEST_CONCURRENCY = 1 + availableParallelism();
/** For the tests of single modules. Each reads most of the suite first, which takes 5 to 8 s of processor time. */
const SHARED_PROCESSES = 4;
/** About times that people wait, and so each by itself: beside it others take what it leaves of the machine. */
const FIRST = ['drills', 'hybrid'].map((name) => join('tests', `${name}.test.ts`));
/** Those that take longest, longest first. */
const LONGEST = [
  'run',
  'faults',
  'interrupt',
  'secrets',
  'package',
  'bad-input',
  'shards',
  'baseline',
  'attack',
  'verdict',
  'wire',
];
const filters = process.argv.slice(2);
/** @type {Map<string, number>} */
const totals = new Map();

process.chdir(ROOT);
await setUpOrExit({ browser: true });

const files = testFiles(ROOT).filter((file) => filters.length === 0 || filters.some((part) => file.includes(part)));
if (files.length === 0) {
  console.error(`No test file${filters.length > 0 ? `'s path contains "${filters.join('" or "')}"` : ' was found'}.`);
  process.exit(1);
}
// For those that need a database: each file makes one of its own in it.
const { tsImport } = await import('tsx/esm/api');
const { startCluster } = await tsImport('../target/core/postgres.ts', import.meta.url);
const postgres = await startCluster();
process.env.TEST_POSTGRES_FOLDER = postgres.folder;
const checking = filters.length === 0 ? checks() : true;
for (const first of FIRST) {
  await runTests(
    first,
    files.filter((file) => file === first),
  );
}
if (!(await checking)) process.exit(1);
await runTests(
  'Tests',
  files.filter((file) => !FIRST.includes(file)),
);
await postgres.stop();
printTotals();

/**
 * Every *.test.ts of the repository, by path, in a stable order. (Node 20's --test takes no patterns.)
 *
 * @param {string} folder
 * @returns {string[]}
 */
function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory())
        return IGNORED_FOLDERS.has(entry.name) || entry.name.startsWith('.') ? [] : testFiles(path);
      return entry.name.endsWith('.test.ts') ? [relative(ROOT, path)] : [];
    });
}

/** @param {string} path */
function isWholeRun(path) {
  return path.startsWith('tests/');
}

/** @param {string} path of a file of whole runs */
function rank(path) {
  const place = LONGEST.findIndex((name) => path === join('tests', `${name}.test.ts`));
  return place < 0 ? LONGEST.length : place;
}

/** @param {string} name */
function bin(name) {
  return join('node_modules', '.bin', name);
}

/**
 * The tests of these files, side by side: more of them than the machine has cores, since most wait for something. The longest
 * begin first: at the end none is left to run alone.
 *
 * @param {string} title
 * @param {string[]} paths
 */
async function runTests(title, paths) {
  if (paths.length === 0) return;
  const scratch = mkdtempSync(join(tmpdir(), 'tandem-test-'));
  const counts = join(scratch, 'counts');
  const args = [
    ...['--import', 'tsx', '--import', pathToFileURL(join(ROOT, 'scripts', 'assert.mjs')).href],
    ...['--test', `--test-concurrency=${TEST_CONCURRENCY}`, `--test-timeout=${TEST_TIMEOUT_MS}`],
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    `--test-reporter=${pathToFileURL(join(ROOT, 'scripts', 'tally.mjs')).href}`,
    `--test-reporter-destination=${counts}`,
    ...gather(paths, scratch),
  ];
  await step(`${title} (${paths.length} files)`, process.execPath, args, () => {
    addUp(readFileSync(counts, 'utf8'));
    rmSync(scratch, { recursive: true });
  });
}

/**
 * Modules that import the files, a process each, in the order in which they are to begin. A file of whole runs has one of its
 * own; those of a module share some, since to start Node and load the suite takes longer than the tests of most of them.
 * Neighbours, which are alike in how long they take, come into different ones.
 *
 * @param {string[]} paths
 * @param {string} folder where the modules are written
 * @returns {string[]}
 */
function gather(paths, folder) {
  const wholeRuns = paths.filter(isWholeRun).sort((a, b) => rank(a) - rank(b));
  const others = paths.filter((path) => !isWholeRun(path));
  const shared = Array.from({ length: Math.min(SHARED_PROCESSES, others.length) }, (_, place) =>
    others.filter((_, i) => i % SHARED_PROCESSES === place),
  );
  const longer = Math.max(wholeRuns.length, shared.length);
  // Whole runs wait, and the others compute.
  const groups = Array.from({ length: longer }, (_, i) => [wholeRuns.slice(i, i + 1), shared[i] ?? []]).flat();
  const filled = groups.filter((group) => group.length > 0);
  return filled.map((group, place) => {
    const urls = group.map((path) => pathToFileURL(join(ROOT, path)).href);
    // Node sorts them by name.
    const module = join(folder, `${String(place).padStart(3, '0')}.mjs`);
    writeFileSync(module, urls.map((url) => `import ${JSON.stringify(url)};\n`).join(''));
    return module;
  });
}

/**
 * Format, types and import rules, side by side and in silence; what each has to say comes when it is done.
 *
 * @returns {Promise<boolean>} whether all is well
 */
async function checks() {
  // In a log Biome would colour every character.
  const colours = process.stdout.isTTY ? [] : ['--colors=off'];
  /** @type {[title: string, command: string, args: string[]][]} */
  const programs = [
    ['Format and lint', bin('biome'), ['ci', '--error-on-warnings', ...colours, '.']],
    // The import rules read the sources by the version before, which is in JavaScript; this one takes a third of its time.
    // Each checker of its own would look once more at what all modules share.
    [
      'Types',
      process.execPath,
      [join('node_modules', 'typescript-7', 'bin', 'tsc'), '--noEmit', '--checkers', '1', '-p', '.'],
    ],
    ['Import rules', bin('depcruise'), ['--config', '.dependency-cruiser.cjs', '.']],
  ];
  const outcomes = await Promise.all(
    programs.map(async ([title, command, args]) => {
      const startedAt = performance.now();
      const { ok, output } = await runQuietly(command, args, { timeoutMs: CHECK_TIMEOUT_MS, isLow: true });
      if (output) console.log(`\n${output}`);
      console.log(outcomeLine(title, ok, startedAt));
      return ok;
    }),
  );
  return !outcomes.includes(false);
}

/**
 * @param {string} title
 * @param {boolean} ok
 * @param {number} startedAt
 */
function outcomeLine(title, ok, startedAt) {
  return `── ${title}: ${ok ? 'ok' : 'FAILED'} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`;
}

/**
 * Runs one step in the terminal; a failure ends the whole run with its exit code.
 *
 * @param {string} title
 * @param {string} command
 * @param {string[]} args
 * @param {() => void} [whenDone] called whether it passed or failed
 */
async function step(title, command, args, whenDone) {
  console.log(`\n── ${title}`);
  const startedAt = performance.now();
  const exitCode = await runInForeground(command, args);
  console.log(outcomeLine(title, exitCode === 0, startedAt));
  whenDone?.();
  if (exitCode === 0) return;
  printTotals();
  process.exit(exitCode);
}

/** @param {string} counts lines of "name count" */
function addUp(counts) {
  for (const [, name = '', count] of counts.matchAll(/^(\w+) (\d+)$/gm)) {
    totals.set(name, (totals.get(name) ?? 0) + Number(count));
  }
}

/** Both test runs together, in the words in which node:test counts, as the last lines of the output. */
function printTotals() {
  if (totals.size > 0) console.log();
  for (const [name, count] of totals) console.log(`# ${name} ${count}`);
}
