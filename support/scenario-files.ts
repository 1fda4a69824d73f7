import { type Dirent, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { type Family, listedFamilies } from './family.ts';
import type { ScenarioKind } from './profile/schema.ts';
import type { TimelineScenario } from './schedule/timeline.ts';

/** The files that define scenarios: by kind and by the scenario's name, each file's absolute path. */
export type ScenarioFiles = Record<ScenarioKind, Map<string, string>>;

/**
 * A scenario is a file: its name is the scenario's, in whatever folder below `protocol/` or `journeys/` it lies. Loads of listed
 * families are there as well; a file of the project's own, a journey's too, takes the place of one of the same name.
 * @param root the folder with `protocol/` and `journeys/`; neither need be there
 * @throws one sentence when two files would define the same scenario
 */
export function scenarioFiles(root: string, families: readonly Family[] = listedFamilies() ?? []): ScenarioFiles {
  const ready = families.flatMap(({ folder }) => (folder ? [...filesIn(root, folder, 'load')] : []));
  const load = filesIn(root, join(root, 'protocol'), 'load');
  const journey = filesIn(root, join(root, 'journeys'), 'journey');
  for (const [name, path] of journey) {
    const other = load.get(name);
    if (other) throw sameName(root, [path, other], 'another name for one of them');
  }
  return { load: new Map([...ready.filter(([name]) => !journey.has(name)), ...load]), journey };
}

/** A profile that named it would run one of them, and nobody could say which. */
function sameName(root: string, paths: [string, string], instead: string): Error {
  const [one, other] = paths.map((path) => relative(root, path));
  return new Error(`${one} and ${other} have the same name, and a scenario is called by it; allowed is ${instead}.`);
}

/** The files of oracles, wherever below `protocol/` or `journeys/` they lie, and those of listed families: absolute paths. */
export function oracleFiles(root: string, families: readonly Family[] = listedFamilies() ?? []): string[] {
  const folders = [join(root, 'protocol'), join(root, 'journeys'), ...families.flatMap(({ folder }) => folder ?? [])];
  return [...new Set(folders.flatMap((folder) => pathsIn(folder, 'oracle')))];
}

/** Those by which Playwright finds what is to run, each once: absolute paths. */
export function testFilesOf(root: string, scenarios: TimelineScenario[], files: ScenarioFiles): string[] {
  return definingFiles(scenarios, files).map((path) => testFileOf(root, path));
}

/** Those of scenarios that are to run, each once. */
function definingFiles(scenarios: TimelineScenario[], files: ScenarioFiles): string[] {
  return [...new Set(scenarios.map(({ name, kind, exec = name }) => files[kind].get(exec)!))];
}

/**
 * The file by which Playwright finds a scenario: itself, or a file that imports it, since of what is installed Playwright takes no
 * tests.
 */
export function testFileOf(root: string, path: string): string {
  const own = relative(root, path);
  if (!own.startsWith('..') && !own.includes('node_modules')) return path;
  return join(root, 'reports', '.ready', basename(path).replace(/js$/, 'ts'));
}

/** Writes the files by which Playwright finds the scenarios of families; they are the same in every run. */
export function writeTestFiles(root: string, scenarios: TimelineScenario[], files: ScenarioFiles): void {
  for (const path of definingFiles(scenarios, files)) {
    const file = testFileOf(root, path);
    if (file === path) continue;
    const from = relative(dirname(file), path).split(sep).join('/');
    const text = `// Made by Tandem: by this file Playwright finds a load of a family.\nimport ${JSON.stringify(from)};\n`;
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

function pathsIn(folder: string, kind: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !isHidden(entry.name) && endingOf(kind).test(entry.name))
    .map((entry: Dirent) => join(entry.parentPath, entry.name))
    .sort();
}

/** What macOS and editors lay beside a file, under a name that ends like its own: `._relay.load.ts`. */
const isHidden = (name: string) => name.startsWith('.');

/** A package holds them compiled. */
const endingOf = (kind: string) => new RegExp(`\\.${kind}\\.[jt]s$`);

function filesIn(root: string, folder: string, kind: ScenarioKind): Map<string, string> {
  const files = new Map<string, string>();
  for (const path of pathsIn(folder, kind)) {
    const name = basename(path).replace(endingOf(kind), '');
    const other = files.get(name);
    if (other) throw sameName(root, [other, path], `one ${name}.${kind}.ts`);
    files.set(name, path);
  }
  return files;
}
