import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { Doubt } from '../doubt.ts';
import { type Finding, kindOf, kinds, rankOf } from './index.ts';

type Of<K extends Finding['kind']> = Omit<Extract<Finding, { kind: K }>, 'kind'>;

const url = 'http://127.0.0.1:4000';
const slice = { scenario: 'relay', slice: 0 };
const limit = { metric: 'http_req_duration', expression: 'p(95)<500', observed: 812, limit: 500, unit: 'ms' } as const;
const failing = { what: 'scenario', scenarios: ['relay'], journey: false, tries: 9, failed: 9, errors: [] } as const;

/** Of every kind; the compiler asks for the one that is new. */
const examples: { [K in Finding['kind']]: Of<K> } = {
  'drill-not-undone': { severity: 'invalid', drill: 'api-crash', why: 'no such container' },
  'drill-not-done': { severity: 'invalid', drill: 'api-crash', why: 'no such container' },
  'drill-left-out': { severity: 'invalid', drill: 'api-crash' },
  drill: {
    severity: 'fail',
    ...{ name: 'api-crash', startMs: 10_000, endMs: 10_100, isCarriedOut: true, detectedMs: [0, 1_000] },
    ...{
      outageMs: [9_000, 9_000],
      recoveredMs: [8_900, 9_900],
      stayMs: 5_000,
      watchedMs: 20_000,
      requests: { failed: 9, of: 20 },
    },
    ...{ connectionsPerSecond: 4, backlogMs: 0, expect: { recoveryMs: 5_000 }, missed: ['recovery'] },
  },
  oracle: { severity: 'fail', oracle: 'set', checked: 9, violations: 1 },
  'target-down': { severity: 'fail', url, atMs: 1, forMs: 1, tries: 1, error: 'e' },
  'target-unreached': { severity: 'invalid', url, requests: 1, error: 'e' },
  'rate-limited': { severity: 'fail', url, scenarios: ['relay'], turnedAway: 1, requests: 2, allowed: 0.05 },
  'foreign-shard': { severity: 'invalid', shard: 1, of: 2, what: 'seed', found: '1', expected: '2' },
  'duplicate-shard': { severity: 'invalid', shard: 1, of: 2 },
  'missing-shard': { severity: 'invalid', shards: [2], of: 2 },
  interrupted: { severity: 'invalid', by: 'SIGINT', atMs: 1, ofMs: 2 },
  aborted: { severity: 'invalid', metric: 'http_reqs', expression: 'count>1', atMs: 1_000, ofMs: 2_000 },
  crashed: { severity: 'invalid', ...slice, error: 'e' },
  'missing-slice': { severity: 'invalid', ...slice, of: 2, cause: 'killed' },
  'nothing-measured': { severity: 'invalid' },
  saturated: { severity: 'invalid', signal: 'steal', observed: 0.5, allowed: 0.1, unit: 'ratio', count: 9 },
  lateness: { severity: 'invalid', scenario: 'relay', p99Ms: 9, allowedMs: 5, count: 1 },
  'shard-spread': { severity: 'invalid', spreadMs: 900, allowedMs: 500, first: 1, last: 2 },
  'late-start': { severity: 'invalid', ...slice, lateMs: 900, allowedMs: 500 },
  'no-success': { severity: 'fail', ...failing, scenarios: ['relay'], errors: [] },
  'failed-share': { severity: 'fail', ...failing, scenarios: ['relay'], errors: [], failed: 5, allowed: 0.1 },
  hung: { severity: 'invalid', ...slice, hook: 'settle', limitMs: 5_000 },
  'error-outside': { severity: 'invalid', error: 'e' },
  'oracle-unknown': { severity: 'invalid', oracle: 'set', error: 'nothing to check' },
  'no-data': { severity: 'invalid', metric: 'm', expression: 'p(95)<5', count: 0, needed: 20 },
  unfinished: { severity: 'invalid', ...limit, count: 100, ages: 9, missing: 0 },
  'refused-values': {
    severity: 'invalid',
    ...limit,
    count: 100,
    refused: [{ name: 'a string is no number', count: 9 }],
  },
  threshold: { severity: 'fail', ...limit, count: 100 },
  drift: {
    severity: 'fail',
    ...{ metric: 'target_memory_bytes', expression: 'min<1%', phase: 'load', unit: 'bytes', base: 1e8, warmUpMs: 0 },
    perHour: { low: 0.01, estimate: 0.02, high: 0.03 },
  },
  windows: {
    severity: 'fail',
    ...{ metric: 'http_req_duration', expression: 'p(95)<500', everyMs: 10_000, unit: 'ms' },
    ...{
      held: 8,
      unknown: 1,
      of: 10,
      share: 0.95,
      first: { startMs: 0, observed: 812 },
      worst: { startMs: 0, observed: 812 },
    },
  },
  availability: {
    severity: 'fail',
    everyMs: 10_000,
    windows: { held: 8, missed: 1, unknown: 1, share: 0.8, required: 0.99 },
    downtime: [{ startMs: 10_000, endMs: 20_000 }],
  },
  recovery: {
    severity: 'fail',
    after: 'spike',
    withinMs: 60_000,
    stayMs: 30_000,
    recoveredMs: null,
    watchedMs: 120_000,
  },
  capacity: {
    severity: 'warning',
    held: { load: 2, perSecond: 40 },
    at: { load: 4, doubts: [{ by: 'generator-cpu', scenario: 'relay', observed: 0.97, allowed: 0.9, unit: 'ratio' }] },
  },
  dropped: { severity: 'fail', scenario: 'relay', dropped: 1, due: 9, maxVUs: 1, allowed: 0 },
  regression: {
    severity: 'fail',
    ...{ aspect: 'throughput', metric: 'http_reqs', stat: 'rate', observed: 70, baseline: 100, change: 0.3 },
    ...{ limit: 0.2, noise: 0.06, p: 0.001, runs: 10, blocks: 24 },
  },
  'cut-off': { severity: 'warning', scenario: 'relay', interrupted: 1 },
  'tag-folded': { severity: 'warning', tag: 'op', metrics: ['http_reqs'], values: ['GET /1'], allowed: 100 },
  unverified: { severity: 'warning' },
  'left-out': { severity: 'warning', scenarios: ['relay'], thresholds: 1 },
  idle: { severity: 'warning', scenarios: ['relay'] },
  'less-asked': { severity: 'warning', load: 0.2, time: 1 },
  'baseline-thin': { severity: 'warning', runs: 1, needed: 3 },
  'baseline-undecided': { severity: 'warning', figures: 5, of: 5 },
  'baseline-unreadable': { severity: 'warning', error: 'e' },
};

test('what is not listed is no finding', () => {
  // @ts-expect-error: without a place in the list, and so without a rank, it does not compile
  const unlisted: Finding = { kind: 'unlisted', severity: 'fail' };
  assert.equal(rankOf(unlisted), undefined);
});

for (const [kind, example] of Object.entries(examples)) {
  const finding = { kind, ...example } as Finding;
  test(`${kind}: a rank, a sentence, a next step`, () => {
    assert.ok(rankOf(finding) >= 0);
    const { sentence, nextStep } = kindOf(finding);
    const next = typeof nextStep === 'string' ? nextStep : nextStep(finding);
    for (const text of [sentence(finding), next]) {
      assert.match(text, /^[^ ].{15,}\.$/);
      assert.doesNotMatch(text, /undefined|NaN|null/);
    }
  });
}

test('what is undecided for the generator’s sake asks for a look at that, and for more samples where there were too few', () => {
  const kindsOfAnswers = ['windows', 'availability', 'recovery', 'drift', 'drill', 'capacity'] as const;
  for (const kind of kindsOfAnswers) {
    const after = (doubt: Doubt) => {
      const at = kind === 'capacity' && { at: { load: 4, doubts: [doubt] } };
      const finding = { kind, ...examples[kind], ...at, severity: 'invalid', doubts: [doubt] } as Finding;
      const { nextStep } = kindOf(finding);
      return typeof nextStep === 'string' ? nextStep : nextStep(finding);
    };
    assert.match(after({ by: 'machine-cpu', observed: 0.99, allowed: 0.95, unit: 'ratio' }), /generator/, kind);
    assert.match(after({ by: 'missing-slice' }), /to its end, with all of its parts/, kind);
    assert.doesNotMatch(after({ by: 'no-data', observed: 1, allowed: 20 }), /generator|all of its parts/, kind);
  }
});

test('every kind is a file of its name, and listed once', () => {
  const shared = ['index', 'kind', 'failing'];
  const files = readdirSync(import.meta.dirname).flatMap((name) => /^([\w-]+)\.ts$/.exec(name)?.[1] ?? []);
  const own = files.filter((name) => !shared.includes(name)).sort();
  assert.deepEqual(kinds.map(({ kind }) => kind).sort(), own);
});

test('what a kind follows from is listed, and before it', () => {
  const names: string[] = kinds.map(({ kind }) => kind);
  for (const { kind, ...one } of kinds) {
    for (const cause of ('followsFrom' in one && one.followsFrom) || []) {
      assert.ok(names.includes(cause), `${kind} follows from ${cause}, which is no kind`);
      assert.ok(names.indexOf(cause) < names.indexOf(kind), `${cause} comes after its effect ${kind}`);
    }
  }
});
