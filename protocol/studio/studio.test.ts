import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type TestDatabase, testDatabase, testTarget } from '../../target/core/target.fixture.ts';
import { parseFaults } from '../../target/target.ts';
import { testVu } from '../slice.fixture.ts';
import { bed } from './bed.fixture.ts';
import { agentChoice, type Choice, pipelineChoice } from './choice.ts';
import { deploy } from './deploying.ts';
import { type Builder, builder, Studio, settle } from './studio.ts';
import { Visitor } from './visitor.ts';
import { session, visitingBuilder } from './workflow.ts';

const MIX = { create: 30, list: 40, update: 20, delete: 10 } as const;

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database?.stop());

async function start(t: TestContext, faults = '', tokenSeconds?: number) {
  const target = await testTarget(t, { databaseUrl: database.url, faults: parseFaults(faults), tokenSeconds });
  /** What is stored. */
  const count = async (table: string) => {
    const { rows } = await target.database.pool.query(`SELECT count(*)::int AS count FROM tandem.${table}`);
    return rows[0].count as number;
  };
  return { url: target.url, count };
}

type Bed = Awaited<ReturnType<typeof bed>>;

/** Builders do so many iterations of the mix each, and are looked at for the last time. */
async function build(made: Bed, choice: Choice, iterations: number, vus = 2) {
  const builders = await made.make(vus, (vu, studio) => builder(vu, studio, choice, 4));
  await Promise.all(
    builders.map(async ({ vu, state: { own } }) => {
      for (let n = 0; n < iterations; n++) await own[vu.random.weighted(MIX)]();
    }),
  );
  for (const { state } of builders) await settle(state);
  return judgedBuilders(
    made,
    choice,
    builders.map(({ state }) => state),
  );
}

function judgedBuilders({ judged }: Bed, { kind }: Choice, builders: Builder[]) {
  return {
    lifecycle: judged(
      `${kind.noun}-lifecycle`,
      builders.map(({ own }) => own.evidence()!),
    ),
    sessions: judged(
      'sessions',
      builders.map(({ member }) => member.evidence()),
    ),
  };
}

for (const choice of [agentChoice, pipelineChoice]) {
  const { noun } = choice.kind;
  test(`${noun}s of a right target: nothing to complain of, each call measured, nothing left behind`, async (t) => {
    const { url, count } = await start(t);
    const made = await bed(t, url);
    const { lifecycle, sessions } = await build(made, choice, 20, 3);
    assert.deepEqual([lifecycle.status, lifecycle.violations, lifecycle.counts?.unread], ['ok', 0, 0]);
    assert.deepEqual([sessions.status, sessions.counts?.created, sessions.counts?.deleted], ['ok', 3, 3]);
    assert.ok(lifecycle.checked > 40 && lifecycle.counts!.created! > 8);
    assert.deepEqual(made.errors, {});
    assert.equal(await count(`${noun}s`), 0);
    const keys = Object.keys(made.recorded());
    for (const op of ['create', 'list', 'get', 'update', 'delete']) {
      assert.ok(keys.includes(`${noun}_crud_duration{op:${noun}-${op}}`), op);
    }
    assert.ok(keys.includes('success_rate') && keys.includes('api_errors'));
  });
}

/** A fault, what is built under it, and which oracle tells what of it. */
const faults: [fault: string, choice: Choice, oracle: 'lifecycle' | 'sessions', breach: string][] = [
  ['agent-lost=0.4', agentChoice, 'lifecycle', 'lost'],
  ['stale-update=1', agentChoice, 'lifecycle', 'changed'],
  ['stale-update=1', pipelineChoice, 'lifecycle', 'changed'],
  ['list-misses=0.4', agentChoice, 'lifecycle', 'unlisted'],
  ['list-misses=0.4', pipelineChoice, 'lifecycle', 'unlisted'],
  ['tenant-leak=0.3', agentChoice, 'sessions', 'foreign'],
  ['tenant-leak=0.3', pipelineChoice, 'sessions', 'foreign'],
  ['token-survives-logout=1', agentChoice, 'sessions', 'resurrected'],
];
for (const [fault, choice, oracle, breach] of faults) {
  test(`${fault} is found among ${choice.kind.noun}s, as what it is and as nothing else`, async (t) => {
    const { url } = await start(t, fault);
    const found = await build(await bed(t, url), choice, 16);
    const { status, violations, counts, examples } = found[oracle];
    assert.equal(status, 'violated');
    assert.ok(violations > 0 && counts![breach] === violations, JSON.stringify(counts));
    assert.ok(examples.length > 0);
    const other = oracle === 'sessions' ? found.lifecycle : found.sessions;
    assert.deepEqual([other.status, other.violations], ['ok', 0]);
  });
}

test('people come and go: their sessions end, and one that does not is found', async (t) => {
  for (const [fault, status] of [
    ['', 'ok'],
    ['token-survives-logout=1', 'violated'],
  ] as const) {
    const { url } = await start(t, fault);
    const made = await bed(t, url);
    const [one] = await made.make(1, Visitor.of);
    for (let n = 0; n < 3; n++) await one!.state.register();
    for (let n = 0; n < 3; n++) await one!.state.login();
    await one!.state.settle();
    const found = made.judged('sessions', [one!.state.member.evidence()]);
    // The first is that of the account's making.
    assert.deepEqual([found.status, found.counts?.created, found.violations], [status, 7, fault ? 7 : 0]);
    const keys = Object.keys(made.recorded());
    assert.ok(['login_duration', 'logout_duration', 'auth_errors'].every((key) => keys.includes(key)));
    assert.equal(one!.vu.takeOutcome(), fault ? 'failed' : 'ok');
  }
});

test('a token whose time is over is refused; one that lets in all the same is found', async (t) => {
  for (const [fault, tokenSeconds, status] of [
    ['', 1, 'ok'],
    ['token-outlives=1', 3_600, 'violated'],
  ] as const) {
    const { url } = await start(t, fault, tokenSeconds);
    const made = await bed(t, url);
    const [one] = await made.make(1, (vu, studio) => studio.member(vu));
    const member = one!.state;
    while (member.evidence().counts.deleted === 0) {
      assert.equal(await member.isSignedIn(), true);
      await wait(25);
    }
    const { status: found, violations, examples } = made.judged('sessions', [member.evidence()]);
    assert.deepEqual([found, violations], [status, fault ? 1 : 0]);
    const check = 'check: me-after-expiry: status is 401 or 403';
    assert.deepEqual(made.errors, fault ? { [check]: 1 } : {});
    if (fault) assert.equal((examples[0] as { lastWrite: string }).lastWrite, 'its time is over');
    // Whoever is signed in by now still is.
    assert.equal((await member.api.me()).status, 200);
  }
});

test('people pause after what they do, and not when the run is over', async (t) => {
  const { url } = await start(t);
  const { slice } = await bed(t, url);
  const pauseOf = async (thinkTimeMs: number, signal: AbortSignal) => {
    const own = { ...slice, signal };
    const studio = await Studio.open(own, thinkTimeMs);
    const member = await studio.member(testVu(own));
    const beganAt = performance.now();
    await member.think();
    await studio.close();
    return performance.now() - beganAt;
  };
  assert.ok((await pauseOf(40, slice.signal)) >= 19);
  assert.ok((await pauseOf(3_600_000, AbortSignal.abort())) < 3_600_000);
});

test('a deployment is of an agent that is there, and goes with it', async (t) => {
  const { url, count } = await start(t);
  const made = await bed(t, url);
  const [one] = await made.make(1, (vu, studio) => builder(vu, studio, agentChoice, 1));
  for (let n = 0; n < 10; n++) await deploy(one!.state, one!.vu);
  assert.equal((await count('deployments')) > 0 || one!.state.own.size === 0, true);
  await settle(one!.state);
  assert.deepEqual([made.errors, await count('deployments')], [{}, 0]);
  assert.ok(Object.keys(made.recorded()).includes('deployment_duration'));
});

test('a workflow is a whole session, with the times of its steps', async (t) => {
  const { url, count } = await start(t);
  const made = await bed(t, url);
  const [one] = await made.make(1, (vu, studio) => visitingBuilder(vu, studio, pipelineChoice));
  const { member, own } = one!.state;
  await session(one!.vu, member, { create: () => own.create(), delete: () => own.delete() });
  const steps = Object.keys(made.recorded()).filter((key) => key.startsWith('workflow_step_duration'));
  const wanted = ['create', 'delete', 'login', 'logout'].map((step) => `workflow_step_duration{step:${step}}`);
  assert.deepEqual([steps.sort(), made.errors, await count('pipelines')], [wanted, {}, 0]);
});
