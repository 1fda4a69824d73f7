import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { TestDevice } from '../families/relay/device.fixture.ts';
import { startTarget } from '../target.ts';
import { RateLimit } from './rate-limit.ts';
import { type TestDatabase, testDatabase, testTarget } from './target.fixture.ts';

let database: TestDatabase;
let databaseUrl: string;
before(async () => {
  database = await testDatabase();
  databaseUrl = database.url;
});
after(() => database?.stop());

test('health says ok with the latency of the database, and degraded when it is gone', async (t) => {
  const target = await testTarget(t, {});
  const health = async () => {
    const response = await fetch(`${target.url}/health`);
    return { status: response.status, body: await response.json() };
  };
  const well = await health();
  assert.equal(well.status, 200);
  assert.equal(well.body.status, 'ok');
  assert.equal(well.body.database.status, 'ok');
  assert.equal(typeof well.body.database.latency_ms, 'number');
  assert.equal(typeof well.body.version, 'string');
  assert.ok(well.body.uptime_seconds > 0);

  await target.database.cluster!.stop();
  const ill = await health();
  assert.equal(ill.status, 503);
  assert.equal(ill.body.status, 'degraded');
  const pushed = await new TestDevice(target.url, 'an-account').pull();
  assert.equal(pushed.status, 503);
  assert.equal(pushed.body.error.code, 'DATABASE_UNAVAILABLE');
});

test('what was pushed is there for the next server on the same database', async (t) => {
  const token = randomUUID();
  const first = await testTarget(t, { databaseUrl });
  const writer = new TestDevice(first.url, token);
  const change = writer.change();
  await writer.push([change]);
  await first.stop();
  const second = await testTarget(t, { databaseUrl });
  const { body } = await new TestDevice(second.url, token).pull();
  assert.equal(body.changes[0]?.id, change.id);
});

test('stop answers the requests under way, closes WebSockets, and removes PostgreSQL and its folder', async (t) => {
  const target = await testTarget(t, {});
  const { pool, cluster } = target.database;
  const { folder, supervisorPid } = cluster!;
  const socket = new WebSocket(`${target.url.replace('http', 'ws')}/sync?device_id=a&token=an-account`);
  await once(socket, 'open');
  const device = new TestDevice(target.url, 'an-account');
  const client = await pool.connect();
  await client.query('BEGIN; LOCK TABLE tandem.changes');
  const underWay = device.push([device.change()]);
  while ((await client.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount === 0);
  const closed = once(socket, 'close');
  const stopping = target.stop();
  await client.query('COMMIT');
  client.release();
  await stopping;
  assert.equal((await underWay).status, 200);
  assert.equal((await closed)[0], 1001);
  assert.equal(existsSync(folder), false);
  assert.throws(() => process.kill(supervisorPid, 0), { code: 'ESRCH' });
  await assert.rejects(fetch(`${target.url}/health`));
});

test('more requests than the limit: 429 with Retry-After, for that client alone', async (t) => {
  const target = await testTarget(t, { databaseUrl, rateLimit: RateLimit.parse('2/h') });
  const device = new TestDevice(target.url, randomUUID());
  assert.equal((await device.pull()).status, 200);
  assert.equal((await device.push([])).status, 200);
  const { status, headers, body } = await device.pull();
  assert.equal(status, 429);
  assert.equal(body.error.code, 'RATE_LIMIT_EXCEEDED');
  assert.match(headers.get('retry-after') ?? '', /^\d+$/);
  assert.equal((await new TestDevice(target.url, randomUUID()).pull()).status, 200);
});

test('metrics count requests by route and status, with durations, process and pool', async (t) => {
  const target = await testTarget(t, { databaseUrl });
  const device = new TestDevice(target.url, randomUUID());
  await device.pull();
  await device.pull();
  await device.pull(0, { protocol_version: '0' });
  const response = await fetch(`${target.url}/metrics`);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n');
  assert.ok(lines.includes('http_requests_total{route="/sync/pull",status="200"} 2'));
  assert.ok(lines.includes('http_requests_total{route="/sync/pull",status="400"} 1'));
  assert.ok(lines.includes('http_request_duration_seconds_bucket{route="/sync/pull",le="+Inf"} 3'));
  assert.ok(lines.includes('http_request_duration_seconds_count{route="/sync/pull"} 3'));
  assert.ok(lines.includes('websocket_connections 0'));
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'nodejs_eventloop_delay_seconds{quantile="0.99"}',
    'nodejs_eventloop_delay_seconds{quantile="mean"}',
    'http_request_duration_seconds_sum{route="/sync/pull"}',
    'pg_pool_connections',
    'nodejs_active_resources_total',
    ...(process.platform === 'linux' ? ['process_open_fds'] : []),
  ]) {
    const value = lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1];
    assert.ok(Number(value) >= 0, `${name} is ${value}`);
  }
});

test('the page is served bundled, versioned, cacheable and with a strict policy', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-page-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'index.html'), '<script type="module" src="/app.js"></script>');
  await writeFile(join(folder, 'app.css'), 'p { color: red }');
  await writeFile(join(folder, 'text.ts'), 'export const text: string = "from another file";');
  await writeFile(join(folder, 'main.ts'), 'import { text } from "./text.ts"; document.title = text;');
  const target = await testTarget(t, { databaseUrl, webFolder: folder });

  const page = await fetch(target.url);
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'self';/);
  assert.equal(page.headers.get('cache-control'), 'no-cache');
  const address = /src="(\/app\.js\?v=[^"]+)"/.exec(await page.text())?.[1];
  const script = await fetch(target.url + address);
  assert.equal(script.headers.get('content-type'), 'text/javascript; charset=utf-8');
  assert.match(script.headers.get('cache-control') ?? '', /immutable/);
  assert.match(await script.text(), /from another file/);
  const style = await fetch(`${target.url}/app.css`);
  assert.equal(style.headers.get('content-type'), 'text/css; charset=utf-8');
  const headers = { 'if-none-match': style.headers.get('etag')! };
  assert.equal((await fetch(`${target.url}/app.css`, { headers })).status, 304);

  await writeFile(join(folder, 'main.ts'), 'import "./absent.ts";');
  await assert.rejects(startTarget({ databaseUrl, webFolder: folder }), {
    name: 'StartError',
    message: /main\.ts does not bundle: .*absent\.ts/,
  });
});

test('without a page, its addresses are not found', async (t) => {
  const target = await testTarget(t, { databaseUrl });
  for (const path of ['/', '/app.js', '/app.css']) assert.equal((await fetch(target.url + path)).status, 404);
});

test('a port in use is named', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await assert.rejects(startTarget({ port, databaseUrl, webFolder: 'none' }), {
    name: 'StartError',
    message: `PORT=${port} is in use on 127.0.0.1; set PORT to a free port, or to 0 for any.`,
  });
});
