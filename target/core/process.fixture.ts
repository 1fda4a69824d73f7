import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

export type TargetProcess = ChildProcessByStdio<Writable, Readable, Readable>;

const ROOT = join(import.meta.dirname, '..', '..');

/** What `npm run target` runs, with these settings, and none of the person's. */
export function runTarget(env: Record<string, string>): TargetProcess {
  const settings = /^(PORT|HOST|DATABASE_URL|RATE_LIMIT|TARGET_.*)$/;
  const others = Object.entries(process.env).filter(([name]) => !settings.test(name));
  return spawn(process.execPath, [join(ROOT, 'target', 'start.mjs')], {
    cwd: ROOT,
    env: { ...Object.fromEntries(others), ...env },
    stdio: 'pipe',
  });
}

/** Waits for the line that says it, and those of the addresses before it; gives the URL in it. */
export async function listening(target: TargetProcess): Promise<string> {
  target.stdout.setEncoding('utf8');
  const [line] = await Promise.race([once(target.stdout, 'data'), once(target.stdout, 'end')]);
  assert.match(line ?? 'it has ended', /^([A-Z_]+=\S+\n)*listening on http:\/\/127\.0\.0\.1:\d+\n$/);
  return line.trim().split('listening on ')[1];
}
