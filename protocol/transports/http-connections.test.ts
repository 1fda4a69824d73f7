import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { bed, head, overHttp, overTcp } from './http.fixture.ts';

test('a connection that the target closes between two requests costs nothing but a new one', async (t) => {
  let connections = 0;
  const closed: Promise<unknown>[] = [];
  const server = overTcp((socket) => {
    socket.write(`${head(2)}ok`, () => socket.end());
    closed.push(once(socket, 'close'));
  }).on('connection', () => (connections += 1));
  const made = await bed(t, server, { connections: 1 });
  for (let count = 1; count <= 3; count++) {
    const answer = await made.request('POST', '{}');
    assert.deepEqual([answer.status, answer.body, answer.error], [200, 'ok', undefined]);
    await closed[count - 1];
    await turn();
  }
  assert.equal(connections, 3);
  assert.deepEqual(made.errors, {});
});

test('a target that comes back is reached again', async (t) => {
  let well = false;
  const made = await bed(
    t,
    overHttp((request, response) => (well ? response.end('ok') : request.socket.destroy())),
    { connections: 1 },
  );
  assert.equal((await made.request()).status, 0);
  well = true;
  assert.equal((await made.request()).status, 200);
});

test('connections are kept, shared, and never more than allowed', async (t) => {
  let connections = 0;
  const server = overHttp((_request, response) => response.end('ok')).on('connection', () => (connections += 1));
  const made = await bed(t, server, { connections: 2 });
  const answers = await Promise.all(Array.from({ length: 20 }, () => made.request()));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal(connections, 2);
});

test('without keep-alive each request has a connection of its own', async (t) => {
  let connections = 0;
  const server = overHttp((_request, response) => response.end('ok')).on('connection', () => (connections += 1));
  const made = await bed(t, server, { keepAlive: false });
  for (const _ of [1, 2, 3]) assert.equal((await made.request()).status, 200);
  assert.equal(connections, 3);
});

test('closing ends the requests that are under way', async (t) => {
  const server = overTcp(() => {});
  const made = await bed(t, server);
  const pending = made.request();
  await once(server, 'connection');
  await made.http.close();
  assert.deepEqual([(await pending).error, (await pending).outcome], ['stopped before the answer', 'failed']);
});
