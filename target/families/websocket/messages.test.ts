import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { assertStrikes, SEED, SHARE } from '../../core/faults.fixture.ts';
import { type TestDatabase, testDatabase, testTarget } from '../../core/target.fixture.ts';
import { parseFaults, type Target } from '../../target.ts';

const COUNT = 12;

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database?.stop());

interface Client {
  webSocket: WebSocket;
  /** That have come and were not taken. */
  messages: string[];
  /** The next so many messages. */
  take(count: number): Promise<string[]>;
}

async function client(t: TestContext, { url }: Target, path: string, options: object = {}): Promise<Client> {
  const webSocket = new WebSocket(url.replace('http', 'ws') + path, ['first', 'second'], options);
  const messages: string[] = [];
  let onNews = () => {};
  webSocket.on('message', (message, isBinary) => {
    messages.push(`${isBinary ? 'binary ' : ''}${message}`);
    onNews();
  });
  t.after(() => webSocket.terminate());
  await once(webSocket, 'open');
  return {
    webSocket,
    messages,
    async take(count) {
      while (messages.length < count) {
        await new Promise<void>((resolve) => {
          onNews = resolve;
        });
      }
      return messages.splice(0, count);
    },
  };
}

const start = (t: TestContext, faults = '') =>
  testTarget(t, { databaseUrl: database.url, faults: parseFaults(faults), faultsSeed: SEED });

test('echo: everything comes back as it was, to its sender alone; nobody needs an account', async (t) => {
  const target = await start(t);
  const [one, other] = [await client(t, target, '/echo'), await client(t, target, '/echo')];
  assert.equal(one.webSocket.protocol, 'first');
  one.webSocket.send('text');
  one.webSocket.send(Buffer.from('bytes'));
  other.webSocket.send('mine');
  assert.deepEqual(await one.take(2), ['text', 'binary bytes']);
  assert.deepEqual(await other.take(1), ['mine']);
  assert.match(one.webSocket.extensions, /permessage-deflate/);
  assert.equal((await client(t, target, '/echo', { perMessageDeflate: false })).webSocket.extensions, '');
});

test('broadcast: everything goes to all who are in the room, its sender included, in order', async (t) => {
  const target = await start(t);
  const here = [await client(t, target, '/broadcast'), await client(t, target, '/broadcast')];
  const there = await client(t, target, '/broadcast/there');
  here[0]!.webSocket.send('one');
  here[0]!.webSocket.send(Buffer.from('two'));
  there.webSocket.send('elsewhere');
  for (const one of here) assert.deepEqual(await one.take(2), ['one', 'binary two']);
  assert.deepEqual(await there.take(1), ['elsewhere']);
});

test('message-lost: a share of the messages does not come', async (t) => {
  const target = await start(t, `message-lost=${SHARE}`);
  const { webSocket, messages } = await client(t, target, '/echo');
  for (let n = 0; n < COUNT; n++) webSocket.send(`${n}`);
  // What was sent before a close comes before its answer.
  webSocket.close();
  await once(webSocket, 'close');
  assertStrikes(
    'message-lost',
    Array.from({ length: COUNT }, (_, n) => !messages.includes(`${n}`)),
  );
});

test('message-reorder: a share of the messages comes after the next one', async (t) => {
  const target = await start(t, 'message-reorder=1');
  const { webSocket, take } = await client(t, target, '/echo');
  for (let n = 0; n < 4; n++) webSocket.send(`${n}`);
  assert.deepEqual(await take(4), ['1', '0', '3', '2']);
  webSocket.send('alone');
  assert.deepEqual(await take(1), ['alone'], 'without a successor it comes late');
});
