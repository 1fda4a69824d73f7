import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { request } from 'undici';
import { type Arrival, type MeetingPoint, meet, Rendezvous } from './rendezvous.ts';

const JSON_BODY = { 'content-type': 'application/json' };
const LONG = { timeoutMs: 60_000 };

async function open(t: TestContext) {
  const rendezvous = await Rendezvous.listen(0, '127.0.0.1');
  t.after(() => rendezvous.close());
  const url = `http://127.0.0.1:${rendezvous.port}`;
  const come = (arrival: Partial<Arrival>, options: object = {}, point: MeetingPoint = 'start') =>
    meet(
      url,
      'run 1/2',
      point,
      { current: 1, total: 2, profile: 'medium', seed: '1', ...arrival },
      { ...LONG, ...options },
    );
  /** Resolves once these shards, and no others, wait at the start. */
  const waiting = async (...shards: number[]) => {
    for (let there = 'nobody knows'; there !== shards.join(); ) {
      const { body } = await request(`${url}/${encodeURIComponent('run 1/2')}/start`);
      there = ((await body.json()) as { waiting: number[] }).waiting.join();
    }
  };
  return { url, come, waiting };
}

test('all shards are given one instant that lies ahead, at each point anew', async (t) => {
  const { come } = await open(t);
  const before = Date.now();
  const [a, b] = await Promise.all([come({ current: 1 }), come({ current: 2 })]);
  assert.deepEqual(a, b);
  assert.ok(a.at > before);
  const [c, d] = await Promise.all([come({ current: 2 }, {}, 'rest'), come({ current: 1 }, {}, 'rest')]);
  assert.deepEqual(c, d);
});

test('a shard that left while it waited is missed until it comes again', async (t) => {
  const { come, waiting } = await open(t);
  const leaving = new AbortController();
  const left = come({ current: 1 }, { signal: leaving.signal });
  await waiting(1);
  leaving.abort(new Error('Ctrl-C'));
  await assert.rejects(left, new Error('Ctrl-C'));
  await waiting();
  await assert.rejects(
    come({ current: 2 }, { timeoutMs: 100 }),
    /^Error: LOAD_RENDEZVOUS http:\/\/127\.0\.0\.1:\d+: not all 2 shards came within 0\.1 s\.$/,
  );
  await waiting();
  const [one, other] = await Promise.all([come({ current: 1 }), come({ current: 2 })]);
  assert.deepEqual(one, other);
});

test('what one of them has set up comes to all, and is kept no longer than they wait for it', async (t) => {
  const { url, come } = await open(t);
  const given = { data: { tokens: ['x'.repeat(900_000)] }, secrets: ['s3cret'] };
  const point = 'setup/buy sell';
  const all = await Promise.all([come({ current: 2 }, {}, point), come({ current: 1 }, { brought: given }, point)]);
  for (const one of all) assert.deepEqual(one.given, given);
  assert.equal((await come({ total: 1 }, {}, 'setup/other')).given, undefined);
  // Elsewhere nobody brings anything, and whatever is larger is none of a run's.
  for (const [place, bytes] of [
    ['run/start', 10_001],
    ['run/setup/buy', 4_000_001],
  ] as const) {
    const { statusCode, body } = await request(`${url}/${place}`, {
      ...{ method: 'POST', headers: JSON_BODY, body: 'x'.repeat(bytes) },
    });
    assert.equal(statusCode, 413);
    await body.dump();
  }
  // There is room for so much of what they are still sending, or have brought and wait with.
  const headers = { ...JSON_BODY, 'content-length': 3_900_000 };
  const sent = Array.from({ length: 17 }, (_, n) => httpRequest(`${url}/run/setup/${n}`, { method: 'POST', headers }));
  const refused = Promise.race(sent.map((one) => once(one, 'response')));
  for (const one of sent) one.on('error', () => {}).flushHeaders();
  const [answer] = (await refused) as [IncomingMessage];
  assert.equal(answer.statusCode, 503);
  for (const one of sent) one.destroy();
});

test('who does not belong to the others is told why', async (t) => {
  const { come, waiting } = await open(t);
  const others = [come({ current: 1, total: 3 }), come({ current: 2, total: 3 })];
  await waiting(1, 2);
  const refused = (arrival: Partial<Arrival>, why: string) =>
    assert.rejects(come({ total: 3, ...arrival }), (error: Error) => error.message.endsWith(`: ${why}.`));
  await refused({ current: 4, total: 4 }, 'shards is 4, but 3 for the shard that came first');
  await refused({ current: 3, profile: 'heavy' }, 'profile is heavy, but medium for the shard that came first');
  await refused({ current: 3, seed: '2' }, 'seed is 2, but 1 for the shard that came first');
  await refused({ current: 2 }, 'shard 2 of 3 is there already');
  await Promise.all([...others, come({ current: 3, total: 3 })]);
  await refused({ current: 3 }, 'the shards of this run have met already; a new run needs a new LOAD_RUN_ID');
});

test('nobody there, and what is no meeting', async (t) => {
  const { url } = await open(t);
  const arrival = { current: 1, total: 1, profile: 'medium', seed: '1' };
  await assert.rejects(
    meet('http://127.0.0.1:1', 'run', 'start', arrival, LONG),
    new Error('LOAD_RENDEZVOUS http://127.0.0.1:1: cannot be reached (ECONNREFUSED).'),
  );
  // Somebody else's server, also without end, and one whose clock is another.
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(100_000, ' ');
    })(),
  );
  const answers = ['<html>', 'null', '{"error":{"code":1}}', endless, '{"at":5}', '{"at":1e999}'];
  const other = createServer((_, answer) => {
    const said = answers.shift()!;
    if (typeof said === 'string') answer.end(said);
    else said.pipe(answer);
  }).listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const there = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const said = async () => (await meet(there, 'run', 'start', arrival, LONG).catch((error) => error)).message;
  const elsewhere = `LOAD_RENDEZVOUS ${there}: something else answers there (HTTP 200); allowed is a rendezvous.`;
  for (let time = 0; time < 4; time++) assert.equal(await said(), elsewhere);
  for (let time = 0; time < 2; time++)
    assert.match(await said(), /: its clock and that of this machine are (\d+\.\d+|Infinity) s apart; allowed is NTP/);
  const statusOf = async (path: string, method: 'GET' | 'POST', body?: string) => {
    const answer = await request(url + path, { method, body, headers: body === undefined ? {} : JSON_BODY });
    await answer.body.dump();
    return answer.statusCode;
  };
  assert.equal(await statusOf('/health', 'GET'), 200);
  assert.equal(await statusOf('/run', 'GET'), 404);
  assert.equal(await statusOf('/run/lunch', 'POST', '{}'), 404);
  assert.equal(await statusOf('/run/start', 'POST', '{"current":2,"total":1,"profile":"a","seed":"1"}'), 400);
  assert.equal(await statusOf('/run/start', 'POST', 'x'.repeat(20_000)), 413);
});

test('what a page of another origin can make a browser send is refused', async (t) => {
  const { url } = await open(t);
  const body = '{"current":1,"total":1,"profile":"a","seed":"1"}';
  const statusOf = async (headers: Record<string, string>) => {
    const answer = await request(`${url}/run/start`, { method: 'POST', body, headers });
    await answer.body.dump();
    return answer.statusCode;
  };
  assert.equal(await statusOf({ 'content-type': 'text/plain' }), 415);
  assert.equal(await statusOf({}), 415);
  assert.equal(await statusOf({ ...JSON_BODY, origin: 'http://evil.test' }), 403);
  assert.equal(await statusOf(JSON_BODY), 200);
});

test('a body without end is refused early', async (t) => {
  const { url } = await open(t);
  let sentBytes = 0;
  const body = Readable.from(
    (function* () {
      for (let n = 0; n < 300; n++) {
        sentBytes += 1_000_000;
        yield Buffer.alloc(1_000_000, 'x');
      }
    })(),
  );
  // The refusal, or the connection that was closed while it was still sending.
  const status = await request(`${url}/run/start`, { method: 'POST', body, headers: JSON_BODY }).then(
    async ({ statusCode, body: answer }) => {
      await answer.dump().catch(() => {});
      return statusCode;
    },
    (error: NodeJS.ErrnoException) => error.code,
  );
  assert.ok([413, 'EPIPE', 'ECONNRESET', 'UND_ERR_SOCKET'].includes(status!), `${status}`);
  assert.ok(sentBytes < 100_000_000, `${sentBytes} bytes`);
});

test('other meetings push nobody out who waits', async (t) => {
  const { url, come, waiting } = await open(t);
  const first = come({ current: 1 });
  await waiting(1);
  const ask = async (run: string, arrival: Partial<Arrival>) => {
    const whole = { current: 1, total: 1, profile: 'a', seed: '1', ...arrival };
    const options = { method: 'POST', body: JSON.stringify(whole), headers: JSON_BODY } as const;
    const answer = await request(`${url}/${run}/start`, options);
    await answer.body.dump();
    return answer.statusCode;
  };
  // These are over as soon as they have begun.
  for (let n = 0; n < 1_100; n++) assert.equal(await ask(`over-${n}`, {}), 200);
  await waiting(1);
  const second = come({ current: 2 });
  assert.deepEqual(await first, await second);
});
