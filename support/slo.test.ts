import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderOf } from './folder.fixture.ts';
import { profileNames, readProfile } from './profile.ts';
import { scenarioFiles } from './scenario-files.ts';
import { sloSchema, withSlo } from './slo.ts';

const known = { load: ['shop'], journey: [] };
const profile = {
  description: 'Of a test',
  slo: true,
  scenarios: { shop: { executor: 'constant-vus', vus: 1, duration: '1m' } },
  thresholds: {
    'http_req_duration{scenario:shop,op:buy}': ['p(95)<400'],
    http_req_duration: ['p(95)<400'],
    checks: ['rate>0.9'],
  },
};
const production = {
  description: 'Of a test',
  thresholds: {
    http_req_duration: ['p(95)<200', 'p(99)<500'],
    'http_req_duration{op:buy,scenario:shop}': ['p(95)<300'],
    http_req_failed: ['rate<0.01'],
  },
};
/** As a person would write it, so that lines are told apart. */
const lines = (value: object) => JSON.stringify(value, null, 2);

function applied(t: TestContext, target: string, files: Record<string, unknown>, own: object = profile) {
  const root = folderOf(t, { 'profiles/shop.json': lines(own), ...files });
  return withSlo(readProfile(join(root, 'profiles'), 'shop', root, known), target, root, known);
}

test('a profile is judged by the SLO of where it runs: in place of its own thresholds on the same, beside the others', (t) => {
  const files = { 'profiles/slo/production.json': lines(production), 'profiles/slo/staging.json': '{' };
  const { spec, slo } = applied(t, 'production', files);
  assert.deepEqual(spec.thresholds, { checks: ['rate>0.9'], ...production.thresholds });
  assert.deepEqual(slo, { path: 'profiles/slo/production.json', selectors: Object.keys(production.thresholds) });
});

test('a target without a name has none, and a profile that does not ask for one gets none', (t) => {
  const files = { 'profiles/slo/production.json': lines(production) };
  for (const [target, own] of [
    ['', profile],
    ['production', { ...profile, slo: false }],
    ['qa', { ...profile, slo: undefined }],
  ] as const) {
    const { spec, slo } = applied(t, target, files, own);
    assert.deepEqual([spec.thresholds, slo], [profile.thresholds, undefined]);
  }
});

test('what is wrong with an SLO is told with its file and line', (t) => {
  const misspelt = { ...production, thresholds: { http_req_failed: ['rate<1'], 'checks{scenario:shp}': ['rate>0.9'] } };
  const lowest = { ...production, thresholds: { http_req_failed: ['rate>0.9', 'rte<0.01'] } };
  const table: [target: string, files: Record<string, unknown>, sentence: string | RegExp][] = [
    [
      'stagin',
      { 'staging.json': lines(production) },
      'profiles/shop.json:3: slo is true, but TARGET is "stagin", which has no SLO; did you mean "staging"? allowed: staging.',
    ],
    [
      'qa',
      {},
      /^profiles\/shop\.json:3: slo is true, but TARGET is "qa", which has no SLO; there is none: profiles\/slo\//,
    ],
    [
      '',
      { 'produktion.json': lines(production) },
      'profiles/slo/produktion.json:1: there is no target "produktion"; did you mean "production"? allowed: local, development, staging, production, or one with a file .env.produktion.',
    ],
    [
      'qa',
      { 'qa.json': lines({ ...production, treshold: 1 }) },
      'profiles/slo/qa.json:15: there is an unknown field "treshold"; did you mean "thresholds"? allowed: $schema, description, thresholds.',
    ],
    [
      'qa',
      { 'qa.json': lines({ description: 'a' }) },
      /^profiles\/slo\/qa\.json:1: thresholds is missing; allowed is /,
    ],
    [
      'qa',
      { 'qa.json': lines(lowest) },
      /^profiles\/slo\/qa\.json:6: thresholds\.http_req_failed\[1\] is "rte<0\.01"; /,
    ],
    [
      'qa',
      { 'qa.json': lines(misspelt) },
      'profiles/slo/qa.json:7: thresholds "checks{scenario:shp}" is about scenario "shp"; did you mean "shop"? allowed: shop.',
    ],
    [
      'qa',
      { 'qa.json': '{ // mine' },
      /^profiles\/slo\/qa\.json: line 1, column 3: a comment, which JSON does not have; /,
    ],
  ];
  for (const [target, slos, sentence] of table) {
    const files = Object.fromEntries(Object.entries(slos).map(([name, text]) => [`profiles/slo/${name}`, text]));
    assert.throws(
      () => applied(t, target, files),
      ({ message }: Error) => {
        if (typeof sentence === 'string') assert.equal(message, sentence);
        else assert.match(message, sentence);
        return true;
      },
    );
  }
});

test('a target that has its own file may be called nearly as another one', (t) => {
  const files = { 'profiles/slo/produktion.json': lines(production), '.env.produktion': '' };
  assert.equal(applied(t, 'produktion', files).slo?.path, 'profiles/slo/produktion.json');
});

test('profiles/slo/slo.schema.json is what the code says', () => {
  const file = join(import.meta.dirname, '..', 'profiles', 'slo', 'slo.schema.json');
  assert.equal(
    readFileSync(file, 'utf8'),
    `${JSON.stringify(sloSchema(), null, 2)}\n`,
    'stale; write it anew with: npx tandem schema',
  );
});

test('the SLOs of the repository suit the profiles that ask for them', () => {
  const root = join(import.meta.dirname, '..');
  const { load, journey } = scenarioFiles(root);
  const all = { load: [...load.keys()], journey: [...journey.keys()] };
  const folder = join(root, 'profiles');
  const asking = profileNames(folder, root)
    .map((name) => readProfile(folder, name, root, all))
    .filter(({ spec }) => spec.slo);
  assert.deepEqual(
    asking.map(({ name }) => name),
    ['agents', 'auth', 'pipelines'],
  );
  for (const target of ['local', 'development', 'staging', 'production']) {
    for (const one of asking) {
      const { spec, slo } = withSlo(one, target, root, all);
      assert.equal(slo?.path, `profiles/slo/${target}.json`);
      assert.ok(spec.thresholds.availability && spec.thresholds.success_rate);
      assert.notDeepEqual(spec.thresholds.http_req_duration, one.spec.thresholds.http_req_duration);
    }
  }
});
