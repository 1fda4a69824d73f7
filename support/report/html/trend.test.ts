import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { launch } from '../../../target/core/chromium.fixture.ts';
import { folderOf } from '../../folder.fixture.ts';
import { appendHistory, type HistoryLine, historyLine, readHistory } from '../history.ts';
import { exampleVerdict } from '../verdict.fixture.ts';
import { addToTrend, trendHtml } from './trend.ts';

function lineOf(overrides: Partial<HistoryLine> = {}): HistoryLine {
  const figure = {
    metric: 'http_req_duration',
    stat: 'p(95)',
    aspect: 'response-time',
    value: 12.3456789,
    blocks: [1, 2, 3],
  } as const;
  const run = {
    runId: 'run-1',
    startedAt: '2026-11-23T20:00:00.000Z',
    build: 'abc',
    figures: [{ ...figure, blocks: [...figure.blocks] }],
  };
  return { ...historyLine(exampleVerdict(), run), ...overrides };
}

test('a line holds what a trend is drawn from, and no time blocks', () => {
  assert.deepEqual(lineOf(), {
    schemaVersion: 1,
    runId: 'run-1',
    startedAt: '2026-11-23T20:00:00.000Z',
    status: 'fail',
    profile: 'medium',
    target: 'embedded',
    build: 'abc',
    figures: [{ metric: 'http_req_duration', stat: 'p(95)', aspect: 'response-time', value: 12.3457 }],
  });
});

test('runs that end at the same time each add their line', async (t) => {
  const file = join(folderOf(t, {}), 'reports', 'history.jsonl');
  assert.deepEqual(await readHistory(file), { lines: [], skipped: [] });
  const ids = Array.from({ length: 30 }, (_, i) => `run-${i}`);
  await Promise.all(ids.map((runId) => appendHistory(file, lineOf({ runId, profile: 'x'.repeat(20_000) }))));
  const { lines, skipped } = await readHistory(file);
  assert.deepEqual(lines.map(({ runId }) => runId).sort(), ids.sort());
  assert.deepEqual(skipped, []);
});

test('lines that a hand or a crash spoiled are skipped with a sentence, and the next line is not', async (t) => {
  const file = join(folderOf(t, { 'history.jsonl': `${JSON.stringify(lineOf())}\n\n{"half": ` }), 'history.jsonl');
  await appendHistory(file, lineOf({ runId: 'run-2' }));
  appendFileSync(
    file,
    `${JSON.stringify({ ...lineOf(), status: 'green' })}\n${JSON.stringify({ ...lineOf(), schemaVersion: 9 })}\n[]\n`,
  );
  const { lines, skipped } = await readHistory(file);
  assert.deepEqual(
    lines.map(({ runId }) => runId),
    ['run-1', 'run-2'],
  );
  assert.deepEqual(skipped, [
    'Line 3 of the history is skipped: it is no JSON.',
    'Line 5 of the history is skipped: status is not what Tandem writes there.',
    'Line 6 of the history is skipped: schemaVersion is not what Tandem writes there.',
    'Line 7 of the history is skipped: it is not what Tandem writes there.',
  ]);
});

test('a history that cannot be written is one sentence', async (t) => {
  const folder = folderOf(t, {});
  mkdirSync(join(folder, 'history.jsonl'));
  await assert.rejects(addToTrend(folder, lineOf()), {
    message: /^results not written: .+history\.jsonl: a folder of that name is in the way \(EISDIR\);/,
  });
});

test('the page shows every profile and target, the newest run first, and links to its report', async (t) => {
  const folder = folderOf(t, {});
  await addToTrend(folder, lineOf());
  await addToTrend(folder, lineOf({ runId: 'feature/x', startedAt: '2026-11-24T20:00:00.000Z', status: 'pass' }));
  await addToTrend(folder, lineOf({ profile: 'smoke', figures: [] }));
  const page = readFileSync(join(folder, 'trend.html'), 'utf8');
  assert.match(page, /<h2 id="group-0">medium → embedded<\/h2>[\s\S]+<h2 id="group-1">smoke → embedded<\/h2>/);
  assert.match(
    page,
    /href="feature-x-[0-9a-f]{8}\/index\.html">2026-11-24 20:00:00<[\s\S]+href="run-1\/index\.html">2026-11-23 20:00:00</,
  );
  assert.match(page, /12\.3 ms/);
  const [, payload] = /<script type="application\/json" id="payload">(.+?)<\/script>/.exec(page)!;
  const { groups } = JSON.parse(payload!);
  assert.deepEqual(groups[0].statuses, ['fail', 'pass']);
  assert.deepEqual(groups[0].charts, [
    {
      id: 'response-time-0',
      column: 3,
      unit: 'ms',
      figures: [{ name: 'p(95) of http_req_duration', values: [12.3457, 12.3457] }],
    },
  ]);
  assert.deepEqual(groups[1].charts, []);
});

test('a column of the table is of one figure, whatever figures its runs have: the one that is chosen for the chart', async (t) => {
  const [figure] = lineOf().figures;
  const of = (metric: string, value: number) => ({ ...figure!, metric, value });
  const runs = [
    lineOf({ runId: 'whole', figures: [of('a', 1), of('b', 20)] }),
    lineOf({ runId: 'part', startedAt: '2026-11-24T20:00:00.000Z', figures: [of('b', 30)] }),
  ];
  const browser = await launch();
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.setContent(trendHtml(runs, []));
  const rows = () => page.getByRole('row').allInnerTexts();
  const shown = async () => (await rows()).map((row) => row.split('\t').at(3)!.trim().replace(/\s+/g, ' '));
  assert.deepEqual(await shown(), ['response time p(95) of b', '30.0 ms', '20.0 ms']);
  await page.getByRole('combobox').selectOption('p(95) of a');
  assert.deepEqual(await shown(), ['response time p(95) of a', '–', '1 ms']);
});

test('a run that was judged again is there once, with its last verdict; one of its id at another time is another', () => {
  const again = '2026-11-24T20:00:00.000Z';
  const page = trendHtml(
    [lineOf({ status: 'invalid' }), lineOf({ status: 'pass' }), lineOf({ status: 'fail', startedAt: again })],
    [],
  );
  const [, payload] = /<script type="application\/json" id="payload">(.+?)<\/script>/.exec(page)!;
  assert.deepEqual(JSON.parse(payload!).groups[0].statuses, ['pass', 'fail']);
  assert.match(page, /<p class="headline">2 runs, by profile/);
});

test('hostile names stay text', () => {
  const evil = '</script><img src=x onerror=alert(1)>';
  const [figure] = lineOf().figures;
  const page = trendHtml(
    [lineOf({ runId: evil, profile: evil, build: evil, figures: [{ ...figure!, metric: evil }] })],
    [evil],
  );
  assert.ok(!page.includes('<img'));
  assert.equal(page.match(/<\/script>/g)!.length, 3);
});
