// What can be seen of the repository in which a command is called.
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { importFile, isModule, nearestPackage } from '../support/import-file.ts';
import { type Application, type PackageManager, type Surroundings, shellText } from './scaffold.ts';

export const defaultFolder = 'load';

/** The folder with `profiles/`: this one, or `load/` below it. */
export function projectFolder(cwd: string): string {
  const below = join(cwd, defaultFolder);
  return !existsSync(join(cwd, 'profiles')) && existsSync(join(below, 'profiles')) ? below : cwd;
}

/** By which Playwright, called from a folder, finds the project: ` -c load`; empty in the project's own. */
export function configOption(from: string, folder: string): string {
  const path = slashes(relative(from, folder));
  return path === '' ? '' : ` -c ${shellText(path)}`;
}

/** @throws one sentence where there is nothing that a new file could belong to */
export function assertProject(folder: string): void {
  if (existsSync(join(folder, 'profiles'))) return;
  throw new Error(
    'There is no folder profiles here or in load/; allowed is the folder that "npx tandem init" made, or that with load/ in it.',
  );
}

export function surroundingsOf(folder: string): Surroundings {
  return { isModule: isModule(folder), isTandem: nearestPackage(folder).name === 'tandem' };
}

/** Its packages lie in archives, which Yarn reads for Node: there is no node_modules, and `npx` finds nothing. */
export function hasPlugAndPlay(folder: string): boolean {
  return nearestWith(['.pnp.cjs'], folder) !== undefined;
}

/** Absolute; undefined where there is none. */
export function playwrightConfigIn(folder: string): string | undefined {
  const name = readdirSync(folder).find((file) => /^playwright\.config\.[cm]?[jt]s$/.test(file));
  return name && join(folder, name);
}

interface PlaywrightUse {
  baseURL?: unknown;
  storageState?: unknown;
  [option: string]: unknown;
}

/** By which a browser is let in, and what says it to a run. */
export const letsIn: Record<string, string> = {
  httpCredentials: 'a user and password in BASE_URL',
  extraHTTPHeaders: 'use of a journey, and headers of the calls of a load',
  ignoreHTTPSErrors: 'TLS_INSECURE=1',
  clientCertificates: 'TLS_CLIENT_CERT and TLS_CLIENT_KEY',
  proxy: 'HTTP_PROXY',
};

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
  const url = (first('baseURL') as string | undefined) ?? portUrl(webServer);
  return {
    config: slashes(relative(folder, config)),
    baseUrl: url !== undefined && URL.canParse(url) ? url : undefined,
    // Playwright reads it from where it is called.
    storageState: state && slashes(relative(folder, resolve(dirname(config), state))),
    signsIn: (state && projects.find(({ use }) => use?.storageState === state)?.dependencies) || [],
    hasWebServer: webServer !== undefined,
    notTaken: Object.keys(letsIn).filter((name) => uses.some((one) => one?.[name])),
  };
}

/** What Playwright takes for the base URL of tests that name none: where the only server listens, if that says its port. */
function portUrl(webServer: unknown): string | undefined {
  const { port } = (webServer ?? {}) as { port?: number };
  return port === undefined ? undefined : `http://localhost:${port}`;
}

/**
 * The default export, whichever kind of module it is of.
 * @throws whatever its code throws
 */
export async function readPlaywrightConfig(path: string): Promise<PlaywrightConfig> {
  let found = await readerOf(path)(path);
  while (found !== null && typeof found === 'object' && 'default' in found) found = found.default;
  return found as PlaywrightConfig;
}

/** Playwright's own: .mts and .cts, `paths` of a tsconfig and ES syntax in CommonJS are read as it reads them. */
function readerOf(config: string): (path: string) => Promise<unknown> {
  const found = createRequire(createRequire(config).resolve('@playwright/test'));
  const { transform } = found('playwright/lib/common') as {
    transform?: { requireOrImport?(path: string): Promise<unknown> };
  };
  return transform?.requireOrImport ?? importFile;
}

/** The folder of the whole repository, in which a project may be one of several; without git the project's own. */
export function repositoryOf(folder: string): string {
  return nearestWith(['.git'], folder) ?? folder;
}

/** By its lock file, which several projects of a repository share. */
export function packageManagerOf(folder: string): PackageManager {
  const locks = { 'pnpm-lock.yaml': 'pnpm', 'yarn.lock': 'yarn', 'package-lock.json': 'npm' } as const;
  const at = nearestWith(Object.keys(locks), folder);
  const [, manager] = Object.entries(locks).find(([lock]) => at !== undefined && existsSync(join(at, lock))) ?? [];
  return manager ?? 'unlocked';
}

function nearestWith(names: string[], folder: string): string | undefined {
  if (names.some((name) => existsSync(join(folder, name)))) return folder;
  return folder === dirname(folder) ? undefined : nearestWith(names, dirname(folder));
}

export function slashes(path: string): string {
  return path.split(sep).join('/');
}
