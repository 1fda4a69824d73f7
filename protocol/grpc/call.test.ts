import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Server, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { OptionError, readOptions } from '../../support/options.ts';
import { testVu, withSettings } from '../slice.fixture.ts';
import { grpcSlice, serveThings, type Thing, things } from '../transports/grpc.fixture.ts';
import { AnyCall, callOptions, checkCall } from './call.ts';
import { healthCheck } from './standard-services.ts';

const reflected = (server: Server) => new ReflectionService(things).addToServer(server);

/** A slice whose options say that, against a server that answers with its request. */
async function bed(t: TestContext, options: object, add = reflected) {
  const got: ServerUnaryCall<Thing, Thing>[] = [];
  const One = (call: ServerUnaryCall<Thing, Thing>, reply: sendUnaryData<Thing>) => {
    got.push(call);
    if (call.request.n === 0) reply({ code: status.NOT_FOUND });
    else reply(null, call.request);
  };
  const { server } = await serveThings(t, { One }, { add });
  const read = readOptions(callOptions, options, 'scenarios.test.options');
  const slice = withSettings({ ...grpcSlice(), options: read }, { GRPC_ADDR: server.address, GRPC_TLS: '0' });
  return { got, slice, address: server.address };
}

test('any method is called by options alone', async (t) => {
  const options = { method: 'test.Things/One', request: { n: 7 }, metadata: { 'x-tenant': 'one' }, deadline: '5s' };
  const { got, slice } = await bed(t, options);
  await checkCall(slice);
  const call = await AnyCall.open(slice);
  t.after(() => call.close());
  const vu = testVu(slice);
  await call.send(vu);
  assert.equal(vu.takeOutcome(), 'ok');
  assert.deepEqual([got[0]?.request, got[0]?.metadata.get('x-tenant')], [{ n: 7 }, ['one']]);
  assert.deepEqual(slice.recorder.errors, {});
});

test('an answer that is no OK fails the iteration, by its name', async (t) => {
  const { slice } = await bed(t, { method: 'test.Things/One', request: { n: 0 } });
  const call = await AnyCall.open(slice);
  t.after(() => call.close());
  const vu = testVu(slice);
  await call.send(vu);
  assert.equal(vu.takeOutcome(), 'failed');
  assert.deepEqual(slice.recorder.errors, { 'gRPC NOT_FOUND': 1, 'check: test.Things/One: status is OK': 1 });
});

const wrong: [options: object, field: string, sentence: string | RegExp][] = [
  [
    { method: 'test.Things/Onee' },
    'method',
    'is "test.Things/Onee", which is not there; did you mean "test.Things/One"? allowed: test.Things/One, test.Things/Down, test.Things/Up, test.Things/Both.',
  ],
  [
    { method: 'test.Things/One', request: { m: 1 } },
    'request',
    'has "m", which is no field of Thing; did you mean "n"? allowed: n, inner, raw.',
  ],
  [
    { method: 'test.Things/One', request: [{ n: 1 }] },
    'request',
    'is a list, but test.Things/One takes one message; allowed is an object such as {"key": "a2V5"}, or a list of them for a method that takes a stream.',
  ],
  [
    { method: 'test.Things/One', request: { inner: 'x' } },
    'request',
    'has "inner", which is not as it has to be; allowed is an object.',
  ],
  [
    { method: 'test.Things/One', proto: 'none.proto' },
    'proto',
    /^is "none\.proto", which does not compile: there is no file .*none\.proto; allowed are files of proto2 or proto3\.$/,
  ],
];

for (const [options, field, sentence] of wrong) {
  test(`before any load: ${JSON.stringify(options)}`, async (t) => {
    const { slice } = await bed(t, options);
    await assert.rejects(checkCall(slice), (error: Error) => {
      assert.ok(error instanceof OptionError);
      assert.deepEqual(error.field, [field]);
      const start = `scenarios.test.options.${field} `;
      assert.ok(error.message.startsWith(start), error.message);
      const rest = error.message.slice(start.length);
      if (typeof sentence === 'string') assert.equal(rest, sentence);
      else assert.match(rest, sentence);
      return true;
    });
  });
}

test('before any load: metadata that cannot be sent, without showing it', async (t) => {
  const ascii = 'ASCII, by a name of letters, digits, _, . and -';
  const base64 = 'base64, since its name ends in -bin';
  const table: [name: string, value: string, what: string][] = [
    ['x tenant', 'one', ascii],
    ['x-tenant', 'eins\n', ascii],
    ['x-tenant', 'ä', ascii],
    ['X-Key-Bin', 'hunter 2', base64],
  ];
  for (const [name, value, what] of table) {
    const { slice } = await bed(t, { method: 'test.Things/One', metadata: { [name]: value } });
    await assert.rejects(checkCall(slice), {
      message: `scenarios.test.options.metadata.${name} cannot be sent; allowed is a text of ${what}.`,
      field: ['metadata', name],
    });
  }
  const { got, slice } = await bed(t, {
    method: 'test.Things/One',
    request: { n: 1 },
    metadata: { 'X-Key-Bin': 'AP8=' },
  });
  await checkCall(slice);
  const call = await AnyCall.open(slice);
  t.after(() => call.close());
  await call.send(testVu(slice));
  assert.deepEqual(got[0]!.metadata.get('x-key-bin'), [Buffer.from([0, 255])]);
});

test('before any load: no reflection, a server that is not serving, none that is named', async (t) => {
  const options = { method: 'test.Things/One' };
  const bare = await bed(t, options, () => {});
  await assert.rejects(
    checkCall(bare.slice),
    new RegExp(
      `scenarios\\.test\\.options\\.proto is missing, and GRPC_ADDR ${bare.address} has no server reflection, which would tell its methods; allowed are its \\.proto files\\.$`,
    ),
  );
  const ill = await bed(t, options, (server) => {
    reflected(server);
    new HealthImplementation({ '': 'NOT_SERVING' }).addToServer(server);
  });
  await assert.rejects(
    checkCall(ill.slice),
    new Error(
      `GRPC_ADDR ${ill.address} says that the server is NOT_SERVING (grpc.health.v1); start what it needs, or correct GRPC_ADDR.`,
    ),
  );
  const failing = await bed(t, options, (server) => {
    const Check = (_call: unknown, reply: sendUnaryData<object>) =>
      reply({ code: status.UNAVAILABLE, details: 'later' });
    server.addService({ Check: healthCheck }, { Check });
  });
  await assert.rejects(
    checkCall(failing.slice),
    new Error(`GRPC_ADDR ${failing.address} does not answer to grpc.health.v1: later.`),
  );
  const nowhere = withSettings(ill.slice, { GRPC_ADDR: undefined });
  await assert.rejects(
    checkCall(nowhere),
    new Error('GRPC_ADDR is not set, and a load speaks gRPC; allowed is host:port, such as 127.0.0.1:50051.'),
  );
});
