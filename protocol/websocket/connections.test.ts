import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { Packed } from '../../support/measure/series.ts';
import { unpack } from '../../support/measure/series.ts';
import type { SliceContext } from '../../support/worker/vu.ts';
import { recorded, testVu } from '../slice.fixture.ts';
import { Socket } from '../transports/socket.ts';
import { Connections } from './connections.ts';
import { messageDelivery } from './message-delivery.ts';
import type { WebsocketOptions } from './options.ts';
import { type Act, echo, messageSlice, webSocketServer } from './server.fixture.ts';

/** A slice's connections with a server of `act`, for as long as the schedule is. */
async function bed(
  t: TestContext,
  act: Act,
  options: object,
  { scheduleMs = 300, connections: count = 1, beginsWith = 1, server = {} } = {},
) {
  const { url, webSockets } = await webSocketServer(t, act, server);
  const slice = messageSlice(url, options, { endsAfterMs: scheduleMs, webSockets, beginsWith });
  return { slice, webSockets, ...(await began(t, slice, count)) };
}

function began(t: TestContext, slice: SliceContext<WebsocketOptions>, count: number) {
  const connections = new Connections(slice);
  t.after(() => connections.close());
  const vus = Array.from({ length: count }, (_, id) => testVu(slice, id));
  const clients = vus.map((vu) => connections.join(vu));
  return {
    vus,
    lives: Promise.all(clients.map((client) => client.live())),
    errors: slice.recorder.errors,
    judged: () => messageDelivery([connections.evidence()]),
    counts: () => countsOf(recorded(slice)),
  };
}

/** Of each metric what was added: of trends and rates how often, of rates how often true, of counters the sum. */
function countsOf(series: Record<string, Packed>) {
  const count = (key: string) => (series[key] ? unpack(series[key]).count : 0);
  const sum = (key: string) => (series[key] as { sum: number } | undefined)?.sum ?? 0;
  return {
    sent: sum('ws_msgs_sent'),
    came: count('websocket_message_latency'),
    ages: count('websocket_message_latency{unfinished:yes}'),
    due: count('websocket_message_failed'),
    failed: (series.websocket_message_failed as { passes: number } | undefined)?.passes ?? 0,
    lost: sum('websocket_messages_lost'),
    duplicated: sum('websocket_messages_duplicated'),
    reordered: sum('websocket_messages_reordered'),
    other: sum('websocket_messages_other'),
    lateness: count('generator_lateness'),
    heldByTarget: sum('websocket_held_back{by:target}'),
    holdsByTarget: count('websocket_hold_duration{by:target}'),
  };
}

test('echo: every message that was due is sent, comes back and is measured from when it was due', async (t) => {
  const { lives, vus, judged, counts, errors } = await bed(t, echo, { rate: 100 }, { connections: 3 });
  await lives;
  assert.deepEqual(errors, {});
  assert.ok(vus.every((vu) => vu.takeOutcome() === 'ok'));
  const { sent, came, due, failed, lateness, ages, other } = counts();
  assert.ok(sent > 3 && sent <= 3 * 30, `${sent} of 100 a second for at most 0.3 s, on three connections`);
  assert.deepEqual([came, due, lateness, failed, ages, other], [sent, sent, sent, 0, 0, 0]);
  const { status, checked } = judged();
  assert.deepEqual([status, checked], ['ok', sent]);
});

test('a form of the server’s own, binary frames, compression and a subprotocol: what else comes is counted apart', async (t) => {
  const welcome: Act = (webSocket, message, count, isBinary) => {
    assert.deepEqual([isBinary, webSocket.protocol], [true, 'second']);
    if (count === 0) webSocket.send(Buffer.from('welcome'));
    webSocket.send(Buffer.from(JSON.stringify({ said: JSON.parse(String(message)).say })));
  };
  const options = { rate: 50, frames: 'binary', message: '{"say":"{message}"}', compress: true };
  const { lives, judged, counts, errors } = await bed(
    t,
    welcome,
    { ...options, subprotocols: ['second', 'first'] },
    { server: { perMessageDeflate: { threshold: 0 } } },
  );
  await lives;
  assert.deepEqual(errors, {});
  const { sent, came, other } = counts();
  assert.deepEqual([came, other, judged().status], [sent, 1, 'ok']);
});

test('lost, doubled and out of order messages are violations, and what is lost has failed at its age', async (t) => {
  let held: Buffer | undefined;
  const act: Act = (webSocket, message, count) => {
    if (count === 2) return;
    if (count === 4) held = message;
    else webSocket.send(message, { binary: false });
    if (count === 5) webSocket.send(held!, { binary: false });
    if (count === 7) webSocket.send(message, { binary: false });
  };
  const { lives, vus, judged, counts } = await bed(t, act, { rate: 50, timeout: '200ms' });
  await lives;
  const { sent, came, due, failed, lost, duplicated, reordered, ages } = counts();
  assert.deepEqual([came, due, failed, ages], [sent - 1, sent, 1, 1]);
  assert.deepEqual([lost, duplicated, reordered], [1, 1, 1]);
  const { status, violations, examples } = judged();
  assert.deepEqual([status, violations], ['violated', 3]);
  const breaches = examples.map((one) => [(one as { breach: string }).breach, (one as { sequence: number }).sequence]);
  assert.deepEqual(breaches.toSorted(), [
    ['duplicated', 7],
    ['lost', 2],
    ['reordered', 4],
  ]);
  assert.equal(vus[0]!.takeOutcome(), 'ok', 'the connection itself was as it should be');
});

test('the last message is missed as well: the end waits for it, then it is lost', async (t) => {
  const { lives, judged, counts } = await bed(t, (one, m, n) => n < 3 && echo(one, m, n, false), {
    rate: 20,
    timeout: '200ms',
  });
  await lives;
  const { sent, lost, failed } = counts();
  assert.deepEqual([lost, failed, judged().status], [sent - 3, sent - 3, 'violated']);
});

test('a connection that the target closes is a failure by its code’s name, and no broken promise', async (t) => {
  const act: Act = (webSocket, message, count) => {
    if (count === 5) webSocket.close(1012);
    else if (count < 4) webSocket.send(message, { binary: false });
  };
  const { lives, vus, judged, counts, errors } = await bed(t, act, { rate: 50 }, { scheduleMs: 200 });
  await lives;
  assert.deepEqual(errors, { 'WebSocket: closed by the target (1012 service restart)': 1 });
  assert.equal(vus[0]!.takeOutcome(), 'failed');
  const { sent, came, failed, due, lost } = counts();
  assert.deepEqual([came, lost, due - came, failed], [4, 0, sent - 4, sent - 4]);
  assert.equal(judged().status, 'ok');
});

test('nor is one broken when the connection or measuring ends while the last messages are waited for', async (t) => {
  // Visited four times in a second, it waits for that long.
  const options = [{ rate: 50, timeout: '1s' }, { scheduleMs: 100 }] as const;
  const closes: Act = (webSocket, _message, count) => {
    if (count === 0) setTimeout(() => webSocket.close(1012), 700);
  };
  const ended = await bed(t, closes, ...options);
  await ended.lives;
  const cut = await bed(t, () => {}, ...options);
  await wait(700);
  cut.slice.recorder.cutOff();
  for (const { counts, judged } of [ended, cut]) {
    const { sent, failed, lost } = counts();
    assert.deepEqual([failed, lost, judged().violations], [sent, 0, 0]);
  }
});

test('a target that does not read holds messages back: these wait, are counted by whose doing it is, and have failed', async (t) => {
  const made = await bed(t, () => {}, { rate: 200, size: 1024 ** 2, timeout: '300ms' }, { scheduleMs: 60_000 });
  made.webSockets.on('connection', (webSocket) => webSocket.pause());
  await made.lives;
  assert.deepEqual(made.errors, { 'WebSocket: the target does not read': 1 });
  const { sent, due, failed, came } = made.counts();
  assert.ok(due > sent, `${due} were due, ${sent} were sent`);
  assert.deepEqual([came, failed], [0, due]);
  assert.equal(made.vus[0]!.takeOutcome(), 'failed');
});

test('a generator whose compressing does not keep up is told of by its own name', async (t) => {
  t.mock.getter(Socket.prototype, 'heldUpBy', () => 'generator');
  const made = await bed(t, echo, { rate: 50, compress: true, timeout: '200ms' }, { scheduleMs: 60_000 });
  await made.lives;
  assert.deepEqual(made.errors, { 'generator: compressing does not keep up': 1 });
  const { sent, due, failed, heldByTarget } = made.counts();
  assert.ok(due > 0);
  assert.deepEqual([sent, failed, heldByTarget], [0, due, 0]);
});

test('a target that reads again gets what was held back, measured from when it was due', async (t) => {
  const made = await bed(
    t,
    (one) => one.send('x'),
    // More than the buffers of two sockets hold, in the time in which nothing is read.
    { rate: 60, size: 1024 ** 2, timeout: '5s' },
    { scheduleMs: 1_000 },
  );
  let isPaused = false;
  made.webSockets.on('connection', (webSocket) => {
    webSocket.on('message', () => {
      if (isPaused) return;
      isPaused = true;
      webSocket.pause();
      setTimeout(() => webSocket.resume(), 600);
    });
  });
  await made.lives;
  const { sent, due, heldByTarget, holdsByTarget, lateness } = made.counts();
  assert.equal(due, sent, 'all of them were sent in the end');
  assert.ok(heldByTarget > 0);
  assert.deepEqual([holdsByTarget, lateness], [heldByTarget, sent]);
});

test('what is cut off has failed at its age; of a run that was stopped nobody knows', async (t) => {
  let hears = () => {};
  const heard = new Promise<void>((resolve) => {
    hears = resolve;
  });
  const silent = await bed(t, (_one, _message, count) => count === 2 && hears(), { rate: 50 }, { scheduleMs: 60_000 });
  await heard;
  silent.slice.recorder.cutOff();
  const { failed, ages } = silent.counts();
  assert.ok(failed >= 3 && ages === failed, `${failed} failed, ${ages} ages`);

  const stop = new AbortController();
  const { url } = await webSocketServer(t, () => stop.abort());
  const slice = { ...messageSlice(url, { rate: 50 }), signal: stop.signal };
  const stopped = began(t, slice, 1);
  await stopped.lives;
  assert.deepEqual([stopped.counts().failed, stopped.judged().violations], [0, 0]);
});

const LISTENERS = 3;

/** Sends each message to everybody who is connected, but what `drops` says: connection 0 is who sent it, `count` is from when all are there. */
async function fanOut(t: TestContext, drops: (connection: number, count: number) => boolean, timeout = '5s') {
  const clients = new Set<WebSocket>();
  let count = 0;
  const act: Act = (webSocket, message) => {
    for (const [place, client] of [...new Set([webSocket, ...clients])].entries()) {
      if (!drops(place, count)) client.send(message, { binary: false });
    }
    if (clients.size === LISTENERS) count += 1;
  };
  const options = { mode: 'fan-out', rate: 50, timeout };
  const made = await bed(t, act, options, { connections: LISTENERS, beginsWith: LISTENERS });
  made.webSockets.on('connection', (webSocket) => clients.add(webSocket));
  await made.lives;
  return made;
}

test('fan-out: one sends, all get everything, and know when that is', async (t) => {
  const { counts, judged, errors } = await fanOut(t, () => false);
  assert.deepEqual(errors, {});
  const { sent, came, failed } = counts();
  const messages = sent - 1;
  assert.ok(came <= 3 * messages && came > 2 * messages, `${came} of ${messages} sent to 3, who may have come later`);
  assert.deepEqual([failed, judged().status], [0, 'ok']);
});

test('fan-out: what one of them did not get is lost, and one that got nothing is told of', async (t) => {
  const lossy = await fanOut(t, (connection, count) => connection === 1 && count === 3);
  assert.deepEqual([lossy.counts().lost, lossy.judged().violations], [1, 1]);
  const deaf = await fanOut(t, (connection) => connection === 2, '50ms');
  const { counts, status } = deaf.judged();
  assert.deepEqual([counts?.silent, status], [1, 'violated']);
});

/** A server that says once, when the connection's own message `at` comes, what another publisher sent: `tells` of the text's fields. */
function another(at: number, dueInMs: number, kinds: readonly ('message' | 'last')[]): Act {
  const sequence = 5;
  const pad = (value: number, digits: number) => String(Math.round(value)).padStart(digits, '0');
  return (webSocket, message, count) => {
    if (count !== at) return;
    const firstMicros = 1_000 * (Date.now() + dueInMs - sequence * 20);
    const head = `-${pad(99, 16)}-${pad(firstMicros, 16)}-${pad(sequence, 10)}`;
    for (const kind of kinds) {
      const end = kind === 'last' ? '!' : '.';
      webSocket.send(String(message).replace(/-\d{16}-\d{16}-\d{10}\./, head + end));
    }
  };
}

const heard: [what: string, act: Act, timeout: string, lost: number][] = [
  ['those before the first that came are lost when they were due in its time', another(12, 0, ['message']), '50ms', 5],
  ['so are all when nothing came but which was the last', another(12, 0, ['last']), '50ms', 6],
  ['what was due before its time is not', another(12, -10_000, ['message', 'last']), '5s', 0],
  ['nor is what only the clock of another machine dates later', another(0, 10_000, ['message', 'last']), '5s', 0],
];
for (const [what, act, timeout, lost] of heard) {
  test(`fan-out, of the messages of another publisher: ${what}`, async (t) => {
    const { lives, judged, counts } = await bed(t, act, { mode: 'fan-out', rate: 50, timeout }, { scheduleMs: 400 });
    await lives;
    assert.deepEqual([counts().lost, judged().violations], [lost, lost]);
  });
}
