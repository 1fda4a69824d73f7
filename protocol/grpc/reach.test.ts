import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { selfSigned } from '../../support/wire/certificate.fixture.ts';
import { proxyServer } from '../../support/wire/proxy.fixture.ts';
import { directWire } from '../../support/wire/wire.ts';
import { serveThings } from '../transports/grpc.fixture.ts';
import { health, reach, withClient } from './reach.ts';
import { grpcSettings } from './settings.ts';

const TIMEOUT_MS = 5_000;
const certified = selfSigned();

async function addressOf(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const at = (address: string, secure = false, wire = directWire) => reach({ address, secure, wire }, TIMEOUT_MS);

function secured() {
  const pair = { private_key: Buffer.from(certified.key), cert_chain: Buffer.from(certified.cert) };
  return { credentials: ServerCredentials.createSsl(null, [pair]) };
}

test('an address is a host and a port', () => {
  const [address] = grpcSettings.declared;
  for (const right of ['127.0.0.1:50051', 'grpc.example:1', '[::1]:65535']) assert.equal(address!.parse(right), right);
  for (const wrong of [
    'grpc.example',
    'http://grpc.example:80',
    'grpc.example:0',
    'grpc.example:65536',
    ':80',
    'a b:80',
  ])
    assert.equal(address!.parse(wrong), undefined, wrong);
});

test('a gRPC server is there, with health or without; so it is behind TLS that is trusted', async (t) => {
  const { server } = await serveThings(t, {});
  await reach(server, TIMEOUT_MS);
  const secure = (await serveThings(t, {}, secured())).server;
  await at(secure.address, true, { ...directWire, insecure: true });
});

test('health: of a service, of one that the server does not know, of a server without', async (t) => {
  const healthOf = (add?: (server: GrpcServer) => void) => async (service: string) => {
    const { server } = await serveThings(t, {}, { add });
    return withClient(server, (client) => health(server, client, service, TIMEOUT_MS));
  };
  const states = { '': 'SERVING', 'test.Things': 'NOT_SERVING' } as const;
  const told = healthOf((server) => new HealthImplementation(states).addToServer(server));
  assert.deepEqual(
    [await told(''), await told('test.Things'), await told('other')],
    ['SERVING', 'NOT_SERVING', undefined],
  );
  assert.equal(await healthOf()(''), undefined);
});

test('who speaks another protocol is told of in one sentence', async (t) => {
  const http = await addressOf(
    t,
    createServer((_request, answer) => answer.end()),
  );
  const https = await addressOf(
    t,
    createSecureServer(certified, (_request, answer) => answer.end()),
  );
  const plain = (await serveThings(t, {})).server.address;
  const secure = (await serveThings(t, {}, secured())).server.address;
  const said = (address: string, rest: string) => new RegExp(`^Error: GRPC_ADDR ${address} ${rest}$`);
  await assert.rejects(at(http), said(http, 'speaks HTTP/1, and gRPC needs HTTP/2; correct GRPC_ADDR\\.'));
  await assert.rejects(at(http, true), said(http, 'speaks HTTP/1, and gRPC needs HTTP/2; correct GRPC_ADDR\\.'));
  await assert.rejects(at(plain, true), said(plain, 'speaks no TLS, but GRPC_TLS is 1; correct one of them\\.'));
  await assert.rejects(at(secure), said(secure, 'speaks TLS; set GRPC_TLS=1\\.'));
  await assert.rejects(
    at(https, true, { ...directWire, insecure: true }),
    said(https, 'speaks HTTP/1 over TLS, and gRPC needs HTTP/2; correct GRPC_ADDR\\.'),
  );
  await assert.rejects(
    at(secure, true),
    said(
      secure,
      'shows a certificate that is not trusted \\(DEPTH_ZERO_SELF_SIGNED_CERT\\); trust its authority with NODE_EXTRA_CA_CERTS, or every certificate with TLS_INSECURE=1\\.',
    ),
  );
});

test('where nobody is, that may change; so it may where somebody hangs up', async (t) => {
  await assert.rejects(at('127.0.0.1:1'), { code: 'ECONNREFUSED' });
  const silent = await addressOf(
    t,
    createTcpServer((socket) => socket.destroy()),
  );
  await assert.rejects(at(silent), (error: Error) => error.constructor === Error);
});

test('through a proxy, over TLS too, and to one that wants a user', async (t) => {
  const through = async (address: string, secure: boolean, url: string) =>
    at(address, secure, { ...directWire, insecure: true, proxies: { http: url } });
  for (const [owner, written] of [
    [undefined, ''],
    ['me:p%40ss', 'me:p%40ss@'],
    ['token:', 'token@'],
  ] as const) {
    const proxy = await proxyServer(t, owner);
    const url = proxy.url.replace(/\/\/(?:.*@)?/, `//${written}`);
    const plain = (await serveThings(t, {})).server.address;
    const secure = (await serveThings(t, {}, secured())).server.address;
    await through(plain, false, url);
    await through(secure, true, url);
    assert.deepEqual(proxy.asked, [`CONNECT ${plain}`, `CONNECT ${secure}`]);
  }
});

test('a proxy that refuses, or is not there, is told of as that', async (t) => {
  const { address } = (await serveThings(t, {})).server;
  const { url } = await proxyServer(t, 'me:secret');
  const through = (proxy: string) => at(address, false, { ...directWire, proxies: { http: proxy } });
  await assert.rejects(through(url.replace('secret', 'other')), { code: 'HTTP 407 (from the proxy)' });
  await assert.rejects(through('http://127.0.0.1:1'), { code: 'ECONNREFUSED (at the proxy)' });
});

test('which way it goes is said by the target’s settings, and not by what the environment has', async (t) => {
  const { address } = (await serveThings(t, {})).server;
  const [proxy, other] = [await proxyServer(t), await proxyServer(t)];
  t.after(() => {
    for (const name of ['grpc_proxy', 'no_grpc_proxy']) delete process.env[name];
  });
  Object.assign(process.env, { grpc_proxy: other.url, no_grpc_proxy: '0.0.1' });
  await at(address, false, { ...directWire, proxies: { http: proxy.url } });
  await at(address);
  assert.deepEqual([proxy.asked, other.asked], [[`CONNECT ${address}`], []]);
});
