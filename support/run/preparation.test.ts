import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderOf } from '../folder.fixture.ts';
import type { Declaration } from '../worker/declaration.ts';
import { checkUnheard, defaultRunId } from './preparation.ts';

test('a run in a CI has its run id, and a second one of the job a name of its own; its shards agree whatever is there', (t) => {
  const root = folderOf(t, {
    'reports/smoke-jenkins-x-7/verdict.json': '',
    'reports/smoke-jenkins-x-7-2/stream.ndjson': '',
  });
  const jenkins = { BUILD_TAG: 'jenkins-x-7' };
  assert.equal(defaultRunId('light', root, false, jenkins), 'light-jenkins-x-7');
  assert.equal(defaultRunId('smoke', root, false, jenkins), 'smoke-jenkins-x-7-3');
  assert.equal(defaultRunId('smoke', root, true, jenkins), 'smoke-jenkins-x-7');
  const github = { GITHUB_RUN_ID: '42', GITHUB_RUN_ATTEMPT: '2' };
  assert.equal(defaultRunId('smoke', root, false, github), 'smoke-github-42-2');
  assert.match(defaultRunId('smoke', root, false, {}), /^smoke-\d{4}-\d\d-\d\dT\d{6}-\w+$/);
});

test('what a journey’s file says by test.use no session would hear of: it is refused; what is about the browser is not', () => {
  const check = (fixtures: object, kind: Declaration['kind'] = 'journey') => {
    const parent = { title: 'journeys/visit.journey.ts', _use: [{ fixtures: { launchOptions: {} } }, { fixtures }] };
    const test = { parent } as unknown as Parameters<typeof checkUnheard>[0];
    const more = { operations: [], metrics: {}, oracles: [], options: {} };
    checkUnheard(test, { kind, name: 'visit', ...more });
  };
  assert.throws(
    () => check({ locale: 'de-DE' }),
    new Error(
      'journeys/visit.journey.ts: test.use says locale, which no session hears of; allowed is journey("visit", { use: { locale: … } }).',
    ),
  );
  assert.throws(
    () => check({ httpCredentials: {} }),
    /test\.use says httpCredentials, .* allowed is to say in \.env how the target is reached\.$/,
  );
  check({ channel: 'chrome' });
  check({ locale: 'de-DE' }, 'load');
});
