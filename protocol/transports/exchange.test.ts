import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { unpack } from '../../support/measure/series.ts';
import { recorded, testSlice } from '../slice.fixture.ts';
import { type Answer, Exchange, ExchangeSeries } from './exchange.ts';
import { UnderWay } from './under-way.ts';

function bed() {
  const slice = testSlice('http://127.0.0.1');
  const underWay = new UnderWay<Exchange>();
  const series = new ExchangeSeries(slice.recorder, 'thing');
  const answers: Answer[] = [];
  const exchange = (expects?: number[]) =>
    new Exchange(
      { op: 'thing', method: 'POST', path: '/', expects },
      series,
      { maxBytes: 1024, isKept: true },
      underWay,
      (answer) => answers.push(answer),
    );
  return { slice, underWay, answers, exchange };
}

test('a request that gets no connection in time has failed, and is not sent when one comes free', () => {
  const { slice, underWay, answers, exchange } = bed();
  const waiting = exchange();
  underWay.expire(waiting.calledAt);
  assert.deepEqual([answers[0]?.error, answers[0]?.outcome], ['timeout: no connection', 'failed']);
  const abort = () => assert.fail('that would end a healthy connection');
  assert.throws(() => waiting.onConnect(abort), /given up/);
  assert.equal(answers.length, 1);
  assert.deepEqual(slice.recorder.errors, { 'timeout: no connection': 1 });
  assert.deepEqual(recorded(slice)['http_reqs{op:thing}'], { t: 'counter', sum: 1 });
});

test('who gave up the wait for a connection has waited as long as that; who was refused has not waited', () => {
  const waits: [end: (exchange: Exchange, underWay: UnderWay<Exchange>) => void, count: number | undefined][] = [
    [(_, underWay) => underWay.expire(Number.POSITIVE_INFINITY), 1],
    [(waiting) => waiting.onError(Object.assign(new Error(), { code: 'UND_ERR_CONNECT_TIMEOUT' })), 1],
    [(waiting) => waiting.onError(Object.assign(new Error(), { code: 'ECONNREFUSED' })), undefined],
  ];
  for (const [end, count] of waits) {
    const { slice, underWay, exchange } = bed();
    end(exchange(), underWay);
    const blocked = recorded(slice)['http_req_blocked{op:thing}'];
    assert.equal(blocked && unpack(blocked).count, count);
  }
});

test('only those expire whose time is up, in whatever order the others were answered', () => {
  const { underWay, answers, exchange } = bed();
  const [first, second, third] = [exchange(), exchange(), exchange()];
  first.onConnect(() => {});
  first.onHeaders(200, []);
  first.onComplete();
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200],
  );
  underWay.expire(second.calledAt - 0.001);
  assert.equal(answers.length, 1);
  underWay.expire(third.calledAt);
  assert.equal(answers.length, 3);
  underWay.expire(Number.POSITIVE_INFINITY);
  assert.equal(answers.length, 3);
});

test('running out of ports or files is the generator’s own failure', () => {
  for (const code of ['EMFILE', 'EADDRNOTAVAIL']) {
    const { answers, exchange } = bed();
    exchange().onError(Object.assign(new Error(), { code }));
    assert.equal(answers[0]?.error, `generator: ${code}`);
  }
});

test('a status from 400 on is a failure, unless the call expects it', () => {
  const { slice, answers, exchange } = bed();
  for (const expects of [undefined, [410], [404, 410]]) {
    const asked = exchange(expects);
    asked.onConnect(() => {});
    asked.onHeaders(404, []);
    asked.onComplete();
  }
  assert.deepEqual(
    answers.map(({ error, outcome, status }) => [status, outcome, error]),
    [
      [404, 'failed', 'HTTP 404'],
      [404, 'failed', 'HTTP 404'],
      [404, 'ok', undefined],
    ],
  );
  assert.deepEqual(slice.recorder.errors, { 'HTTP 404': 2 });
  assert.deepEqual(recorded(slice)['http_req_failed{op:thing}'], { t: 'rate', passes: 2, total: 3 });
});

test('a request takes until its last byte came, not until that is unpacked', (t) => {
  const { slice, underWay, answers } = bed();
  const now = performance.now();
  let aheadMs = 0;
  t.mock.method(performance, 'now', () => now + aheadMs);
  const limits = {
    isKept: true,
    // Asked for where a body is unpacked, too.
    get maxBytes() {
      aheadMs += 10_000;
      return 1024;
    },
  };
  const series = new ExchangeSeries(slice.recorder, 'thing');
  for (const body of [gzipSync('whole'), Buffer.from('broken')]) {
    const asked = new Exchange({ op: 'thing', method: 'GET', path: '/' }, series, limits, underWay, (answer) =>
      answers.push(answer),
    );
    asked.onConnect(() => {});
    aheadMs += 5;
    asked.onHeaders(200, [Buffer.from('content-encoding'), Buffer.from('gzip')]);
    asked.onData(body);
    asked.onComplete();
  }
  const shown = answers.map(({ status, durationMs }) => [status, Math.round(durationMs)]);
  assert.deepEqual(shown, [
    [200, 10_005],
    [0, 10_005],
  ]);
});
