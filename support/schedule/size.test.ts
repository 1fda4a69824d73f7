import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfileSpec, ScenarioSpec } from '../profile/schema.ts';
import type { ProfileFile } from '../profile.ts';
import { timeline } from './timeline.ts';

const known = { load: ['sync'], journey: ['light'] };

function complaint(scenario: object, scale = 1, profile: Partial<ProfileSpec> = {}): string {
  const scenarios = { ['maxSessions' in scenario ? 'light' : 'sync']: scenario as ScenarioSpec };
  const spec = { description: 'x', scenarios, thresholds: {}, ...profile };
  const file: ProfileFile = { name: 'p', path: 'p.json', spec };
  try {
    timeline(file, known, { scale, seed: '1' });
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

const arrivals = { executor: 'constant-arrival-rate', rate: 10, duration: '1m', maxVUs: 5 };
const ramp = (...targets: number[]) => ({
  executor: 'ramping-vus',
  startVUs: 0,
  stages: targets.map((target) => ({ duration: '1s', target })),
});

test('more than one could ever run is refused, by what makes it', () => {
  const table: [scenario: object, scale: number, sentence: string][] = [
    [
      { ...arrivals, rate: 1e308 },
      1,
      'p.json: scenarios.sync.rate makes Infinity arrivals a second; allowed is at most 10,000,000 arrivals a second.',
    ],
    [
      { ...arrivals, rate: 100, timeUnit: '0.001ms' },
      1,
      'p.json: scenarios.sync.rate makes 100,000,000 arrivals a second; allowed is at most 10,000,000 arrivals a second.',
    ],
    [
      { ...arrivals, executor: 'ramping-arrival-rate', stages: [{ duration: '1m', target: 2e7 }] },
      1,
      'p.json: scenarios.sync.stages[0].target makes 20,000,000 arrivals a second; allowed is at most 10,000,000 arrivals a second.',
    ],
    [
      { executor: 'per-vu-iterations', vus: 1e6, iterations: 1e6 },
      1,
      'p.json: scenarios.sync.iterations makes 1,000,000,000,000 in all; allowed is at most 1,000,000,000 in all.',
    ],
    [
      ramp(...Array.from({ length: 12 }, (_, i) => (i % 2) * 1e6)),
      1,
      'p.json: scenarios.sync.stages makes 11,000,000 changes of the number of VUs; allowed is at most 10,000,000 changes of the number of VUs.',
    ],
    [
      { ...arrivals, maxVUs: 1_000 },
      1e6,
      'LOAD_SCALE is 1000000, and so p.json: scenarios.sync.maxVUs makes 1,000,000,000; allowed is at most 1,000,000.',
    ],
    [
      { executor: 'constant-arrival-rate', rate: 1, duration: '1m', maxSessions: 5 },
      1e6,
      'LOAD_SCALE is 1000000, and so p.json: scenarios.light.maxSessions makes 5,000,000; allowed is at most 1,000,000.',
    ],
    [
      ramp(2),
      1e308,
      'LOAD_SCALE is 1e+308, and so p.json: scenarios.sync.stages[0].target makes Infinity; allowed is at most 1,000,000.',
    ],
  ];
  for (const [scenario, scale, sentence] of table) assert.equal(complaint(scenario, scale), sentence);
});

test('what phases make of a field is told of that field, and of stages that they have cut up by no number', () => {
  const phases = (...loads: number[]) => ({
    phases: loads.map((load, n) => ({ name: `p${n}`, duration: '30s', load })),
  });
  const rates = { executor: 'ramping-arrival-rate', stages: [{ duration: '1m', target: 2e7 }] };
  const jagged = phases(...Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? 1 : 1e-6)));
  const changes = 'allowed is at most 10,000,000 changes of the number of VUs.';
  const arrivals = 'allowed is at most 10,000,000 arrivals a second.';
  const table: [scenario: object, profile: Partial<ProfileSpec>, sentence: string][] = [
    [{ ...rates, maxVUs: 1 }, {}, `stages[0].target makes 20,000,000 arrivals a second; ${arrivals}`],
    [{ ...rates, maxVUs: 1 }, phases(1, 2), `stages makes 40,000,000 arrivals a second; ${arrivals}`],
    [{ ...rates, maxSessions: 1 }, { calm: '1s' }, `stages makes 20,000,000 arrivals a second; ${arrivals}`],
    [{ executor: 'constant-vus', vus: 1e6 }, phases(2, 3), 'vus makes 3,000,000; allowed is at most 1,000,000.'],
    [{ executor: 'constant-vus', vus: 1e6 }, jagged, `vus makes 10,999,989 changes of the number of VUs; ${changes}`],
    [
      { executor: 'shared-iterations', vus: 1e6, iterations: 5 },
      jagged,
      `vus makes 10,999,989 changes of the number of VUs; ${changes}`,
    ],
  ];
  for (const [scenario, profile, sentence] of table) {
    const name = 'maxSessions' in scenario ? 'light' : 'sync';
    assert.equal(complaint(scenario, 1, profile), `p.json: scenarios.${name}.${sentence}`);
  }
});

test('what is large and possible is planned', () => {
  assert.equal(complaint({ ...arrivals, rate: 1e9, timeUnit: '1h', maxVUs: 1_000_000 }), '');
  assert.equal(complaint(ramp(1_000_000, 0)), '');
  assert.equal(complaint({ ...arrivals, rate: 10_000 }, 1_000), '');
});

test('a run lasts two weeks at most', () => {
  const sentence = 'p.json: the scenarios last longer than 14d in all; allowed is ';
  assert.ok(complaint({ ...arrivals, startTime: '8d', duration: '8d' }).startsWith(sentence));
  assert.equal(complaint({ ...arrivals, startTime: '6d', duration: '8d' }), '');
});
