import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HistogramLogWriter } from 'hdr-histogram-js';
import { Trend } from '../../support/measure/histogram.ts';
import {
  goDuration,
  histogramReport,
  jsonReport,
  latenciesIn,
  parseReport,
  textReport,
  vegetaMetrics,
} from './report.ts';

function trendOf(values: number[]): Trend {
  const trend = new Trend();
  for (const value of values) trend.add(value);
  return trend;
}

const latencies = trendOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 100]);
const counter = (count: number) => ({
  type: 'counter' as const,
  contains: 'default' as const,
  count,
  values: { count },
});
const time = { type: 'trend' as const, contains: 'time' as const };
const verdict = {
  startedAt: '2026-11-27T10:00:00.000Z',
  durationMs: 1_000,
  errors: { 'HTTP 500': 2 },
  metrics: {
    'iteration_response_time{scenario:attack}': { ...time, count: 10, values: { avg: 14.5 } },
    'iteration_failed{scenario:attack}': {
      type: 'rate' as const,
      contains: 'default' as const,
      count: 10,
      values: { rate: 0.3, passes: 3, fails: 7 },
    },
    'data_received{scenario:attack}': counter(1_000),
    'data_sent{scenario:attack}': counter(50),
    attack_answers: counter(9),
    'attack_answers{scenario:attack}': counter(9),
    'attack_answers{scenario:attack,status:500}': counter(2),
    'attack_answers{scenario:attack,status:200}': counter(7),
    'attack_answers{phase:load,scenario:attack,status:200}': counter(7),
    'attack_answers{scenario:other,status:200}': counter(70),
  },
};
const metrics = vegetaMetrics(verdict, latencies, 'attack', 10, 1_000);

test('JSON has Vegeta’s fields, in its order and units', () => {
  assert.equal(
    jsonReport(metrics),
    '{"latencies":{"total":145000000,"mean":14500000,"50th":5003000,"90th":9007000,"95th":100031000,"99th":100031000,' +
      '"max":100031000,"min":1000000},"bytes_in":{"total":1000,"mean":100},"bytes_out":{"total":50,"mean":5},' +
      '"earliest":"2026-11-27T10:00:00.000Z","latest":"2026-11-27T10:00:00.900Z","end":"2026-11-27T10:00:01.000Z",' +
      '"duration":900000000,"wait":100000000,"requests":10,"rate":11.11111111111111,"throughput":7,"success":0.7,' +
      '"status_codes":{"0":1,"200":7,"500":2},"errors":["HTTP 500"]}\n',
  );
});

test('text is laid out as Vegeta’s', () => {
  assert.equal(
    textReport(metrics),
    `Requests      [total, rate, throughput]         10, 11.11, 7.00
Duration      [total, attack, wait]             1s, 900ms, 100ms
Latencies     [min, mean, 50, 90, 95, 99, max]  1ms, 14.5ms, 5.003ms, 9.007ms, 100.031ms, 100.031ms, 100.031ms
Bytes In      [total, mean]                     1000, 100.00
Bytes Out     [total, mean]                     50, 5.00
Success       [ratio]                           70.00%
Status Codes  [code:count]                      0:1  200:7  500:2  ${''}
Error Set:
HTTP 500
`,
  );
});

test('a histogram has Vegeta’s buckets, which end before the next begins', () => {
  assert.equal(
    histogramReport(latencies, [0, 2, 6]),
    `Bucket         #  %       Histogram
[0s,    2ms]   1  10.00%  #######
[2ms,   6ms]   4  40.00%  ##############################
[6ms,   +Inf]  5  50.00%  #####################################
`,
  );
});

test('what was dropped makes the rate smaller, and not the attack shorter', () => {
  const dropped = { ...verdict.metrics, 'dropped_iterations{scenario:attack}': counter(10) };
  const { requests, rate, duration, latest } = vegetaMetrics(
    { ...verdict, metrics: dropped },
    latencies,
    'attack',
    20,
    1_000,
  );
  assert.deepEqual([requests, duration, latest], [10, 950_000_000, '2026-11-27T10:00:00.950Z']);
  assert.equal(rate.toFixed(2), '10.53');
});

test('a run in which nothing was measured has zeros', () => {
  const nothing = vegetaMetrics({ ...verdict, metrics: {}, errors: {} }, new Trend(), 'attack', undefined, 500);
  assert.deepEqual(
    [nothing.requests, nothing.success, nothing.latencies.max, nothing.duration],
    [0, 0, 0, 500_000_000],
  );
  assert.match(textReport(nothing), /^Latencies {5}\[min, mean, 50, 90, 95, 99, max\] {2}0s, 0s, 0s, 0s, 0s, 0s, 0s$/m);
  assert.match(histogramReport(new Trend(), [0, 1]), /^\[0s, {4}1ms\] {3}0 {2}0\.00% {2}$/m);
});

test('latencies are all of the scenario’s in the log of histograms, cut off or not', () => {
  const lines: string[] = [];
  const writer = new HistogramLogWriter((text) => lines.push(text));
  const write = (tag: string, values: number[]) => {
    const { histogram } = trendOf(values);
    histogram.tag = tag;
    writer.outputIntervalHistogram(histogram, 0, 1);
  };
  write('iteration_response_time{op:hit;phase:load;scenario:attack}', [1, 2]);
  write('iteration_response_time{op:hit;phase:load;scenario:attack;unfinished:yes}', [50]);
  write('iteration_response_time{op:hit;phase:load;scenario:other}', [7]);
  write('http_req_duration{op:GET%20/;phase:load;scenario:attack}', [9]);
  const found = latenciesIn(lines.join(''), 'attack');
  assert.deepEqual([found.count, found.min, Math.round(found.max)], [3, 1, 50]);
});

test('reports by their names, and times as Go writes them', () => {
  assert.deepEqual(parseReport('hist[0,500us, 1.5ms,2s]'), { type: 'hist', bucketsMs: [0, 0.5, 1.5, 2_000] });
  for (const text of ['hist', 'hist[]', 'hist[2s,1s]', 'hist[1s,1s]', 'hist[a]', 'hdr', 'Text']) {
    assert.equal(parseReport(text), undefined, text);
  }
  const table: [ns: number, text: string][] = [
    [0, '0s'],
    [750, '750ns'],
    [428_250, '428.25µs'],
    [1_339_000, '1.339ms'],
    [14_996_000_000, '14.996s'],
    [60_000_000_000, '1m0s'],
    [5_430_500_000_000, '1h30m30.5s'],
  ];
  for (const [ns, text] of table) assert.equal(goDuration(ns), text);
});
