import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Pool } from 'undici';
import { serve } from '../server.fixture.ts';
import { type Connect, prometheusValue, TargetProbe } from './probe.ts';
import { MetricStore } from './store.ts';

const NEVER_MS = 3_600_000;

/** A probe whose seconds pass when the test says so. */
function probeOf(t: TestContext, url: string, downAfterMs: number) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let downs = 0;
  const connect: Connect = ({ origin }, bounds) => new Pool(origin, bounds);
  const probe = new TargetProbe(url, downAfterMs, connect, () => {
    downs += 1;
  });
  t.after(() => probe.stop());
  /** Asks once and waits until that was answered or missed. */
  const ask = async (begin = () => t.mock.timers.tick(1_000)) => {
    const { answered, outage } = probe.availability;
    begin();
    await until(() => probe.availability.answered !== answered || probe.availability.outage !== outage);
  };
  return { probe, downs: () => downs, start: () => ask(() => probe.start()), ask };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** A target that answers or, while it is away, does not. */
async function present(t: TestContext) {
  const target = { url: '', away: false };
  const { url } = await serve(t, (request, answer) => {
    if (target.away) request.socket.destroy();
    else answer.end('ok');
  });
  return Object.assign(target, { url });
}

test('a target that answers is there, whatever it answers', async (t) => {
  let status = 200;
  const { url } = await serve(t, (_request, answer) => void answer.writeHead(status).end());
  const { probe, downs, start, ask } = probeOf(t, url, 0);
  await start();
  for (status of [404, 500, 503]) await ask();
  assert.deepEqual(probe.availability, { url: `${url}/health`, checked: 4, answered: 4, outage: undefined });
  assert.equal(downs(), 0);
});

test('a target that is away is reported once, after the limit, and for good', async (t) => {
  const target = await present(t);
  const { probe, downs, start, ask } = probeOf(t, target.url, 20);
  await start();
  target.away = true;
  await ask();
  await ask();
  while (downs() === 0) await ask();
  const { sinceMs, untilMs, tries, error } = probe.availability.outage!;
  assert.ok(untilMs - sinceMs >= 20);
  assert.equal(error, 'UND_ERR_SOCKET');
  assert.equal(tries, probe.availability.checked - 1);
  await ask();
  assert.deepEqual([downs(), probe.availability.outage!.tries], [1, tries + 1]);

  target.away = false;
  await ask();
  assert.deepEqual([downs(), probe.availability.outage!.tries], [1, tries + 1]);
});

test('an outage shorter than the limit is over when the target answers', async (t) => {
  const target = await present(t);
  const { probe, downs, start, ask } = probeOf(t, target.url, NEVER_MS);
  await start();
  target.away = true;
  await ask();
  await ask();
  const first = probe.availability.outage!;
  assert.equal(first.tries, 2);
  target.away = false;
  await ask();
  assert.deepEqual([probe.availability.outage, probe.availability.answered], [undefined, 2]);
  target.away = true;
  await ask();
  assert.equal(probe.availability.outage!.tries, 1);
  assert.ok(probe.availability.outage!.sinceMs > first.untilMs, 'the next outage counts from its own beginning');
  assert.equal(downs(), 0);
});

test('what is on its way when the probe is stopped is no outage', async (t) => {
  let asked: () => void;
  const hanging = new Promise<void>((resolve) => (asked = resolve));
  const { url } = await serve(t, () => asked());
  const { probe, downs } = probeOf(t, url, 0);
  probe.start();
  await hanging;
  await probe.stop();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([probe.availability.outage, downs()], [undefined, 0]);
});

/** A target that publishes its CPU seconds and memory, taking one set after the other. */
async function publishing(t: TestContext, pages: [status: number, body: string][]) {
  const asked: string[] = [];
  const { url } = await serve(t, (request, answer) => {
    asked.push(request.url!);
    const [status, body] = request.url === '/metrics' ? (pages.shift() ?? [404, '']) : [200, 'ok'];
    answer.writeHead(status).end(body);
  });
  return { ...probeOf(t, url, NEVER_MS), asked };
}

const page = (cpu: number, memory: number): [number, string] => [
  200,
  `# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ${cpu}\nprocess_resident_memory_bytes ${memory}\n`,
];

test('what the target publishes of itself merges with what the slices measured', async (t) => {
  const { probe, start, ask } = await publishing(t, [
    page(1, 1_000),
    page(1.5, 3_000),
    page(0.1, 2_000),
    page(0.2, 2_500),
  ]);
  const { gauges } = probe;
  const memory = () => gauges.latest('target_memory_bytes');
  const cpu = () => gauges.latest('target_cpu_percent');
  await start();
  await until(() => memory() === 1_000);
  assert.equal(cpu(), null, 'one reading is no rate');
  await ask();
  await until(() => memory() === 3_000);
  const before = cpu()!;
  assert.ok(before > 0);
  await ask();
  await until(() => memory() === 2_000);
  assert.equal(cpu(), before, 'the target was restarted: less CPU than before is no rate');
  await ask();
  await until(() => memory() === 2_500);
  assert.notEqual(cpu(), before);
  const store = new MetricStore();
  for (const interval of gauges.intervals(600_000)) store.add(interval);
  assert.deepEqual(store.select('target_memory_bytes')!.pack(), {
    ...{ t: 'gauge', last: 2_500, min: 2_500, max: 2_500, sum: 2_500, n: 1 },
  });
  assert.equal(store.select('target_cpu_percent')!.count, 1);
});

test('a target without such a page is asked for it once', async (t) => {
  for (const first of [
    [404, ''],
    [200, '<html>'],
    [403, 'no'],
  ] as [number, string][]) {
    const { probe, start, ask, asked } = await publishing(t, [first, page(1, 1_000)]);
    await start();
    await until(() => asked.includes('/metrics'));
    // The agent has one connection: this answer comes after that of /metrics.
    await ask();
    await ask();
    assert.deepEqual(asked, ['/health', '/metrics', '/health', '/health']);
    assert.deepEqual(probe.gauges.intervals(1_000), []);
    t.mock.timers.reset();
  }
});

test('an overloaded target is asked for it again', async (t) => {
  const { probe, start, ask } = await publishing(t, [[503, 'busy'], page(1, 1_000)]);
  await start();
  await ask();
  await until(() => probe.gauges.latest('target_memory_bytes') === 1_000);
});

test("values in Prometheus' text", () => {
  const text = '# HELP a Help of a 5\na_total 7\na 1.5e3 1700000000\nb{c="d"} 3\nlast NaN\n';
  const table = [
    ['a', 1_500],
    ['a_total', 7],
    ['b', undefined],
    ['last', undefined],
    ['missing', undefined],
  ] as const;
  for (const [metric, value] of table) assert.equal(prometheusValue(text, metric), value, metric);
});
