import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

/** @param out where its standard output goes; a pipe is closed at once */
async function help(out: 'pipe' | number): Promise<{ exitCode: unknown; errors: string }> {
  const command = [join(import.meta.dirname, 'tandem.mjs'), '--help'];
  const child = spawn(process.execPath, command, { stdio: ['ignore', out, 'pipe'] });
  child.stdout?.destroy();
  const [errors, [exitCode]] = await Promise.all([text(child.stderr!), once(child, 'close')]);
  return { exitCode, errors };
}

test('whoever reads no further is no error, and what cannot be written is one sentence', async () => {
  assert.deepEqual(await help('pipe'), { exitCode: 0, errors: '' });
  if (process.platform !== 'linux') return;
  assert.deepEqual(await help(openSync('/dev/full', 'w')), {
    exitCode: 1,
    errors: 'Standard output cannot be written to: the disk is full (ENOSPC).\n',
  });
});
