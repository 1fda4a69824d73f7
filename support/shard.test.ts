import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rendezvous } from './schedule/rendezvous.ts';
import { monotonicMs } from './schedule/startline.ts';
import type { Timeline } from './schedule/timeline.ts';
import { attemptOf, checkDrilled, commonStart, dataIdOf, meetingOf, setAttempt, shardOf, sharingOf } from './shard.ts';

const timeline = { profile: 'mine', seed: '1', scenarios: [{ plan: { gracefulStopMs: 0 } }] } as unknown as Timeline;
const never = new AbortController().signal;

test('workers find in their environment what was given on the command line', () => {
  const env: NodeJS.ProcessEnv = {};
  assert.deepEqual(shardOf(['2/4'], env), { current: 2, total: 4 });
  assert.deepEqual(shardOf(undefined, env), { current: 2, total: 4 });
  // What another run left behind is not this one's.
  assert.equal(shardOf([], env), undefined);
  assert.equal(shardOf(undefined, env), undefined);
  assert.equal(shardOf(['two'], env), undefined);
});

test('a start is an instant or a rendezvous; what is empty is not given', () => {
  assert.deepEqual(commonStart({ LOAD_START_AT: '', LOAD_RENDEZVOUS: '' }), {});
  assert.deepEqual(commonStart({ LOAD_START_AT: '1767225600000' }, 1_767_225_599_999), { at: 1_767_225_600_000 });
  assert.deepEqual(commonStart({ LOAD_START_AT: '2026-01-01T01:00:00+01:00' }, 1_767_225_000_000), {
    at: 1_767_225_600_000,
  });
  assert.deepEqual(commonStart({ LOAD_RENDEZVOUS: 'http://10.0.0.7:4100' }), { rendezvous: 'http://10.0.0.7:4100' });
  const tomorrow = String(Date.now() + 48 * 3_600_000);
  for (const LOAD_START_AT of [
    'noon',
    '02:00',
    '2026-01-01',
    '2026-01-01T02:00:00',
    '2026-13-01T02:00:00Z',
    tomorrow,
  ]) {
    const sentence = `LOAD_START_AT is "${LOAD_START_AT}"; allowed is an instant within a day, such as 2026-01-31T02:00:00Z or milliseconds since 1970.`;
    assert.throws(() => commonStart({ LOAD_START_AT }), new Error(sentence));
  }
  for (const LOAD_START_AT of ['1767225600000', '2026-01-01T00:00:00Z']) {
    const sentence =
      'LOAD_START_AT is 2026-01-01T00:00:00.000Z, and it is 2026-01-01T00:01:00.000Z already; allowed is an instant to come, within a day.';
    assert.throws(() => commonStart({ LOAD_START_AT }, 1_767_225_660_000), new Error(sentence));
  }
  for (const LOAD_RENDEZVOUS of ['somewhere', 'ftp://a.test']) {
    const sentence = `LOAD_RENDEZVOUS is "${LOAD_RENDEZVOUS}"; allowed is a URL such as http://10.0.0.7:4100.`;
    assert.throws(() => commonStart({ LOAD_RENDEZVOUS }), new Error(sentence));
  }
  const both = { LOAD_START_AT: '1767225600000', LOAD_RENDEZVOUS: 'http://a.test' };
  assert.throws(() => commonStart(both), /^Error: LOAD_START_AT and LOAD_RENDEZVOUS are both given; /);
});

test('an appointed instant is kept, and one that is over ends the run', async () => {
  const said: string[] = [];
  const at = Date.now() + 5_000;
  const meet = meetingOf({ at }, undefined, 'run', timeline, (line) => said.push(line))!;
  assert.ok(Math.abs((await meet('start', never)) - monotonicMs() - (at - Date.now())) < 50);
  assert.deepEqual(said, [`Ready: starting at ${new Date(at).toISOString()}.`]);
  assert.ok((await meet('rest', never)) <= monotonicMs());
  const late = meetingOf({ at: Date.now() - 12_300 }, undefined, 'run', timeline, () => {})!;
  await assert.rejects(late('start', never), /^Error: LOAD_START_AT was 12\.\d s ago when the slices were ready/);
});

test('without others there is nobody to wait for', () => {
  assert.equal(
    meetingOf({}, { current: 1, total: 2 }, 'run', timeline, () => {}),
    undefined,
  );
  assert.equal(
    meetingOf({ rendezvous: 'http://a.test' }, undefined, 'run', timeline, () => {}),
    undefined,
  );
});

test('shards that meet go on at one instant; after the load one that is gone is not waited for', async (t) => {
  const rendezvous = await Rendezvous.listen(0, '127.0.0.1');
  t.after(() => rendezvous.close());
  const start = { rendezvous: `http://127.0.0.1:${rendezvous.port}` };
  const said: string[] = [];
  const [first, second] = [1, 2].map(
    (current) => meetingOf(start, { current, total: 2 }, 'run', timeline, (line) => said.push(line))!,
  );
  const [one, other] = await Promise.all([first!('start', never), second!('start', never)]);
  assert.ok(Math.abs(one - other) < 50);
  const gone = meetingOf({ rendezvous: 'http://127.0.0.1:9' }, { current: 1, total: 2 }, 'run', timeline, (line) =>
    said.push(line),
  )!;
  assert.ok((await gone('rest', never)) <= monotonicMs());
  assert.match(said.at(-1)!, /^LOAD_RENDEZVOUS http:\/\/127\.0\.0\.1:9: cannot be reached/);
  await assert.rejects(gone('start', never), /cannot be reached/);
});

test('what is set up once comes to slices on other machines by the rendezvous, and not without', async (t) => {
  const scenarios = [
    { name: 'buy', kind: 'load', slices: 2, plan: timeline.scenarios[0]!.plan },
    { name: 'look', kind: 'load', slices: 1, plan: timeline.scenarios[0]!.plan },
  ];
  const spread = { ...timeline, shards: 2, path: 'profiles/shop.json', scenarios } as unknown as typeof timeline;
  const shard = (current: number) => ({ current, total: 2 });
  const none = () => {};
  assert.throws(() => sharingOf({}, shard(1), 'run', spread, ['look', 'buy'], none), {
    message:
      '--shard: buy is set up once a run (setupRun, teardownRun), for slices on several machines; allowed is LOAD_RENDEZVOUS, where they meet, or "slices": 1 in scenarios.buy of profiles/shop.json.',
  });
  assert.equal(sharingOf({}, shard(1), 'run', spread, ['look'], none), undefined);
  assert.equal(sharingOf({}, undefined, 'run', spread, ['buy'], none), undefined);
  const rendezvous = await Rendezvous.listen(0, '127.0.0.1');
  t.after(() => rendezvous.close());
  const start = { rendezvous: `http://127.0.0.1:${rendezvous.port}` };
  const [one, other] = [1, 2].map((current) => sharingOf(start, shard(current), 'run', spread, ['buy', 'look'], none)!);
  assert.deepEqual(
    [...one!.scenarios, ...other!.scenarios],
    [
      { scenario: 'buy', isHere: true },
      { scenario: 'buy', isHere: false },
    ],
  );
  const given = { data: 1, secrets: [] };
  assert.deepEqual(await Promise.all([one!.meet('setup/buy', never, given), other!.meet('setup/buy', never)]), [
    given,
    given,
  ]);
});

test('machines that are drilled start together', () => {
  const drills = [{ name: 'api-crash' }] as typeof timeline.drills;
  const [two, alone] = [
    { current: 2, total: 2 },
    { current: 1, total: 1 },
  ];
  assert.throws(() => checkDrilled({}, two, drills, 'profiles/shop.json'), {
    message:
      '--shard: profiles/shop.json has drills (api-crash), whose instant is the same for all machines only if they start together; allowed is LOAD_START_AT, or LOAD_RENDEZVOUS, where they meet.',
  });
  for (const [start, shard, all] of [
    [{ at: 1 }, two, drills],
    [{ rendezvous: 'http://a.test' }, two, drills],
    [{}, two, []],
    [{}, alone, drills],
    [{}, undefined, drills],
  ] as const) {
    checkDrilled(start, shard, [...all], 'profiles/shop.json');
  }
});

test('attempts at a run write under names of their own, on all machines the same', () => {
  const shard = { current: 1, total: 2 };
  const named = (attempt: string) => {
    const env = {};
    setAttempt(attempt, env);
    return dataIdOf('run', env);
  };
  assert.notEqual(attemptOf({}, undefined, {}), attemptOf({}, undefined, {}));
  assert.equal(attemptOf({ at: 46_656 }, shard, { GITHUB_RUN_ATTEMPT: '2' }), '1000');
  assert.equal(attemptOf({}, shard, { GITHUB_RUN_ATTEMPT: '2' }), '2');
  assert.equal(attemptOf({ rendezvous: 'http://a.test' }, shard, {}), '');
  assert.deepEqual([named('2'), named('')], ['run-2', 'run']);
});

test('what a run writes has a name that tokens and paths take, whatever the run is called', () => {
  // As Jenkins calls a build, and as a person may.
  const ids = ['smoke-jenkins-Nightly load-12', 'smoke-jenkins-Nightly/load-12', 'ночь', '店 #1', 'x'.repeat(300)];
  const named = ids.map((id) => dataIdOf(id, {}));
  for (const name of named) assert.match(name, /^\w[\w.-]{0,99}$/);
  assert.equal(new Set(named).size, ids.length);
  for (const id of ['smoke-github-123-1', 'v1.2_a']) assert.equal(dataIdOf(id, {}), id);
});
