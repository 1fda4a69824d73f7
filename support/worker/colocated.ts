import { join } from 'node:path';
import { ownOf } from '../measure/own.ts';
import type { SliceId } from '../measure/slice.ts';
import { type Declaration, importFor } from './declaration.ts';

/**
 * Where a profile has `sharedProcesses`, the slices of one kind and index run in one process. Playwright knows a test in a process
 * at a time: it runs that of the first of them, which runs the others as well.
 */

/** A scenario with slices that share their processes with others. */
export interface Colocated {
  scenario: string;
  /** Declares it; relative to the project's folder. */
  file: string;
  indexes: number[];
}

/** Workers find here, as JSON, the scenarios that share processes: a list for each kind, in which the first runs the others. */
export const colocatedVariable = 'TANDEM_COLOCATED';

/** A slice that may share its process. */
export interface Shareable extends SliceId {
  file: string;
  declaration: Pick<Declaration, 'kind' | 'ownProcess'> | undefined;
}

/** Those that run in the process of another, each with the one whose process it is. */
export function colocate<S extends Shareable>(slices: readonly S[]): (S & { host: SliceId })[] {
  const hosts = new Map<string, SliceId>();
  return slices.flatMap((slice) => {
    const { scenario, index, declaration } = slice;
    if (!declaration || declaration.ownProcess) return [];
    const key = `${declaration.kind} ${index}`;
    const host = hosts.get(key);
    if (host) return [{ ...slice, host }];
    hosts.set(key, { scenario, index });
    return [];
  });
}

/** What {@link colocatedVariable} holds. */
export function colocatedText(guests: readonly (Shareable & { host: SliceId })[]): string {
  const hosted = (host: string) => guests.filter((guest) => guest.host.scenario === host);
  const hosts = [...new Set(guests.map(({ host }) => host.scenario))];
  return JSON.stringify(Object.fromEntries(hosts.map((host) => [host, scenariosOf(hosted(host))])));
}

function scenariosOf(guests: readonly Shareable[]): Colocated[] {
  const names = [...new Set(guests.map(({ scenario }) => scenario))];
  return names.map((name) => {
    const own = guests.filter(({ scenario }) => scenario === name);
    return { scenario: name, file: own[0]!.file, indexes: own.map(({ index }) => index) };
  });
}

/** Makes those known that this slice is to run as well. @returns their scenarios @param root the project's folder */
export async function importColocated({ scenario, index }: SliceId, env: NodeJS.ProcessEnv, root: string) {
  const all = JSON.parse(env[colocatedVariable] || '{}') as Record<string, Colocated[]>;
  const own = (ownOf(all, scenario) ?? []).filter(({ indexes }) => indexes.includes(index));
  for (const { file } of own) await importFor('process', join(root, file));
  return own.map((one) => one.scenario);
}
