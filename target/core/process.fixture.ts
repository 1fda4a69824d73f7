import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { buildSync } from 'esbuild';

export type TargetProcess = ChildProcessByStdio<Writable, Readable, Readable>;

const ROOT = join(import.meta.dirname, '..', '..');

let built: string | undefined;

/**
 * The target's program in one file, which is where it finds its packages: a process starts from it in half the time. It has
 * no pages, whose sources are not beside it.
 */
function program(): string {
  if (built !== undefined) return built;
  const outfile = join(ROOT, 'node_modules', '.cache', `tandem-target-${process.pid}.mjs`);
  const entry = join(ROOT, 'target', 'main.ts');
  buildSync({ entryPoints: [entry], outfile, bundle: true, packages: 'external', format: 'esm', platform: 'node' });
  process.once('exit', () => rmSync(outfile, { force: true }));
  built = outfile;
  return built;
}

/**
 * What `npm run target` runs, with these settings, and none of the person's.
 * @param pages whether it has pages
 */
export function runTarget(env: Record<string, string>, { pages = false } = {}): TargetProcess {
  const settings = /^(PORT|HOST|DATABASE_URL|RATE_LIMIT|TARGET_.*)$/;
  const others = Object.entries(process.env).filter(([name]) => !settings.test(name));
  return spawn(process.execPath, pages ? ['--import', 'tsx', join(ROOT, 'target', 'main.ts')] : [program()], {
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
