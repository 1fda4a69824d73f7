/** Runs of the profile `drills`: whether a sound target passes each time, and how long it takes to be well again. */
import { join } from 'node:path';
import { outcomeOf, runProfile } from './scale.ts';
import { printTable } from './table.ts';

const ROOT = join(import.meta.dirname, '..');
const RUNS = 20;

export const name = 'drills';
export const about = `${RUNS} runs of all drills, nothing lost and all well again in time: an hour and a half`;
export const long = true as const;

export async function run(): Promise<void> {
  const statuses: string[] = [];
  /** By drill the longest time until it was well again, for each run, in milliseconds. */
  const recoveries = new Map<string, number[]>();
  const checked = new Map<string, number>();
  while (statuses.length < RUNS) {
    const verdict = await runProfile('drills', {}, ROOT);
    statuses.push(verdict.status);
    console.log(`${statuses.length}: ${outcomeOf(verdict)}`);
    for (const { name, recoveredMs } of verdict.drills ?? []) {
      recoveries.set(name, [...(recoveries.get(name) ?? []), recoveredMs?.[1] ?? Number.POSITIVE_INFINITY]);
    }
    for (const { name, checked: count } of verdict.oracles) checked.set(name, (checked.get(name) ?? 0) + count);
  }
  console.log(`passed: ${statuses.filter((status) => status === 'pass').length} of ${statuses.length}`);
  console.log(`checked: ${[...checked].map(([name, count]) => `${count} of ${name}`).join(', ')}`);
  printTable(
    ['drill', 'well again after: shortest s', 'longest s'],
    [...recoveries].map(([name, times]) => [
      name,
      ...[Math.min, Math.max].map((of) => (of(...times) / 1_000).toFixed(1)),
    ]),
  );
}
