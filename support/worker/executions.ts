import type { ScenarioKind } from '../profile/schema.ts';

/** The scenarios of all profiles that run a load or journey, by its kind and name. */
const executions = new Map<string, Set<string>>();

const keyOf = (kind: ScenarioKind, exec: string) => `${kind} ${exec}`;

/**
 * Makes it known to this process that a scenario runs a load or journey. Playwright reads the configuration in each process of a
 * run, before any file that declares tests; which project's tests are wanted such a file cannot see.
 */
export function addExecution(kind: ScenarioKind, exec: string, scenario: string): void {
  const key = keyOf(kind, exec);
  executions.set(key, (executions.get(key) ?? new Set()).add(scenario));
}

/** The scenarios that run this load or journey, in whatever profile; the one of its own name where nobody said. */
export function executionsOf(kind: ScenarioKind, exec: string): string[] {
  return [...(executions.get(keyOf(kind, exec)) ?? [exec])];
}
