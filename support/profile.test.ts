import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderOf } from './folder.fixture.ts';
import { expressionHelp, selectorHelp } from './judge/expression.ts';
import {
  arrivals,
  complaint,
  duration,
  executors,
  known,
  profile,
  ramp,
  read,
  sessions,
  withJourney,
  withLoad,
  withRamp,
  withThreshold,
} from './profile/profile.fixture.ts';
import { profileSchema } from './profile/schema.ts';
import { checkMix, profileNames, readProfile } from './profile.ts';

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
      `there is an unknown field "tresholds"; did you mean "thresholds"? allowed: $schema, description, calm, phases, slices, sharedProcesses, scenarios, thresholds, objectives, availability, recovery, capacity, drills, drift, slo, maxFailed, health, tags.`,
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
    [withJourney({ scaled: 'yes' }), 'scenarios.light.scaled is "yes"; allowed is true or false.'],
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
      { ...withThreshold('iterations', 'count>0'), tags: { phase: 'x' } },
      'tags is {"phase":"x"}; allowed is names of letters, digits and _ that samples do not have (scenario, op, phase …), with texts of 1 to 200 characters.',
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
