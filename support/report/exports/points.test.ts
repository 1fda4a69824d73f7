import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measured } from '../measured.fixture.ts';
import { exampleVerdict } from '../verdict.fixture.ts';
import { pointLines } from './points.ts';

const { thresholds } = exampleVerdict();
const verdict = exampleVerdict({
  thresholds: [
    { ...thresholds[0]!, metric: 'http_req_duration{op:push}', expression: 'p(95)<500' },
    { ...thresholds[0]!, metric: 'http_req_duration', expression: 'p(99)<900' },
  ],
});
const lines = pointLines(verdict, measured())
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const pointsOf = (metric: string) => lines.filter((line) => line.type === 'Point' && line.metric === metric);

test('each metric is introduced once, before its first point, as k6 does', () => {
  const introduced = lines.filter(({ type }) => type === 'Metric').map(({ metric }) => metric);
  assert.equal(new Set(introduced).size, introduced.length);
  const known = new Set<string>();
  for (const { type, metric } of lines) {
    if (type === 'Metric') known.add(metric);
    else assert.ok(known.has(metric), metric);
  }
  assert.deepEqual(lines[0], {
    type: 'Metric',
    data: {
      name: 'http_req_duration',
      type: 'trend',
      contains: 'time',
      thresholds: ['p(99)<900'],
      submetrics: [{ name: 'http_req_duration{op:push}', suffix: 'op:push', tags: { op: 'push' } }],
    },
    metric: 'http_req_duration',
  });
  assert.deepEqual(lines.find(({ type, metric }) => type === 'Metric' && metric === 'iterations')!.data, {
    name: 'iterations',
    type: 'counter',
    contains: 'default',
    thresholds: [],
    submetrics: null,
  });
});

test('a point for every interval: sums, last values, shares', () => {
  const values = (metric: string) => pointsOf(metric).map(({ data }) => data.value);
  assert.deepEqual(values('iterations'), [30, 30, 30]);
  assert.deepEqual(values('vus'), [30, 32, 34]);
  assert.deepEqual(pointsOf('http_req_failed')[0], {
    metric: 'http_req_failed',
    type: 'Point',
    data: { time: '2025-06-07T14:22:35.120Z', value: 0.5, tags: { scenario: 'relay', count: '2' } },
  });
  assert.deepEqual(
    pointsOf('iterations').map(({ data }) => Date.parse(data.time) - Date.parse(verdict.startedAt)),
    [2_000, 4_000, 6_000],
  );
});

test('a trend has a point for each of its figures', () => {
  const points = pointsOf('http_req_duration').slice(0, 7);
  const figures = points.map(({ data }) => [data.tags.stat, Math.round(data.value)]);
  assert.deepEqual(Object.fromEntries(figures), {
    avg: 16,
    min: 1,
    med: 14,
    max: 40,
    'p(90)': 32,
    'p(95)': 36,
    'p(99)': 40,
  });
  assert.deepEqual(points[0].data.tags, { op: 'push', scenario: 'relay', stat: 'avg', count: '40' });
});
