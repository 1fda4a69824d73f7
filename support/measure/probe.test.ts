import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Pool } from 'undici';
import { serve } from '../server.fixture.ts';
import { type Connect, TargetProbe, type Watched } from './probe.ts';
import { MetricStore } from './store.ts';
import { TimeAxis } from './time-axis.ts';

const NEVER_MS = 3_600_000;

/** A probe whose seconds pass when the test says so, until it has asked once more. */
function probeOf(t: TestContext, url: string, downAfterMs: number, others: Watched[] = []) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let downs = 0;
  const connect: Connect = ({ origin }, bounds) => new Pool(origin, bounds);
  const watched = [{ url: `${url}/health` }, ...others];
  const probe = new TargetProbe(watched, url, downAfterMs, connect, () => {
    downs += 1;
  });
  t.after(() => probe.stop());
  const of = (part: number) => probe.availability[part]!;
  /** Lets seconds pass until a part was asked and has answered or not. */
  const ask = async (begin = () => t.mock.timers.tick(1_000), part = 0) => {
    const { answered, outage } = of(part);
    begin();
    await until(() => {
      const asked = of(part).answered !== answered || of(part).outage !== outage;
      if (!asked) t.mock.timers.tick(1_000);
      return asked;
    });
  };
  return {
    probe,
    downs: () => downs,
    start: (part = 0, aheadMs = 0) => ask(() => probe.start(aheadMs), part),
    ask,
    of,
  };
}

/** What is under way on this machine has come to its end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
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
  const { downs, start, ask, of } = probeOf(t, url, 0);
  await start();
  for (status of [404, 429, 500, 503]) await ask();
  assert.deepEqual(of(0), { url: `${url}/health`, checked: 5, answered: 5, outage: undefined });
  assert.equal(downs(), 0);
});

test('an answer whose body has no end is an answer, of which no more is read than needed', async (t) => {
  const wrote = { bytes: 0 };
  const { url } = await serve(t, (request, answer) => {
    // One drips for ever, the other is as fast as it can be.
    if (request.url === '/health') {
      const drip = setTimeout(function more() {
        answer.write('.');
        drip.refresh();
      }, 5);
      answer.on('close', () => clearTimeout(drip));
      return;
    }
    const chunk = 'process_cpu_seconds 1\n'.repeat(50_000);
    const more = () => {
      while (!answer.destroyed && answer.write(chunk)) wrote.bytes += chunk.length;
    };
    answer.on('drain', more);
    answer.on('close', () => answer.emit('stopped'));
    more();
  });
  const { probe, downs, start } = probeOf(t, url, 0);
  await start();
  assert.deepEqual([probe.availability[0]!.answered, downs()], [1, 0]);
  const read = wrote.bytes;
  assert.ok(read < 100_000_000, `${read} bytes`);
  await probe.stop();
  assert.equal(probe.gauges.latest('target_memory_bytes'), null);
});

test('who answers is asked seldom, who did not every second', async (t) => {
  const target = await present(t);
  const { start, ask, of } = probeOf(t, target.url, 60_000);
  const ticks = async (part = 0) => {
    let seconds = 0;
    const before = of(part).checked;
    while (of(part).checked === before) {
      t.mock.timers.tick(1_000);
      seconds += 1;
      await settled();
    }
    await until(() => of(part).answered + (of(part).outage?.tries ?? 0) === of(part).checked || !!of(part).outage);
    return seconds;
  };
  await start();
  await settled();
  assert.equal(await ticks(), 5);
  target.away = true;
  await ask();
  await settled();
  assert.equal(await ticks(), 1);
});

test('a target that is away is reported once, after the limit, and asked no more', async (t) => {
  const target = await present(t);
  const { probe, downs, start, ask, of } = probeOf(t, target.url, 20);
  await start();
  target.away = true;
  while (downs() === 0) await ask();
  const { url, variable, outage } = probe.down!;
  assert.deepEqual([url, variable], [`${target.url}/health`, undefined]);
  assert.ok(outage.untilMs - outage.sinceMs >= 20);
  assert.ok(outage.answeredMs! <= outage.sinceMs, 'it went away since it was last there');
  assert.equal(outage.error, 'UND_ERR_SOCKET');
  assert.equal(outage.tries, of(0).checked - 1);
  t.mock.timers.tick(60_000);
  await settled();
  assert.deepEqual([downs(), of(0).checked], [1, outage.tries + 1]);
});

test('times count from the run’s start, before which the probe begins', async (t) => {
  const target = await present(t);
  const { start, ask, of } = probeOf(t, target.url, NEVER_MS);
  await start(0, NEVER_MS);
  target.away = true;
  await ask();
  const { answeredMs, sinceMs, untilMs } = of(0).outage!;
  assert.deepEqual([answeredMs, sinceMs, untilMs], [0, 0, 0]);
});

test('every part of the target is watched, and the one that went away is named', async (t) => {
  const [api, relay] = [await present(t), await present(t)];
  const { probe, downs, start, ask } = probeOf(t, api.url, 20, [{ url: `${relay.url}/yjs`, variable: 'YJS_URL' }]);
  await start(1);
  relay.away = true;
  while (downs() === 0) await ask(undefined, 1);
  assert.deepEqual([probe.down!.url, probe.down!.variable], [`${relay.url}/yjs`, 'YJS_URL']);
  assert.equal(probe.availability[0]!.outage, undefined);
});

test('an outage shorter than the limit is over when the target answers', async (t) => {
  const target = await present(t);
  const { downs, start, ask, of } = probeOf(t, target.url, NEVER_MS);
  await start();
  target.away = true;
  await ask();
  await ask();
  const first = of(0).outage!;
  assert.equal(first.tries, 2);
  target.away = false;
  await ask();
  assert.deepEqual([of(0).outage, of(0).answered], [undefined, 2]);
  target.away = true;
  await ask();
  assert.equal(of(0).outage!.tries, 1);
  assert.ok(of(0).outage!.sinceMs > first.untilMs, 'the next outage counts from its own beginning');
  assert.equal(downs(), 0);
});

test('what is on its way when the probe is stopped is no outage', async (t) => {
  let asked: () => void;
  const hanging = new Promise<void>((resolve) => (asked = resolve));
  const { url } = await serve(t, () => asked());
  const { probe, downs, of } = probeOf(t, url, 0);
  probe.start();
  await hanging;
  await probe.stop();
  await settled();
  assert.deepEqual([of(0).outage, downs()], [undefined, 0]);
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

test('a process that began anew is told from one that answers in turns with others, and from a clock that is not exact', async (t) => {
  for (const [starts, restarts] of [
    [[100, 100, 160, 200], 2],
    [[100, 100.9, 99.2, 100.1], 0],
    [[100, 160, 100, 160], 0],
    [[100, undefined, 100, 160], 1],
  ] as const) {
    const { probe, start, ask, asked } = await publishing(
      t,
      starts.map((at, n) => [
        200,
        `${page(n, 1_000 + n)[1]}${at === undefined ? '' : `process_start_time_seconds ${at}\n`}`,
      ]),
    );
    await start();
    for (let n = 0; ; n++) {
      await until(() => probe.gauges.latest('target_memory_bytes') === 1_000 + n);
      if (n === starts.length - 1) break;
      await ask();
    }
    assert.equal(probe.restarts.length, restarts, `${starts}, ${asked}`);
    for (const atMs of probe.restarts) assert.ok(atMs >= 0 && atMs < 60_000, `${atMs}`);
    await probe.stop();
    t.mock.timers.reset();
  }
});

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
  for (const interval of gauges.intervals(new TimeAxis([], 600_000))) store.add(interval);
  assert.deepEqual(store.select('target_memory_bytes')!.pack(), {
    ...{ t: 'gauge', last: 2_500, min: 1_000, max: 3_000, sum: 2_500, n: 1 },
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
    for (let n = 0; n < 3; n++) await ask();
    assert.equal(asked.filter((path) => path === '/metrics').length, 1);
    assert.deepEqual(probe.gauges.intervals(new TimeAxis([], 1_000)), []);
    t.mock.timers.reset();
  }
});

test('a target that had the page and answers something else for a while, as in a restart, is asked for it again', async (t) => {
  const { probe, start, ask } = await publishing(t, [page(1, 1_000), [404, 'starting'], page(0.1, 2_000)]);
  const memory = () => probe.gauges.latest('target_memory_bytes');
  await start();
  await until(() => memory() === 1_000);
  while (memory() !== 2_000) await ask();
});

test('an overloaded target is asked for it again, and one that limits its clients less often', async (t) => {
  for (const status of [503, 429]) {
    const { probe, start, ask, asked } = await publishing(t, [[status, 'busy'], page(1, 1_000)]);
    await start();
    await until(() => asked.includes('/metrics'));
    while (probe.gauges.latest('target_memory_bytes') === null) await ask();
    const health = asked.slice(0, asked.lastIndexOf('/metrics')).filter((path) => path === '/health').length;
    assert.ok(status === 503 ? health <= 3 : health >= 2, `${health}`);
    t.mock.timers.reset();
  }
});

test('what speaks no HTTP is asked in its own way', async (t) => {
  const { url } = await present(t);
  let there = false;
  const timeouts: number[] = [];
  const reach = async (timeoutMs: number) => {
    timeouts.push(timeoutMs);
    if (!there) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  };
  const { probe, start, ask, of, downs } = probeOf(t, url, 60_000, [{ url: 'host:1', variable: 'ADDR', reach }]);
  await start(1);
  assert.deepEqual([of(1).checked, of(1).outage?.error], [1, 'ECONNREFUSED']);
  there = true;
  await ask(undefined, 1);
  assert.deepEqual(of(1), { url: 'host:1', variable: 'ADDR', checked: 2, answered: 1, outage: undefined });
  assert.deepEqual([timeouts, downs(), probe.down], [[3_000, 3_000], 0, undefined]);
});

test('an outage that is over is not forgotten, however short it was', async (t) => {
  const target = await present(t);
  const { probe, start, ask } = probeOf(t, target.url, 60_000);
  await start();
  assert.equal(probe.outages.length, 0);
  target.away = true;
  await ask();
  await ask();
  target.away = false;
  await ask();
  assert.equal(probe.outages.length, 1);
  const [{ startMs, endMs }] = probe.outages as [{ startMs: number; endMs: number }];
  assert.ok(endMs >= startMs, `${startMs} to ${endMs}`);
  target.away = true;
  await ask();
  assert.equal(probe.outages.length, 2, 'and one that goes on is one');
});
