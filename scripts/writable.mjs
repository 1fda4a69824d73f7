// Whether a folder can be written to: asked before a run, not found out after it.
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @type {Record<string, string>} */
const CAUSES = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'no permission to write there',
  EPERM: 'no permission to write there',
  EROFS: 'the file system is read-only',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EEXIST: 'a part of its path is a file, not a folder',
  EISDIR: 'a folder of that name is in the way',
  ENAMETOOLONG: 'its name is too long',
  EFBIG: 'no file may be so large there',
};

/**
 * Why a write failed, in words: `the disk is full (ENOSPC)`.
 *
 * @param {unknown} error
 * @returns {string}
 */
export function causeOf(error) {
  const code = /** @type {NodeJS.ErrnoException} */ (error)?.code ?? '';
  if (code in CAUSES) return `${CAUSES[code]} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

/** As much as must fit into a folder: what a run writes at least. */
const ROOM = Buffer.alloc(1024 * 1024);

/**
 * Writes a file into the folder, which is made if its parent is there, and removes it.
 *
 * @param {string} folder
 * @param {string} allowed ends the sentence
 * @throws {Error} one sentence
 */
export function checkWritable(folder, allowed) {
  const probe = join(folder, `.tandem-${process.pid}.tmp`);
  try {
    mkdirSync(folder, { recursive: true });
    const file = openSync(probe, 'w');
    try {
      // Of what has no room a single write would write a part, and not say so.
      writeFileSync(file, ROOM);
      fsyncSync(file);
    } finally {
      closeSync(file);
      rmSync(probe, { force: true });
    }
  } catch (error) {
    throw new Error(`${folder} cannot be written to: ${causeOf(error)}; ${allowed}.`);
  }
}

/** The folder of what a run needs only while it lasts: Playwright, browsers and PostgreSQL take it too. */
export function checkTemporary() {
  checkWritable(tmpdir(), 'free it, or name another folder with TMPDIR');
}
