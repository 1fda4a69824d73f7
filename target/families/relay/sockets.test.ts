import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { type TestDatabase, testDatabase } from '../../core/target.fixture.ts';
import { startTarget, type Target } from '../../target.ts';
import { TestDevice } from './device.fixture.ts';

let database: TestDatabase;
let target: Target;
before(async () => {
  database = await testDatabase();
  target = await startTarget({ webFolder: 'none', databaseUrl: database.url });
});
after(async () => {
  await target?.stop();
  await database?.stop();
});

async function connect(query: string, headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = new WebSocket(`${target.url.replace('http', 'ws')}/sync?${query}`, { headers });
  await once(socket, 'open');
  return socket;
}

async function ask(socket: WebSocket, message: string) {
  const answer = once(socket, 'message');
  socket.send(message);
  return JSON.parse(String((await answer)[0]));
}

function refusal(path: string): Promise<{ status: number | undefined; code: string }> {
  const socket = new WebSocket(target.url.replace('http', 'ws') + path);
  return new Promise((resolve, reject) => {
    socket.on('open', () => reject(new Error(`${path} was accepted`)));
    socket.on('unexpected-response', async (_request, response) => {
      const body = JSON.parse((await response.toArray()).join(''));
      resolve({ status: response.statusCode, code: body.error.code });
    });
  });
}

test('a ping is answered with a pong, a subscription with itself, anything else with an error', async () => {
  const socket = await connect('device_id=phone', { authorization: 'Bearer an-account' });
  const pong = await ask(socket, JSON.stringify({ type: 'ping', timestamp: 5 }));
  assert.equal(pong.type, 'pong');
  assert.equal(typeof pong.timestamp, 'number');
  assert.deepEqual(pong.data, { client_timestamp: 5 });
  assert.equal((await ask(socket, '{"type":"subscribe"}')).type, 'subscribe');
  assert.equal((await ask(socket, '{"type":"dance"}')).type, 'error');
  assert.equal((await ask(socket, 'null')).type, 'error');
  assert.equal((await ask(socket, 'hello')).type, 'error');
  socket.close();
  await once(socket, 'close');
});

test("a push is announced to the account's other devices, and to nobody else", async () => {
  const token = randomUUID();
  const writer = new TestDevice(target.url, token);
  const [other, own, stranger] = await Promise.all([
    connect(`device_id=other&token=${token}`),
    connect(`device_id=${writer.id}&token=${token}`),
    connect(`device_id=other&token=${randomUUID()}`),
  ]);
  const announced = once(other, 'message');
  const change = writer.change();
  await writer.push([change, writer.change()]);
  const event = JSON.parse(String((await announced)[0]));
  assert.equal(event.type, 'sync_available');
  assert.deepEqual(event.data, { device_id: writer.id, count: 2 });

  // A push of which nothing was stored is no news: the next message is the answer to the next question.
  await writer.push([change]);
  for (const socket of [other, own, stranger]) {
    assert.equal((await ask(socket, '{"type":"ping"}')).type, 'pong');
    socket.terminate();
  }
});

test('an upgrade without account, device or route is refused', async () => {
  assert.deepEqual(await refusal('/sync?device_id=a'), { status: 401, code: 'UNAUTHORIZED' });
  assert.deepEqual(await refusal('/sync?device_id=a&token=at_never'), { status: 401, code: 'UNAUTHORIZED' });
  assert.deepEqual(await refusal('/sync?token=an-account'), { status: 400, code: 'INVALID_REQUEST' });
  assert.deepEqual(await refusal('/other?token=an-account'), { status: 404, code: 'NOT_FOUND' });
});
