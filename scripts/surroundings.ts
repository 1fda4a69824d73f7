// What can be seen of the repository in which a command is called.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { importFile, isModule, nearestPackage } from '../support/import-file.ts';
import type { Application, PackageManager, Surroundings } from './scaffold.ts';

const defaultFolder = 'load';

/** The folder with `profiles/`: this one, or `load/` below it. */
export function projectFolder(cwd: string): string {
  const below = join(cwd, defaultFolder);
  return !existsSync(join(cwd, 'profiles')) && existsSync(join(below, 'profiles')) ? below : cwd;
}

export function surroundingsOf(folder: string): Surroundings {
  return { isModule: isModule(folder), isTandem: nearestPackage(folder).name === 'tandem' };
}

/** Absolute; undefined where there is none. */
export function playwrightConfigIn(folder: string): string | undefined {
  const name = readdirSync(folder).find((file) => /^playwright\.config\.[cm]?[jt]s$/.test(file));
  return name && join(folder, name);
}

interface PlaywrightUse {
  baseURL?: unknown;
  storageState?: unknown;
}

export interface PlaywrightConfig {
  use?: PlaywrightUse;
  projects?: { use?: PlaywrightUse; dependencies?: string[] }[];
  webServer?: unknown;
}

/**
 * What the tests' own configuration says of the application.
 * @param folder that is made beside it
 * @throws whatever its code throws
 */
export async function applicationOf(config: string, folder: string): Promise<Application> {
  const { use, projects = [], webServer } = await readPlaywrightConfig(config);
  const uses = [use, ...projects.map((project) => project.use)];
  const first = (name: keyof PlaywrightUse) =>
    uses.map((one) => one?.[name]).find((value) => typeof value === 'string');
  const state = first('storageState') as string | undefined;
  const url = first('baseURL') as string | undefined;
  return {
    config: slashes(relative(folder, config)),
    baseUrl: url !== undefined && URL.canParse(url) ? url : undefined,
    // Playwright reads it from where it is called.
    storageState: state && slashes(relative(folder, resolve(dirname(config), state))),
    signsIn: (state && projects.find(({ use }) => use?.storageState === state)?.dependencies) || [],
    hasWebServer: webServer !== undefined,
  };
}

/**
 * The default export, whichever kind of module it is of.
 * @throws whatever its code throws
 */
export async function readPlaywrightConfig(path: string): Promise<PlaywrightConfig> {
  let found = await importFile(path);
  while (found !== null && typeof found === 'object' && 'default' in found) found = found.default;
  return found as PlaywrightConfig;
}

export function packageManagerOf(folder: string): PackageManager {
  if (existsSync(join(folder, 'pnpm-lock.yaml'))) return 'pnpm';
  return existsSync(join(folder, 'yarn.lock')) ? 'yarn' : 'npm';
}

export function slashes(path: string): string {
  return path.split(sep).join('/');
}
