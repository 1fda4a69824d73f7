import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaint, profile } from './profile.fixture.ts';

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
      phased({ ...base, load: { curve: 'day', day: '1ms' } }),
      'phases[0].load.day is 1ms in a phase of 10s; allowed is at least 24ms: 10,000 hours in a phase.',
    ],
    [
      phased(base, { ...base, name: 'calm' }),
      'phases[1].load is 1; allowed is 0 in a phase of the name calm, or another name.',
    ],
    ...[0, { curve: 'day', times: 0 }, { curve: 'day', hours: new Array<number>(24).fill(0) }].map(
      (load): [unknown, string] => [
        phased({ ...base, load }),
        'phases have a load of 0 in all; allowed is at least one with a load above 0.',
      ],
    ),
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
      asked({ objectives: {}, recovery: { after: 'spike', within: '5s' } }),
      'objectives is {}; allowed is at least one metric with its limits.',
    ],
    [asked({ drift: { limits: {} } }), 'drift.limits is {}; allowed is at least one metric with its limits.'],
    [
      asked({ recovery: { after: 'spyke', within: '5s' } }),
      'recovery.after is "spyke"; did you mean "spike"? allowed: base, spike, end.',
    ],
    [
      asked({ recovery: { after: 'spike', within: '20s' } }),
      'recovery needs 50 s after spike, within and stay together, and there are 40 s with load; allowed is at most that.',
    ],
    [
      asked({ recovery: { after: 'spike', within: '5s', every: '60s' } }),
      'recovery.every is 60s, and there are 40 s with load after spike; allowed is at most that.',
    ],
    [
      asked({
        recovery: { after: 'spike', within: '1s', stay: '1s' },
        phases: [
          { name: 'spike', duration: '5s', load: 5 },
          { name: 'end', duration: '4s', load: 1 },
        ],
      }),
      'recovery.every is 5s, and there are 4 s with load after spike; allowed is at most that.',
    ],
    [asked({ availability: {} }), 'availability asks for nothing; allowed is a share of windows or of requests.'],
    [
      asked({ availability: { requests: 0.9, withoutDrills: true } }),
      'availability.withoutDrills is true, and there are no drills; allowed is to leave it out.',
    ],
    [asked({ capacity: { steps: ['base', 'top'] } }), 'capacity.steps is "top"; allowed: base, spike, end.'],
    ...(
      [
        [{ from: 8, to: 4 }, 'capacity.from is 8; allowed is at most capacity.to, which is 4.'],
        [{ from: 8 }, 'capacity.to is missing; allowed is a load, such as 1, beside capacity.from.'],
        [{ precision: 0.1 }, 'capacity.from is missing; allowed is a load, such as 1, beside capacity.precision.'],
        [{ from: 1, to: 4, precision: 0 }, 'capacity.precision is 0; allowed is a number from 0.001 to 1.'],
        // Five per cent, as a percentage: it had been five times.
        [{ from: 1, to: 4, precision: 5 }, 'capacity.precision is 5; allowed is a number from 0.001 to 1.'],
        [{ from: 1, to: 4, precision: 1e-320 }, 'capacity.precision is 1e-320; allowed is a number from 0.001 to 1.'],
        [{ from: 0, to: 4 }, 'capacity.from is 0; allowed is a number from 0.000001 to 1,000,000.'],
        [{ from: 5e-324, to: 4 }, 'capacity.from is 5e-324; allowed is a number from 0.000001 to 1,000,000.'],
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
      asked({}),
      'objectives are there, and nothing is asked about them; allowed is availability, recovery, capacity or drills with them, or thresholds in their place.',
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
