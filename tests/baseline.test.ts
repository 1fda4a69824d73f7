/** A run, accepted as a baseline, and the next one beside it: through Playwright, files and commands, as a user would. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { serve } from '../support/server.fixture.ts';
import { getLoad, Project, pingProfile, reason } from './project.ts';

test('a run is accepted, and the next one fails when it is worse than its baseline', async (t) => {
  const names = new Set<string>();
  const { url } = await serve(t, (request, answer) => {
    if (request.url?.startsWith('/mine')) names.add(request.url);
    answer.end('{}');
  });
  const project = new Project(t, {
    'profiles/small.json': pingProfile(
      { thresholds: { 'http_req_duration{op:get}': ['p(95)<60000'] } },
      { duration: '3s' },
    ),
    'protocol/ping.load.ts': getLoad().replace("'/item'", "'/mine/' + vu.slice.runId"),
  });
  const run = (LOAD_RUN_ID: string) => project.run(['--project=small'], { BASE_URL: url, LOAD_RUN_ID });
  const first = await run('first');
  assert.equal(first.verdict?.status, 'pass', first.output);
  // What it writes has a name that no other attempt at the same run id has; which attempt it is differs each time: support/shard.test.ts.
  assert.match([...names].join(), /^\/mine\/first-./);
  assert.match(project.tandem('baseline', 'accept', 'second').output, /^There is no run "second": /);
  const accepted = project.tandem('baseline', 'accept', 'latest');
  assert.match(accepted.output, /^Accepted run first: baselines\/small-default-\w+\.json now holds 1 run, 1 of build /);

  // Nine more of a time when the target answered in no time.
  const [name] = readdirSync(join(project.folder, 'baselines'));
  const file = `baselines/${name}`;
  const held = JSON.parse(readFileSync(join(project.folder, file), 'utf8'));
  const [{ figures, ...facts }] = held.runs;
  const fast = figures.map((figure: { aspect: string; value: number; blocks: number[] }) =>
    figure.aspect === 'response-time' ? { ...figure, value: 0.001, blocks: figure.blocks.map(() => 0.001) } : figure,
  );
  held.runs = Array.from({ length: 10 }, (_, index) => ({ ...facts, runId: `earlier-${index}`, figures: fast }));
  project.write({ [file]: held });

  const second = await run('second');
  assert.deepEqual([second.exitCode, second.verdict?.status], [1, 'fail'], second.output);
  const worse = reason(second.verdict, 'regression');
  assert.deepEqual([worse?.severity, worse?.aspect, worse?.runs], ['fail', 'response-time', 10]);
  assert.equal(second.verdict?.regressions.length, second.verdict?.reasons.length);
  assert.match(second.output, /Worse than its baseline: p\(95\) of /);
  const refused = project.tandem('baseline', 'accept', 'second');
  assert.deepEqual(
    [refused.exitCode, refused.output],
    [1, 'Run second is not accepted: its verdict is fail; allowed is pass.\n'],
  );

  const compared = project.tandem('compare', 'first', 'second');
  assert.match(compared.output, /^a: first, build .+, pass\nb: second, build .+, fail\n/);
  assert.match(project.tandem('baseline', 'show').output, /: 10 runs\n {2}profile {2}small\n/);
  assert.match(
    project.tandem('baseline', 'remove').output,
    /^"npx tandem baseline remove" is not understood; allowed: npx tandem baseline accept <run> \| show\.\n$/,
  );

  const history = readFileSync(join(project.folder, 'reports', 'history.jsonl'), 'utf8')
    .trim()
    .split('\n');
  assert.deepEqual(
    history.map((line) => JSON.parse(line)).map(({ runId, status }) => [runId, status]),
    [
      ['first', 'pass'],
      ['second', 'fail'],
    ],
  );
  assert.match(readFileSync(join(project.folder, 'reports', 'trend.html'), 'utf8'), /href="second\/index\.html"/);
});
