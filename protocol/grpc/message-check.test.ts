import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { folderOf } from '../../support/folder.fixture.ts';
import { serveThings, things } from '../transports/grpc.fixture.ts';
import { definitionsOfFiles, methodOf, reflectedDefinitions } from './definitions.ts';
import { checkMessage } from './message-check.ts';

const kinds = `
  syntax = "proto3";
  package kinds;
  enum Mode { OFF = 0; ON = 1; }
  service Kinds { rpc Do(In) returns (In); }
  message In {
    message Sub { string a = 1; enum Own { NONE = 0; SOME = 1; } Own own = 2; In whole = 3; }
    int32 n = 1; uint32 u = 2; int64 big = 3; double d = 4; bool b = 5; string s = 6; bytes y = 7;
    Mode mode = 8; Sub sub = 9; repeated string tags = 10; map<string, int32> counts = 11; map<string, Sub> subs = 12;
  }`;

test('a message with a field that there is not, however deep', () => {
  const { requestType } = methodOf(things, 'test.Things/One');
  checkMessage({ n: 1, inner: { n: 2, inner: {} } }, requestType, things);
  assert.throws(() => checkMessage({ n: 1, inner: { m: 2 } }, requestType, things), {
    message: 'has "inner.m", which is no field of Thing; did you mean "n"? allowed: n, inner, raw',
    option: 'request',
  });
});

test('a value that would be taken for another one, in silence', (t) => {
  const definitions = definitionsOfFiles([join(folderOf(t, { 'kinds.proto': kinds }), 'kinds.proto')]);
  const { requestType } = methodOf(definitions, 'kinds.Kinds/Do');
  const check = (request: object) => checkMessage(request, requestType, definitions);
  const right = [
    ...[
      { n: -5, u: 4_294_967_295 },
      { n: '7' },
      { n: null },
      { big: '-9223372036854775808' },
      { d: 1e-7 },
      { d: 'NaN' },
    ],
    ...[
      { y: 'AP8' },
      { b: false, s: '', y: 'AP8=', tags: [] },
      { mode: 'ON' },
      { mode: 7 },
      { sub: { own: 'SOME', whole: { n: 1 } } },
    ],
    ...[{ counts: { a: 1 }, subs: { a: { a: 'x', own: 1 } } }],
  ];
  const { requestSerialize } = methodOf(definitions, 'kinds.Kinds/Do');
  for (const request of right) {
    check(request);
    requestSerialize(request);
  }
  const aWhole = 'a whole number of 32 bits';
  const wrong: [request: object, place: string, help: string][] = [
    [{ n: 'abc' }, 'n', aWhole],
    [{ n: 1.5 }, 'n', aWhole],
    [{ n: 3e10 }, 'n', aWhole],
    [{ n: [1] }, 'n', aWhole],
    [{ u: -1 }, 'u', `${aWhole}, and not below 0`],
    [{ big: '12x' }, 'big', 'a whole number of 64 bits, as a text beyond 2^53'],
    [{ big: 2 ** 60 }, 'big', 'a whole number of 64 bits, as a text beyond 2^53'],
    [{ d: 'fast' }, 'd', 'a number, or "NaN", "Infinity" or "-Infinity"'],
    [{ b: 'false' }, 'b', 'true or false'],
    [{ s: { a: 1 } }, 's', 'a text'],
    [{ y: '!!not' }, 'y', 'a text in base64'],
    [{ y: 'AAAAA' }, 'y', 'a text in base64'],
    [{ y: '-_8=' }, 'y', 'a text in base64'],
    [{ mode: 'OPEN' }, 'mode', 'one of OFF, ON'],
    [{ sub: 'text' }, 'sub', 'an object'],
    [{ sub: [{ a: 'x' }] }, 'sub', 'an object'],
    [{ sub: { own: 'ALL' } }, 'sub.own', 'one of NONE, SOME'],
    [{ sub: { whole: { n: '' } } }, 'sub.whole.n', aWhole],
    [{ tags: 'a' }, 'tags', 'a list'],
    [{ tags: ['a', 1] }, 'tags.1', 'a text'],
    [{ counts: { a: 'x' } }, 'counts.a', aWhole],
    [{ counts: [{ key: 'a', value: 1 }] }, 'counts', 'an object'],
    [{ subs: { a: { a: 1 } } }, 'subs.a.a', 'a text'],
  ];
  for (const [request, place, help] of wrong) {
    const message = `has "${place}", which is not as it has to be; allowed is ${help}`;
    assert.throws(() => check(request), { message }, JSON.stringify(request));
  }
  assert.throws(() => check({ sub: { b: 1 } }), { message: /^has "sub\.b", which is no field of Sub; / });
  assert.throws(() => check({ subs: { k: { b: 1 } } }), { message: /^has "subs\.k\.b", which is no field of Sub; / });
});

test('a map is a list of pairs, where the server tells its definitions', async (t) => {
  const definitions = definitionsOfFiles([join(folderOf(t, { 'kinds.proto': kinds }), 'kinds.proto')]);
  const add = (server: Server) => new ReflectionService(definitions).addToServer(server);
  const { server } = await serveThings(t, {}, { add });
  const told = await reflectedDefinitions(server, 'kinds.Kinds/Do', undefined);
  const { requestType, requestSerialize } = methodOf(told, 'kinds.Kinds/Do');
  const request = { counts: [{ key: 'a', value: 1 }] };
  checkMessage(request, requestType, told, true);
  assert.deepEqual(methodOf(definitions, 'kinds.Kinds/Do').requestDeserialize(requestSerialize(request)), {
    ...{ n: 0, u: 0, big: '0', d: 0, b: false, s: '', y: Buffer.alloc(0), mode: 'OFF', sub: null, tags: [], subs: {} },
    counts: { a: 1 },
  });
  assert.throws(() => checkMessage({ counts: { a: 1 } }, requestType, told, true), {
    message:
      'has "counts", which is not as it has to be; allowed is a list of {"key": …, "value": …}, which a map is by definitions that the server tells, or an object by .proto files',
  });
});
