import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinMetrics, type MetricDefinition } from '../measure/metrics.ts';
import { arrivals, complaint, profile, sessions } from './profile.fixture.ts';
import type { ProfileSpec } from './schema.ts';
import { checkMetrics } from './selectors.ts';

test('thresholds are about metrics that exist, and figures that these have', () => {
  const metrics = { http_reqs: 'counter', http_req_duration: 'trend', http_req_failed: 'rate', vus: 'gauge' } as const;
  const definitions: Record<string, MetricDefinition> = Object.fromEntries(
    Object.entries(metrics).map(([name, type]) => [
      name,
      { type, contains: 'default', ...(name.startsWith('http') && { ofLoads: true }) },
    ]),
  );
  const check =
    (thresholds: ProfileSpec['thresholds'], all = definitions) =>
    () =>
      checkMetrics('p.json', thresholds, all, [{ name: 'calm', isQuiet: true }]);
  const table: [ProfileSpec['thresholds'], string][] = [
    [
      { 'http_req_durations{op:push}': ['p(95)<500'] },
      'thresholds names metric "http_req_durations"; did you mean "http_req_duration"? allowed: http_req_duration, http_req_failed, http_reqs, vus.',
    ],
    [
      { nothing_alike: ['p(95)<500'] },
      'thresholds names metric "nothing_alike"; allowed: http_req_duration, http_req_failed, http_reqs, vus.',
    ],
    [
      { http_req_duration: ['p(95)<500', 'rate<0.05'] },
      'thresholds "http_req_duration" has "rate<0.05", but http_req_duration is a trend; allowed: p(N), avg, min, med, max, count.',
    ],
    [
      { http_req_failed: [{ threshold: 'p(95)<500' }] },
      'thresholds "http_req_failed" has "p(95)<500", but http_req_failed is a rate; allowed: rate, count.',
    ],
    [
      { http_req_failed: ['rate<5'] },
      'thresholds "http_req_failed" has "rate<5", but http_req_failed is a share; allowed is a number from 0 to 1.',
    ],
    [
      { http_reqs: ['avg<500'] },
      'thresholds "http_reqs" has "avg<500", but http_reqs is a counter; allowed: count, rate.',
    ],
    [{ vus: ['count>1'] }, 'thresholds "vus" has "count>1", but vus is a gauge; allowed: value, min, max, avg.'],
    [
      { http_req_duration: ['p(95)<2*calm'] },
      'thresholds "http_req_duration" has "p(95)<2*calm", but only journeys run in the phase calm; allowed is a metric of theirs, such as browser_step_duration.',
    ],
    [
      { http_reqs: [{ threshold: 'count>5', minSamples: 3 }] },
      'thresholds "http_reqs" has minSamples, but a counter has no samples; allowed is none.',
    ],
  ];
  for (const [thresholds, sentence] of table) assert.throws(check(thresholds), new Error(`p.json: ${sentence}`));
  check({ http_reqs: ['count>5', 'rate>1'], http_req_duration: ['med<5', 'count>1'], vus: ['max<=5'] })();
  check({ browser_step_duration: ['p(75)<2*calm', { threshold: 'p(75)<5', minSamples: 2 }] }, { ...builtinMetrics })();
});

test('what loads and scaled journeys do in a phase without load is nothing, and is asked of others alone', (t) => {
  const phases = [
    { name: 'calm', duration: '10s', load: 0 },
    { name: 'busy', duration: '50s', load: 1 },
  ];
  const said = (thresholds: object, journeys: object) => {
    const { duration: _, ...load } = arrivals;
    return complaint(t, profile({ phases, scenarios: { 'sync-relay': load, ...journeys }, thresholds }));
  };
  const scaled = { ...sessions, scaled: true };
  const compared = { browser_step_duration: ['p(75)<3*calm'] };
  const sentence = (about: string, who: string) =>
    `profiles/mine.json: thresholds "${about}" is about calm, a phase without load, in which ${who} nothing; allowed is another phase, or a journey that is not scaled.`;
  assert.equal(said(compared, { light: scaled }), sentence('browser_step_duration', 'light does'));
  assert.equal(
    said({ 'browser_step_duration{journey:power,phase:calm}': ['p(75)<3'] }, { light: sessions, power: scaled }),
    sentence('browser_step_duration{journey:power,phase:calm}', 'power does'),
  );
  const ofLoad = { 'iteration_response_time{scenario:sync-relay}': ['p(95)<3*calm'] };
  assert.equal(said(ofLoad, {}), sentence('iteration_response_time{scenario:sync-relay}', 'sync-relay does'));
  assert.equal(said({ 'iterations{phase:busy,scenario:sync-relay}': ['count>3'] }, {}), 'nothing');
  assert.equal(said({ 'iteration_response_time{scenario:light}': ['p(95)<3*calm'] }, { light: sessions }), 'nothing');
  assert.equal(said(compared, { light: sessions, power: scaled }), 'nothing');
  assert.equal(said(compared, { light: sessions }), 'nothing');
  assert.equal(said({ browser_step_duration: ['p(75)<3'] }, { light: scaled }), 'nothing');
  assert.equal(said({ http_reqs: ['count>3'] }, { light: scaled }), 'nothing');
});

test('nothing of browsers is asked where no scenario has one', (t) => {
  const said = (metric: string) =>
    complaint(t, profile({ scenarios: { 'sync-relay': arrivals }, thresholds: { [metric]: ['count>3'] } }));
  assert.equal(
    said('browser_step_duration'),
    'profiles/mine.json: thresholds "browser_step_duration" is about browsers, and no scenario is a journey; allowed is a metric of loads.',
  );
  assert.equal(said('browser_cache_hits'), 'nothing', 'a load may have one of its own');
});
