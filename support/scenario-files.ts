import { type Dirent, existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { ScenarioKind } from './profile/schema.ts';

/** The files that define scenarios: by kind and by the scenario's name, each file's absolute path. */
export type ScenarioFiles = Record<ScenarioKind, Map<string, string>>;

/**
 * A scenario is a file: its name is the scenario's, in whatever folder below `protocol/` or `journeys/` it lies.
 * @param root the folder with `protocol/` and `journeys/`; neither need be there
 * @throws one sentence when two files would define the same scenario
 */
export function scenarioFiles(root: string): ScenarioFiles {
  return { load: filesBelow(root, 'protocol', '.load.ts'), journey: filesBelow(root, 'journeys', '.journey.ts') };
}

/** The files of oracles, wherever below `protocol/` or `journeys/` they lie: absolute paths. */
export function oracleFiles(root: string): string[] {
  return ['protocol', 'journeys'].flatMap((folder) => pathsBelow(root, folder, '.oracle.ts'));
}

function pathsBelow(root: string, folder: string, ending: string): string[] {
  const top = join(root, folder);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith(ending))
    .map((entry: Dirent) => join(entry.parentPath, entry.name))
    .sort();
}

function filesBelow(root: string, folder: string, ending: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const path of pathsBelow(root, folder, ending)) {
    const name = path.slice(path.lastIndexOf(sep) + 1, -ending.length);
    const other = files.get(name);
    if (other) {
      throw new Error(
        `${relative(root, other)} and ${relative(root, path)} have the same name, and a scenario is called by it; allowed is one ${name}${ending}.`,
      );
    }
    files.set(name, path);
  }
  return files;
}
