import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Verdict } from '../../judge/verdict.ts';
import { serve } from '../../server.fixture.ts';
import { reportHtml } from '../html/report.ts';
import { summaryMarkdown } from '../markdown/summary.ts';
import { measured } from '../measured.fixture.ts';
import { exampleRun } from '../record.fixture.ts';
import { renderVerdict } from '../text/terminal.ts';
import { exampleVerdict } from '../verdict.fixture.ts';
import { otlpMetrics } from './otlp.ts';
import { outputs, publish } from './outputs.ts';
import { prometheusText } from './prometheus.ts';

const verdict = exampleVerdict();

// What a CI sets for the tests themselves.
for (const name of Object.keys(process.env))
  if (/^(OTEL_|GITHUB_STEP_SUMMARY$|PROMETHEUS_)/.test(name)) delete process.env[name];

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'outputs-'));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

/** Publishes with these variables and no others. */
async function published(values: Record<string, string>, timeoutMs = 10_000): Promise<string[]> {
  Object.assign(process.env, values);
  try {
    return await publish(verdict, measured(), timeoutMs);
  } finally {
    for (const name of Object.keys(values)) delete process.env[name];
  }
}

test('the files for other tools; the points only when asked', () => {
  for (const env of [{}, { LOAD_POINTS: '0' }, { LOAD_POINTS: '' }]) {
    assert.deepEqual(Object.keys(outputs(verdict, measured(), env)), ['junit.xml', 'histograms.hlog']);
  }
  const files = outputs(verdict, measured(), { LOAD_POINTS: '1' });
  assert.match(files['points.ndjson']!, /^\{"type":"Metric",/);
});

test('where no variable names anything, nothing is told', async () => {
  assert.deepEqual(await published({}), []);
});

test('the step summary is added to, the textfile is written whole, the receiver gets the metrics', async (t) => {
  const dir = await folder(t);
  const asked: string[] = [];
  const { url } = await serve(t, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end();
  });
  const summary = join(dir, 'summary');
  const textfile = join(dir, 'tandem.prom');
  await writeFile(summary, 'before\n');
  await writeFile(textfile, 'old\n');
  const warnings = await published({
    GITHUB_STEP_SUMMARY: summary,
    PROMETHEUS_TEXTFILE: textfile,
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${url}/otlp`,
  });
  assert.deepEqual(warnings, []);
  assert.equal(await readFile(summary, 'utf8'), `before\n${summaryMarkdown(verdict)}`);
  assert.match(await readFile(textfile, 'utf8'), /^# HELP tandem_verdict .*\n# TYPE tandem_verdict gauge\n/);
  assert.deepEqual((await readdir(dir)).sort(), ['summary', 'tandem.prom']);
  assert.deepEqual(asked, ['POST /otlp']);
});

test('what cannot be told is a sentence in time, whatever else is told, and shows no credentials', async (t) => {
  const dir = await folder(t);
  await mkdir(join(dir, 'taken'));
  const secret = 'hunter22-secret';
  const credentials = { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${secret}` };
  const refusing = await serve(t, (_, response) => void response.writeHead(401, secret).end(secret));
  const silent = await serve(t, () => {});
  const withUser = (url: string) => url.replace('//', `//user:${secret}@`);
  const what = 'The metrics were not exported over OTLP';
  const cases: [endpoint: string, timeoutMs: number, cause: RegExp][] = [
    [withUser(refusing.url), 10_000, /^it was answered with 401$/],
    [withUser(silent.url), 300, /^(no answer within 300 ms|Request timed out)$/],
    // Too short for the exporter to try again.
    [withUser('http://127.0.0.1:1'), 700, /^connect ECONNREFUSED 127\.0\.0\.1:1$/],
    [
      `${secret}:4318`,
      10_000,
      /^OTEL_EXPORTER_OTLP_ENDPOINT is no URL; allowed is one such as http:\/\/localhost:4318$/,
    ],
  ];
  for (const [endpoint, timeoutMs, cause] of cases) {
    const [warning, ...others] = await published({ ...credentials, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, timeoutMs);
    assert.deepEqual(others, []);
    assert.ok(warning!.startsWith(`${what}: `), warning);
    assert.match(warning!.slice(what.length + 2, -1), cause);
    assert.doesNotMatch(warning!, new RegExp(secret));
  }
  const textfile = join(dir, 'tandem.prom');
  const refused = { OTEL_EXPORTER_OTLP_ENDPOINT: refusing.url, PROMETHEUS_TEXTFILE: textfile };
  assert.equal((await published(refused)).length, 1);
  assert.match(await readFile(textfile, 'utf8'), /tandem_verdict/);
  await rm(textfile);
  const taken = join(dir, 'taken');
  assert.deepEqual(await published({ GITHUB_STEP_SUMMARY: taken, PROMETHEUS_TEXTFILE: taken }), [
    'The step summary was not written: a folder of that name is in the way (EISDIR).',
    `PROMETHEUS_TEXTFILE ${taken} was not written: a folder of that name is in the way (EISDIR).`,
  ]);
  assert.deepEqual(await readdir(dir), ['taken']);
});

test('the tags of a run are in all that is told of it, and without any there is no word of them', async () => {
  const told = async (verdict: Verdict) => {
    const record = measured();
    return {
      text: renderVerdict(verdict, { columns: 100, color: false, full: false, report: 'index.html' }),
      page: reportHtml(verdict, exampleRun().record),
      markdown: summaryMarkdown(verdict),
      prometheus: await prometheusText(verdict, record),
      otlp: JSON.stringify(otlpMetrics(verdict, record).resource.attributes),
      ...outputs(verdict, record, { LOAD_POINTS: '1' }),
    };
  };
  const [tagged, bare] = [await told(exampleVerdict({ tags: { team: 'shop-of-all' } })), await told(exampleVerdict())];
  for (const [where, text] of Object.entries(tagged)) {
    // An interval log of HdrHistogram has no place for them.
    if (where === 'histograms.hlog') continue;
    assert.match(text, /\bteam\b\W+(value\W+)?shop-of-all/, where);
    assert.doesNotMatch(bare[where as keyof typeof bare], /shop-of-all/, where);
  }
});
