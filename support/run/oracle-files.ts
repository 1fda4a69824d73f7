import { join, relative } from 'node:path';
import { allowed } from '../input/misspelling.ts';
import { declaredOracles, type Oracle } from '../oracle.ts';
import { oracleFiles } from '../scenario-files.ts';
import { importFor } from '../worker/declaration.ts';

/** Oracles that a scenario names, and its file, which may declare them itself. */
export interface Promised {
  /** Relative to the project's folder. */
  file: string;
  oracles: string[];
}

/**
 * The oracles of a project, by name: those of `*.oracle.ts` below `protocol/` and `journeys/`, and those that the files of
 * scenarios declare themselves. After `merge-reports`, and in `tandem report`, nobody else has loaded these.
 * @param root the project's folder
 * @param unloadable is told of each file that cannot be loaded, in a sentence
 */
export async function loadOracles(
  root: string,
  promised: Promised[],
  unloadable: (sentence: string) => void,
): Promise<ReadonlyMap<string, Oracle>> {
  const load = async (file: string) => {
    try {
      await importFor('nobody', join(root, file));
    } catch (error) {
      const why = (error as Error).message ?? String(error);
      unloadable(why.startsWith(`${file}:`) ? why : `${file} cannot be loaded: ${why}`);
    }
  };
  for (const path of oracleFiles(root)) await load(relative(root, path));
  for (const { file, oracles } of promised) if (!oracles.every((name) => declaredOracles.has(name))) await load(file);
  return declaredOracles;
}

/** @throws one sentence for a scenario that brings evidence for an oracle that there is not */
export function checkOracles(promised: Promised[], oracles: ReadonlyMap<string, Oracle>): void {
  for (const { file, oracles: names } of promised) {
    const unknown = names.find((name) => !oracles.has(name));
    if (unknown === undefined) continue;
    const known = [...oracles.keys()].sort();
    const choice =
      known.length > 0 ? allowed(unknown, known) : 'there is none: oracle(…) in a *.oracle.ts declares one';
    throw new Error(`${file} brings evidence for oracle "${unknown}"; ${choice}.`);
  }
}
