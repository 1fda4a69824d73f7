import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listening, runTarget, type TargetProcess } from '../process.fixture.ts';

/** Whether this machine lets us have a disk of our own. */
const mayMount = spawnSync('unshare', ['--mount', 'true']).status === 0;

/** A target that is told of drills, with the faults that it is given; it is ready when `before` is over. */
function supervised(faults: string, processes = '1') {
  const socket = join('/tmp', `tandem-drills-${process.pid}-${faults || 'none'}.sock`);
  let target: TargetProcess;
  let url = '';
  let said = '';
  before(async () => {
    const env = {
      ...{ TARGET_DRILLS: socket, TARGET_PROCESSES: processes, TARGET_FAULTS: faults },
      ...(faults === '' && mayMount && { TARGET_DISK_MB: '256' }),
    };
    target = runTarget(env);
    target.stderr.on('data', (text) => {
      said += text;
    });
    url = await listening(target);
  });
  after(async () => {
    const exit = once(target, 'exit');
    target.kill('SIGTERM');
    assert.deepEqual(await exit, [0, null], said);
  });
  const tell = (path: string) =>
    new Promise<[status: number | undefined, text: string]>((resolve, reject) => {
      request({ socketPath: socket, path, method: 'POST' }, (response) => {
        let text = '';
        response.on('data', (more) => {
          text += more;
        });
        response.on('end', () => resolve([response.statusCode, text]));
      })
        .on('error', reject)
        .end();
    });
  const ask = (path: string, body?: object, timeoutMs = 10_000) =>
    fetch(`${url}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: 'Bearer drilled-account', 'content-type': 'application/json', connection: 'close' },
      signal: AbortSignal.timeout(timeoutMs),
      ...(body && { body: JSON.stringify(body) }),
    }).then(
      async (answer) => ({ status: answer.status, text: await answer.text() }),
      (error: Error) => ({ status: 0, text: error.name }),
    );
  /** The first answer of that status. */
  const until = async (status: number, path = '/health') => {
    for (;;) {
      const answer = await ask(path);
      if (answer.status === status) return answer;
      await sleep(50);
    }
  };
  const vm = { name: 'vm', cpu_cores: 1, memory_mb: 512, disk_gb: 10, image: 'debian', zone: 'us-west-1' };
  const create = async (name: string) => JSON.parse((await ask('/api/v1/vms', { ...vm, name })).text).id as string;
  const isThere = async (id: string) => (await ask(`/api/v1/vms/${id}`)).status === 200;
  const startedAt = async () => /^process_start_time_seconds (.+)$/m.exec((await ask('/metrics')).text)?.[1];
  return { tell, ask, until, create, isThere, startedAt };
}

const done = [200, ''];

describe('drills', { timeout: 240_000 }, () => {
  describe('of an honest target', () => {
    const { tell, ask, until, create, isThere, startedAt } = supervised('');

    test('a process that was killed is started again, and nothing is lost', async () => {
      const id = await create('kept');
      const first = await startedAt();
      assert.deepEqual(await tell('/begin/kill-api'), done);
      // Whoever comes in the moment of its death is turned away as well.
      const all = await Promise.all(Array.from({ length: 5 }, () => ask('/health')));
      assert.ok(all.every(({ text }) => text !== 'TimeoutError'));
      await until(200);
      assert.notEqual(await startedAt(), first);
      assert.ok(await isThere(id));
    });

    test('a database that was killed recovers with all that it said was committed', async () => {
      const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => create(`kept-${n}`)));
      assert.deepEqual(await tell('/begin/kill-database'), done);
      await until(200);
      const kept = await Promise.all(ids.map(isThere));
      assert.deepEqual(
        kept,
        ids.map(() => true),
      );
    });

    test('connections to the database that were cut are made anew', async () => {
      assert.deepEqual(await tell('/begin/cut-database'), done);
      await until(200);
      assert.ok(await create('after'));
    });

    test('a database that stands still answers nothing, and goes on', async () => {
      assert.deepEqual(await tell('/begin/pause-database'), done);
      assert.equal((await ask('/health')).status, 503);
      assert.deepEqual(await tell('/end/pause-database'), done);
      await until(200);
    });

    test('the network: reset, late, or nothing gets through until it ends', async () => {
      await tell('/begin/partition=reset');
      assert.equal((await ask('/health')).status, 0);
      await tell('/end/partition');
      assert.equal((await ask('/health')).status, 200);
      await tell('/begin/partition=delay');
      const askedAt = performance.now();
      assert.equal((await ask('/health')).status, 200);
      assert.ok(performance.now() - askedAt >= 400, 'a way there and one back, 200 ms each');
      for (const mode of ['drop', 'drop-requests', 'drop-answers']) {
        await tell(`/begin/partition=${mode}`);
        const held = ask('/health');
        assert.equal(await Promise.race([held, sleep(300)]), undefined, mode);
        await tell('/end/partition');
        assert.equal((await held).status, 200, mode);
      }
    });

    test('the clock of the API goes an hour wrong, and is right again', async () => {
      const aheadMs = async () => Date.parse(JSON.parse((await ask('/health')).text).timestamp) - Date.now();
      for (const [step, least] of [
        ['clock-step', 3_000_000],
        ['clock-step=back', -4_000_000],
      ] as const) {
        assert.deepEqual(await tell(`/begin/${step}`), done);
        while (Math.abs((await aheadMs()) - least) > 1_000_000) await sleep(50);
        assert.ok(await create('in another time'));
        assert.deepEqual(await tell('/end/clock-step'), done);
        while (Math.abs(await aheadMs()) > 1_000_000) await sleep(50);
      }
    });

    test('a database on a disk that stalls gets on, slowly', async () => {
      assert.deepEqual(await tell('/begin/slow-disk'), done);
      const ids: string[] = [];
      for (let n = 0; n < 5; n++) ids.push(await create('slow'));
      assert.ok((await Promise.all(ids.map(isThere))).every(Boolean));
      assert.deepEqual(await tell('/end/slow-disk'), done);
      await until(200);
    });

    test('a disk that is full takes nothing more, and once it has room, what was taken is there', {
      skip: !mayMount && 'no disk can be mounted here',
    }, async () => {
      const push = async (id: string) => {
        const change = { id, entity_type: 'account', entity_id: id, operation: 'CREATE', timestamp: Date.now() };
        const body = { encrypted_payload: 'A'.repeat(1_000_000), version_vector: { writer: 1 } };
        const facts = { protocol_version: '1.0.0', device_id: 'writer', timestamp: Date.now() };
        return (await ask('/sync/push', { ...facts, changes: [{ ...change, ...body }] })).status;
      };
      assert.equal(await push('before'), 200);
      assert.deepEqual(await tell('/begin/disk-full'), done);
      const taken = ['before'];
      let status = 200;
      for (let n = 0; status === 200; n++) {
        status = await push(`full-${n}`);
        if (status === 200) taken.push(`full-${n}`);
      }
      assert.ok(status === 0 || status >= 500, `${status}`);
      assert.ok(taken.length < 250, 'there was room');
      assert.deepEqual(await tell('/end/disk-full'), done);
      await until(200);
      while ((await push('after')) !== 200) await sleep(100);
      const pull = { protocol_version: '1.0.0', device_id: 'reader', since_timestamp: 0, sync_vector: {} };
      const { changes } = JSON.parse((await ask('/sync/pull', pull, 60_000)).text);
      const found = changes.map(({ id }: { id: string }) => id);
      assert.deepEqual(
        taken.filter((id) => !found.includes(id)),
        [],
      );
    });

    test('memory is held, and given back', async () => {
      const held = async () => Number(/^process_resident_memory_bytes (.+)$/m.exec((await ask('/metrics')).text)?.[1]);
      const before = await held();
      assert.deepEqual(await tell('/begin/memory-pressure'), done);
      while ((await held()) < before + 200e6) await sleep(50);
      assert.deepEqual(await tell('/end/memory-pressure'), done);
    });

    test('what is none is refused', async () => {
      assert.deepEqual(await tell('/begin/kill-everybody'), [409, '/begin/kill-everybody is no drill.']);
      assert.deepEqual(await tell('/begin/partition=wet'), [409, '/begin/partition=wet is no drill.']);
    });

    test('one that is stopped in the middle of all of them is gone', async () => {
      // What `after` sees to.
      for (const drill of [
        'partition',
        'memory-pressure',
        'clock-step',
        'slow-disk',
        ...(mayMount ? ['disk-full'] : []),
        'pause-database',
      ])
        await tell(`/begin/${drill}`);
    });
  });

  describe('with fsync-off', () => {
    const { tell, until, create, isThere } = supervised('fsync-off');
    test('what it said was committed last is gone, and its tables are there', async () => {
      const id = await create('forgotten');
      await tell('/begin/kill-database');
      await until(200, '/api/v1/vms');
      assert.equal(await isThere(id), false);
    });
  });

  describe('with no-restart and zombie', () => {
    const { tell, ask, until } = supervised('no-restart,zombie', '2');
    test('what died stays dead, and is answered for', async () => {
      const vms = await until(200, '/api/v1/vms');
      await tell('/begin/kill-api');
      const list = await until(200, '/api/v1/vms');
      assert.equal(list.text, vms.text);
      await until(200);
      await tell('/begin/kill-database');
      await sleep(500);
      assert.equal((await ask('/health')).status, 200);
      assert.deepEqual(await ask('/api/v1/vms'), list);
      assert.equal((await ask('/api/v1/agents')).status, 503, 'of which there was no answer yet');
    });
  });
});
