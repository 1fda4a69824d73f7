/** Where a run's results go: `reports/<run id>/`, and `reports/latest`, which points at the newest. */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { lstat, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { causeOf } from '../../scripts/writable.mjs';
import { safeName } from '../input/safe-name.ts';

/** What a run measures while it lasts, in the folder of its results, which take its place when they are there. */
export const streamFile = 'stream.ndjson';

/** Content by file name. */
type RunFiles = Record<string, string | Uint8Array>;

const LONGEST_NAME = 100;

/**
 * The folder name of a run. A run id that is a safe name stays as it is; another one (`feature/x #12`, `..`, `latest`)
 * becomes safe, with a short hash of the original so that two ids never share a folder.
 */
export function runFolder(runId: string): string {
  const safe = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(runId) && runId.length <= LONGEST_NAME && !runId.endsWith('.');
  // Names that Windows keeps for devices, and our own link.
  const taken = /^(con|prn|aux|nul|com\d|lpt\d|latest)(\..*)?$/i.test(runId);
  return safe && !taken ? runId : safeName(runId, LONGEST_NAME);
}

/**
 * The folder of a run as a person names it: by its id, its folder, or `latest`. What has a slash is a folder, unless only an id is like that.
 * @param reports the folder of all runs
 */
export function folderOfRun(reports: string, run: string): string {
  if (run === 'latest') return join(reports, latestIn(reports));
  const own = join(reports, runFolder(run));
  const isPath = /[\\/]/.test(run);
  return isPath && (existsSync(run) || !existsSync(own)) ? run : own;
}

/** The link, or what is named where links are refused; see {@link pointLatest}. */
function latestIn(reports: string): string {
  const isLink = lstatSync(join(reports, 'latest'), { throwIfNoEntry: false })?.isSymbolicLink();
  const named = join(reports, 'latest.txt');
  return !isLink && existsSync(named) ? readFileSync(named, 'utf8').trim() : 'latest';
}

/** A path as a person would type it here. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}

/** A failed write in one sentence: which file, why, what to do. */
export function explainWrite(path: string, error: unknown): Error {
  return new Error(
    `results not written: ${path}: ${causeOf(error)}; free its place or let it be written to, and run again.`,
    { cause: error },
  );
}

/** Written under another name in the same folder, then renamed: nobody ever reads half a file. */
export async function writeWhole(path: string, content: string): Promise<void> {
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    await writeFile(unfinished, content, { flush: true });
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
}

/** `latest` beside the run's folder points at it; where links are refused, `latest.txt` names it instead. */
async function pointLatest(dir: string): Promise<void> {
  const link = join(dirname(dir), 'latest');
  const unfinished = `${link}.${process.pid}.tmp`;
  try {
    const standing = await lstat(link).catch(() => null);
    if (standing && !standing.isSymbolicLink()) throw new Error(`${link} is no link`);
    await rm(unfinished, { force: true });
    await symlink(basename(dir), unfinished, 'dir');
    await rename(unfinished, link);
  } catch {
    await rm(unfinished, { force: true }).catch(() => {});
    const name = `${link}.txt`;
    await writeWhole(name, `${basename(dir)}\n`).catch((error) => {
      throw explainWrite(name, error);
    });
  }
}

/**
 * Writes a run's files into the new folder `dir`, in the place of one that stands there, and lets `latest` beside it point
 * there. The folder gets its name when all of it is written: a run is there whole or not at all.
 * @param files content by file name; names without folders.
 * @param former name of a file in `dir` whose place they take: on a full disk it goes first, if that makes room enough
 * @throws Error with one sentence naming the file and the cause (full disk, no permission, read-only …).
 */
export async function writeRun(dir: string, files: RunFiles, former?: string): Promise<void> {
  for (const name of Object.keys(files)) {
    if (basename(name) !== name || name === '..' || name === '.') throw new Error(`not a file name: ${name}`);
  }
  await writeFolder(dir, files).catch(async (error: Error) => {
    if (former === undefined || !(await makesRoom(join(dir, former), files, error.cause))) throw error;
    await rm(join(dir, former));
    await writeFolder(dir, files);
  });
  await pointLatest(dir);
}

async function makesRoom(former: string, files: RunFiles, cause: unknown): Promise<boolean> {
  const { code = '' } = cause as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return false;
  const needed = Object.values(files).reduce((sum, content) => sum + Buffer.byteLength(content), 0);
  return lstat(former).then(
    ({ size }) => size >= needed,
    () => false,
  );
}

async function writeFolder(dir: string, files: RunFiles): Promise<void> {
  const unfinished = join(dirname(dir), `.${basename(dir)}.${process.pid}.tmp`);
  const former = join(dirname(dir), `.${basename(dir)}.${process.pid}.old`);
  let path = dir;
  try {
    for (const remains of [unfinished, former]) await rm(remains, { recursive: true, force: true });
    await mkdir(dirname(dir), { recursive: true });
    await mkdir(unfinished);
    for (const [name, content] of Object.entries(files)) {
      path = join(dir, name);
      await writeFile(join(unfinished, name), content, { flush: true });
    }
    path = dir;
    const standing = await lstat(dir).catch(() => null);
    if (standing?.isDirectory()) await rename(dir, former);
    await rename(unfinished, dir);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => {});
    // What stood there goes back, if it was moved and nothing took its place.
    await rename(former, dir).catch(() => {});
    throw explainWrite(path, error);
  }
  await rm(former, { recursive: true, force: true }).catch(() => {});
}
