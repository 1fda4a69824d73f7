import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Cluster } from '../postgres.ts';
import { DrillControl } from './control.ts';
import type { System } from './drill.ts';

/** Records what reaches the parts of a target. */
function systemOf(cluster: Cluster | undefined): { system: System; reached: unknown[] } {
  const reached: unknown[] = [];
  const system = {
    cluster,
    proxy: { set: (mode: unknown) => reached.push(['proxy', mode]) },
    apiPids: () => [],
    holdBytes: (bytes: number) => reached.push(['hold', bytes]),
  } as unknown as System;
  return { system, reached };
}

async function socketIn(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-test-'));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, 'drills');
}

const tell = (socketPath: string, path: string) =>
  new Promise<[number | undefined, string]>((resolve, reject) => {
    request({ socketPath, path, method: 'POST' }, async (response) =>
      resolve([response.statusCode, Buffer.concat(await response.toArray()).toString()]),
    )
      .on('error', reject)
      .end();
  });

test('what cannot be done is refused, and all that lasts ends with the control', async (t) => {
  const socket = await socketIn(t);
  const { system, reached } = systemOf(undefined);
  const control = await DrillControl.listen(socket, system);
  assert.deepEqual(await tell(socket, '/begin/memory-pressure'), [200, '']);
  assert.deepEqual(await tell(socket, '/begin/pause-database'), [
    409,
    'DATABASE_URL names a PostgreSQL that is not the target’s own to break.',
  ]);
  assert.deepEqual(await tell(socket, '/begin/kill-api'), [409, 'No process serves the API.']);
  await control.stop();
  assert.deepEqual(reached, [
    ['hold', 256 * 1024 * 1024],
    ['proxy', undefined],
    ['hold', 0],
  ]);
});

test('a PostgreSQL that does not run is not killed', async (t) => {
  const socket = await socketIn(t);
  const { system } = systemOf({ pids: async () => [] } as unknown as Cluster);
  const control = await DrillControl.listen(socket, system);
  t.after(() => control.stop());
  for (const drill of ['kill-database', 'pause-database'])
    assert.deepEqual(await tell(socket, `/begin/${drill}`), [409, 'PostgreSQL does not run at the moment.']);
  assert.deepEqual(await tell(socket, '/end/pause-database'), [200, '']);
});

test('a path that is no socket’s is named, and what is there stays', async (t) => {
  const path = await socketIn(t);
  const { system } = systemOf(undefined);
  writeFileSync(path, 'mine');
  const allowed = 'allowed is the path of a socket that can be made.';
  await assert.rejects(() => DrillControl.listen(path, system), {
    name: 'StartError',
    message: `TARGET_DRILLS=${path} is there already, and no socket; ${allowed}`,
  });
  assert.equal(readFileSync(path, 'utf8'), 'mine');
  const absent = join(path, '..', 'absent', 'drills');
  await assert.rejects(() => DrillControl.listen(absent, system), {
    name: 'StartError',
    message: `TARGET_DRILLS=${absent} cannot be listened on (EACCES); ${allowed}`,
  });
});
