import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { folderOf } from '../../support/folder.fixture.ts';
import { serveThings, things } from '../transports/grpc.fixture.ts';
import { definitionsOfFiles, methodOf, reflectedDefinitions, reflectedServices } from './definitions.ts';
import { reflectionMethods } from './standard-services.ts';

const shop = `
  syntax = "proto3";
  package shop.v1;
  import "money.proto";
  service Shop { rpc Buy(Order) returns (stream Receipt); rpc Look(Order) returns (Receipt); }
  message Order { string thing_id = 1; int64 count = 2; money.Price price = 3; }
  message Receipt { bytes paper = 1; }`;
const money = 'syntax = "proto3"; package money; message Price { int32 cents = 1; }';

const wrong = (option: string, message: string | RegExp) => (error: Error & { option?: string }) => {
  if (typeof message === 'string') assert.equal(error.message, message);
  else assert.match(error.message, message);
  assert.equal(error.option, option);
  return true;
};

test('the definitions of files: names as they stand there', (t) => {
  const folder = folderOf(t, { 'shop.proto': shop, 'money.proto': money });
  const definitions = definitionsOfFiles(['shop.proto'], [folder]);
  for (const name of ['shop.v1.Shop/Buy', '/shop.v1.Shop/Buy', 'shop.v1.Shop.Buy']) {
    const { path, requestStream, responseStream } = methodOf(definitions, name);
    assert.deepEqual([path, requestStream, responseStream], ['/shop.v1.Shop/Buy', false, true]);
  }
  const { requestSerialize, requestDeserialize } = methodOf(definitions, 'shop.v1.Shop/Buy');
  const sent = requestSerialize({ thing_id: 'a', count: '7', price: { cents: 5 } });
  assert.deepEqual(requestDeserialize(sent), { thing_id: 'a', count: '7', price: { cents: 5 } });
});

test('files that do not compile, or are not there', (t) => {
  const folder = folderOf(t, {
    'broken.proto': 'syntax = "proto3";\nmessage {',
    'shop.proto': shop.replace('money.Price', 'money.Prize'),
    'money.proto': money,
    'alone.proto': 'syntax = "proto3"; import "nowhere.proto"; message A {}',
  });
  const compile = (file: string) => () => definitionsOfFiles([join(folder, file)], [folder]);
  const file = (name: string) => join(folder, name);
  assert.throws(
    compile('broken.proto'),
    wrong(
      'proto',
      new RegExp(
        `^is "${file('broken.proto')}", which does not compile: illegal .*line 2\\); allowed are files of proto2 or proto3$`,
      ),
    ),
  );
  assert.throws(compile('shop.proto'), wrong('proto', /which does not compile: no such .*money\.Prize/));
  assert.throws(compile('alone.proto'), wrong('proto', /there is no file .*nowhere\.proto/));
  assert.throws(compile('none.proto'), wrong('proto', /there is no file .*none\.proto/));
});

test('a method that is not there: the nearest is named', () => {
  assert.throws(
    () => methodOf(things, 'test.Things/Oen'),
    wrong(
      'method',
      'is "test.Things/Oen", which is not there; did you mean "test.Things/One"? allowed: test.Things/One, test.Things/Down, test.Things/Up, test.Things/Both',
    ),
  );
  assert.throws(
    () => methodOf(things, 'One'),
    wrong('method', 'is "One"; allowed is a service and its method, as in etcdserverpb.KV/Range'),
  );
});

const withReflection = (add: (server: Server) => void) => (t: TestContext) => serveThings(t, {}, { add });
const whole = withReflection((server) => new ReflectionService(things).addToServer(server));
const older = withReflection((server) =>
  new ReflectionService(things).addToServer({
    addService: (definition, implementation) => {
      const [{ path }] = Object.values(definition) as unknown as [{ path: string }];
      if (path !== reflectionMethods[0]!.path) server.addService(definition, implementation);
    },
  }),
);

test('what a server tells of itself, in either version', async (t) => {
  for (const serve of [whole, older]) {
    const { server } = await serve(t);
    const { path, responseStream } = methodOf(
      await reflectedDefinitions(server, 'test.Things/Down', 'token'),
      'test.Things/Down',
    );
    assert.deepEqual([path, responseStream], ['/test.Things/Down', true]);
    assert.deepEqual(await reflectedServices(server, undefined), ['test.Things']);
  }
});

test('a server without reflection, and one without that service', async (t) => {
  const { server } = await serveThings(t, {});
  assert.equal(await reflectedServices(server, undefined), undefined);
  await assert.rejects(
    reflectedDefinitions(server, 'test.Things/One', undefined),
    wrong(
      'proto',
      `is missing, and GRPC_ADDR ${server.address} has no server reflection, which would tell its methods; allowed are its .proto files`,
    ),
  );
  await assert.rejects(
    reflectedDefinitions((await whole(t)).server, 'test.Thinsg/One', undefined),
    wrong(
      'method',
      'is "test.Thinsg/One", but there is no service "test.Thinsg"; did you mean "test.Things"? allowed: test.Things',
    ),
  );
});
