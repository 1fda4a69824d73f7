import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, expect, type Page } from '@playwright/test';
import { launch } from '../../../target/core/chromium.fixture.ts';
import type { MetricSummary, Verdict } from '../../judge/verdict.ts';
import type { Tags } from '../../measure/metrics.ts';
import { type AnySeries, newSeries } from '../../measure/series.ts';
import { MetricStore } from '../../measure/store.ts';
import { axe, emptyCharts, isWiderThanItsWindow, PHONE, PNG } from '../page.fixture.ts';
import { exampleRun, exampleStore, exampleTimeline } from '../record.fixture.ts';
import { exampleFailure, exampleVerdict, operationsOf, undecidedThreshold } from '../verdict.fixture.ts';
import { type Payload, packPayload, payloadOf } from './payload.ts';
import { reportHtml } from './report.ts';

let browser: Browser;
let folder: string;

before(async () => {
  [browser, folder] = await Promise.all([launch(), mkdtemp(join(tmpdir(), 'report-'))]);
});
after(async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true });
});

/** Opens a report as somebody does who got the file; whatever the page complains about fails the test. */
async function open(t: TestContext, html: string, options: BrowserContextOptions = {}, hash = '') {
  const path = join(folder, `${t.name.replace(/\W+/g, '-')}.html`);
  await writeFile(path, html);
  const context = await browser.newContext(options);
  t.after(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  const dialogs: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => complaints.push(request.url()));
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.goto(`${pathToFileURL(path).href}${hash}`);
  // What folds is there to be opened.
  await page.locator('section > details, .more, .rest').evaluateAll((all) => {
    for (const one of all) (one as HTMLDetailsElement).open = true;
  });
  return { page, path, complaints, dialogs };
}

const firstColumn = (page: Page, table: string) =>
  page.getByRole('table', { name: table, exact: true }).locator('tbody tr:visible th').allTextContents();

const violated = {
  name: 'convergence',
  checked: 128,
  violations: 1,
  examples: [{ document: 'd-7', devices: ['a', 'b'] }],
  status: 'violated' as const,
};

test('a report is read from a disk: what happened first, charts, tables, evidence, and nothing amiss', async (t) => {
  await writeFile(join(folder, 'light-session-3.png'), PNG);
  const files = ['light-session-3.png', 'light-session-3-trace.zip', 'light-session-9.png'];
  const operation = { scenario: 'sync-relay', operation: 'push', name: 'HTTP 503', error: 'HTTP 503', count: 1 };
  const failures = [exampleFailure, operation];
  const timeline = exampleTimeline();
  await writeFile(join(folder, files[2]!), PNG);
  const thresholds = [...exampleVerdict().thresholds, undecidedThreshold(true)];
  const run = exampleRun({ oracles: [violated], failures, thresholds }, timeline, exampleStore(timeline), files);
  const { page, path, complaints } = await open(t, reportHtml(run.verdict, run.record));

  await expect(page.getByRole('heading', { level: 1 })).toHaveText('FAIL medium → embedded');
  await expect(page.getByRole('listitem').first()).toContainText(
    'p(95) of iteration_response_time{scenario:sync-relay} was 812 ms',
  );
  await expect(page.getByRole('row', { name: /^light · sync/ })).toContainText('×');
  await expect(page.locator('.chart')).toHaveCount(11);
  assert.deepEqual(await emptyCharts(page), []);

  await t.test('columns sort in both directions, and a filter leaves what it names', async () => {
    const samples = page.getByRole('columnheader', { name: 'samples' }).first();
    const heading = page.getByRole('table', { name: 'Thresholds' }).getByRole('columnheader', { name: 'samples' });
    await expect(samples).toBeAttached();
    await heading.getByRole('button').click();
    await expect(heading).toHaveAttribute('aria-sort', 'ascending');
    const ascending = await firstColumn(page, 'Thresholds');
    assert.match(ascending[0]!, /GET|lcp|sync,window/);
    await heading.getByRole('button').press('Enter');
    await expect(heading).toHaveAttribute('aria-sort', 'descending');
    assert.equal((await firstColumn(page, 'Thresholds'))[0], 'changes_accepted{scenario:sync-relay}');

    await page.getByText(/^\d+ series$/).click();
    await page.getByLabel('Filter all metrics').fill('lateness light');
    assert.deepEqual(await firstColumn(page, 'All metrics'), []);
    await page.getByLabel('Filter all metrics').fill('lcp calm');
    assert.ok((await firstColumn(page, 'All metrics')).every((name) => name.includes('lcp') && name.includes('calm')));
    await expect(page.getByText(/^\d of \d+ rows$/)).toBeVisible();
  });

  await t.test('one moment is shown in all charts, by keyboard and by mouse; events stand on the axis', async () => {
    const slider = page.getByLabel('Moment');
    await slider.fill('7');
    await expect(slider).toHaveAttribute('aria-valuetext', '00:07');
    const legend = (id: string) => page.locator(`.panel:has([data-chart=${id}]) .legend`);
    await expect(legend('rate')).toHaveText(/planned 8\s*ok 4\s*failed 1/);
    await expect(legend('errors')).toHaveText(/dropped 0\s*failed 1/);
    await expect(legend('response')).toHaveText(/p99 86/);
    await expect(legend('memory')).toHaveText(/107/);
    await page.locator('[data-chart=cpu]').hover({ position: { x: 500, y: 50 } });
    await expect(slider).not.toHaveAttribute('aria-valuetext', '00:07');
    await page.mouse.down();
    await page.locator('[data-chart=cpu]').hover({ position: { x: 700, y: 50 } });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Show the whole run' }).click();
    await expect(page.getByRole('button', { name: 'Show the whole run' })).toBeHidden();
    await expect(page.getByRole('list', { name: 'Events' }).getByRole('listitem')).toHaveText([
      '00:02 The load begins',
      '00:02 sync-relay moves to 8/s',
      '00:06 sync-relay holds 8/s',
      '00:10 The schedule ends',
    ]);
    await page.getByLabel('Scenario').selectOption('light');
    await expect(page.locator('[data-chart=vus]')).toHaveAttribute('aria-label', /^VUs of light over time\./);
    await expect(page.locator('[data-chart=lateness]')).toBeHidden();
    await page.getByText('The figures of these charts').click();
    await expect(page.getByRole('table', { name: 'Figures of light over time' }).getByRole('row')).toHaveCount(11);
  });

  await t.test(
    'another run lies beside this one: its report, its metrics.json; a wrong file is a sentence',
    async () => {
      const other = exampleRun({ runId: 'before' });
      const input = page.getByLabel(/^Beside another run/);
      const curve = page.locator('#curves');
      const choose = (name: string, text: string) =>
        input.setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
      await choose('index.html', reportHtml(other.verdict, other.record));
      await expect(curve.getByRole('row', { name: /^response time, from due, before/ })).toContainText('104');
      await expect(page.locator('#beside')).toContainText('Dashed: before');
      const { bounds: _, ...payload } = payloadOf(other.verdict, other.record);
      const curves = Object.entries(payload.curves).map(([key, { bins: _, first: __, ...curve }]) => [key, curve]);
      const older = { ...payload, runId: 'older', curves: Object.fromEntries(curves) } as unknown as Payload;
      await choose('older.html', `<script id="payload">${packPayload(older)}</script>`);
      await expect(page.locator('#beside')).toContainText('Dashed: older');
      await expect(curve.getByRole('row', { name: /^response time, from due, older/ })).toContainText('104');
      await choose('metrics.json', JSON.stringify({ metrics: other.verdict.metrics }));
      await expect(curve.getByRole('row', { name: /^duration, from start, metrics\.json/ })).toBeVisible();
      assert.deepEqual(await emptyCharts(page), []);
      await choose('notes.html', '<p>no report</p>');
      await expect(page.locator('#beside')).toContainText('notes.html is no Tandem report; allowed is an index.html');
    },
  );

  await t.test(
    'a limit stands in its chart, and how often something took how long beside its percentiles',
    async () => {
      await page.getByLabel('Scenario').selectOption('sync-relay');
      const label = (id: string) => page.locator(`[data-chart=${id}]`).getAttribute('aria-label');
      assert.match((await label('response'))!, /p99: \d+ to \d+ ms; required p\(95\)<500, missed\.$/);
      assert.match((await label('felt'))!, /required main content \(LCP\): p\(75\)<2\.5\*calm\.$/);
      assert.match((await label('distribution'))!, /response time, from due: most often up to \d+ ms/);
    },
  );

  await t.test('what failed, whole and as it was written, beside its picture', async () => {
    const failed = page.locator('.failures > li').first();
    await expect(failed.getByRole('heading')).toHaveText('light, step “sign in”: 12 times');
    assert.equal(await failed.locator('pre').textContent(), exampleFailure.error.trimEnd());
    await expect(failed.getByRole('img')).toHaveAttribute('src', 'light-session-3.png');
    await expect(failed).toContainText('at journeys/light.journey.ts:12');
    await expect(page.locator('.failures > li').nth(1)).toHaveText(/^sync-relay, operation “push”: 1 time\s+HTTP 503$/);
    await expect(page.locator('.failures > li').nth(1).getByRole('img')).toHaveCount(0);
  });

  await t.test('a threshold that nobody can tell says why', async () => {
    const row = page.getByRole('table', { name: 'Thresholds' }).getByRole('row', { name: /a\|b/ });
    await expect(row).toContainText('undecided Undecided: machine CPU 99 % (allowed 95 %) may be the cause.');
  });

  await t.test('evidence, and failed sessions with their picture and trace', async () => {
    await expect(page.getByText('a, b', { exact: true })).toBeVisible();
    const picture = page.getByAltText('The page of light-session-3 when it failed');
    await picture.scrollIntoViewIfNeeded();
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
    await expect(page.getByRole('link', { name: 'trace' })).toHaveAttribute('href', 'light-session-3-trace.zip');
    await expect(page.getByText('LOAD_SEED=42 npx playwright test --project=medium')).toBeVisible();
  });

  await t.test('everybody can read it: light, dark, on a phone', async () => {
    assert.deepEqual(await axe(page), []);
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.deepEqual(await axe(page, 'color-contrast'), []);
    assert.deepEqual(await emptyCharts(page), []);
    await page.setViewportSize(PHONE.viewport);
    await expect.poll(() => isWiderThanItsWindow(page)).toBe(false);
    assert.deepEqual(await axe(page, 'scrollable-region-focusable', 'target-size'), []);
  });
  assert.deepEqual(complaints, []);
  assert.doesNotMatch(await readFile(path, 'utf8'), /https?:\/\/(?!127\.0\.0\.1|github\.com\/leeoniya|www\.w3\.org)/);
});

test('names from the target are words: they neither run, load, nor break the page', async (t) => {
  const hostile = [
    '</script><script>alert(1)</script>',
    '<img src=x onerror=alert(2)>',
    '"\'`onmouseover=alert(3) ',
    '\u202Egnp.exe \u200F \u0000 \u001b[31m',
    '-->]]><!--',
    'javascript:alert(4)',
    'x'.repeat(5_000),
  ];
  const timeline = exampleTimeline();
  const [load, journey] = timeline.scenarios;
  const names = {
    ...timeline,
    scenarios: [
      { ...load!, name: hostile[0]! },
      { ...journey!, name: hostile[1]! },
    ],
  };
  const { thresholds, health } = exampleVerdict();
  const run = exampleRun(
    {
      runId: hostile[0],
      profile: hostile[1],
      target: { name: hostile[2]!, url: hostile[5]! },
      reasons: hostile.map((error) => ({
        kind: 'target-down',
        severity: 'fail',
        url: error,
        atMs: 1_000,
        forMs: 1,
        tries: 1,
        error,
        message: error,
      })),
      errors: Object.fromEntries(hostile.map((name, i) => [name, i])),
      failures: hostile.map((name) => ({
        ...exampleFailure,
        scenario: name,
        step: name,
        error: `${name}\n${name}`,
        at: name,
        screenshot: '"><img src=x onerror=alert(5)>-session-1.png',
      })),
      oracles: hostile.map((name) => ({ ...violated, name, promise: name, examples: [{ [name]: name }, name] })),
      thresholds: hostile.map((metric) => ({ ...thresholds[0]!, metric })),
      health: { ...health, scenarios: hostile.map((scenario) => ({ ...health.scenarios[0]!, scenario })) },
    },
    names,
    exampleStore(names),
    ['"><img src=x onerror=alert(5)>-session-1.png', '../../x-session-1-trace.zip'],
  );
  const { page, complaints, dialogs } = await open(t, reportHtml(run.verdict, run.record), PHONE);
  await expect(page.locator('.chart').first()).toBeVisible();
  await page.getByText(/^\d+ series$/).click();
  for (const name of [hostile[0]!, hostile[1]!]) await page.getByLabel('Scenario').selectOption({ label: name });
  await expect(page.getByRole('heading', { level: 1 })).toContainText(hostile[1]!);
  await expect(page.getByRole('table', { name: 'Errors' })).toContainText('\\u202egnp.exe \\u200f \\x00 \\x1b[31m');
  assert.equal(await page.locator('script').count(), 3);
  assert.equal(await page.locator('img[onerror], [onmouseover], a[href^="javascript"]').count(), 0);
  assert.equal(await isWiderThanItsWindow(page), false);
  assert.deepEqual(dialogs, []);
  // The picture that the hostile file name stands for is not there; nothing else was asked for.
  assert.deepEqual(
    complaints.filter((text) => !/session-1\.png|ERR_FILE_NOT_FOUND/.test(text)),
    [],
  );
});

test('the promise of an oracle stands beside its result, and by whose objectives was judged at the top', () => {
  const text = (changes: Partial<Verdict>) => {
    const run = exampleRun(changes);
    return reportHtml(run.verdict, run.record);
  };
  const slo = '<dt>SLO</dt><dd>profiles/slo/production.json</dd>';
  const judged = text({
    oracles: [{ ...violated, promise: 'No order is lost.' }],
    slo: 'profiles/slo/production.json',
  });
  assert.ok(judged.includes('No order is lost.') && judged.includes(slo));
  assert.ok(!text({}).includes('<dt>SLO</dt>'));
});

test('of a thousand operations the slowest stand there, and all of them in a table that folds', async (t) => {
  const { verdict, record } = exampleRun({ metrics: operationsOf(1_000) });
  const { page } = await open(t, reportHtml(verdict, record));
  const section = page.locator('#operations');
  const slowest = section.getByRole('region', { name: 'Protocol operations, table' }).locator('tbody tr');
  assert.equal(await slowest.count(), 51, 'with the name of the scenario');
  await section.getByText('All operations of attack: 1,000').click();
  const all = section.getByRole('region', { name: 'All operations of attack, table' });
  assert.equal(await all.locator('tbody tr').count(), 1_000);
  await section.getByRole('searchbox').fill('/777');
  assert.equal(await all.locator('tbody tr:visible').count(), 1);
});

test('of examples of any length the page shows the beginning', () => {
  const long = 'é'.repeat(100_000);
  const page = (examples: unknown[]) => {
    const run = exampleRun({ oracles: [{ ...violated, examples }] });
    return reportHtml(run.verdict, run.record);
  };
  const text = page([long, { id: long }, { all: [{ id: long }] }]);
  assert.ok(!text.includes('é'.repeat(1_000)));
  assert.equal(text.split(`${'é'.repeat(999)}…`).length, 4);
  assert.ok(page(['é'.repeat(1_000)]).includes('é'.repeat(1_000)));
});

test('what was not measured is said: no browser, no calm, no target metrics, one interval, nothing at all', async (t) => {
  const timeline = exampleTimeline();
  const [load] = timeline.scenarios;
  const short = {
    ...timeline,
    phases: [{ name: 'load', startMs: 0, endMs: 1_000, load: 1 }],
    durationMs: 1_000,
    scenarios: [load!],
  };
  const store = new MetricStore();
  store.define(exampleStore(short).definitions);
  store.add({
    index: 0,
    series: {
      'iterations{scenario:sync-relay}': { t: 'counter', sum: 3 },
      'iteration_failed{scenario:sync-relay}': { t: 'rate', passes: 0, total: 3 },
    },
  });
  const twoSeconds = exampleRun({ status: 'invalid' }, short, store);
  const first = await open(t, reportHtml(twoSeconds.verdict, twoSeconds.record));
  await expect(first.page.locator('.missing li')).toHaveText([
    /^The run lasted one interval/,
    /^No browser took part/,
    /^The run had no phase without load/,
    /^The target publishes no metrics/,
  ]);
  assert.deepEqual(await emptyCharts(first.page), []);
  assert.deepEqual(first.complaints, []);

  const nothing = exampleRun(
    {
      status: 'invalid',
      thresholds: [],
      oracles: [],
      errors: {},
      durationMs: 0,
      health: { ...exampleVerdict().health, scenarios: [], signals: [] },
    },
    timeline,
    new MetricStore(),
  );
  const second = await open(t, reportHtml(nothing.verdict, nothing.record), PHONE);
  await expect(second.page.locator('.missing')).toHaveText(/^Nothing was measured/);
  await expect(second.page.getByRole('heading', { level: 2 })).toContainText([
    'The generator’s own health',
    'How it was run',
  ]);
  assert.deepEqual(await axe(second.page), []);
  assert.deepEqual(second.complaints, []);
});

/** Answers as a store of a long run would, without its histograms being packed and unpacked. */
class LongStore extends MetricStore {
  override lastInterval = 299;
  #state = 1;
  readonly #seconds = Array.from({ length: 40 }, () => {
    const second = newSeries('trend');
    for (let n = 0; n < 3; n++) second.add(this.#random() * 100);
    return second;
  });
  override over(metric: string, _tags: Tags = {}): Map<number, AnySeries> {
    const { type } = this.definitions[metric]!;
    return new Map(
      Array.from({ length: 300 }, (_, index) => {
        if (type === 'trend') return [index, this.#seconds[Math.floor(this.#random() * 40)]!];
        const series = newSeries(type);
        series.add(this.#random() * 10_000);
        return [index, series];
      }),
    );
  }
  #random(): number {
    this.#state = (this.#state * 48_271) % 2_147_483_647;
    return this.#state / 2_147_483_647;
  }
}

test('fifteen minutes of fourteen scenarios with all metrics stay below 2 MB', () => {
  const timeline = exampleTimeline();
  const [load, journey] = timeline.scenarios;
  const phases = [
    { name: 'calm', startMs: 0, endMs: 60_000, load: 0 },
    { name: 'load', startMs: 60_000, endMs: 900_000, load: 1 },
  ];
  const many = { ...timeline, phases, durationMs: 900_000, intervalMs: 3_000 };
  many.scenarios = Array.from({ length: 14 }, (_, i) => ({ ...(i < 9 ? load! : journey!), name: `scenario-${i}` }));
  const store = new LongStore();
  store.define(exampleStore(timeline).definitions);
  const metrics: Record<string, MetricSummary> = {};
  for (const { name } of many.scenarios) {
    for (let i = 0; i < 120; i++) {
      const values = Object.fromEntries(
        ['avg', 'min', 'med', 'max', 'p(75)', 'p(90)', 'p(95)', 'p(99)'].map((stat, n) => [
          stat,
          Math.sin(i + n) * 1_000 + 1_000,
        ]),
      );
      metrics[`own_metric_${i}_duration{operation:op-${i % 7},scenario:${name}}`] = {
        type: 'trend',
        contains: 'time',
        count: 10 ** 6,
        values,
      };
    }
  }
  const { verdict, record } = exampleRun({ metrics, durationMs: 905_000 }, many, store);
  const html = reportHtml(verdict, record);
  assert.ok(html.length < 2_000_000, `${html.length} bytes`);
  assert.ok(html.length > 200_000);
});

test('the first screen has the verdict, its reasons and three charts; the rest folds, and a link leads to a moment', async (t) => {
  const reasons = Array.from({ length: 6 }, () => exampleVerdict().reasons[0]!);
  const { verdict, record } = exampleRun({ reasons });
  const path = join(folder, 'first.html');
  await writeFile(path, reportHtml(verdict, record));
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(`${pathToFileURL(path).href}#t=7`);
  const slider = page.getByLabel('Moment');
  await expect(slider).toHaveAttribute('aria-valuetext', '00:07');
  await expect(page.locator('.chart:visible')).toHaveCount(3);
  await expect(page.locator('.verdict .findings li:visible')).toHaveCount(3);
  await expect(page.getByText('and 3 more reasons')).toBeVisible();
  await expect(page.getByRole('table', { name: 'Thresholds' })).toBeVisible();
  await expect(page.getByRole('table', { name: 'Protocol operations' })).toBeHidden();
  await slider.fill('3');
  assert.match(page.url(), /#t=3$/);
  await page.getByRole('link', { name: 'Protocol operations' }).click();
  await expect(page.getByRole('table', { name: 'Protocol operations' })).toBeVisible();
  await page.evaluate(() => scrollTo(0, 0));
  const bottom = await page.locator('[data-chart=felt]').evaluate((one) => one.getBoundingClientRect().bottom);
  assert.ok(bottom <= 900, `${bottom} px`);
});

test('on paper, which is white and narrower than a window, charts are whole and say what they are about', async (t) => {
  const { verdict, record } = exampleRun();
  const options = { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' } as const;
  const { page } = await open(t, reportHtml(verdict, record), options);
  /** Of the widest chart, and the brightness of the page that its colours are made for. */
  const drawn = () =>
    page.evaluate(() => ({
      width: Math.max(...[...document.querySelectorAll('canvas')].map(({ width }) => width / devicePixelRatio)),
      isWhite: getComputedStyle(document.documentElement).getPropertyValue('--page').trim() === '#ffffff',
    }));
  const wide = await drawn();
  assert.ok(wide.width > 1_000 && !wide.isWhite, JSON.stringify(wide));
  const figures = page.getByRole('table', { name: 'Figures of sync-relay over time' });
  await page.getByText('The figures of these charts').click();
  await expect(figures).toBeVisible();
  await page.evaluate(() => void dispatchEvent(new Event('beforeprint')));
  await expect(figures).toBeVisible();
  await expect(page.getByRole('table', { name: 'Thresholds' })).toBeVisible();
  await expect(page.locator('#metrics-list')).not.toHaveAttribute('open');
  // A4 between margins of 1 cm has 718.
  const paper = await drawn();
  assert.ok(paper.width <= 718 && paper.isWhite, JSON.stringify(paper));
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 500, height: 900 });
  const rights = await page
    .locator('canvas')
    .evaluateAll((all) => all.map((canvas) => canvas.getBoundingClientRect().right));
  assert.ok(Math.max(...rights) <= 500, `on smaller paper they are smaller: ${rights}`);
  await expect(page.getByLabel('Scenario')).toBeVisible();
  await expect(page.getByLabel('Moment')).toBeHidden();
  await page.setViewportSize(options.viewport);
  await page.emulateMedia({ media: 'screen' });
  await page.evaluate(() => void dispatchEvent(new Event('afterprint')));
  assert.deepEqual(await drawn(), wide);
});

test('limits that are close to each other, or all far above, are written below each other', async (t) => {
  const [threshold] = exampleVerdict().thresholds;
  const of = (expression: string, limit: number) => ({ ...threshold!, expression, limit });
  const { verdict, record } = exampleRun({
    thresholds: [of('p(95)<500', 500), of('p(99)<1500', 1_500), of('med<50', 50), of('p(95)<51', 51)],
  });
  const path = join(folder, 'limits.html');
  await writeFile(path, reportHtml(verdict, record));
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.addInitScript(() => {
    const { prototype } = CanvasRenderingContext2D;
    const { fillText } = prototype;
    const drawn: Record<string, number> = {};
    Object.assign(window, { drawn });
    prototype.fillText = function (text, x, y) {
      drawn[text] = y;
      fillText.call(this, text, x, y);
    };
  });
  await page.goto(pathToFileURL(path).href);
  await expect(page.getByLabel('Moment')).toBeVisible();
  const drawn = await page.evaluate(() => (window as unknown as { drawn: Record<string, number> }).drawn);
  const places = ['p(95)<500 ↑', 'p(99)<1500 ↑', 'med<50', 'p(95)<51'].map((label) => drawn[label]!);
  for (const [at, one] of places.entries()) {
    for (const other of places.slice(at + 1)) assert.ok(Math.abs(one - other) >= 11, places.join());
  }
  assert.ok(places[3]! < places[2]!, 'the higher one above the lower one');
});

test('a run of days says which hour it is, on its axis and where a link leads to', async (t) => {
  const timeline = exampleTimeline();
  const hourMs = 3_600_000;
  const phases = [
    { name: 'calm', startMs: 0, endMs: 2 * hourMs, load: 0 },
    { name: 'load', startMs: 2 * hourMs, endMs: 100 * hourMs, load: 1 },
  ];
  const long = { ...timeline, phases, durationMs: 100 * hourMs, intervalMs: 2 * hourMs };
  const { verdict, record } = exampleRun({}, long);
  const path = join(folder, 'days.html');
  await writeFile(path, reportHtml(verdict, record));
  for (const options of [{}, PHONE]) {
    const context = await browser.newContext(options);
    t.after(() => context.close());
    const page = await context.newPage();
    await page.addInitScript(() => {
      const { prototype } = CanvasRenderingContext2D;
      const { fillText } = prototype;
      const drawn: string[] = [];
      Object.assign(window, { drawn });
      prototype.fillText = function (text, ...where) {
        drawn.push(text);
        fillText.call(this, text, ...where);
      };
    });
    await page.goto(`${pathToFileURL(path).href}#t=${26 * 3_600}`);
    await expect(page.getByLabel('Moment')).toHaveAttribute('aria-valuetext', '26:00:00');
    const drawn = await page.evaluate(() => (window as unknown as { drawn: string[] }).drawn);
    assert.ok(drawn.includes('48:00:00'), drawn.join());
    assert.ok(!drawn.includes('00:00:00'));
  }
});
