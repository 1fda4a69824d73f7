import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { seriesKey } from '../../measure/metrics.ts';
import { serve } from '../../server.fixture.ts';
import { measured } from '../measured.fixture.ts';
import { exampleVerdict } from '../verdict.fixture.ts';
import { exportOtlp, otlpMetrics } from './otlp.ts';

/** A protobuf message by field number: what has a length as bytes, the rest as the 8 bytes or the number it is. */
type Message = Map<number, (Buffer | number)[]>;

function decode(bytes: Buffer): Message {
  const message: Message = new Map();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = varint();
    const type = key & 7;
    const value = type === 0 ? varint() : take(type === 1 ? 8 : type === 5 ? 4 : varint());
    message.set(key >> 3, [...(message.get(key >> 3) ?? []), value]);
  }
  return message;
}

const parts = (message: Message, field: number) => (message.get(field) ?? []).map((bytes) => decode(bytes as Buffer));
const text = (message: Message, field: number) => String(message.get(field)?.[0] ?? '');
const double = (message: Message, field: number) => (message.get(field)![0] as Buffer).readDoubleLE();
const long = (message: Message, field: number) => Number((message.get(field)![0] as Buffer).readBigUInt64LE());
const packed = <T>(message: Message, field: number, read: (bytes: Buffer, at: number) => T) => {
  const bytes = message.get(field)![0] as Buffer;
  return Array.from({ length: bytes.length / 8 }, (_, i) => read(bytes, i * 8));
};
const attributes = (message: Message, field: number) =>
  Object.fromEntries(parts(message, field).map((pair) => [text(pair, 1), text(parts(pair, 2)[0]!, 1)]));

/** What an ExportMetricsServiceRequest of one resource and one scope says. */
function read(body: Buffer) {
  const [resource] = parts(decode(body), 1);
  const [scope] = parts(resource!, 2);
  const metrics = parts(scope!, 2).map((metric) => {
    const kind = ([5, 7, 9] as const).find((field) => metric.has(field))!;
    const [data] = parts(metric, kind);
    const points = parts(data!, 1);
    const facts = { unit: text(metric, 3), kind: { 5: 'gauge', 7: 'sum', 9: 'histogram' }[kind], points };
    return [
      text(metric, 1),
      { ...facts, cumulative: data!.get(2)?.[0] === 2, monotonic: data!.get(3)?.[0] === 1 },
    ] as const;
  });
  return { resource: attributes(parts(resource!, 1)[0]!, 1), metrics: new Map(metrics) };
}

function environment(t: TestContext, values: Record<string, string>) {
  Object.assign(process.env, values);
  t.after(() => {
    for (const name of Object.keys(values)) delete process.env[name];
  });
}

test('a receiver gets the course of every series, with the headers that OpenTelemetry’s variables name', async (t) => {
  const requests: { asked: string; headers: Record<string, unknown>; body: Buffer }[] = [];
  const { url } = await serve(t, async (request, response) => {
    const body = await buffer(request);
    requests.push({ asked: `${request.method} ${request.url}`, headers: request.headers, body });
    response.end();
  });
  environment(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20secret',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=staging,tandem.profile=mine',
  });
  const verdict = exampleVerdict();
  const record = measured();
  await exportOtlp(otlpMetrics(verdict, record), 2_000);
  assert.deepEqual(
    requests.map(({ asked }) => asked),
    ['POST /v1/metrics'],
  );
  const { headers, body } = requests[0]!;
  assert.equal(headers.authorization, 'Bearer secret');
  assert.equal(headers['content-type'], 'application/x-protobuf');
  const { resource, metrics } = read(gunzipSync(body));
  assert.deepEqual(resource, {
    'service.name': 'tandem',
    'service.instance.id': verdict.runId,
    'tandem.profile': 'mine',
    'tandem.target': 'embedded',
    'tandem.verdict': 'fail',
    'deployment.environment': 'staging',
  });

  const numbers = (name: string) => metrics.get(name)!.points.map((point) => double(point, 4));
  const iterations = metrics.get('tandem.iterations')!;
  assert.deepEqual(
    { ...iterations, points: numbers('tandem.iterations') },
    { unit: '1', kind: 'sum', points: [30, 60, 90], cumulative: true, monotonic: true },
  );
  const start = Date.parse(verdict.startedAt);
  const [point] = iterations.points;
  assert.deepEqual(
    [long(point!, 2), long(point!, 3)].map((nanos) => Math.round(nanos / 1e6) - start),
    [0, 2_000],
  );
  assert.deepEqual(attributes(point!, 7), { scenario: 'relay' });
  assert.deepEqual(numbers('tandem.http_req_failed.occurred'), [1, 2, 3]);
  assert.deepEqual(numbers('tandem.http_req_failed.total'), [2, 4, 6]);
  assert.equal(metrics.get('tandem.vus')!.kind, 'gauge');
  assert.deepEqual(numbers('tandem.vus'), [30, 32, 34]);
  assert.equal(metrics.get('tandem.data_received')!.unit, 'By');

  const { kind, unit, points } = metrics.get('tandem.http_req_duration')!;
  assert.deepEqual([kind, unit, points.length], ['histogram', 'ms', 3]);
  const last = points[2]!;
  const bounds = packed(last, 7, (bytes, at) => bytes.readDoubleLE(at));
  const counts = packed(last, 6, (bytes, at) => Number(bytes.readBigUInt64LE(at)));
  const values = [1, 2].flatMap((slice) =>
    [1, 2, 3].flatMap((i) => Array.from({ length: 20 }, (_, n) => (n + 1) * slice * i)),
  );
  assert.equal(counts.length, bounds.length + 1);
  assert.deepEqual(
    counts,
    [...bounds, Number.POSITIVE_INFINITY].map(
      (bound, i) => values.filter((value) => value <= bound && value > (bounds[i - 1] ?? 0)).length,
    ),
  );
  assert.equal(long(last, 4), 120);
  assert.equal(
    double(last, 5),
    values.reduce((sum, value) => sum + value),
  );
  assert.deepEqual([double(last, 11), Math.round(double(last, 12))], [1, 120]);
  assert.deepEqual(attributes(last, 9), { op: 'push', scenario: 'relay' });
});

test('names are attributes as their author wrote them, whatever is in them', async (t) => {
  const bodies: Buffer[] = [];
  const { url } = await serve(t, async (request, response) => {
    bodies.push(await buffer(request));
    response.end();
  });
  environment(t, { OTEL_EXPORTER_OTLP_ENDPOINT: url });
  const names = ['a|b', '<c> & d', '`e`', 'f\ng\r', 'h "i" \\', 'j, k:l', '名 😀'];
  const record = measured();
  for (const op of names) {
    record.store.add({ index: 0, series: { [seriesKey('iterations', { op })]: { t: 'counter', sum: 1 } } });
  }
  const verdict = exampleVerdict({ runId: names[3]!, profile: names[1]!, target: { name: names[0]!, url: '' } });
  await exportOtlp(otlpMetrics(verdict, record), 2_000);
  const { resource, metrics } = read(bodies[0]!);
  assert.deepEqual(
    [resource['service.instance.id'], resource['tandem.profile'], resource['tandem.target']],
    [names[3], names[1], names[0]],
  );
  const told = metrics.get('tandem.iterations')!.points.map((point) => attributes(point, 7).op);
  assert.deepEqual(
    told.filter((op) => op !== undefined),
    names,
  );
});

test('a long run has sixty points a series at most, the last one with everything in it', () => {
  const record = measured();
  for (let index = 3; index < 300; index += 1) {
    record.store.add({ index, series: { 'iterations{scenario:relay}': { t: 'counter', sum: 1 } } });
  }
  const { metrics } = otlpMetrics(exampleVerdict(), { ...record, intervals: 300 }).scopeMetrics[0]!;
  const { dataPoints } = metrics.find(({ descriptor }) => descriptor.name === 'tandem.iterations')!;
  assert.equal(dataPoints.length, 60);
  assert.deepEqual([dataPoints[0]!.value, dataPoints.at(-1)!.value], [92, 387]);
});

test('what was not taken is an error', async (t) => {
  const { url } = await serve(t, (_, response) => void response.writeHead(403).end('token secret'));
  environment(t, { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${url}/mine` });
  await assert.rejects(exportOtlp(otlpMetrics(exampleVerdict(), measured()), 2_000), { code: 403 });
});
