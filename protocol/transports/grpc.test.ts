import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  Metadata,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { directWire } from '../../support/wire/wire.ts';
import { recorded, testSlice } from '../slice.fixture.ts';
import { grpcSlice, serveThings, type Thing, thingMethods } from './grpc.fixture.ts';
import { type Call, Grpc, type GrpcOptions } from './grpc.ts';
import { type Answer, Exchange, ExchangeSeries } from './grpc-exchange.ts';
import { overPhases } from './phases.fixture.ts';
import { UnderWay } from './under-way.ts';

type Unary = (call: ServerUnaryCall<Thing, Thing>, reply: sendUnaryData<Thing>) => void;

const double: Unary = ({ request: { n } }, reply) => reply(null, { n: 2 * n });

async function bed(t: TestContext, handlers: object, options: GrpcOptions = {}, token?: string) {
  const { server, stop } = await serveThings(t, handlers as Parameters<typeof serveThings>[1]);
  const slice = grpcSlice(token);
  const grpc = await Grpc.open(slice, server, options);
  t.after(() => grpc.close());
  const call = (name: keyof typeof thingMethods, more: Partial<Call<Thing>> = {}) =>
    grpc.call<Thing>({ op: String(name), method: thingMethods[name]!, request: { n: 1 }, ...more });
  return { slice, grpc, call, stop };
}

function deferred<T>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Names of what was recorded of an operation, with sums and counts. */
function figures(slice: ReturnType<typeof grpcSlice>) {
  return Object.fromEntries(
    Object.entries(recorded(slice)).map(([key, packed]) => {
      if (packed.t === 'rate') return [key, `${packed.passes} of ${packed.total}`];
      return [key, packed.t === 'trend' ? 'a time' : packed.sum];
    }),
  );
}

test('a call with one answer: its message, its time, its bytes', async (t) => {
  const { slice, call } = await bed(t, { One: double });
  const answer = await call('One', { request: { n: 21 } });
  const { durationMs, ...rest } = answer;
  assert.deepEqual(rest, { status: 'OK', details: '', value: { n: 42 }, messages: 1, error: undefined, outcome: 'ok' });
  assert.ok(durationMs > 0);
  assert.deepEqual(figures(slice), {
    'grpc_reqs{op:One}': 1,
    'grpc_req_duration{op:One}': 'a time',
    'grpc_req_failed{op:One}': '0 of 1',
    'data_sent{op:One}': 2,
    'data_received{op:One}': 2,
  });
  assert.deepEqual(slice.recorder.errors, {});
});

test('a stream of answers has the time to its first message and to its end', async (t) => {
  const { slice, call } = await bed(t, {
    Down: (stream: ServerWritableStream<Thing, Thing>) => {
      for (let n = 0; n < 3; n++) stream.write({ n });
      stream.end();
    },
  });
  const got: number[] = [];
  const answer = await call('Down', { onMessage: ({ n = 0 }) => got.push(n) });
  assert.deepEqual([answer.status, answer.value, answer.messages, got], ['OK', undefined, 3, [0, 1, 2]]);
  const { 'data_sent{op:Down}': _sent, 'data_received{op:Down}': _received, ...rest } = figures(slice);
  assert.deepEqual(rest, {
    'grpc_reqs{op:Down}': 1,
    'grpc_req_failed{op:Down}': '0 of 1',
    'grpc_stream_first_message{op:Down}': 'a time',
    'grpc_stream_duration{op:Down}': 'a time',
    'grpc_streams_msgs_received{op:Down}': 3,
  });
});

test('streams that we send: of requests alone, and of both', async (t) => {
  const { slice, call } = await bed(t, {
    Up: (stream: ServerReadableStream<Thing, Thing>, reply: sendUnaryData<Thing>) => {
      let sum = 0;
      stream.on('data', ({ n }) => {
        sum += n;
      });
      stream.on('end', () => reply(null, { n: sum }));
    },
    Both: (stream: ServerDuplexStream<Thing, Thing>) => {
      stream.on('data', ({ n }) => stream.write({ n: -n }));
      stream.on('end', () => stream.end());
    },
  });
  const up = await call('Up', { request: [{ n: 1 }, { n: 2 }, { n: 3 }] });
  assert.deepEqual([up.status, up.value], ['OK', { n: 6 }]);
  const got: number[] = [];
  const answered = deferred<void>();
  async function* questions() {
    yield { n: 1 };
    // What is sent next may hang on what came.
    await answered.promise;
    yield { n: 2 };
  }
  const both = await call('Both', {
    request: questions(),
    onMessage: ({ n }) => {
      got.push(n);
      answered.resolve();
    },
  });
  assert.deepEqual([both.status, got], ['OK', [-1, -2]]);
  const seen = figures(slice);
  assert.equal(seen['grpc_streams_msgs_sent{op:Up}'], 3);
  assert.equal(seen['grpc_req_duration{op:Up}'], 'a time');
  assert.equal(seen['grpc_streams_msgs_sent{op:Both}'], 2);
  assert.equal(seen['grpc_streams_msgs_received{op:Both}'], 2);
});

test('a status is told by its name; whether the call may have happened all the same, by what it says', async (t) => {
  const answers: Record<number, object> = {
    1: { code: status.NOT_FOUND, details: 'no such thing' },
    2: { code: status.UNAVAILABLE, details: 'try again' },
    3: { code: status.INTERNAL },
    4: { code: status.UNAVAILABLE, details: 'EMFILE: too many open files' },
  };
  const { slice, call } = await bed(t, { One: (({ request: { n } }, reply) => reply(answers[n]!)) as Unary });
  const ask = (n: number, more = {}) => call('One', { request: { n }, ...more });
  const told = async (...asked: Parameters<typeof ask>) => {
    const { status, error, outcome } = await ask(...asked);
    return [status, error, outcome];
  };
  assert.deepEqual(await told(1), ['NOT_FOUND', 'gRPC NOT_FOUND', 'failed']);
  assert.deepEqual(await told(1, { expects: ['NOT_FOUND'] }), ['NOT_FOUND', undefined, 'ok']);
  assert.deepEqual(await told(2), ['UNAVAILABLE', 'gRPC UNAVAILABLE', 'indeterminate']);
  assert.deepEqual(await told(2, { readOnly: true }), ['UNAVAILABLE', 'gRPC UNAVAILABLE', 'failed']);
  assert.deepEqual(await told(3), ['INTERNAL', 'gRPC INTERNAL', 'indeterminate']);
  // The target's files, and not the generator's.
  assert.deepEqual((await told(4))[1], 'gRPC UNAVAILABLE (EMFILE)');
  assert.deepEqual(slice.recorder.errors, {
    ...{ 'gRPC NOT_FOUND': 1, 'gRPC UNAVAILABLE': 2, 'gRPC INTERNAL': 1, 'gRPC UNAVAILABLE (EMFILE)': 1 },
  });
  assert.equal(figures(slice)['grpc_req_failed{op:One}'], '5 of 6');
});

test('a deadline ends a call, and the server is told of it', async (t) => {
  const deadlines: unknown[] = [];
  const { call } = await bed(t, { One: ((asked) => deadlines.push(asked.getDeadline())) as Unary }, { deadlineMs: 50 });
  const { status: name, error, outcome, durationMs } = await call('One');
  assert.deepEqual([name, error, outcome], ['DEADLINE_EXCEEDED', 'gRPC DEADLINE_EXCEEDED', 'indeterminate']);
  assert.ok(durationMs >= 40);
  assert.equal(deadlines.length, 1);
  assert.notEqual(deadlines[0], Number.POSITIVE_INFINITY);
});

test('metadata: the target’s token and the call’s own; of bytes as base64', async (t) => {
  const got: Metadata[] = [];
  const One: Unary = ({ metadata }, reply) => {
    got.push(metadata);
    reply(null, { n: 1 });
  };
  const { call } = await bed(t, { One }, {}, 'a-token');
  await call('One');
  await call('One', { metadata: { 'x-tenant': 'one', 'x-id-bin': Buffer.from([1, 255]).toString('base64') } });
  const values = (metadata: Metadata, name: string) => metadata.get(name);
  assert.deepEqual(
    got.map((one) => values(one, 'authorization')),
    [['Bearer a-token'], ['Bearer a-token']],
  );
  assert.deepEqual(
    got.map((one) => values(one, 'x-tenant')),
    [[], ['one']],
  );
  assert.deepEqual(values(got[1]!, 'x-id-bin'), [Buffer.from([1, 255])]);
});

test('a call that lasts until we end it has done what it should, and its length is nobody’s time', async (t) => {
  const { slice, call } = await bed(t, {
    Down: (stream: ServerWritableStream<Thing, Thing>) => void stream.write({ n: 1 }),
  });
  const enough = new AbortController();
  const {
    status: name,
    error,
    outcome,
  } = await call('Down', { signal: enough.signal, onMessage: () => enough.abort() });
  assert.deepEqual([name, error, outcome], ['CANCELLED', undefined, 'ok']);
  const seen = figures(slice);
  assert.equal(seen['grpc_stream_duration{op:Down}'], undefined);
  assert.equal(seen['grpc_req_failed{op:Down}'], '0 of 1');
});

test('what has no status when measuring ends has failed, and its age counts as unfinished; once', async (t) => {
  const waiting = deferred<sendUnaryData<Thing>>();
  const { slice, call } = await bed(t, {
    One: ((_call, reply) => waiting.resolve(reply)) as Unary,
    Down: (stream: ServerWritableStream<Thing, Thing>) => void stream.write({ n: 1 }),
  });
  const enough = new AbortController();
  const first = deferred<void>();
  const lasting = call('Down', { signal: enough.signal, onMessage: () => first.resolve() });
  const cut = call('One');
  const reply = await waiting.promise;
  await first.promise;
  slice.recorder.cutOff();
  reply(null, { n: 1 });
  assert.equal((await cut).status, 'OK', 'whoever waits still gets the answer');
  enough.abort();
  await lasting;
  const seen = figures(slice);
  assert.equal(seen['grpc_reqs{op:One,unfinished:yes}'], 1);
  assert.equal(seen['grpc_req_duration{op:One,unfinished:yes}'], 'a time');
  assert.equal(seen['grpc_req_failed{op:One,unfinished:yes}'], '1 of 1');
  assert.equal(seen['grpc_reqs{op:One}'], undefined);
  assert.equal(seen['grpc_reqs{op:Down,unfinished:yes}'], undefined, 'it lasts as long as it is wanted');
  assert.deepEqual(slice.recorder.errors, { 'call cut off by gracefulStop': 1 });
});

test('a server that goes away: what was sent may have happened, what finds no connection has no time', async (t) => {
  const asked = deferred<void>();
  const { slice, call, stop } = await bed(t, { One: (() => asked.resolve()) as Unary });
  const under = call('One');
  await asked.promise;
  stop();
  assert.equal((await under).outcome, 'indeterminate');
  recorded(slice);
  let last = await call('One');
  // Until the client has tried to connect again.
  while (last.error !== 'gRPC UNAVAILABLE (ECONNREFUSED)') last = await call('One');
  assert.equal(last.outcome, 'failed', 'it was never sent');
  recorded(slice);
  await call('One');
  const seen = figures(slice);
  assert.equal(seen['grpc_req_failed{op:One}'], '1 of 1');
  assert.equal(seen['grpc_req_duration{op:One}'], undefined);
});

test('a call and its messages belong to the phase in which its iteration was due', async (t) => {
  const { slice, call } = await bed(t, {
    Both: (stream: ServerDuplexStream<Thing, Thing>) => {
      stream.on('data', (thing) => stream.write(thing));
      stream.on('end', () => stream.end());
    },
    One: double,
  });
  const store = await overPhases(slice.recorder, async () => {
    await call('Both', { request: [{ n: 1 }, { n: 2 }] });
    await call('One');
  });
  for (const phase of ['spike', 'drain']) {
    const trends = ['grpc_req_duration', 'grpc_stream_duration', 'grpc_stream_first_message'];
    assert.deepEqual(
      trends.map((metric) => store.trend(metric, { phase }).count),
      [1, 1, 1],
    );
    const counters = ['grpc_reqs', 'grpc_streams_msgs_sent', 'grpc_streams_msgs_received'];
    assert.deepEqual(
      counters.map((metric) => store.sum(metric, { phase })),
      [2, 2, 2],
    );
  }
});

test('messages of a call that lasts belong to the phase in which they come', async (t) => {
  const { slice, call } = await bed(t, {
    Down: (stream: ServerWritableStream<Thing, Thing>) => void stream.write({ n: 1 }),
  });
  const store = await overPhases(slice.recorder, async () => {
    const enough = new AbortController();
    await call('Down', { signal: enough.signal, onMessage: () => enough.abort() });
  });
  const counts = (metric: string) => ['spike', 'drain'].map((phase) => store.sum(metric, { phase }));
  assert.deepEqual(
    [counts('grpc_reqs'), counts('grpc_streams_msgs_received')],
    [
      [1, 1],
      [0, 2],
    ],
  );
});

test('a stream that often waits for the server leaves nothing behind that waits', async (t) => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => {
    if (warning.name === 'MaxListenersExceededWarning') warnings.push(warning);
  };
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  const { call } = await bed(t, {
    Up: (stream: ServerReadableStream<Thing, Thing>, reply: sendUnaryData<Thing>) => {
      stream.on('data', () => {});
      stream.on('end', () => reply(null, { n: 1 }));
    },
  });
  const { status: name } = await call('Up', { request: Array.from({ length: 1_000 }, (_, n) => ({ n })) });
  assert.deepEqual([name, warnings], ['OK', []]);
});

test('a request that cannot be written is not sent, and says why', async (t) => {
  const { slice, call } = await bed(t, { One: double });
  const { error, outcome } = await call('One', { request: { inner: 'none' } });
  assert.match(error!, /^call not sent: /);
  assert.equal(outcome, 'failed');
  assert.equal(figures(slice)['grpc_req_duration{op:One}'], undefined);
});

test('a message that is too large fails its call', async (t) => {
  const { call } = await bed(t, { One: double }, { maxAnswerBytes: 1 });
  const { error, outcome } = await call('One', { request: { n: 100_000 } });
  assert.deepEqual([error, outcome], ['gRPC RESOURCE_EXHAUSTED', 'indeterminate'], 'the server has done it');
});

test('an answer that cannot be read leaves open whether the server did it', async (t) => {
  const { call } = await bed(t, { One: double });
  const method = {
    ...thingMethods.One!,
    responseDeserialize: () => {
      throw new Error('no such type');
    },
  };
  const { status: name, error, outcome } = await call('One', { method });
  assert.deepEqual([name, error, outcome], ['OK', 'message that cannot be read', 'indeterminate']);
  assert.equal((await call('One', { method, readOnly: true })).outcome, 'failed');
});

test('an answer that is not there fails its call; so does a stream of requests that breaks off, of which some were sent', async (t) => {
  const { slice, call } = await bed(t, {
    Both: (stream: ServerDuplexStream<Thing, Thing>) => {
      stream.on('data', () => {});
      stream.on('end', () => stream.end());
    },
  });
  const method = { ...thingMethods.Both!, responseStream: false };
  const none = await call('Both', { method, request: [] });
  assert.deepEqual([none.error, none.outcome], ['gRPC OK without a message', 'indeterminate']);
  const broken = await call('Both', { method, request: [{ n: 1 }, { inner: 'none' }] });
  assert.match(broken.error!, /^call not sent: /);
  assert.equal(broken.outcome, 'indeterminate');
  assert.equal(figures(slice)['grpc_req_failed{op:Both}'], '2 of 2');
});

test('each channel has a connection of its own, and calls take them in turns', async (t) => {
  const peers = new Map<string, number>();
  const One: Unary = (call, reply) => {
    peers.set(call.getPeer(), (peers.get(call.getPeer()) ?? 0) + 1);
    reply(null, { n: 1 });
  };
  const { call } = await bed(t, { One }, { connections: 3 });
  for (let n = 0; n < 6; n++) await call('One');
  assert.deepEqual([...peers.values()], [2, 2, 2]);
});

test('a slice of 4 VUs has one connection', async (t) => {
  const peers = new Set<string>();
  const One: Unary = (call, reply) => {
    peers.add(call.getPeer());
    reply(null, { n: 1 });
  };
  const { call } = await bed(t, { One });
  await Promise.all([call('One'), call('One'), call('One')]);
  assert.equal(peers.size, 1);
});

/** A server that does what a test says with each call. */
async function overHttp2(t: TestContext, act: (stream: ServerHttp2Stream) => void) {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer().on('stream', act);
  server.on('session', (session) => sessions.add(session.on('error', () => {})));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const slice = grpcSlice();
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const grpc = await Grpc.open(slice, { address, secure: false, wire: directWire });
  t.after(() => grpc.close());
  const ask = (name = 'One', more: Partial<Call<Thing>> = {}) =>
    grpc.call<Thing>({ op: name, method: thingMethods[name]!, request: { n: 1 }, ...more });
  return { slice, ask, sessions };
}

function endWith(stream: ServerHttp2Stream, code: status): void {
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(code) }));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  // A message of no bytes.
  stream.end(code === status.OK ? Buffer.alloc(5) : undefined);
}

test('what a server that closes a connection has not begun with is sent again, and no failure', async (t) => {
  const refuse = (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM);
  // The call before it was its last.
  const goAway = (stream: ServerHttp2Stream) => stream.session!.goaway(constants.NGHTTP2_NO_ERROR, stream.id! - 2);
  for (const leave of [refuse, goAway]) {
    let asked = 0;
    const { slice, ask, sessions } = await overHttp2(t, (stream) => {
      stream.on('error', () => {});
      asked += 1;
      if (asked === 2) leave(stream);
      else endWith(stream, status.OK);
    });
    for (const _ of [1, 2]) assert.deepEqual((await ask()).error, undefined);
    assert.deepEqual([asked, sessions.size, slice.recorder.errors], [3, leave === goAway ? 2 : 1, {}]);
    assert.equal(figures(slice)['grpc_reqs{op:One}'], 2);
  }
});

test('what a server has answered is not sent again', async (t) => {
  let asked = 0;
  const { ask } = await overHttp2(t, (stream) => {
    asked += 1;
    endWith(stream, status.UNAVAILABLE);
  });
  assert.deepEqual([(await ask()).error, asked], ['gRPC UNAVAILABLE', 1]);
});

test('a call takes until its answer came, not until that is read', async (t) => {
  const { call } = await bed(t, { One: double });
  const now = performance.now.bind(performance);
  let aheadMs = 0;
  t.mock.method(performance, 'now', () => now() + aheadMs);
  const method = {
    ...thingMethods.One!,
    responseDeserialize(bytes: Buffer) {
      aheadMs += 3_600_000;
      return thingMethods.One!.responseDeserialize(bytes);
    },
  };
  const { outcome, durationMs } = await call('One', { method });
  assert.deepEqual([outcome, durationMs < 3_600_000], ['ok', true]);
});

test('a call with a signal is to last for longer than who begins it, and no other', () => {
  const series = new ExchangeSeries(grpcSlice().recorder, 'One', false);
  const lasts = (signal?: AbortSignal) => {
    const call = { op: 'One', method: thingMethods.One!, request: { n: 1 }, ...(signal && { signal }) };
    return new Exchange(call, series, new UnderWay<Exchange>(), () => {}).lasts;
  };
  assert.deepEqual([lasts(new AbortController().signal), lasts()], [true, false]);
});

test('what the generator ran out of is its own failure; that it has no IPv6 is none', async () => {
  const told = (details: string) =>
    new Promise<Answer>((resolve) => {
      const client = {
        makeUnaryRequest(...given: unknown[]) {
          setImmediate(given.at(-1) as (error: object) => void, { code: status.UNAVAILABLE, details });
          return { cancel: () => {} };
        },
      };
      const series = new ExchangeSeries(grpcSlice().recorder, 'One', false);
      const call = { op: 'One', method: thingMethods.One!, request: { n: 1 } };
      new Exchange(call, series, new UnderWay<Exchange>(), resolve).begin(client as never, new Metadata(), 0);
    });
  const start = 'No connection established. Last error: Error: connect';
  for (const [details, error] of [
    [`${start} EADDRNOTAVAIL 127.0.0.1:50051`, 'generator: EADDRNOTAVAIL'],
    [`${start} EADDRNOTAVAIL ::1:50051 - Local (:::0)`, 'gRPC UNAVAILABLE (EADDRNOTAVAIL)'],
    [`${start} EMFILE ::1:50051 - Local (undefined:undefined)`, 'generator: EMFILE'],
  ] as const) {
    assert.deepEqual([(await told(details)).error, (await told(details)).outcome], [error, 'failed']);
  }
});

const HEAD = { ':status': 200, 'content-type': 'application/grpc' };
/** A message as it lies on the wire: whether it is packed, its size, its bytes. */
const framed = (bytes: Buffer, isPacked = false) =>
  Buffer.concat([Buffer.from([isPacked ? 1 : 0, 0, 0, 0, bytes.length]), bytes]);

function answer(stream: ServerHttp2Stream, bytes: Buffer, code: number | string, headers = {}): void {
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(code) }));
  stream.respond({ ...HEAD, ...headers }, { waitForTrailers: true });
  stream.end(bytes);
}

test('an answer that is none of gRPC’s, or cannot be unpacked, is a failure by its name, of a stream too', async (t) => {
  const packed = framed(Buffer.from([8, 1]), true);
  const bomb = gzipSync(Buffer.alloc(11 * 1024 ** 2));
  const table: [act: (stream: ServerHttp2Stream) => void, error: string, status: string][] = [
    [(stream) => answer(stream, packed, 0, { 'grpc-encoding': 'zstd' }), 'gRPC UNKNOWN', 'UNKNOWN'],
    [(stream) => answer(stream, packed, 0), 'gRPC UNKNOWN', 'UNKNOWN'],
    [(stream) => answer(stream, packed, 0, { 'grpc-encoding': 'gzip' }), 'gRPC INTERNAL', 'INTERNAL'],
    [(stream) => answer(stream, framed(Buffer.from([8, 1])), 99), 'gRPC UNKNOWN (99)', 'UNKNOWN'],
    [(stream) => answer(stream, framed(Buffer.from([8, 1])), 2), 'gRPC UNKNOWN', 'UNKNOWN'],
    [
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'text/html' });
        stream.end('<html>here is no gRPC</html>');
      },
      'no valid gRPC answer',
      'RESOURCE_EXHAUSTED',
    ],
    [(stream) => stream.respond({ ':status': 503 }, { endStream: true }), 'gRPC UNAVAILABLE (HTTP 503)', 'UNAVAILABLE'],
    [
      (stream) => {
        const head = Buffer.from([1, 0, 0, 0, 0]);
        head.writeUInt32BE(bomb.length, 1);
        answer(stream, Buffer.concat([head, bomb]), 0, { 'grpc-encoding': 'gzip' });
      },
      'gRPC RESOURCE_EXHAUSTED',
      'RESOURCE_EXHAUSTED',
    ],
  ];
  for (const [act, error, name] of table) {
    const { slice, ask } = await overHttp2(t, (stream) => act(stream.on('error', () => {})));
    for (const method of ['One', 'Down']) {
      const told = await ask(method);
      // Whatever was asked for may have been done.
      assert.deepEqual(
        [told.error, told.status, told.outcome],
        [error, name, 'indeterminate'],
        `${error} of ${method}`,
      );
    }
    assert.deepEqual(slice.recorder.errors, { [error]: 2 });
  }
});

test('an OK without the message that it should have leaves open what was done, of any kind of call', async (t) => {
  const { ask } = await overHttp2(t, (stream) => answer(stream, Buffer.alloc(0), 0));
  for (const more of [{}, { readOnly: true }]) {
    const { status: name, error, outcome } = await ask('One', more);
    const open = 'readOnly' in more ? 'failed' : 'indeterminate';
    assert.deepEqual([name, error, outcome], ['OK', 'gRPC OK without a message', open]);
  }
  assert.equal((await ask('Down')).outcome, 'ok');
  // Who says itself that it does not know the method has done nothing.
  const { ask: another } = await overHttp2(t, (stream) => answer(stream, Buffer.alloc(0), status.UNIMPLEMENTED));
  assert.equal((await another()).outcome, 'failed');
});

test('what onMessage throws ends its call at once, and is told', async (t) => {
  const { slice, call } = await bed(t, {
    Down: (stream: ServerWritableStream<Thing, Thing>) => void stream.write({ n: 1 }),
  });
  let heard = 0;
  const { error } = await call('Down', {
    onMessage() {
      heard += 1;
      throw new TypeError('cannot take it');
    },
  });
  assert.deepEqual([error, heard], ['gRPC: onMessage threw TypeError', 1]);
  assert.deepEqual(slice.recorder.errors, { 'gRPC: onMessage threw TypeError': 1 });
});

test('a client whose metrics nobody declared, or with an option that there is not, is not opened', async () => {
  const server = { address: '127.0.0.1:1', secure: false, wire: directWire };
  const slice = grpcSlice();
  const undeclared = testSlice('http://127.0.0.1:1');
  await assert.rejects(
    Grpc.open(undeclared, server),
    new Error('Grpc records metrics that the scenario does not declare; write metrics: grpcMetrics.'),
  );
  await assert.rejects(
    Grpc.open(slice, server, { deadlineMs: 0 }),
    /^Error: Grpc: deadlineMs is 0; allowed is a number above 0\.$/,
  );
});
