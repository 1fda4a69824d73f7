import type { Setting, Settings } from './input/setting.ts';

export {
  type EndpointKind,
  httpUrl,
  oneOf,
  pathPrefix,
  type Reached,
  type Setting,
  settings,
  shownText,
  WrongService,
  wsUrl,
} from './input/setting.ts';

/** A family of systems that are loaded in the same way: what the suite must know of it, and nobody but the family says. */
export interface Family {
  name: string;
  /** What its loads read of the target. Two families that call the same API have some in common. */
  settings: readonly Settings[];
  /**
   * Where its loads and their oracles lie, an absolute path: profiles of whatever project lists the family may name these loads.
   * Absent: the project has them among its own files.
   */
  folder?: string;
}

/** Undefined before a configuration has said. */
let listed: readonly Family[] | undefined;

/**
 * Makes the project's families known to this process. Playwright reads the configuration in each process of a run, before anything
 * else.
 * @throws one sentence when two of them mean different things by one variable
 */
export function listFamilies(families: readonly Family[]): void {
  settingsOf(families);
  listed = families;
}

/** Undefined when this process has read no configuration. */
export function listedFamilies(): readonly Family[] | undefined {
  return listed;
}

/** Each setting once. @throws one sentence when two families mean different things by one variable */
export function settingsOf(families: readonly Family[]): Setting[] {
  const found = new Map<string, { setting: Setting; family: string }>();
  for (const { name: family, settings } of families) {
    for (const setting of settings.flatMap(({ declared }) => declared)) {
      const other = found.get(setting.variable);
      if (other && other.setting !== setting) {
        throw new Error(
          `${setting.variable} is a setting of ${other.family} and another one of ${family}; allowed is one, which both may list.`,
        );
      }
      found.set(setting.variable, { setting, family });
    }
  }
  return [...found.values()].map(({ setting }) => setting);
}
