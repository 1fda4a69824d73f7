import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build, type Histogram, HistogramLogReader, listTags } from 'hdr-histogram-js';
import { Recorder } from '../../measure/recorder.ts';
import { INTERVAL_MS, measured } from '../measured.fixture.ts';
import { exampleVerdict } from '../verdict.fixture.ts';
import { histogramLog } from './hlog.ts';

const verdict = exampleVerdict();
const PUSH = 'http_req_duration{op:push;scenario:relay}';

function read(log: string): Histogram[] {
  const reader = new HistogramLogReader(log);
  const intervals: Histogram[] = [];
  for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram()) intervals.push(next);
  return intervals;
}

test('HdrHistogram reads every trend, interval by interval, with the figures it had', () => {
  const record = measured();
  const log = histogramLog(verdict, record);
  assert.deepEqual(listTags(log), [PUSH, 'browser_web_vital_cls{journey:light;phase:load}']);
  const intervals = read(log);
  const push = intervals.filter(({ tag }) => tag === PUSH);
  assert.equal(intervals.length, 4);
  const start = Date.parse(verdict.startedAt);
  const over = [...record.store.over('http_req_duration', { op: 'push' })];
  assert.deepEqual(
    push.map((h) => [Math.round(h.startTimeStampMsec - start), Math.round(h.endTimeStampMsec - start), h.totalCount]),
    over.map(([index]) => [index * INTERVAL_MS, (index + 1) * INTERVAL_MS, 40]),
  );
  over.forEach(([, series], i) => {
    assert.ok(series.type === 'trend');
    for (const p of [0, 50, 90, 99, 100]) {
      assert.equal(push[i]!.getValueAtPercentile(p) / 1000, series.trend.percentile(p), `p${p}`);
    }
  });
  assert.equal(intervals.find(({ tag }) => tag.startsWith('browser'))!.getValueAtPercentile(50), 250);
  const whole = build();
  for (const one of push) whole.add(one);
  assert.equal(whole.getValueAtPercentile(95) / 1000, record.store.trend('http_req_duration').percentile(95));
});

test('the log is one that stricter readers take: a version, no empty line, in the order of time, tags without commas', () => {
  const log = histogramLog({ ...verdict, profile: 'two\nlines' }, measured());
  const lines = log.slice(0, -1).split('\n');
  assert.match(lines[1]!, /^#\[Histogram log format version 1\.3\]$/);
  assert.match(lines[2]!, /^#\[StartTime: 1749306153\.120 \(seconds since epoch\), /);
  assert.equal(lines[3], '#[BaseTime: 1749306153.120 (seconds since epoch)]');
  assert.equal(lines[4], '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"');
  const rows = lines.slice(5).map((line) => /^Tag=[^, ]+,([\d.]+),([\d.]+),([\d.]+),([\w+/=]+)$/.exec(line)!);
  assert.deepEqual(
    rows.map(([, start, length, max]) => `${start} ${length} ${max}`),
    ['0.000 2.000 40.031', '2.000 2.000 80.063', '2.000 2.000 0.250', '4.000 2.000 120.063'],
  );
});

test('a long run has several intervals in a line, and loses nothing', () => {
  const record = measured();
  const intervals = read(histogramLog(verdict, { ...record, intervals: 40 }));
  const push = intervals.filter(({ tag }) => tag === PUSH);
  const start = Date.parse(verdict.startedAt);
  assert.deepEqual(
    push.map((h) => [Math.round(h.startTimeStampMsec - start), Math.round(h.endTimeStampMsec - start), h.totalCount]),
    [
      [0, 2 * INTERVAL_MS, 80],
      [2 * INTERVAL_MS, 4 * INTERVAL_MS, 40],
    ],
  );
  const whole = build();
  for (const one of push) whole.add(one);
  for (const p of [0, 50, 95, 100]) {
    assert.equal(whole.getValueAtPercentile(p) / 1000, record.store.trend('http_req_duration').percentile(p), `p${p}`);
  }
});

test('a run that measured nothing is a log without intervals', () => {
  const { store } = measured();
  const empty = { ...measured(), store: Object.assign(Object.create(store), { series: () => [].values() }) };
  assert.deepEqual(read(histogramLog(verdict, empty)), []);
});

test('names that differ in a blank, a comma or a semicolon stay apart', () => {
  const record = measured();
  const recorder = new Recorder('other', 'load');
  const values = ['a b', 'a,b', 'a;b', 'a  b', 'a\u00a0b', 'a%20b', 'a\nb'];
  for (const op of values) recorder.add('ws_ping', 5, { op });
  record.store.add({ index: 0, series: recorder.pack() });
  const log = histogramLog(verdict, record);
  const tags = listTags(log).filter((tag) => tag.startsWith('ws_ping'));
  assert.equal(new Set(tags).size, values.length);
  assert.ok(tags.includes('ws_ping{op:a%20b;scenario:other}'), tags.join(' '));
  assert.ok(tags.every((tag) => /^[^,\s]+$/.test(tag)));
});
