import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Interval } from '../measure/recorder.ts';
import { join, openLine, stopped } from './startline.fixture.ts';
import { type Given, monotonicMs, type Sharing, type SliceId, StartLine, StartLineRunner } from './startline.ts';

/** Long enough never to run out in a test. */
const READY_TIMEOUT_MS = 60_000;

function joinAll(t: TestContext, line: StartLine, count: number): Promise<StartLineRunner[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => join(t, line, { index })));
}

test('all slices are given one instant, once the last of them is ready, and it lies ahead', async (t) => {
  const counts: number[] = [];
  const starts: number[] = [];
  const line = await openLine(t, { ready: (count) => counts.push(count), start: (startAt) => starts.push(startAt) });
  line.expect(8, READY_TIMEOUT_MS);
  const [last, ...others] = (await joinAll(t, line, 8)) as [StartLineRunner, ...StartLineRunner[]];
  const waiting = others.map((runner) => runner.ready());
  const before = monotonicMs();
  const first = await Promise.race([...waiting, last.ready()]);
  assert.deepEqual(await Promise.all(waiting), new Array(7).fill(first));
  assert.ok(first > before);
  assert.deepEqual([line.startAt, starts, counts], [first, [first], [1, 2, 3, 4, 5, 6, 7, 8]]);
});

test('nobody starts before everybody is ready, also when it is not yet known how many there are', async (t) => {
  let heard: () => void;
  const bothReady = new Promise<void>((resolve) => (heard = resolve));
  const line = await openLine(t, { ready: (count) => (count === 2 ? heard() : undefined) });
  const [a, b, c] = (await joinAll(t, line, 3)) as [StartLineRunner, StartLineRunner, StartLineRunner];
  const waiting = [a.ready(), b.ready()];
  await bothReady;
  assert.equal(line.startAt, undefined);
  line.expect(3, READY_TIMEOUT_MS);
  assert.equal(line.startAt, undefined);
  const startAt = await c.ready();
  assert.deepEqual(await Promise.all(waiting), [startAt, startAt]);
});

test('a slice that says twice that it is ready is one slice', async (t) => {
  const line = await openLine(t);
  line.expect(2, READY_TIMEOUT_MS);
  const [a, b] = (await joinAll(t, line, 2)) as [StartLineRunner, StartLineRunner];
  const waiting = [a.ready(), a.ready()];
  assert.equal(line.startAt, undefined);
  const startAt = await b.ready();
  assert.deepEqual(await Promise.all(waiting), [startAt, startAt]);
});

test('when not all are ready in time nobody starts, and everybody hears how many were', async (t) => {
  const line = await openLine(t);
  const [a, b] = (await joinAll(t, line, 2)) as [StartLineRunner, StartLineRunner];
  line.expect(3, 50);
  const reason = new Error('only 2 of 3 slices were ready within 0.05 s');
  await Promise.all([assert.rejects(a.ready(), reason), assert.rejects(b.ready(), reason)]);
  assert.equal(line.stopReason, reason.message);
  const late = await join(t, line, { index: 2 });
  await assert.rejects(late.ready(), reason);
});

test('a slice that dies before the start stops the others', async (t) => {
  const line = await openLine(t);
  line.expect(3, READY_TIMEOUT_MS);
  const [a, b] = (await joinAll(t, line, 2)) as [StartLineRunner, StartLineRunner];
  const waiting = a.ready();
  await b.end();
  await assert.rejects(waiting, new Error('slice 1 of relay ended before the start'));
});

test('a slice that ends after the start stops nobody', async (t) => {
  let received: (interval: Interval) => void;
  const interval = new Promise<Interval>((resolve) => (received = resolve));
  const line = await openLine(t, { interval: (_id, one) => received(one) });
  line.expect(2, READY_TIMEOUT_MS);
  const [a, b] = (await joinAll(t, line, 2)) as [StartLineRunner, StartLineRunner];
  await Promise.all([a.ready(), b.ready()]);
  await b.end();
  a.interval({ index: 5, series: {} });
  await interval;
  assert.deepEqual([line.stopReason, a.signal.aborted], [undefined, false]);
});

test('who is ready after the start is refused, and the others go on', async (t) => {
  const line = await openLine(t);
  line.expect(1, READY_TIMEOUT_MS);
  const punctual = await join(t, line);
  await punctual.ready();
  const late = await join(t, line, { index: 1 });
  await assert.rejects(late.ready(), new Error('the run has already begun'));
  assert.equal(punctual.signal.aborted, false);
});

test('everybody hears the first reason to stop: those who wait, those who run, and those who come later', async (t) => {
  const line = await openLine(t);
  line.expect(2, READY_TIMEOUT_MS);
  const [a, b] = (await joinAll(t, line, 2)) as [StartLineRunner, StartLineRunner];
  await Promise.all([a.ready(), b.ready()]);
  line.stop('the target stopped answering');
  line.stop('another reason');
  const late = await join(t, line, { index: 7 });
  for (const runner of [a, b, late]) assert.equal(await stopped(runner.signal), 'the target stopped answering');
  assert.equal(line.stopReason, 'the target stopped answering');
});

test('a line that was stopped does not start', async (t) => {
  const line = await openLine(t);
  const runner = await join(t, line);
  line.stop('Ctrl-C');
  line.expect(1, READY_TIMEOUT_MS);
  await assert.rejects(runner.ready(), new Error('Ctrl-C'));
  assert.equal(line.startAt, undefined);
});

test('slices settle together, once none of them loads the target any more: at rest or gone', async (t) => {
  const line = await openLine(t);
  line.expect(3, READY_TIMEOUT_MS);
  const [a, b, c] = (await joinAll(t, line, 3)) as [StartLineRunner, StartLineRunner, StartLineRunner];
  await Promise.all([a.ready(), b.ready(), c.ready()]);
  let settled = 0;
  const settling = [a, b].map((runner) => runner.rest().then(() => (settled += 1)));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(settled, 0);
  await c.end();
  await Promise.all(settling);
});

test('a run that is stopped does not settle', async (t) => {
  const line = await openLine(t);
  line.expect(2, READY_TIMEOUT_MS);
  const [a, b] = (await joinAll(t, line, 2)) as [StartLineRunner, StartLineRunner];
  await Promise.all([a.ready(), b.ready()]);
  const resting = a.rest();
  line.stop('the target stopped answering');
  await assert.rejects(resting, new Error('the target stopped answering'));
});

test('without its coordinator a slice stops', async (t) => {
  const line = await openLine(t);
  const [a, b] = (await joinAll(t, line, 2)) as [StartLineRunner, StartLineRunner];
  const waiting = a.ready();
  await line.close();
  await assert.rejects(waiting, new Error('the coordinator is gone'));
  assert.equal(await stopped(b.signal), 'the coordinator is gone');
  a.interval({ index: 0, series: {} });
});

test('what slices measured arrives whole and in order', async (t) => {
  const sent = Array.from({ length: 50 }, (_, index): Interval => {
    const series = {
      [`sync_push_duration{check:é${index}}`]: { t: 'trend', h: 'x'.repeat(20_000), sum: index } as const,
    };
    return { index, series };
  });
  const received: [SliceId, Interval][] = [];
  let complete: () => void;
  const all = new Promise<void>((resolve) => (complete = resolve));
  const line = await openLine(t, {
    interval(id, interval) {
      received.push([id, interval]);
      if (received.length === 2 * sent.length) complete();
    },
  });
  const runners = await joinAll(t, line, 2);
  for (const interval of sent) for (const runner of runners) runner.interval(interval);
  await all;
  for (const index of [0, 1]) {
    const own = received.filter(([id]) => id.index === index);
    assert.deepEqual(
      own.map(([, interval]) => interval),
      sent,
    );
    assert.deepEqual(own[0]![0], { scenario: 'relay', index });
  }
});

test('the socket is gone when the line is closed, and nobody can join any more', async (t) => {
  const line = await StartLine.open({ ready() {}, start() {}, interval() {}, hung() {} });
  const { address } = line;
  const runner = await join(t, line);
  if (process.platform !== 'win32') assert.equal(existsSync(address), true);
  await line.close();
  assert.equal(existsSync(address), false);
  await assert.rejects(StartLineRunner.connect(address, { scenario: 'relay', index: 1 }), /ENOENT|ECONNREFUSED/);
  await stopped(runner.signal);
  await runner.end();
  await runner.end();
});

test('two lines at a time do not disturb each other', async (t) => {
  const [one, other] = await Promise.all([openLine(t), openLine(t)]);
  assert.notEqual(one.address, other.address);
  one.expect(1, READY_TIMEOUT_MS);
  other.expect(1, READY_TIMEOUT_MS);
  await (await join(t, one)).ready();
  assert.equal(other.startAt, undefined);
});

test('slices of several machines start, and look back, when those of the others may', async (t) => {
  const met: string[] = [];
  const at = monotonicMs() + 10_000;
  const line = await openLine(t, {}, async (point) => {
    met.push(point);
    return point === 'start' ? at : monotonicMs();
  });
  line.expect(2, READY_TIMEOUT_MS);
  const [a, b] = (await joinAll(t, line, 2)) as [StartLineRunner, StartLineRunner];
  assert.deepEqual(await Promise.all([a.ready(), b.ready()]), [at, at]);
  assert.deepEqual(met, ['start']);
  await Promise.all([a.rest(), b.rest()]);
  assert.deepEqual(met, ['start', 'rest']);
});

test('when the machines do not come together the run is stopped, with the reason', async (t) => {
  const line = await openLine(t, {}, () => Promise.reject(new Error('nobody came')));
  line.expect(1, READY_TIMEOUT_MS);
  const runner = await join(t, line);
  await assert.rejects(runner.ready(), new Error('nobody came'));
  assert.deepEqual([line.stopReason, line.startAt], ['nobody came', undefined]);
});

test('a run that is stopped does not wait for other machines, and does not start when these come', async (t) => {
  const meeting: AbortSignal[] = [];
  let come: (at: number) => void = () => {};
  const line = await openLine(t, {}, (_point, signal) => {
    meeting.push(signal);
    return new Promise((resolve) => (come = resolve));
  });
  line.expect(1, READY_TIMEOUT_MS);
  const runner = await join(t, line);
  const waiting = runner.ready();
  while (meeting.length === 0) await new Promise(setImmediate);
  line.stop('Ctrl-C');
  assert.equal(await stopped(meeting[0]!), 'Ctrl-C');
  come(monotonicMs());
  await assert.rejects(waiting, new Error('Ctrl-C'));
  assert.equal(line.startAt, undefined);
});

test('what the first slice has set up comes to all of its scenario, also to those that come later', async (t) => {
  const line = await openLine(t);
  line.expect(4, READY_TIMEOUT_MS);
  const first = await join(t, line);
  const early = await join(t, line, { index: 1 });
  const other = await join(t, line, { scenario: 'other', index: 1 });
  const given = { data: { token: 'a' }, secrets: ['a'] };
  first.give(given);
  assert.deepEqual(await early.given(), given);
  const late = await join(t, line, { index: 2 });
  assert.deepEqual(await late.given(), given);
  const waiting = other.given();
  line.stop('enough');
  await assert.rejects(waiting, new Error('enough'));
});

test('the first slice takes down what it has set up when no other of its scenario is left', async (t) => {
  const line = await openLine(t);
  line.expect(3, READY_TIMEOUT_MS);
  const [first, second, other] = [
    await join(t, line),
    await join(t, line, { index: 1 }),
    await join(t, line, { scenario: 'other' }),
  ];
  await Promise.all([first.ready(), second.ready(), other.ready()]);
  const order: string[] = [];
  const alone = first.alone().then(() => order.push('alone'));
  await other.alone();
  order.push('second ends');
  await second.end();
  await alone;
  assert.deepEqual(order, ['second ends', 'alone']);
  // Without a coordinator nobody else is left either.
  const last = join(t, line, { index: 5 });
  await (await last).end();
  await (await last).alone();
});

test('with other machines the data is theirs too, and it is taken down when they have ended', async (t) => {
  const told: string[] = [];
  let come: () => void = () => {};
  const othersEnded = new Promise<void>((resolve) => (come = resolve));
  let bring: (given: Given) => void = () => {};
  const brought = new Promise<Given>((resolve) => (bring = resolve));
  const meetOf = (name: string, isHere: boolean): Sharing => ({
    scenarios: [{ scenario: 'relay', isHere }],
    async meet(point, _signal, given) {
      told.push(`${name} ${point}`);
      if (given) bring(given);
      if (point.startsWith('end/')) await (name === 'a' ? othersEnded : come());
      return point.startsWith('setup/') ? brought : undefined;
    },
  });
  const [a, b] = [await openLine(t), await openLine(t)];
  a.expect(1, READY_TIMEOUT_MS, meetOf('a', true));
  // Its own slices are not late while another machine has not come.
  b.expect(1, 60_000, meetOf('b', false));
  const [first, second] = [await join(t, a), await join(t, b, { index: 1 })];
  const given = { data: 7, secrets: [] };
  first.give(given);
  assert.deepEqual([await first.given(), await second.given()], [given, given]);
  await Promise.all([first.ready(), second.ready()]);
  const alone = first.alone();
  await second.end();
  await alone;
  assert.deepEqual(told.toSorted(), ['a end/relay', 'a setup/relay', 'b end/relay', 'b setup/relay']);
});

test('without the data of another machine nobody starts', async (t) => {
  const line = await openLine(t);
  const meet = () => Promise.reject(new Error('LOAD_RENDEZVOUS http://a.test: not all 2 shards came within 1800 s.'));
  line.expect(1, READY_TIMEOUT_MS, { scenarios: [{ scenario: 'relay', isHere: false }], meet });
  const slice = await join(t, line, { index: 1 });
  await assert.rejects(slice.given(), /not all 2 shards came/);
});

test('a run that is interrupted does not wait for the slices of other machines', async (t) => {
  const line = await openLine(t);
  let aborted = '';
  let come: () => void = () => {};
  const isMeeting = new Promise<void>((resolve) => (come = resolve));
  const meet: Sharing['meet'] = (_point, signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted = (signal.reason as Error).message;
        reject(signal.reason);
      });
      come();
    });
  line.expect(1, READY_TIMEOUT_MS, { scenarios: [{ scenario: 'relay', isHere: true }], meet });
  const slice = await join(t, line);
  await slice.ready();
  const alone = slice.alone();
  await isMeeting;
  await line.close(true);
  await alone;
  assert.equal(aborted, 'the run is over');
});
