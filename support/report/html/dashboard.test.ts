import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, Page } from '@playwright/test';
import { expect, launch } from '../../../target/core/chromium.fixture.ts';
import { serve } from '../../server.fixture.ts';
import { type LiveSnapshot, timeLeft } from '../live.ts';
import { axe, emptyCharts, isWiderThanItsWindow, PHONE, PNG } from '../page.fixture.ts';
import { exampleSnapshot } from '../verdict.fixture.ts';
import { Dashboard, wantsDashboard } from './dashboard.ts';
import type { LiveCourse, LiveSecond } from './live.ts';

const SECRET = 'hunter2-token';

/** A dashboard that is asked for, and what the display beside it showed and printed. */
async function open(t: TestContext) {
  const clean = (snapshot: LiveSnapshot) =>
    JSON.parse(JSON.stringify(snapshot).replaceAll(SECRET, '***')) as LiveSnapshot;
  const dashboard = await Dashboard.open({ LOAD_DASHBOARD: '1' }, clean);
  assert.ok(dashboard);
  t.after(() => dashboard.end());
  const shown: LiveSnapshot[] = [];
  const printed: string[] = [];
  const { show } = dashboard.beside({
    show: (snapshot) => shown.push(snapshot),
    print: (line) => printed.push(line),
    stop() {},
  });
  return { dashboard, url: dashboard.url, show, shown, printed };
}

/** The page's view of a run: events by name, in order. */
class Follower {
  readonly #stream: IncomingMessage;
  readonly #parts: AsyncIterator<string>;
  #text = '';

  private constructor(stream: IncomingMessage) {
    this.#stream = stream.setEncoding('utf8');
    this.#parts = this.#stream[Symbol.asyncIterator]();
  }

  static async of(t: TestContext, url: string): Promise<Follower> {
    const [stream] = (await once(get(`${url}events`, { agent: false }), 'response')) as [IncomingMessage];
    t.after(() => stream.destroy());
    assert.deepEqual([stream.statusCode, stream.headers['content-type']], [200, 'text/event-stream']);
    return new Follower(stream);
  }

  async next(): Promise<[name: string, data: unknown]> {
    for (;;) {
      const [whole, name, data] = /^(?:retry: 500\n)?event: (\w+)\ndata: (.*)\n\n/.exec(this.#text) ?? [];
      if (whole !== undefined) {
        this.#text = this.#text.slice(whole.length);
        return [name!, JSON.parse(data!)];
      }
      const { value, done } = await this.#parts.next();
      assert.ok(!done, 'the stream has ended');
      this.#text += value;
    }
  }

  async course(): Promise<LiveCourse> {
    const [name, data] = await this.next();
    assert.equal(name, 'course');
    return data as LiveCourse;
  }

  async second(): Promise<LiveSecond> {
    const [name, data] = await this.next();
    assert.equal(name, 'second');
    return data as LiveSecond;
  }
}

async function answerTo(
  url: string,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
) {
  const sent = request(url, { ...options, path, agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const parts = await response.toArray();
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) };
}

/** A second of the example's run: a third of it is calm. */
function second(at: number, changes: Partial<LiveSnapshot> = {}): LiveSnapshot {
  const snapshot = exampleSnapshot();
  const scenarios = snapshot.scenarios.map((one) =>
    one.name === 'sync-relay'
      ? { ...one, ratePerSecond: 100 + at, iterations: 100 * at, failed: 2 * at, dropped: at }
      : one,
  );
  const phase = at * 1_000 < snapshot.totalMs / 3 ? 'calm' : 'load';
  return { ...snapshot, scenarios, phase, isQuiet: phase === 'calm', elapsedMs: at * 1_000, ...changes };
}

test('what LOAD_DASHBOARD may be, and what it may not', async (t) => {
  const nothing = (snapshot: LiveSnapshot) => snapshot;
  for (const env of [{}, { LOAD_DASHBOARD: '' }, { LOAD_DASHBOARD: '0' }]) {
    assert.equal(wantsDashboard(env), false);
    assert.equal(await Dashboard.open(env, nothing), undefined);
  }
  for (const LOAD_DASHBOARD of ['yes', '-1', '65536', '1.5', ' ']) {
    const sentence = `LOAD_DASHBOARD is "${LOAD_DASHBOARD}"; allowed is 1, for any free port, or the number of a port.`;
    await assert.rejects(Dashboard.open({ LOAD_DASHBOARD }, nothing), new Error(sentence));
  }
  const { url } = await serve(t, (_request, answer) => void answer.end());
  const { port } = new URL(url);
  await assert.rejects(
    Dashboard.open({ LOAD_DASHBOARD: port }, nothing),
    new Error(
      `LOAD_DASHBOARD is ${port}, but that port of 127.0.0.1 is in use (EADDRINUSE); allowed is a free one, or 1 for any.`,
    ),
  );
});

test('only this machine’s browsers are answered, and only when they ask', async (t) => {
  const { url } = await open(t);
  const page = await answerTo(url, '/');
  assert.equal(page.status, 200);
  assert.match(page.headers['content-type']!, /^text\/html/);
  assert.match(page.body.toString(), /connect-src &#39;self&#39;|connect-src 'self'/);
  assert.equal((await answerTo(url, '/?a=1', { headers: { Host: 'localhost:4000' } })).status, 200);
  for (const Host of ['evil.example', '127.0.0.1.evil.example', '127.0.0.1@evil.example', '10.0.0.1']) {
    for (const path of ['/', '/events']) assert.equal((await answerTo(url, path, { headers: { Host } })).status, 403);
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
    const { status, headers } = await answerTo(url, '/', { method });
    assert.deepEqual([status, headers.allow], [405, 'GET']);
  }
  for (const path of ['/verdict.json', '/../package.json', '/%', '/__proto__', '//', '/events/']) {
    assert.equal((await answerTo(url, path)).status, 404, path);
  }
});

test('a page is told of every second, and one that comes late of those before, without secrets', async (t) => {
  const { url, show, shown } = await open(t);
  const early = await Follower.of(t, url);
  assert.deepEqual(await early.course(), { view: null, points: [] });
  show(second(0, { phase: 'preparing' }));
  assert.deepEqual((await early.second()).point, null);
  show(second(1, { target: { name: SECRET, url: `http://a.test/${SECRET}` }, stopReason: `no ${SECRET}\u001b[31m` }));
  const { view, point } = await early.second();
  assert.deepEqual(view.target, { name: '***', url: 'http://a.test/***' });
  assert.equal(view.stopped, 'no ***\\x1b[31m');
  assert.equal(view.timeLeft, '00:01 of 02:05, 02:04 left');
  assert.deepEqual(view.figures, [
    ...['101/s', '45.1 ms', '2 (2 %)', '1', '50 of 50'],
    ...['4 active, 58 done, 0 failed', '0.84 ms', '42 %', '63 %', '182 MB'],
  ]);
  assert.deepEqual(view.scopes, ['sync-relay', 'light', 'power']);
  assert.deepEqual(point, {
    atMs: 1_000,
    window: 'calm',
    isQuiet: true,
    scopes: [
      [101, 45.1, 2, 1, 50, 50],
      [0.83, 2_310, 0, 0, 3, 4],
      [0, null, 0, 0, 1, 1],
    ],
    latenessMs: 0.84,
    targetCpuPercent: 63.4,
    targetMemoryMB: 182.4,
  });
  // The clock stands still once the schedule is over: no points any more, but news.
  show(second(1, { phase: 'draining' }));
  const last = await early.second();
  assert.deepEqual([last.view.phase, last.point], ['draining', null]);
  const late = await (await Follower.of(t, url)).course();
  assert.deepEqual([late.view, late.points], [last.view, [point]]);
  assert.equal(shown.length, 3);
});

test('two loads are one in the figures of the run', async (t) => {
  const { url, show } = await open(t);
  const [relay, ...others] = second(1).scenarios;
  show(second(1, { scenarios: [...others, relay!, { ...relay!, name: 'vm-crud' }] }));
  const { view, points } = await (await Follower.of(t, url)).course();
  assert.deepEqual(view!.scopes, ['All protocol work', 'sync-relay', 'vm-crud', 'light', 'power']);
  assert.deepEqual(points[0]!.scopes[0], [202, 45.1, 4, 2, 100, 100]);
  assert.deepEqual(view!.figures.slice(0, 5), ['202/s', '45.1 ms', '4 (2 %)', '2', '100 of 100']);
});

test('of a long run not every second is kept, and the whole run is; who does not read costs nothing', async (t) => {
  const { url, show } = await open(t);
  const reader = await Follower.of(t, url);
  await reader.course();
  const seconds = 10_000;
  for (let at = 1; at <= 1_200; at++) {
    show(second(at, { totalMs: seconds * 1_000 }));
    const [name, data] = await reader.next();
    assert.equal(name, at < 1_200 ? 'second' : 'course');
    if (name === 'course') assert.equal((data as LiveCourse).points.length, 600);
  }
  // Nothing can be read meanwhile.
  for (let at = 1_201; at <= seconds; at++) show(second(at, { totalMs: seconds * 1_000 }));
  const { points } = await (await Follower.of(t, url)).course();
  assert.ok(points.length >= 600 && points.length < 1_200, `${points.length}`);
  const gaps = new Set(points.slice(1).map(({ atMs }, index) => atMs - points[index]!.atMs));
  assert.deepEqual([points[0]!.atMs, [...gaps]], [1_000, [16_000]]);
  for (let waiting = 0; ; waiting++) {
    assert.ok(waiting < 200, 'the reader is sent what it cannot read');
    show(second(seconds, { phase: 'draining' }));
    const [, { view }] = (await reader.next()) as [string, LiveSecond];
    if (view.phase === 'draining') break;
  }
});

test('a dashboard that fails ends with a sentence, and the display beside it goes on', async (t) => {
  const { url, show, shown, printed } = await open(t);
  const follower = await Follower.of(t, url);
  await follower.course();
  const broken = { ...second(1), scenarios: null } as unknown as LiveSnapshot;
  show(broken);
  show(second(2));
  assert.equal(shown.length, 2);
  assert.match(printed.join('\n'), /^The dashboard ends here: .+\.$/);
  await assert.rejects(follower.next());
});

test('too many pages are refused, and the end waits for no page that never fetches the report', async (t) => {
  const { dashboard, url } = await open(t);
  const followers = await Promise.all(Array.from({ length: 16 }, () => Follower.of(t, url)));
  assert.equal((await answerTo(url, '/events')).status, 503);
  await followers[0]!.course();
  await dashboard.end({ 'index.html': '<p>report</p>', 'a b.png': PNG, 'x.zip': 'zip' }, 1);
  assert.deepEqual(await followers[0]!.next(), ['done', {}]);
  await assert.rejects(answerTo(url, '/'), { code: 'ECONNREFUSED' });
});

test('after the end there are the report and its files, and nothing else', async (t) => {
  const { dashboard, url } = await open(t);
  await Follower.of(t, url);
  const ending = dashboard.end({ 'index.html': '<p>report</p>', 'a b.png': PNG, 'x.zip': 'zip' });
  const picture = { status: 200, type: 'image/png', body: PNG.toString('hex') };
  for (const [path, expected] of [
    ['/x.zip', { status: 200, type: 'application/zip', body: Buffer.from('zip').toString('hex') }],
    ['/events', { status: 204, type: undefined, body: '' }],
    ['/../a%20b.png', { status: 404, type: undefined, body: '' }],
    ['/..%2Fpackage.json', { status: 404, type: undefined, body: '' }],
    ['/a%20b.png', picture],
    ['/', { status: 200, type: 'text/html; charset=utf-8', body: Buffer.from('<p>report</p>').toString('hex') }],
  ] as const) {
    const { status, headers, body } = await answerTo(url, path);
    assert.deepEqual({ status, type: headers['content-type'], body: body.toString('hex') }, expected, path);
  }
  // The page and its picture were fetched: there is nothing to wait for.
  await ending;
});

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

async function openPage(t: TestContext, url: string): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  return { page, complaints };
}

test('a browser shows the run as it goes, for everybody, and then its report', async (t) => {
  const { dashboard, url, show } = await open(t);
  show(second(0, { phase: 'preparing', slicesReady: 1 }));
  const { page, complaints } = await openPage(t, url);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('medium → embedded');
  await expect(page.getByText('http://127.0.0.1:41233 · run 20250607-142233-k3f9')).toBeVisible();
  await expect(page.getByRole('status').first()).toHaveText('preparing');
  await expect(page.locator('.chart')).toHaveCount(0);
  // What a screen reader would say by itself.
  const said = await page.evaluateHandle(() => {
    const texts: string[] = [];
    new MutationObserver((changes) => {
      for (const { target } of changes) if ((target as Element).role === 'status') texts.push(target.textContent ?? '');
    }).observe(document.body, { subtree: true, childList: true });
    return texts;
  });
  // Few at once: the page would not be sent what it is not yet able to read.
  for (let at = 1; at <= 60; at++) {
    show(second(at));
    if (at % 10 === 0) await expect(page.locator('#time-left')).toHaveText(timeLeft(second(at)));
  }
  assert.deepEqual(await said.jsonValue(), ['calm', 'load']);
  assert.deepEqual(await emptyCharts(page), []);
  const row = page.getByRole('row', { name: /^sync-relay/ });
  await expect(row).toHaveText(/protocol\s*6,000\s*160\/s\s*45\.1 ms\s*120 \(2 %\)\s*50 of 50\s*60/);
  await expect(page.locator('[data-chart=rate]')).toHaveAttribute(
    'aria-label',
    'Rate of sync-relay over time. done: 101 to 160 per second.',
  );
  await expect(page.locator('[data-chart=errors]')).toHaveAttribute('aria-label', /dropped: 1 to 1 .*failed: 2 to 2 /);
  await expect(page.getByRole('slider')).toHaveAttribute('max', '59');

  // A stretch of time that somebody looks at stays, while the run goes on.
  const chart = page.locator('[data-chart=rate]');
  await chart.hover({ position: { x: 300, y: 50 } });
  await page.mouse.down();
  await chart.hover({ position: { x: 500, y: 50 } });
  await page.mouse.up();
  const whole = page.getByRole('button', { name: 'Show the whole run' });
  await expect(whole).toBeVisible();
  await page.getByRole('combobox', { name: 'Scenario' }).selectOption('light');
  show(second(61));
  await expect(page.getByRole('slider')).toHaveAttribute('max', '60');
  await expect(whole).toBeVisible();
  await expect(page.locator('[data-chart=rate]')).toHaveAttribute('aria-label', /^Rate of light over time\./);
  await whole.click();
  await expect(whole).toBeHidden();
  show(second(62));
  await expect(page.getByRole('slider')).toHaveAttribute('max', '61');
  await expect(whole).toBeHidden();

  assert.deepEqual(await axe(page), []);
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.deepEqual(await axe(page, 'color-contrast'), []);
  assert.deepEqual(await emptyCharts(page), []);
  await page.setViewportSize(PHONE.viewport);
  await expect.poll(() => isWiderThanItsWindow(page)).toBe(false);

  const hostile = '</script><img src=x onerror=alert(1)>';
  show(second(63, { stopReason: hostile, phase: 'draining' }));
  await expect(page.getByText('The run is being stopped: ')).toContainText(hostile);
  const report = '<!doctype html><title>Report</title><h1>PASS</h1><img alt="failed" src="a%20b.png">';
  const ended = dashboard.end({ 'index.html': report, 'a b.png': PNG });
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('PASS');
  await ended;
  await expect
    .poll(() => page.getByAltText('failed').evaluate((image: HTMLImageElement) => image.naturalWidth))
    .toBe(1);
  assert.deepEqual(complaints, []);
});

test('a page whose run is gone says so, and begins anew with the next run on that port', async (t) => {
  const { dashboard, url, show } = await open(t);
  show(second(1));
  const { page } = await openPage(t, url);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('medium → embedded');
  await dashboard.end();
  await expect(page.getByRole('status').first()).toHaveText('not connected');
  const next = await Dashboard.open({ LOAD_DASHBOARD: new URL(url).port }, (snapshot) => snapshot);
  t.after(() => next!.end());
  next!.beside({ show() {}, print() {}, stop() {} }).show(second(1, { runId: 'another', profile: 'heavy' }));
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('heavy → embedded');
  await expect(page.getByRole('status').first()).toHaveText('calm');
});
