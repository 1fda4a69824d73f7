import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { OptionError } from '../../support/options.ts';
import { serve } from '../../support/server.fixture.ts';
import { recorded } from '../slice.fixture.ts';
import { checkServer } from './preflight.ts';
import { echo, messageSlice, webSocketServer } from './server.fixture.ts';

test('a server as it should be is taken, in whatever form its messages are; nothing is measured', async (t) => {
  const { url } = await webSocketServer(t, (one, message) => one.send(`{"said":${JSON.stringify(String(message))}}`), {
    perMessageDeflate: { threshold: 0 },
  });
  const options = { message: '{"say":"{message}"}', subprotocols: ['second', 'first'], compress: true };
  const slice = messageSlice(url, options);
  await checkServer(slice);
  const measured = Object.keys(recorded(slice)).filter((key) => key.startsWith('ws_'));
  assert.deepEqual([measured, slice.recorder.errors], [[], {}]);
});

test('one message that is lost is no reason to refuse', async (t) => {
  const { url } = await webSocketServer(t, (one, m, count, isBinary) => count > 0 && echo(one, m, count, isBinary));
  await checkServer(messageSlice(url, {}));
});

test('an address where no WebSocket server is, with what was found there', async (t) => {
  let status = 0;
  const { url } = await serve(t, (_request, answer) => answer.writeHead(status).end('a page'));
  const address = `${url.replace('http', 'ws')}/feed`;
  for (const [code, hint] of [
    [404, ''],
    [200, ''],
    [401, ' that lets us in (API_TOKEN)'],
  ] as const) {
    status = code;
    await assert.rejects(
      checkServer(messageSlice(`${address}?token=hunter2`, {})),
      new Error(
        `WS_ECHO_URL ${address} answers HTTP ${code} to a WebSocket's handshake; allowed is the address of a WebSocket server${hint}.`,
      ),
    );
  }
  const free = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => free.once('listening', resolve));
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  await assert.rejects(
    checkServer(messageSlice(`ws://127.0.0.1:${port}`, { mode: 'fan-out' })),
    new Error(
      `WS_BROADCAST_URL ws://127.0.0.1:${port}/ fails in a WebSocket's handshake: ECONNREFUSED; allowed is the address of a WebSocket server.`,
    ),
  );
});

test('subprotocols of which it speaks none, and compression that it does not agree to, are told of with their option', async (t) => {
  const refusing = await webSocketServer(t, echo, {
    verifyClient: ({ req }: { req: IncomingMessage }) => !req.headers['sec-websocket-protocol'],
  });
  const ignoring = await webSocketServer(t, echo, { handleProtocols: () => false });
  for (const [{ url }, how] of [
    [refusing, 'HTTP 401'],
    [ignoring, 'no subprotocol in common'],
  ] as const) {
    await assert.rejects(checkServer(messageSlice(url, { subprotocols: ['chat.v2', 'chat'] })), (error) => {
      assert.ok(error instanceof OptionError);
      assert.deepEqual(error.field, ['subprotocols']);
      assert.equal(
        error.message,
        `scenarios.test.options.subprotocols is ["chat.v2","chat"], but WS_ECHO_URL ${url}/ speaks none of these (${how}); allowed is one that it speaks.`,
      );
      return true;
    });
  }
  await assert.rejects(
    checkServer(messageSlice(ignoring.url, { compress: true })),
    new OptionError(
      ['compress'],
      `scenarios.test.options.compress is true, but WS_ECHO_URL ${ignoring.url}/ does not agree to permessage-deflate; allowed is false.`,
    ),
  );
});

test('a server that does not do what is loaded: neither echo nor fan-out', async (t) => {
  t.mock.method(AbortSignal, 'timeout', () => AbortSignal.abort());
  const silent = await webSocketServer(t, () => {});
  await assert.rejects(
    checkServer(messageSlice(silent.url, {})),
    new Error(
      `WS_ECHO_URL ${silent.url}/ sent none of 3 messages back within 6 s; allowed is a server that echoes; scenarios.test.options.message is the form that messages have.`,
    ),
  );
  const echoes = await webSocketServer(t, echo);
  await assert.rejects(
    checkServer(messageSlice(echoes.url, { mode: 'fan-out' })),
    /sent none of 3 messages to another connection within 6 s; allowed is a server that sends each to everybody;/,
  );
});

test('a server that answers in the other kind of frames, or ends the connection, is told of by what it did', async (t) => {
  const binary = await webSocketServer(t, (one, message) => one.send(message, { binary: true }));
  await assert.rejects(
    checkServer(messageSlice(binary.url, {})),
    new OptionError(
      ['frames'],
      `scenarios.test.options.frames is "text", but WS_ECHO_URL ${binary.url}/ sends binary messages; allowed is "binary".`,
    ),
  );
  const strict = await webSocketServer(t, (one) => one.close(1003));
  await assert.rejects(
    checkServer(messageSlice(strict.url, {})),
    new Error(
      `WS_ECHO_URL ${strict.url}/ ends a connection that sends it a message (closed by the target (1003 unsupported data)); scenarios.test.options.message is the form that messages have, .frames their kind.`,
    ),
  );
});
