import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tags } from '../../measure/metrics.ts';
import { Recorder } from '../../measure/recorder.ts';
import { measured } from '../measured.fixture.ts';
import { exampleVerdict, undecidedThreshold } from '../verdict.fixture.ts';
import { prometheusText } from './prometheus.ts';

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (-?[\\d.e+-]+|NaN)$`);

/** Reads Prometheus' text format as strictly as Prometheus does: values by name and sorted labels, types by name. */
function read(text: string) {
  const samples: Record<string, number> = {};
  const types: Record<string, string> = {};
  for (const line of text.split('\n').filter(Boolean)) {
    const [, name, type] = /^# TYPE (\S+) (counter|gauge|summary)$/.exec(line) ?? [];
    if (name) types[name] = type!;
    if (line.startsWith('#')) continue;
    const [, sample, labels = '', value] = SAMPLE.exec(line) ?? assert.fail(line);
    const sorted = labels.match(new RegExp(LABEL, 'g'))!.filter((label) => !/^(profile|target)=/.test(label));
    assert.equal(sorted.length + 2, labels.match(new RegExp(LABEL, 'g'))!.length, `profile and target in ${line}`);
    const key = `${sample}{${sorted.sort().join()}}`;
    assert.ok(!(key in samples), `${key} twice`);
    samples[key] = Number(value);
  }
  return { samples, types };
}

test('totals of every series, in base units', async () => {
  const { samples, types } = read(await prometheusText(exampleVerdict(), measured()));
  assert.equal(types.tandem_http_req_duration_seconds, 'summary');
  assert.equal(types.tandem_iterations_total, 'counter');
  assert.equal(types.tandem_http_req_failed_ratio, 'gauge');
  const push = 'op="push",scenario="relay"';
  const close = (key: string, value: number) =>
    assert.ok(Math.abs(samples[key]! / value - 1) < 0.001, `${key} ${samples[key]}`);
  close(`tandem_http_req_duration_seconds{op="push",quantile="0.5",scenario="relay"}`, 0.024);
  close(`tandem_http_req_duration_seconds_sum{${push}}`, 3.78);
  assert.equal(samples[`tandem_http_req_duration_seconds_count{${push}}`], 120);
  assert.equal(samples['tandem_iterations_total{scenario="relay"}'], 90);
  assert.equal(samples['tandem_data_received_bytes_total{scenario="relay"}'], 6_000);
  assert.equal(samples['tandem_http_req_failed_ratio{scenario="relay"}'], 0.5);
  assert.equal(samples['tandem_vus{scenario="relay"}'], 34);
  close('tandem_browser_web_vital_cls{journey="light",phase="load",quantile="0.99"}', 0.25);
});

test('the verdict, its thresholds and oracles', async () => {
  const { samples } = read(await prometheusText(exampleVerdict(), measured()));
  const verdicts = ['pass', 'fail', 'invalid'].map((status) => samples[`tandem_verdict{status="${status}"}`]);
  assert.deepEqual(verdicts, [0, 1, 0]);
  assert.equal(samples['tandem_run_start_timestamp_seconds{}'], 1_749_306_153.12);
  assert.equal(samples['tandem_run_duration_seconds{}'], 125);
  const held = Object.entries(samples).filter(([key]) => key.startsWith('tandem_threshold_ok{'));
  assert.deepEqual(
    held.map(([, ok]) => ok),
    [0, 1, 1, 1, 1],
  );
  assert.equal(samples['tandem_oracle_violations{oracle="convergence"}'], 0);
});

test('a threshold that is on the right side of its limit, but undecided, has not held', async () => {
  const thresholds = [
    undecidedThreshold(true),
    { ...undecidedThreshold(true), expression: 'p(99)<500', decided: true },
  ];
  const { samples } = read(await prometheusText(exampleVerdict({ thresholds }), measured()));
  const held = Object.entries(samples).filter(([key]) => key.startsWith('tandem_threshold_ok{'));
  assert.deepEqual(
    held.map(([, ok]) => ok),
    [0, 1],
  );
});

test('what is asked of the whole run and of windows has held where both have', async () => {
  const [threshold] = exampleVerdict().thresholds;
  const okOf = async (...all: boolean[]) => {
    const thresholds = all.map((ok) => ({ ...threshold!, ok }));
    const { samples } = read(await prometheusText(exampleVerdict({ thresholds }), measured()));
    return Object.entries(samples).flatMap(([key, ok]) => (key.startsWith('tandem_threshold_ok{') ? ok : []));
  };
  assert.deepEqual([await okOf(false, true), await okOf(true, false), await okOf(true, true)], [[0], [0], [1]]);
});

test('hostile names stay in their labels', async () => {
  const { thresholds, oracles } = exampleVerdict();
  const hostile = 'a"} 1\r\ntandem_verdict{status="pass"} 1 \\';
  const verdict = exampleVerdict({
    target: { name: hostile, url: '' },
    thresholds: [{ ...thresholds[0]!, metric: hostile }],
    oracles: [{ ...oracles[0]!, name: hostile }],
  });
  const { samples } = read(await prometheusText(verdict, measured()));
  assert.equal(samples['tandem_verdict{status="pass"}'], 0);
  assert.ok(samples[`tandem_oracle_violations{oracle="a\\"} 1\r\\ntandem_verdict{status=\\"pass\\"} 1 \\\\"}`] === 0);
});

test('tags that differ in a blank, a comma or a dash are series of their own', async () => {
  const record = measured();
  const recorder = new Recorder('other', 'load');
  const all = [{ op: 'a b' }, { op: 'a  b' }, { op: 'a,b' }, { op: 'a\nb' }, { op: 'a\\nb' }, { op: ' a b' }];
  const tags = [
    ...all,
    { 'page-type': 'a' },
    { 'page type': 'a' },
    { page_type: 'a' },
    { '1st': 'a' },
    { quantile: 'a' },
    { quantile: 'b' },
  ];
  for (const one of tags) {
    recorder.add('ws_ping', 5, one as Tags);
    recorder.add('ws_msgs_sent', 1, one as Tags);
  }
  record.store.add({ index: 0, series: recorder.pack() });
  // Reading fails where a series is there twice.
  const { samples } = read(await prometheusText(exampleVerdict(), record));
  const sent = Object.keys(samples).filter((key) => /^tandem_ws_msgs_sent_total\{.*,/.test(key));
  assert.equal(sent.length, tags.length, sent.join('\n'));
  assert.ok(sent.every((key) => samples[key] === 1));
  assert.ok(sent.includes('tandem_ws_msgs_sent_total{U__page_2d_type="a",scenario="other"}'));
});

test('metrics of an author that are called as those of the run, or that become one with another, have names of their own', async () => {
  const record = measured();
  const own = {
    run_duration: { type: 'trend', contains: 'time' },
    verdict: { type: 'gauge', contains: 'default' },
    orders: { type: 'counter', contains: 'data' },
    orders_bytes: { type: 'counter', contains: 'data' },
  } as const;
  const recorder = new Recorder('shop', 'load', own);
  for (const metric of Object.keys(own)) recorder.add(metric, 3);
  record.store.define(own);
  record.store.add({ index: 0, series: recorder.pack() });
  const { samples } = read(await prometheusText(exampleVerdict(), record));
  const shop = 'scenario="shop"';
  assert.deepEqual([samples['tandem_verdict{status="fail"}'], samples[`tandem_own_verdict{${shop}}`]], [1, 3]);
  assert.equal(samples['tandem_run_duration_seconds{}'], 125);
  assert.equal(samples[`tandem_own_run_duration_seconds_count{${shop}}`], 1);
  assert.equal(samples[`tandem_orders_bytes_total{${shop}}`], 3);
  assert.equal(samples[`tandem_own_orders_bytes_total{${shop}}`], 3);
});
