import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Imports a file of a project's own, of either kind of module: TypeScript is read by whoever runs this process. */
export async function importFile(path: string): Promise<unknown> {
  return isModule(dirname(path)) ? import(pathToFileURL(path).href) : createRequire(path)(path);
}

/** As Node and Playwright read a folder's code: by the `type` of the nearest package.json. */
export function isModule(folder: string): boolean {
  return nearestPackage(folder).type === 'module';
}

/** What the nearest package.json says. */
export function nearestPackage(folder: string): { type?: string; name?: string } {
  const path = join(folder, 'package.json');
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as { type?: string; name?: string };
  return folder === dirname(folder) ? {} : nearestPackage(dirname(folder));
}
