/** A target that is broken on purpose loses nothing and comes back; one that does not is found, for the right reason. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Browser } from '@playwright/test';
import { embeddedDrills } from '../support/embedded-drills.ts';
import type { Verdict } from '../support/judge/verdict.ts';
import { launch } from '../target/core/chromium.fixture.ts';
import { drills } from '../target/core/drills/registry.ts';
import { listening, runTarget } from '../target/core/process.fixture.ts';
import { localRun } from './local-run.ts';
import { anyMachine, Project, reason, repository, scenarioFile } from './project.ts';

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test('the drills of the embedded target are those that the suite knows', () => {
  assert.deepEqual(
    drills.map(({ name, values = [], end }) => [name, { lasts: end !== undefined, values }]),
    Object.entries(embeddedDrills),
  );
});

const kill = { name: 'kill-database', at: '3s', run: 'kill-database', stay: '2s', expect: { recovery: '<10s' } };
const cut = { name: 'cut', at: '26s', run: 'partition=reset', for: '14s', stay: '2s' };
/** A page of a busy machine takes its time to be there. */
const lateKill = { ...kill, at: '12s' };
const relay = { executor: 'constant-arrival-rate', rate: 15, duration: '16s', maxVUs: 20, maxFailed: 1 };
/** Looks so often that something is always new. */
const integrity = { executor: 'constant-vus', vus: 1, duration: '16s', options: { every: '500ms' } };
const keeper = {
  executor: 'per-vu-iterations',
  vus: 1,
  iterations: 1,
  maxDuration: '48s',
  options: { stay: '42s' },
};

/** A run against a target with faults of its own. */
async function run(
  t: TestContext,
  faults: string,
  scenarios: object,
  drills: object[],
  thresholds = {},
  availability?: object,
): Promise<Verdict> {
  const socket = join(tmpdir(), `tandem-${randomBytes(4).toString('hex')}.drills`);
  const target = runTarget({ TARGET_DRILLS: socket, TARGET_FAULTS: faults, TARGET_SCRYPT_N: '1024' });
  target.stderr.resume();
  t.after(async () => {
    const exit = once(target, 'exit');
    target.kill('SIGTERM');
    await exit;
  });
  const url = await listening(target);
  const files = Object.keys(scenarios).map(scenarioFile);
  const project = new Project(t, {
    ...Object.fromEntries(files.map((file) => [file, `import '${repository}/${file}';`])),
    'profiles/broken.json': {
      ...{ description: 'a test', scenarios, thresholds, drills, objectives: { iteration_failed: ['rate<0.1'] } },
      ...(availability && { availability }),
      health: { ...anyMachine, maxDropped: 1 },
    },
  });
  return localRun(project, 'broken', url, { browser, drillSocket: socket });
}

const kept = { browser_work_kept: [{ threshold: 'rate>=1', minSamples: 1 }] };

// They mostly wait.
describe('drills of a whole run', { timeout: 300_000, concurrency: 4 }, () => {
  test('an honest target recovers, has all that it acknowledged, and people keep their work', async (t) => {
    const scenarios = {
      'sync-relay': { ...relay, duration: '48s' },
      integrity: { ...integrity, duration: '48s' },
      keeper,
    };
    const asked = { requests: 0.999, withoutDrills: true };
    const verdict = await run(t, '', scenarios, [lateKill, cut], kept, asked);
    const { status, reasons, drills = [], oracles, availability, errors } = verdict;
    assert.equal(status, 'pass', JSON.stringify(reasons));
    assert.equal(availability?.ok, true, JSON.stringify(availability));
    assert.notDeepEqual(errors, {}, 'its drills broke something');
    const [killed, reset] = drills;
    assert.deepEqual(
      drills.map(({ name, isCarriedOut }) => [name, isCarriedOut]),
      [
        ['kill-database', true],
        ['cut', true],
      ],
    );
    assert.ok(killed!.recoveredMs, JSON.stringify(killed));
    assert.equal(reset!.isUndone, true);
    assert.ok((reset!.connectionsPerSecond ?? 0) > 0, JSON.stringify(reset));
    const { seen, work } = reset!.sessions!;
    assert.ok(seen!.error > 0 && work!.of > 0 && work!.kept === work!.of, JSON.stringify(reset));
    assert.deepEqual(
      oracles.map(({ name, status: found }) => [name, found]),
      [
        ['acknowledged-writes', 'ok'],
        ['integrity', 'ok'],
      ],
    );
  });

  test('page-forgets loses what a person wrote while the relay was away', async (t) => {
    const scenarios = {
      'sync-relay': { ...relay, duration: '34s' },
      keeper: { ...keeper, maxDuration: '34s', options: { stay: '28s' } },
    };
    const { status, reasons } = await run(t, 'page-forgets', scenarios, [{ ...cut, at: '12s' }], kept);
    const missed = reasons.flatMap((one) => (one.kind === 'threshold' ? one.metric : one.kind));
    assert.deepEqual([status, missed], ['fail', ['browser_work_kept']], JSON.stringify(reasons));
  });

  test('fsync-off loses what was acknowledged', async (t) => {
    const { status, reasons } = await run(t, 'fsync-off', { 'sync-relay': relay }, [{ ...kill, at: '6s' }]);
    assert.equal(status, 'fail');
    assert.equal(reasons[0]?.kind === 'oracle' && reasons[0].oracle, 'acknowledged-writes', JSON.stringify(reasons));
  });

  test('stale-restart comes back without what was acknowledged before', async (t) => {
    const scenarios = { 'sync-relay': relay, integrity };
    const { status, reasons, oracles } = await run(t, 'stale-restart', scenarios, [{ ...kill, at: '6s' }]);
    assert.equal(status, 'fail');
    const broken = reasons.flatMap((one) => (one.kind === 'oracle' ? one.oracle : []));
    assert.deepEqual(broken.sort(), ['acknowledged-writes', 'integrity'], JSON.stringify(reasons));
    const [example] = oracles.find(({ name }) => name === 'integrity')!.examples as Record<string, unknown>[];
    const { acknowledged, api, afterDrill } = example!;
    assert.ok(acknowledged !== null && afterDrill === 'kill-database', JSON.stringify(example));
    assert.notDeepEqual(api, acknowledged);
  });

  test('no-restart does not recover', async (t) => {
    const verdict = await run(t, 'no-restart', { 'sync-relay': relay }, [kill]);
    const found = reason(verdict, 'drill');
    assert.deepEqual([verdict.status, found?.missed], ['fail', ['recovery']], JSON.stringify(verdict.reasons));
    assert.match(
      found!.message,
      /^After the drill kill-database the objectives did not hold again for [\d.]+ s in the 1\d\.\d s that were watched/,
    );
  });

  test('zombie says yes to what it does not do', async (t) => {
    const { status, reasons, errors } = await run(t, 'no-restart,zombie', { 'sync-relay': relay }, [kill], {
      checks: ['rate>0.9999'],
    });
    assert.equal(status, 'fail', JSON.stringify(reasons));
    const found = reasons.map((one) =>
      one.kind === 'oracle' ? one.oracle : one.kind === 'threshold' ? one.metric : one.kind,
    );
    assert.ok(found.includes('checks') || found.includes('acknowledged-writes'), JSON.stringify(reasons));
    assert.ok(
      Object.keys(errors).some((name) => name.startsWith('check: push')),
      JSON.stringify(errors),
    );
  });
});
