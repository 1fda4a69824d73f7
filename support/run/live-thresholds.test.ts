import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinMetrics } from '../measure/metrics.ts';
import { newSeries } from '../measure/series.ts';
import { MetricStore } from '../measure/store.ts';
import { type Timeline, timeline } from '../schedule/timeline.ts';
import { abortsLeftOut, LiveThresholds } from './live-thresholds.ts';

/** A slice. */
const relay = { scenario: 'relay', index: 0 };

function planned(threshold: object, shards = 1): Timeline {
  const spec = {
    description: 'a test',
    scenarios: { relay: { executor: 'constant-arrival-rate' as const, rate: 20, duration: '60s', maxVUs: 5 } },
    thresholds: { http_req_duration: [{ threshold: 'p(95)<100', abortOnFail: true, ...threshold }] },
  };
  const file = { name: 'mine', path: 'profiles/mine.json', spec };
  return timeline(file, { load: ['relay'], journey: [] }, { scale: 1, seed: '1', shards });
}

/** When it would have ended the run: requests take as long as `msAt` says of each second; null for never. */
function abortedAt(of: Timeline, msAt: (second: number) => number): number | null {
  const live = new LiveThresholds(of, {});
  for (let second = 0; second < 60; second++) {
    const series = newSeries(builtinMetrics.http_req_duration.type);
    for (let n = 0; n < 20; n++) series.add(msAt(second));
    live.add(relay, { index: second, series: { 'http_req_duration{phase:load,scenario:relay}': series.pack() } });
    const found = live.missed((second + 1) * 1_000);
    if (!found) continue;
    assert.deepEqual([found.metric, found.expression], ['http_req_duration', 'p(95)<100']);
    return found.atMs;
  }
  return null;
}

const slowFrom = (from: number) => (second: number) => (second >= from ? 500 : 10);

test('a run is ended when a threshold is missed, and not before its time', () => {
  assert.equal(abortedAt(planned({}), slowFrom(0)), 1_000);
  assert.equal(abortedAt(planned({}), slowFrom(60)), null);
  assert.equal(abortedAt(planned({ delayAbortEval: '10s' }), slowFrom(0)), 10_000);
  assert.equal(abortedAt(planned({ abortOnFail: false }), slowFrom(0)), null);
  assert.equal(abortedAt(planned({ minSamples: 30 }), slowFrom(0)), 2_000, 'those that lack are still to come');
});

test('of windows, when those to come could not make up for it', () => {
  const windows = { every: '5s' };
  assert.equal(abortedAt(planned(windows), slowFrom(20)), 25_000);
  assert.equal(abortedAt(planned({ ...windows, share: 0.8 }), slowFrom(20)), 35_000, 'the third of twelve');
  assert.equal(
    abortedAt(planned({ ...windows, share: 0.8 }), (second) => (second < 10 ? 500 : 10)),
    null,
  );
});

test('a window is not missed as long as iterations that were due in it may make up for that', () => {
  /** Of ten iterations that are due in a second so many fail at once; the others succeed after five. */
  const endedAt = (source: string, threshold: string, failing: (second: number) => number) => {
    const thresholds = { [source]: [{ threshold, every: '5s', abortOnFail: true }] };
    const live = new LiveThresholds({ ...planned({}), thresholds }, {});
    for (let second = 0; second < 60; second++) {
      const add = (due: number, metric: 'iteration_failed' | 'iterations' | 'iteration_lateness', values: number[]) => {
        const series = newSeries(builtinMetrics[metric].type);
        for (const value of values) series.add(value);
        const packed = { [`${metric}{phase:load,scenario:relay}`]: series.pack() };
        if (values.length > 0) live.add(relay, { index: due, series: packed });
      };
      const all = (due: number) => (due < 0 ? 0 : 10);
      const slow = all(second - 5) && 10 - failing(second - 5);
      add(second - 5, 'iteration_failed', Array<number>(slow).fill(0));
      add(second - 5, 'iterations', Array<number>(slow).fill(1));
      add(second, 'iteration_lateness', Array<number>(10).fill(1));
      add(second, 'iteration_failed', Array<number>(failing(second)).fill(1));
      add(second, 'iterations', Array<number>(failing(second)).fill(1));
      const found = live.missed((second + 1) * 1_000);
      if (found) return found.atMs;
    }
    return null;
  };
  const some = () => 1;
  assert.equal(endedAt('iteration_failed', 'rate<0.2', some), null, 'at first all that have ended failed');
  assert.equal(endedAt('iterations', 'rate>9', some), null);
  assert.equal(
    endedAt('iteration_failed', 'rate<0.2', (second) => (second < 20 ? 1 : 5)),
    25_000,
    'whatever becomes of the others',
  );
  assert.equal(endedAt('iterations', 'rate>11', some), 10_000, 'once all have ended');
});

test('windows are looked at when there is one more interval of them, and not each time', (t) => {
  const arrivals = { executor: 'constant-arrival-rate' as const, rate: 20, duration: '30m', maxVUs: 5 };
  const thresholds = { http_req_duration: [{ threshold: 'p(95)<100', every: '12s', abortOnFail: true }] };
  const spec = { description: 'a test', scenarios: { relay: arrivals }, thresholds };
  const file = { name: 'mine', path: 'profiles/mine.json', spec };
  const of = timeline(file, { load: ['relay'], journey: [] }, { scale: 1, seed: '1', shards: 1 });
  assert.equal(of.intervalMs, 6_000);
  const live = new LiveThresholds(of, {});
  const over = t.mock.method(MetricStore.prototype, 'over');
  const looked: number[] = [];
  for (let second = 1; second <= 30; second++) {
    if (second % 6 === 0) {
      const series = newSeries('trend');
      for (let n = 0; n < 120; n++) series.add(second > 20 ? 500 : 10);
      const packed = { 'http_req_duration{phase:load,scenario:relay}': series.pack() };
      live.add(relay, { index: second / 6 - 1, series: packed });
    }
    const before = over.mock.callCount();
    const found = live.missed(second * 1_000);
    if (over.mock.callCount() > before) looked.push(second);
    assert.equal(found !== undefined, second === 24, `${second}`);
    if (found) break;
  }
  assert.deepEqual(looked, [6, 12, 18, 24]);
});

test('windows begin with the scenario that the threshold is about, also where that is not named', () => {
  const arrivals = { executor: 'constant-arrival-rate' as const, rate: 20, duration: '40s', maxVUs: 5 };
  const spec = {
    description: 'a test',
    scenarios: { relay: arrivals, later: { ...arrivals, startTime: '20s' } },
    thresholds: { ws_msgs_received: [{ threshold: 'rate>10', every: '5s', abortOnFail: true }] },
  };
  const file = { name: 'mine', path: 'profiles/mine.json', spec };
  const of = timeline(file, { load: ['relay', 'later'], journey: [] }, { scale: 1, seed: '1', shards: 1 });
  const endedAt = (until: number) => {
    const live = new LiveThresholds(of, {});
    for (let second = 0; second < 60; second++) {
      const received = { 'ws_msgs_received{phase:load,scenario:later}': { t: 'counter', sum: 20 } as const };
      live.add(relay, { index: second, series: second >= 20 && second < until ? received : {} });
      const found = live.missed((second + 1) * 1_000);
      if (found) return found.atMs;
    }
    return null;
  };
  assert.equal(endedAt(60), null);
  assert.equal(endedAt(30), 35_000);
  assert.equal(endedAt(20), 25_000, 'nothing came at all');
});

test('a number a second that is asked for is looked at once it was told of, and a number not before it can no longer come', () => {
  const arrivals = { executor: 'constant-arrival-rate' as const, rate: 20, duration: '50s', maxVUs: 5 };
  /** @param at how many are counted in a second of each of two slices; the other one tells of it only before the next look */
  const endedAt = (source: string, threshold: string, at: (second: number) => number) => {
    const spec = {
      description: 'a test',
      calm: '10s',
      slices: 2,
      scenarios: { relay: arrivals },
      thresholds: { [source]: [{ threshold, abortOnFail: true }] },
    };
    const file = { name: 'mine', path: 'profiles/mine.json', spec };
    const live = new LiveThresholds(
      timeline(file, { load: ['relay'], journey: [] }, { scale: 1, seed: '1', shards: 1 }),
      {},
    );
    for (let second = 0; second < 60; second++) {
      const phase = second < 10 ? 'calm' : 'load';
      const interval = {
        index: second,
        series: { [`http_reqs{phase:${phase},scenario:relay}`]: { t: 'counter', sum: at(second) } as const },
      };
      const early = live.missed(second * 1_000 + 1);
      live.add(relay, interval);
      const found = early ?? live.missed((second + 1) * 1_000);
      live.add({ ...relay, index: 1 }, interval);
      if (found) return found.atMs;
    }
    return null;
  };
  const steady = (second: number) => (second < 10 ? 0 : 10);
  const stopped = (second: number) => (second < 10 || second >= 20 ? 0 : 10);
  for (const source of ['http_reqs', 'http_reqs{scenario:relay}', 'http_reqs{phase:load}']) {
    assert.equal(endedAt(source, 'rate>19', steady), null, source);
    assert.equal(endedAt(source, 'rate>15', stopped), 24_001, source);
  }
  assert.equal(endedAt('http_reqs', 'rate<19', steady), null, 'over the calm too');
  assert.equal(endedAt('http_reqs', 'rate<2', steady), 12_000);
  assert.equal(endedAt('http_reqs', 'count>500', steady), null);
  assert.equal(endedAt('http_reqs', 'count<500', steady), 35_001);
  assert.equal(endedAt('http_reqs', 'count==1000', steady), null, 'what is asked for exactly may come, too');
  assert.equal(endedAt('http_reqs', 'count!=0', steady), null);
  assert.equal(endedAt('http_reqs', 'count==500', steady), 36_000, 'and no more once there are more');
  assert.equal(endedAt('http_reqs', 'count==0', steady), 11_000);
});

/** What is missed after `seconds` in which each request took `ms`. */
function missedAfter(of: Timeline, seconds: number, ms: number, live = new LiveThresholds(of, {})): string[] {
  for (let second = 0; second < seconds; second++) {
    const series = newSeries(builtinMetrics.http_req_duration.type);
    for (let n = 0; n < 20; n++) series.add(ms);
    live.add(relay, { index: second, series: { 'http_req_duration{phase:load,scenario:relay}': series.pack() } });
  }
  return live.missing(seconds * 1_000).map(({ metric, expression }) => `${metric}: ${expression}`);
}

test('what is missed so far is told of every threshold, and no more once it holds', () => {
  const plain = planned({ abortOnFail: false });
  assert.deepEqual(missedAfter(plain, 1, 500), ['http_req_duration: p(95)<100']);
  assert.deepEqual(missedAfter(plain, 1, 10), []);
  assert.deepEqual(missedAfter(planned({}, 2), 1, 500), [], 'a shard sees its own part only');
  const live = new LiveThresholds(plain, {});
  missedAfter(plain, 1, 500, live);
  assert.deepEqual(missedAfter(plain, 60, 1, live), []);
  assert.deepEqual(missedAfter(planned({ threshold: 'count>1000' }), 1, 10), [], 'more may still come');
  const bytes = new LiveThresholds({ ...plain, thresholds: { data_received: ['count>1000', 'count<100'] } }, {});
  bytes.add(relay, { index: 0, series: { 'data_received{phase:load,scenario:relay}': { t: 'counter', sum: 500 } } });
  assert.deepEqual(
    bytes.missing(1_000).map(({ expression }) => expression),
    ['count<100'],
    'of bytes as well',
  );
});

test('a shard ends nothing: it sees its own part only', () => {
  assert.equal(abortedAt(planned({}, 2), slowFrom(0)), null);
});

test('a shard says which thresholds ask for an end that does not come, and nobody else does', () => {
  const two = planned({}, 2);
  const again = { threshold: 'rate<0.1', every: '5s', abortOnFail: true };
  assert.equal(
    abortsLeftOut({ ...two, thresholds: { ...two.thresholds, http_req_failed: [again, 'rate<0.5'] } }),
    'abortOnFail is left out of p(95)<100 of http_req_duration and rate<0.1 of http_req_failed: a shard sees a part of the run alone, and goes on to its end.',
  );
  assert.equal(abortsLeftOut(planned({}, 1)), undefined);
  assert.equal(abortsLeftOut(planned({ abortOnFail: false }, 2)), undefined);
});

test('a rate that nothing has been counted of, at the start itself, ends no run', () => {
  const thresholds = { http_reqs: [{ threshold: 'rate<100', abortOnFail: true }] };
  const live = new LiveThresholds({ ...planned({}), thresholds }, {});
  assert.equal(live.missed(0), undefined);
  assert.deepEqual(live.missing(0), []);
});
