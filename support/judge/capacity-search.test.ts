/** A search against a server of known capacity, as a model: pure, so that thousands of runs cost nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostTrials, type SearchSpec } from '../profile/search.ts';
import { random } from '../schedule/random.ts';
import { levelsOf, nextOf, type Trial } from './capacity-search.ts';
import type { SearchEnd } from './results.ts';

const asked: SearchSpec = { from: 10, to: 1_000, precision: 0.05, confirm: 1, settleMs: 1_000 };

/** What came of a step of that load, the nth of the run. */
type Server = (load: number, n: number) => Omit<Trial, 'load'>;

const upTo =
  (capacity: number): Server =>
  (load) => ({ state: load <= capacity ? 'held' : 'missed' });

function search(
  server: Server,
  spec = asked,
  possible?: (load: number) => number,
): { trials: Trial[]; end: SearchEnd; held?: number; missed?: number } {
  const trials: Trial[] = [];
  for (;;) {
    const next = nextOf(spec, trials, possible);
    const end = 'end' in next ? next.end : trials.length === mostTrials(spec) ? 'time' : undefined;
    if (end) {
      const levels = levelsOf(trials);
      const missed = levels.find(({ standing }) => standing === 'missed' || standing === 'split');
      const held = levels.findLast(({ load, standing }) => standing === 'held' && load < (missed?.load ?? Infinity));
      return { trials, end, held: held?.load, missed: missed?.load };
    }
    if ('load' in next) trials.push({ load: next.load, ...server(next.load, trials.length) });
  }
}

test('brackets by doubling, narrows to the precision, and repeats both edges', () => {
  const { trials, end, held, missed } = search(upTo(100));
  assert.deepEqual(
    trials.map(({ load }) => Math.round(load)),
    [10, 20, 40, 80, 160, 113, 95, 104, 99, 99, 104],
  );
  assert.equal(end, 'found');
  assert.ok(held! <= 100 && missed! > 100 && missed! <= held! * 1.05, `${held} to ${missed}`);
});

test('what always holds is at least the highest load, what never holds is below the lowest', () => {
  const always = search(upTo(5_000));
  assert.deepEqual([always.held, always.missed, always.end], [1_000, undefined, 'found']);
  assert.deepEqual(
    always.trials.map(({ load }) => load),
    [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000],
  );
  const never = search(upTo(1));
  assert.deepEqual([never.held, never.missed, never.end], [undefined, 10, 'found']);
  assert.deepEqual(never.trials.length, 2);
  const one = search(upTo(5_000), { ...asked, from: 10, to: 10, confirm: 0 });
  assert.deepEqual([one.held, one.trials.length], [10, 1]);
});

test('what is whole is narrowed to the last that held and the one after it, each tried as often as is asked, and no other', () => {
  const spec = { ...asked, from: 0.2, to: 40.3 };
  for (const vus of [1, 3, 2.5]) {
    const whole = (load: number) => Math.max(1, Math.round(vus * load)) / vus;
    for (let capacity = 0; capacity <= 42 * vus; capacity++) {
      const { trials, held, missed, end } = search(upTo((capacity + 0.5) / vus), { ...spec, precision: 0.001 }, whole);
      const tried = trials.map(({ load }) => load * vus);
      const most = Math.round(vus * spec.to);
      const which = `${vus} ${capacity}: ${tried}`;
      assert.equal(end, 'found', which);
      assert.equal(Math.round((held ?? 0) * vus), Math.min(capacity, most), which);
      assert.equal(
        missed === undefined ? undefined : Math.round(missed * vus),
        capacity < most ? Math.max(1, capacity + 1) : undefined,
      );
      assert.ok(
        tried.every((one) => Math.abs(one - Math.round(one)) < 1e-6),
        which,
      );
      for (const one of new Set(tried)) assert.ok(tried.filter((other) => other === one).length <= 2, which);
    }
  }
});

test('one step that goes wrong by chance does not stand', () => {
  for (const wrong of [0, 1, 2, 3, 5, 8]) {
    const { held, missed, end } = search((load, n) =>
      n === wrong ? { state: load <= 100 ? 'missed' : 'held' } : upTo(100)(load, n),
    );
    assert.equal(end, 'found');
    assert.ok(held! <= 100 && missed! > 100, `step ${wrong}: ${held} to ${missed}`);
  }
});

test('with noise the answer is within twice its precision in 99 of 100 runs, and always comes to an end', () => {
  const runs = 300;
  const near = Array.from({ length: runs }, (_, seed) => {
    const draw = random(seed, 'search');
    // The capacity of a step varies by some percent of the true one.
    const noisy: Server = (load) => upTo(100 * (1 + 0.06 * (draw() + draw() - 1)))(load, 0);
    const { held, missed } = search(noisy);
    return held! >= 90 && missed! <= 110;
  }).filter(Boolean).length;
  assert.ok(near >= 0.99 * runs, `${near} of ${runs}`);
});

const limited: Trial['doubts'] = [{ by: 'generator-cpu', observed: 1, allowed: 0.9, unit: 'ratio' }];

test('a generator at its limit ends the search: at least what held, and no upper bound', () => {
  const generator: Server = (load) => (load > 50 ? { state: 'unknown', doubts: limited } : { state: 'held' });
  const { trials, end, held, missed } = search(generator);
  assert.deepEqual([end, held, missed], ['generator', 40, undefined]);
  assert.deepEqual(
    trials.map(({ load }) => load),
    [10, 20, 40, 80, 80, 40],
    'tried once more, and the edge repeated',
  );
});

test('a load that was missed once, and where the generator then is at its limit, is no upper bound', () => {
  const once: Server = (_load, n) => (n === 0 ? { state: 'missed' } : { state: 'unknown', doubts: limited });
  const { end, missed, trials } = search(once, { ...asked, from: 80, to: 80 });
  assert.deepEqual([end, missed, trials.length], ['generator', undefined, 3]);
});

test('a bad moment of the generator ends nothing', () => {
  const { end, held, missed } = search((load, n) =>
    n === 3 ? { state: 'unknown', doubts: limited } : upTo(100)(load, n),
  );
  assert.equal(end, 'found');
  assert.ok(held! <= 100 && missed! > 100);
});

test('a load at which too little is measured is passed over, and holds nothing', () => {
  const thin: Server = (load, n) =>
    load < 60 ? { state: 'unknown', doubts: [{ by: 'no-data', observed: 3, allowed: 20 }] } : upTo(100)(load, n);
  const { held, missed } = search(thin);
  assert.ok(held! <= 100 && missed! > 100);
  const none = search(() => ({ state: 'unknown', doubts: [{ by: 'no-data', observed: 0, allowed: 20 }] }));
  assert.deepEqual([none.held, none.missed, none.end, none.trials.length], [undefined, undefined, 'found', 8]);
});
