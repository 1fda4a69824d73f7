import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { TcpProxy } from './proxy.ts';

test('what was late when the delay ended is not overtaken', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await TcpProxy.listen(0, '127.0.0.1');
  proxy.ports.add((server.address() as AddressInfo).port);
  t.after(() => proxy.stop().then(() => server.close()));
  const accepted = once(server, 'connection');
  const client = connect(proxy.port, '127.0.0.1');
  const [connection] = await accepted;
  const received = text(connection);
  proxy.set('delay');
  await new Promise((sent) => client.write('first ', sent));
  // The proxy reads it.
  for (let round = 0; round < 3; round++) await turn();
  proxy.set(undefined);
  client.end('second');
  assert.equal(await received, 'first second');
});

test('connections go to all of its ports in turns, and are turned away while there is none', async (t) => {
  const proxy = await TcpProxy.listen(0, '127.0.0.1');
  t.after(() => proxy.stop());
  const said = async () => {
    const client = connect(proxy.port, '127.0.0.1');
    return text(client).catch(({ code }: NodeJS.ErrnoException) => code);
  };
  assert.equal(await said(), 'ECONNRESET');
  for (const name of ['one', 'two']) {
    const server = createServer((socket) => socket.end(name)).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    proxy.ports.add((server.address() as AddressInfo).port);
  }
  const all = [await said(), await said(), await said(), await said()];
  assert.deepEqual(all.sort(), ['one', 'one', 'two', 'two']);
});
