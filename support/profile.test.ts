import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderOf } from './folder.fixture.ts';
import { expressionHelp, selectorHelp } from './judge/expression.ts';
import { builtinMetrics, type MetricDefinition } from './measure/metrics.ts';
import { type ProfileSpec, profileSchema } from './profile/schema.ts';
import { checkMetrics } from './profile/selectors.ts';
import { checkMix, profileNames, readProfile } from './profile.ts';

const known = { load: ['sync-relay', 'vm-crud'], journey: ['light', 'power'] };
const duration = 'a duration such as 500ms, 30s, 1m30s or 2h, at most 14d';
const executors =
  'constant-arrival-rate, ramping-arrival-rate, constant-vus, ramping-vus, per-vu-iterations, shared-iterations';

const arrivals = { executor: 'constant-arrival-rate', rate: 10, duration: '1m', maxVUs: 5 };
const sessions = { executor: 'constant-arrival-rate', rate: 10, timeUnit: '1m', maxSessions: 4 };
const ramp = { executor: 'ramping-vus', stages: [{ duration: '1m', target: 3 }] };

/** A good profile, changed. `undefined` takes a field away. */
function profile(changes: object = {}): object {
  return {
    description: 'Of a test',
    scenarios: { 'sync-relay': arrivals, light: sessions },
    thresholds: {},
    ...changes,
  };
}
function withLoad(changes: object): object {
  return profile({ scenarios: { 'sync-relay': { ...arrivals, ...changes } } });
}
function withJourney(changes: object): object {
  return profile({ scenarios: { light: { ...sessions, ...changes } } });
}
function withRamp(...stages: unknown[]): object {
  return profile({ scenarios: { 'sync-relay': { ...ramp, stages } } });
}
function withThreshold(selector: string, ...thresholds: unknown[]): object {
  return profile({ calm: '10s', thresholds: { [selector]: thresholds } });
}

function read(t: TestContext, content: unknown) {
  const root = folderOf(t, { 'profiles/mine.json': content });
  return readProfile(join(root, 'profiles'), 'mine', root, known);
}

/** What is said of `profiles/mine.json`. */
function complaint(t: TestContext, content: unknown): string {
  try {
    read(t, content);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

test('a good profile is read as it is, with its name and path', (t) => {
  const spec = withThreshold('browser_step_duration{journey:light,phase:load,step:sync}', 'p(75)<1.5*calm', {
    threshold: 'p(95)<500',
    minSamples: 3,
  });
  assert.deepEqual(read(t, spec), { name: 'mine', path: 'profiles/mine.json', spec });
});

test('what is good in every executor is accepted', (t) => {
  const scenarios = [
    { ...arrivals, arrivals: 'poisson', preAllocatedVUs: 5, maxLateness: '5s', mix: { push: 1, pull: 0 } },
    { ...arrivals, arrivals: 'bursts', burstSize: 100 },
    { ...arrivals, maxVUs: undefined, preAllocatedVUs: 5, options: { any: ['thing', 1, null] } },
    { executor: 'ramping-arrival-rate', startRate: 0.5, stages: [{ duration: '0s', target: 1.5 }], maxVUs: 3 },
    { executor: 'constant-vus', vus: 3, duration: '1m', startTime: '5s', gracefulStop: '0s', slices: 2 },
    { ...ramp, startVUs: 0, gracefulRampDown: '5s' },
    { executor: 'per-vu-iterations', vus: 3, iterations: 2 },
    { executor: 'shared-iterations', vus: 3, iterations: 2, maxDuration: '1m' },
  ];
  for (const scenario of scenarios) {
    assert.equal(complaint(t, profile({ scenarios: { 'sync-relay': scenario } })), 'nothing', JSON.stringify(scenario));
  }
  assert.equal(complaint(t, withJourney({ duration: undefined })), 'nothing');
});

test('each bad input is one sentence: field, found, allowed', (t) => {
  const table: [unknown, string][] = [
    [[], `the file is []; allowed is an object, { … }.`],
    [null, `the file is null; allowed is an object, { … }.`],
    [profile({ description: '' }), `description is ""; allowed is a text that is not empty.`],
    [profile({ calm: 'long' }), `calm is "long"; allowed is ${duration}.`],
    [profile({ slices: 0 }), `slices is 0; allowed is a whole number from 1 to 500.`],
    [
      profile({ tresholds: {} }),
      `there is an unknown field "tresholds"; did you mean "thresholds"? allowed: $schema, description, calm, phases, slices, scenarios, thresholds, objectives, availability, recovery, capacity, drills, drift, slo, maxFailed, health.`,
    ],
    [profile({ health: { maxDropped: 2 } }), `health.maxDropped is 2; allowed is a number from 0 to 1.`],
    [
      profile({ health: { maxLatenes: '1s' } }),
      `health has an unknown field "maxLatenes"; did you mean "maxLateness"? allowed: maxLateness, maxStartSpread, maxShardSpread, maxDropped, minDelivered, maxEventLoopDelay, maxGeneratorCpu, maxGcPause, maxMachineCpu, maxSteal, maxThrottled, maxControlSlowdown, targetDownAfter.`,
    ],

    [profile({ scenarios: undefined }), `scenarios is missing; allowed is an object, { … }.`],
    [profile({ scenarios: {} }), `scenarios is {}; allowed is at least one scenario.`],
    [profile({ scenarios: [] }), `scenarios is []; allowed is an object, { … }.`],
    [
      profile({ scenarios: { 'sync-rely': arrivals } }),
      `scenarios.sync-rely names no scenario; did you mean "sync-relay"? allowed: light, power, sync-relay, vm-crud.`,
    ],
    [
      profile({ scenarios: { constructor: arrivals } }),
      `scenarios.constructor names no scenario; allowed: light, power, sync-relay, vm-crud.`,
    ],
    [
      profile({ scenarios: { burst: { ...arrivals, exec: 'sync-rely' } } }),
      `scenarios.burst.exec is "sync-rely"; did you mean "sync-relay"? allowed: light, power, sync-relay, vm-crud.`,
    ],
    [withLoad({ exec: '' }), `scenarios.sync-relay.exec is ""; allowed is a text that is not empty.`],
    [
      profile({ scenarios: { 'a burst': { ...arrivals, exec: 'sync-relay' } } }),
      `scenarios has "a burst"; allowed is a name of letters, digits, _, - and dots.`,
    ],
    [
      profile({ scenarios: { evening: { ...sessions, exec: 'light', mix: { look: 1 } } } }),
      `scenarios.evening.mix does not belong to a journey; allowed is a mix of a load's operations.`,
    ],
    [
      withLoad({ executor: 'constant-arival-rate' }),
      `scenarios.sync-relay.executor is "constant-arival-rate"; did you mean "constant-arrival-rate"? allowed: ${executors}.`,
    ],
    [withLoad({ executor: undefined }), `scenarios.sync-relay.executor is missing; allowed: ${executors}.`],
    [withLoad({ executor: 5 }), `scenarios.sync-relay.executor is 5; allowed: ${executors}.`],
    [withLoad({ rate: -1 }), `scenarios.sync-relay.rate is -1; allowed is a number above 0.`],
    [withLoad({ rate: '10' }), `scenarios.sync-relay.rate is "10"; allowed is a number above 0.`],
    [withLoad({ rate: undefined }), `scenarios.sync-relay.rate is missing; allowed is a number above 0.`],
    [
      withLoad({ arrivals: 'normal' }),
      `scenarios.sync-relay.arrivals is "normal"; allowed is one of "uniform", "poisson", "bursts".`,
    ],
    [
      withLoad({ arrivals: 'bursts' }),
      `scenarios.sync-relay.burstSize is missing; allowed is a whole number from 1 to 1,000,000.`,
    ],
    [
      withLoad({ arrivals: 'bursts', burstSize: 1.5 }),
      `scenarios.sync-relay.burstSize is 1.5; allowed is a whole number from 1 to 1,000,000.`,
    ],
    [
      withLoad({ burstSize: 5 }),
      `scenarios.sync-relay.burstSize does not belong to uniform arrivals; allowed is "arrivals": "bursts" with it.`,
    ],
    [
      withJourney({ arrivals: 'poisson', burstSize: 5 }),
      `scenarios.light.burstSize does not belong to poisson arrivals; allowed is "arrivals": "bursts" with it.`,
    ],
    [withLoad({ duration: 60 }), `scenarios.sync-relay.duration is 60; allowed is ${duration}.`],
    [withLoad({ duration: undefined }), `scenarios.sync-relay.duration is missing; allowed is ${duration}.`],
    [
      profile({ scenarios: { 'sync-relay': { executor: 'constant-vus', vus: 1 } } }),
      `scenarios.sync-relay.duration is missing; allowed is ${duration}.`,
    ],
    [
      withLoad({ maxVus: 5 }),
      `scenarios.sync-relay has an unknown field "maxVus"; did you mean "maxVUs"? allowed: executor, rate, duration, timeUnit, arrivals, burstSize, preAllocatedVUs, maxVUs, maxSessions, maxLateness, exec, startTime, gracefulStop, mix, options, scaled, slices, maxFailed.`,
    ],
    [withLoad({ maxVUs: 1.5 }), `scenarios.sync-relay.maxVUs is 1.5; allowed is a whole number from 1 to 1,000,000.`],
    [
      withLoad({ maxVUs: undefined }),
      `scenarios.sync-relay.maxVUs is missing; allowed is a whole number from 1 to 1,000,000.`,
    ],
    [withLoad({ maxSessions: 2 }), `scenarios.sync-relay.maxSessions does not belong to a load; allowed is maxVUs.`],
    [
      withLoad({ preAllocatedVUs: 9 }),
      `scenarios.sync-relay.preAllocatedVUs is 9; allowed is at most maxVUs, which is 5.`,
    ],
    [
      withJourney({ maxSessions: undefined }),
      `scenarios.light.maxSessions is missing; allowed is a whole number from 1 to 1,000,000.`,
    ],
    [withJourney({ maxVUs: 2 }), `scenarios.light.maxVUs does not belong to a journey; allowed is maxSessions.`],
    [
      withJourney({ mix: { push: 1 } }),
      `scenarios.light.mix does not belong to a journey; allowed is a mix of a load's operations.`,
    ],
    [withRamp(), `scenarios.sync-relay.stages is []; allowed is a list of 1 to 1,000 stages.`],
    [
      withRamp({ duration: '1m', target: -1 }),
      `scenarios.sync-relay.stages[0].target is -1; allowed is a whole number from 0 to 1,000,000.`,
    ],
    [
      withRamp({ duration: '1m', target: 1.5 }),
      `scenarios.sync-relay.stages[0].target is 1.5; allowed is a whole number from 0 to 1,000,000.`,
    ],
    [
      withRamp({ duration: '1m', target: 1 }, { duration: '1m', targt: 1, target: 2 }),
      `scenarios.sync-relay.stages[1] has an unknown field "targt"; did you mean "target"? allowed: duration, target.`,
    ],
    [withLoad({ mix: {} }), `scenarios.sync-relay.mix is {}; allowed is at least one operation with a weight above 0.`],
    [
      withLoad({ mix: { push: 0, pull: 0 } }),
      `scenarios.sync-relay.mix is {"push":0,"pull":0}; allowed is at least one operation with a weight above 0.`,
    ],
    [withLoad({ mix: { push: -1 } }), `scenarios.sync-relay.mix.push is -1; allowed is a number from 0 to 1,000,000.`],
    [withLoad({ mix: [40] }), `scenarios.sync-relay.mix is [40]; allowed is an object, { … }.`],
    [withLoad({ options: [] }), `scenarios.sync-relay.options is []; allowed is an object, { … }.`],

    [profile({ thresholds: undefined }), `thresholds is missing; allowed is an object, { … }.`],
    [
      profile({ thresholds: { iterations: 'count>0' } }),
      `thresholds.iterations is "count>0"; allowed is a list, [ … ].`,
    ],
    [withThreshold('iterations'), `thresholds.iterations is []; allowed is a list of at least one threshold.`],
    [withThreshold('iterations', 'p95<500'), `thresholds.iterations[0] is "p95<500"; allowed is ${expressionHelp}.`],
    [
      withThreshold('iterations', 'count>0', { threshold: 'cuont>0' }),
      `thresholds.iterations[1].threshold is "cuont>0"; allowed is ${expressionHelp}.`,
    ],
    [withThreshold('iterations', 5), `thresholds.iterations[0] is 5; allowed is ${expressionHelp}.`],
    [
      withThreshold('iterations', { minSamples: 5 }),
      `thresholds.iterations[0].threshold is missing; allowed is ${expressionHelp}.`,
    ],
    [
      withThreshold('iterations', { threshold: 'count>0', minSamples: 0 }),
      `thresholds.iterations[0].minSamples is 0; allowed is a whole number from 1 to 1,000,000,000.`,
    ],
    [
      withThreshold('iterations', { threshold: 'count>0', minSample: 5 }),
      `thresholds.iterations[0] has an unknown field "minSample"; did you mean "minSamples"? allowed: threshold, minSamples, every, slide, share, abortOnFail, delayAbortEval.`,
    ],
    [
      withThreshold('iterations{scenario=sync-relay}', 'count>0'),
      `thresholds has "iterations{scenario=sync-relay}"; allowed is ${selectorHelp}.`,
    ],
    [
      withThreshold('iterations{scenario:sync-rely}', 'count>0'),
      `thresholds "iterations{scenario:sync-rely}" is about scenario "sync-rely"; did you mean "sync-relay"? allowed: sync-relay, light.`,
    ],
    [
      withThreshold('browser_sessions{journey:sync-relay}', 'count>0'),
      `thresholds "browser_sessions{journey:sync-relay}" is about journey "sync-relay"; allowed: light.`,
    ],
    [
      withThreshold('browser_sessions{scenario:light}', 'count>0'),
      `thresholds "browser_sessions{scenario:light}" has the tag scenario, which browser_sessions does not carry; allowed is journey.`,
    ],
    [
      withThreshold('iterations{journey:light}', 'count>0'),
      `thresholds "iterations{journey:light}" has the tag journey, which iterations does not carry; allowed is scenario.`,
    ],
    [
      withThreshold('browser_web_vital_lcp{phase:clam}', 'p(75)<2500'),
      `thresholds "browser_web_vital_lcp{phase:clam}" is about phase "clam"; did you mean "calm"? allowed: calm, load.`,
    ],
    [
      withThreshold('browser_web_vital_lcp{window:load}', 'p(75)<2500'),
      `thresholds "browser_web_vital_lcp{window:load}" has the tag window; allowed is phase, with one of calm, load.`,
    ],
    [
      { ...withThreshold('browser_web_vital_lcp', 'p(75)<2*calm'), calm: undefined },
      `thresholds "browser_web_vital_lcp" has "p(75)<2*calm", but the profile has no calm; allowed is a number: no phase is before it.`,
    ],
  ];
  for (const [content, sentence] of table) assert.equal(complaint(t, content), `profiles/mine.json: ${sentence}`);
});

test('phases: names, lengths, loads and what is compared', (t) => {
  const base = { name: 'base', duration: '10s', load: 1 };
  const spike = { name: 'spike', duration: '5s', load: [1, 5] };
  const phased = (...phases: object[]) => profile({ calm: undefined, phases });
  const about = (selector: string, threshold: string) =>
    profile({ calm: undefined, phases: [base, spike], thresholds: { [selector]: [threshold] } });
  const loadHelp = 'a number of at least 0, a ramp such as [1, 5], or a day such as { "curve": "day", "day": "24m" }';
  const nameHelp = 'a name of letters, digits and _ other than drain';
  const table: [content: unknown, sentence: string][] = [
    [phased(), 'phases is []; allowed is a list of at least one phase.'],
    [phased({ ...base, name: 'drain' }), `phases[0].name is "drain"; allowed is ${nameHelp}.`],
    [phased({ ...base, name: 'the spike' }), `phases[0].name is "the spike"; allowed is ${nameHelp}.`],
    [phased(base, base), 'phases[1].name is "base", which is the name of another; allowed is a name for each.'],
    [phased({ ...base, duration: '0s' }), 'phases[0].duration is "0s"; allowed is a duration above 0s.'],
    [phased({ ...base, load: -1 }), `phases[0].load is -1; allowed is ${loadHelp}.`],
    [phased({ ...base, load: [1, 2, 3] }), `phases[0].load is [1,2,3]; allowed is ${loadHelp}.`],
    [
      phased({ ...base, load: { curve: 'day', hours: [1, 2] } }),
      'phases[0].load.hours is [1,2]; allowed is a list of 24 numbers of at least 0, one an hour from midnight on.',
    ],
    [phased({ ...base, load: { curve: 'week' } }), 'phases[0].load.curve is "week"; allowed is one of "day".'],
    [
      phased({ ...base, load: { curve: 'day', hour: 1 } }),
      'phases[0].load has an unknown field "hour"; did you mean "hours"? allowed: curve, hours, times, day.',
    ],
    [
      phased(base, { ...base, name: 'calm' }),
      'phases[1].load is 1; allowed is 0 in a phase of the name calm, or another name.',
    ],
    [phased({ ...base, load: 0 }), 'phases have a load of 0 in all; allowed is at least one with a load above 0.'],
    [
      profile({ calm: '5s', phases: [base] }),
      'calm does not go with phases; allowed is a phase { "name": "calm", "duration": "5s", "load": 0 }.',
    ],
    [
      about('http_req_duration{phase:spyke}', 'p(95)<1'),
      'thresholds "http_req_duration{phase:spyke}" is about phase "spyke"; did you mean "spike"? allowed: base, spike.',
    ],
    [
      about('http_req_duration{phase:spike}', 'p(95)<2*spike'),
      'thresholds "http_req_duration{phase:spike}" has "p(95)<2*spike", which is the same phase; allowed is one of base.',
    ],
    [
      about('http_req_duration{phase:base}', 'p(95)<2*spike'),
      'thresholds "http_req_duration{phase:base}" has "p(95)<2*spike", which is not before it; allowed is a number.',
    ],
    [
      about('http_req_duration', 'p(95)<2*spike'),
      'thresholds "http_req_duration" has "p(95)<2*spike", which is not before it; allowed is one of base.',
    ],
    [
      about('http_req_duration', 'p(95)<2*bass'),
      'thresholds "http_req_duration" has "p(95)<2*bass", but the profile has no bass; allowed is a number, or a phase: base.',
    ],
  ];
  for (const [content, sentence] of table) assert.equal(complaint(t, content), `profiles/mine.json: ${sentence}`);
  assert.equal(complaint(t, about('http_req_duration{phase:spike}', 'p(95)<2*base')), 'nothing');
});

test('windows, and what is asked beside thresholds', (t) => {
  const phases = [
    { name: 'base', duration: '10s', load: 1 },
    { name: 'spike', duration: '5s', load: 3 },
    { name: 'end', duration: '40s', load: 1 },
  ];
  const objectives = { http_req_duration: ['p(95)<500'] };
  const asked = (changes: object) => profile({ calm: undefined, phases, objectives, ...changes });
  const searching = (scenarios: object, changes: object = {}) =>
    profile({ calm: '1s', scenarios, objectives, thresholds: {}, capacity: { from: 1, to: 4 }, ...changes });
  const steady = { executor: 'constant-arrival-rate', rate: 1, maxVUs: 2 };
  const windowed = (selector: string, spec: object) => asked({ thresholds: { [selector]: [spec] } });
  const table: [content: unknown, sentence: string][] = [
    [
      windowed('http_req_duration', { threshold: 'p(95)<5', every: '1500ms' }),
      'thresholds.http_req_duration[0].every is "1500ms"; allowed is a duration of whole seconds, such as 10s.',
    ],
    [
      windowed('http_req_duration', { threshold: 'p(95)<5', share: 0.9 }),
      'thresholds "http_req_duration" has share without every; allowed is every, the length of a window, with it.',
    ],
    [
      windowed('http_req_duration', { threshold: 'p(95)<5', delayAbortEval: '5s' }),
      'thresholds "http_req_duration" has delayAbortEval without abortOnFail; allowed is "abortOnFail": true with it.',
    ],
    [
      windowed('http_req_duration', { threshold: 'p(95)<5', every: '5s', slide: '6s' }),
      'thresholds "http_req_duration" has slide 6s; allowed is at most every, which is 5s.',
    ],
    [
      windowed('http_req_duration{phase:spike}', { threshold: 'p(95)<5', every: '6s' }),
      'thresholds "http_req_duration{phase:spike}" has windows of 6s in a phase of 5s; allowed is at most its length.',
    ],
    [
      windowed('http_req_duration{phase:spike}', { threshold: 'p(95)<5*base', every: '2s' }),
      'thresholds "http_req_duration{phase:spike}" has "p(95)<5*base" for windows; allowed is a number.',
    ],
    [
      asked({ objectives: undefined, recovery: { after: 'spike', within: '5s' } }),
      'recovery needs objectives; allowed is { "http_req_duration": ["p(95)<500"] } with it.',
    ],
    [
      asked({ recovery: { after: 'spyke', within: '5s' } }),
      'recovery.after is "spyke"; did you mean "spike"? allowed: base, spike, end.',
    ],
    [
      asked({ recovery: { after: 'spike', within: '20s' } }),
      'recovery needs 50 s after spike, within and stay together, and there are 40 s; allowed is at most that.',
    ],
    [asked({ availability: {} }), 'availability asks for nothing; allowed is a share of windows or of requests.'],
    [asked({ capacity: { steps: ['base', 'top'] } }), 'capacity.steps is "top"; allowed: base, spike, end.'],
    ...(
      [
        [{ from: 8, to: 4 }, 'capacity.from is 8; allowed is at most capacity.to, which is 4.'],
        [{ from: 8 }, 'capacity.to is missing; allowed is a load, such as 1, beside capacity.from.'],
        [{ precision: 0.1 }, 'capacity.from is missing; allowed is a load, such as 1, beside capacity.precision.'],
        [{ from: 1, to: 4, precision: 0 }, 'capacity.precision is 0; allowed is a number above 0.'],
        [{ from: 0, to: 4 }, 'capacity.from is 0; allowed is a number above 0.'],
        [
          { from: 1, to: 4, step: '500ms' },
          'capacity.step is "500ms"; allowed is a duration of whole seconds, such as 10s.',
        ],
        [
          { from: 1, to: 4, steps: ['base'] },
          'capacity has steps, and from and to; allowed is one of them: a search chooses its steps.',
        ],
        [
          { from: 1, to: 4 },
          'phases does not go with capacity.from, whose steps are the phases; allowed is capacity.steps with it.',
        ],
      ] as [object, string][]
    ).map(([capacity, sentence]): [unknown, string] => [asked({ capacity }), sentence]),
    ...(
      [
        [
          { executor: 'ramping-vus', stages: [{ duration: '5s', target: 3 }] },
          'executor is "ramping-vus", which a search for a capacity cannot steer; allowed is "constant-arrival-rate" or "constant-vus".',
        ],
        [{ duration: '5s' }, 'duration does not go with a search for a capacity, which says when; allowed is none.'],
        [{ startTime: '5s' }, 'startTime does not go with a search for a capacity, which says when; allowed is none.'],
      ] as [Record<string, unknown>, string][]
    ).map(([changes, sentence]): [unknown, string] => [
      searching({ 'sync-relay': changes.executor ? changes : { ...steady, ...changes } }),
      `scenarios.sync-relay.${sentence}`,
    ]),
    [
      searching({ light: { executor: 'constant-arrival-rate', rate: 1, maxSessions: 2 } }),
      'capacity.from steers no scenario; allowed is a load, or a journey with "scaled": true.',
    ],
    [
      searching({ 'sync-relay': steady }, { objectives: undefined }),
      'capacity needs objectives; allowed is { "http_req_duration": ["p(95)<500"] } with it.',
    ],
    [
      searching({ 'sync-relay': steady }, { recovery: { after: 'step_1', within: '5s' } }),
      'recovery does not go with capacity.from, whose steps are the phases; allowed is capacity.steps with it.',
    ],
    [
      asked({ objectives: { 'http_req_duration{phase:spike}': ['p(95)<5'] } }),
      'objectives "http_req_duration{phase:spike}" is about a phase; allowed are limits that are numbers, at any time.',
    ],
    [
      asked({ drift: { phase: 'bass', limits: { target_memory_bytes: ['min<1%'] } } }),
      'drift.phase is "bass"; did you mean "base"? allowed: base, spike, end.',
    ],
    ...['min<1', 'min==1%', 'min<0%', 'p(95)<2*base%', 'least<1%'].map((limit): [unknown, string] => [
      asked({ drift: { limits: { target_memory_bytes: [limit] } } }),
      `drift.limits.target_memory_bytes[0] is "${limit}"; allowed is an aggregation, < or > and percent of the figure itself, an hour: "min<1%", "p(95)<5%", "rate>-5%".`,
    ]),
    [
      asked({ objectives: { 'http_req_duration{scenario:pong}': ['p(95)<5'] } }),
      'objectives "http_req_duration{scenario:pong}" is about scenario "pong"; allowed: sync-relay, light.',
    ],
    [
      asked({ drift: { limits: { 'http_req_duration{journey:light}': ['p(95)<5%'] } } }),
      'drift.limits "http_req_duration{journey:light}" has the tag journey, which http_req_duration does not carry; allowed is scenario.',
    ],
    [
      asked({ drift: { limits: { 'http_req_duration{phase:base}': ['p(95)<5%'] } } }),
      'drift.limits "http_req_duration{phase:base}" has a phase; allowed is drift.phase, one for all.',
    ],
    [
      asked({ drift: { limits: { iterations: ['rate>-5%'] }, limit: 1 } }),
      'drift has an unknown field "limit"; did you mean "limits"? allowed: phase, limits.',
    ],
  ];
  for (const [content, sentence] of table) assert.equal(complaint(t, content), `profiles/mine.json: ${sentence}`);
  const good = {
    recovery: { after: 'spike', within: '5s' },
    capacity: {},
    availability: { requests: 0.99 },
    drift: { limits: { iterations: ['rate>-5%'] } },
  };
  assert.equal(complaint(t, asked(good)), 'nothing');
  const journey = { executor: 'constant-arrival-rate', rate: 1, maxSessions: 2, scaled: true };
  const thresholds = { http_req_duration: ['p(95)<3*calm'], 'http_req_failed{phase:step_2}': ['rate<0.1'] };
  assert.equal(complaint(t, searching({ 'sync-relay': steady, light: journey }, { thresholds })), 'nothing');
});

test('every number has a bound', (t) => {
  const table: [unknown, string][] = [
    [withLoad({ timeUnit: '0s' }), 'scenarios.sync-relay.timeUnit is "0s"; allowed is a duration above 0s.'],
    [withLoad({ rate: 0 }), 'scenarios.sync-relay.rate is 0; allowed is a number above 0.'],
    [
      withLoad({ maxVUs: 1e9 }),
      'scenarios.sync-relay.maxVUs is 1000000000; allowed is a whole number from 1 to 1,000,000.',
    ],
    [withLoad({ duration: '99999999h' }), `scenarios.sync-relay.duration is "99999999h"; allowed is ${duration}.`],
    [
      withLoad({ duration: `${'9'.repeat(400)}s` }),
      `scenarios.sync-relay.duration is "${'9'.repeat(76)}…; allowed is ${duration}.`,
    ],
    [
      withLoad({ mix: { push: 1e308 } }),
      'scenarios.sync-relay.mix.push is 1e+308; allowed is a number from 0 to 1,000,000.',
    ],
    [
      withJourney({ maxSessions: 1e308 }),
      'scenarios.light.maxSessions is 1e+308; allowed is a whole number from 1 to 1,000,000.',
    ],
    [profile({ slices: 1e9 }), 'slices is 1000000000; allowed is a whole number from 1 to 500.'],
    [profile({ calm: '15d' }), `calm is "15d"; allowed is ${duration}.`],
    [profile({ health: { targetDownAfter: '0s' } }), 'health.targetDownAfter is "0s"; allowed is a duration above 0s.'],
    [
      profile({ health: { maxMachineCpu: 1e308 } }),
      'health.maxMachineCpu is 1e+308; allowed is a number of percent, such as 95.',
    ],
    [
      withThreshold('iterations', `count>${'9'.repeat(400)}`),
      `thresholds.iterations[0] is "count>${'9'.repeat(70)}…; allowed is ${expressionHelp}.`,
    ],
    [
      profile({ scenarios: { 'sync-relay': { executor: 'shared-iterations', vus: 1, iterations: 1e10 } } }),
      'scenarios.sync-relay.iterations is 10000000000; allowed is a whole number from 1 to 1,000,000,000.',
    ],
    [
      withRamp(...Array.from({ length: 1_001 }, () => ({ duration: '1s', target: 1 }))),
      `scenarios.sync-relay.stages is ${JSON.stringify(Array(4).fill({ duration: '1s', target: 1 })).slice(0, 77)}…; allowed is a list of 1 to 1,000 stages.`,
    ],
    // A number that JSON can write and no machine can hold.
    [
      JSON.stringify(withLoad({ rate: 5 })).replace('"rate":5', '"rate":1e999'),
      'scenarios.sync-relay.rate is Infinity; allowed is a number above 0.',
    ],
  ];
  for (const [content, sentence] of table) assert.equal(complaint(t, content), `profiles/mine.json: ${sentence}`);
});

test('a file that is no JSON, and a folder without profiles', (t) => {
  const table: [text: string, what: string][] = [
    ['{\n"a":', 'line 2, column 5: value expected'],
    ['{\n  // of mine\n}', 'line 2, column 3: a comment, which JSON does not have'],
    ['{"a":1,\n"a":1}', 'line 2, column 1: "a" stands there for the second time'],
    ['{"__proto__":{}}', 'line 1, column 2: "__proto__" is no name for anything'],
  ];
  for (const [text, what] of table) {
    const sentence = `profiles/mine.json: ${what}; allowed is JSON as profile.schema.json describes it.`;
    assert.equal(complaint(t, text), sentence);
  }
  const folder = folderOf(t, { 'profiles/mine.json/x': '' });
  assert.throws(
    () => readProfile(join(folder, 'profiles'), 'mine', folder, known),
    /^Error: profiles\/mine\.json: EISDIR.*; allowed is JSON/,
  );
  for (const files of [{ 'other.txt': '' }, { 'profiles/profile.schema.json': {} }]) {
    const root = folderOf(t, files);
    const sentence = 'profiles/ holds no profile; allowed is at least one *.json.';
    assert.throws(() => profileNames(join(root, 'profiles'), root), new Error(sentence));
  }
});

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
      { constructor: ['p(95)<500'] },
      'thresholds names metric "constructor"; allowed: http_req_duration, http_req_failed, http_reqs, vus.',
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

test('a mix names operations of the load', () => {
  checkMix('p.json', 'sync-relay', { push: 1 }, ['push', 'pull']);
  assert.throws(
    () => checkMix('p.json', 'sync-relay', { push: 1, pul: 0 }, ['push', 'pull']),
    new Error('p.json: scenarios.sync-relay.mix has operation "pul"; did you mean "pull"? allowed: push, pull.'),
  );
});

test('the schema leads editors to what a profile may say', () => {
  const { $schema, title, type, required, additionalProperties, properties } = profileSchema() as Record<
    string,
    unknown
  >;
  assert.match($schema as string, /json-schema\.org/);
  assert.deepEqual([title, type, additionalProperties], ['Tandem profile', 'object', false]);
  assert.deepEqual(required, ['description', 'scenarios', 'thresholds']);
  const { scenarios } = properties as Record<string, { additionalProperties: { oneOf: { properties: object }[] } }>;
  const offered = scenarios!.additionalProperties.oneOf as { properties: { executor: { const: string } } }[];
  assert.equal(offered.map((one) => one.properties.executor.const).join(', '), executors);
});
