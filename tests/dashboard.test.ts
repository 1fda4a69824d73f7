/** `LOAD_DASHBOARD=1`: a browser follows a whole run, and ends at its report. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../support/server.fixture.ts';
import { expect, launch } from '../target/core/chromium.fixture.ts';
import { Project, pingProfile, repository } from './project.ts';

/** Its slice is ready once the target lets it. */
const gatedLoad = `
  import { load } from '${repository}/support/test.ts';
  import { Http } from '${repository}/protocol/transports/http.ts';

  load('ping', {
    async setup(slice) {
      const http = new Http(slice, slice.target.apiUrl);
      await http.request({ op: 'gate', method: 'GET', path: '/gate' });
      return http;
    },
    teardown: (http) => http.close(),
    vu: (_vu, http) => http,
    operations: {
      get: {
        weight: 1,
        async run(http, vu) {
          const answer = await http.request({ op: 'get', method: 'GET', path: '/item' });
          vu.check('status is 200', answer.status === 200);
        },
      },
    },
  });`;

test('a page follows the run from before its start, and becomes its report', async (t) => {
  let begin!: () => void;
  const gate = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const { url } = await serve(t, async (request, answer) => {
    if (request.url === '/gate') await gate;
    answer.end('{}');
  });
  const browser = await launch();
  t.after(() => browser.close());
  const project = new Project(t, {
    'profiles/small.json': pingProfile({}, { duration: '3s' }),
    'protocol/ping.load.ts': gatedLoad,
  });
  const run = project.start(['--project=small'], { BASE_URL: url, LOAD_DASHBOARD: '1', API_TOKEN: 'hunter2-token' });
  const [, dashboard] = await run.printed(/^Dashboard: (http:\/\/127\.0\.0\.1:\d+\/)$/m);
  const page = await browser.newPage();
  const iterations: number[] = [];
  await page.exposeFunction('noteIterations', (text: string) => iterations.push(Number(text)));
  await page.addInitScript(() => {
    const note = (window as unknown as { noteIterations(text: string): void }).noteIterations;
    new MutationObserver(() => {
      const cell = document.querySelector('#scenarios tbody td:nth-of-type(2)');
      if (cell) note(cell.textContent ?? '');
    }).observe(document, { subtree: true, childList: true });
  });
  await page.goto(dashboard!);
  await expect(page.getByRole('status').first()).toHaveText('preparing');
  begin();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^PASS small → /);
  const { exitCode, verdict, output } = await run.end();
  assert.deepEqual([exitCode, verdict?.status], [0, 'pass'], output);
  const seen = [...new Set(iterations)];
  assert.ok(seen.length >= 2, `${seen}`);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  assert.ok(seen.at(-1)! > 0 && seen.at(-1)! <= 150);
  assert.doesNotMatch(JSON.stringify(verdict), /dashboard/i);
  assert.doesNotMatch(await page.content(), /LOAD_DASHBOARD|hunter2/);
});

test('it is refused before any load', async (t) => {
  let requests = 0;
  const taken = await serve(t, (_request, answer) => {
    requests += 1;
    answer.end();
  });
  const project = new Project(t, { 'profiles/small.json': pingProfile(), 'protocol/ping.load.ts': gatedLoad });
  const { port } = new URL(taken.url);
  const refused = await project.run(['--project=small'], { BASE_URL: taken.url, LOAD_DASHBOARD: port });
  assert.match(
    refused.output,
    new RegExp(`^LOAD_DASHBOARD is ${port}, but that port of 127\\.0\\.0\\.1 is in use .*\\n+$`),
  );
  assert.deepEqual([refused.exitCode, refused.verdict, requests], [1, undefined, 0]);
});
