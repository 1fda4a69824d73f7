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

test('a repository that has installed it serves the rendezvous of its shards by a command, until it is ended', async (t) => {
  const tandem = join(import.meta.dirname, 'tandem.mjs');
  const server = spawn(process.execPath, [tandem, 'rendezvous'], { env: { ...process.env, HOST: '', PORT: '0' } });
  t.after(() => server.kill('SIGKILL'));
  const [line] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string];
  const [, url] = /^listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(line) ?? assert.fail(line);
  assert.equal((await fetch(`${url}/health`)).status, 200);
  server.kill('SIGTERM');
  assert.deepEqual(await once(server, 'exit'), [0, null]);

  const refused = spawn(process.execPath, [tandem, 'rendezvous', '4100']);
  const [errors, [exitCode]] = await Promise.all([text(refused.stderr), once(refused, 'close')]);
  assert.equal(exitCode, 1);
  assert.equal(errors, '"npx tandem rendezvous 4100" is not understood; allowed: npx tandem rendezvous.\n');
});
