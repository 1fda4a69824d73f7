import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SearchEnd } from '../judge/results.ts';
import { type BuiltinMetric, builtinMetrics } from '../measure/metrics.ts';
import { newSeries, type Packed } from '../measure/series.ts';
import { asSteered } from '../schedule/steered.ts';
import { type Timeline, timeline } from '../schedule/timeline.ts';
import { LiveSearch } from './live-search.ts';
import { searchQueue } from './queue-model.fixture.ts';

function planned(
  capacity: object = {},
  scenario: object = {},
  objectives: Record<string, string[]> = { iteration_response_time: ['p(95)<1000'] },
  seed = '1',
): Timeline {
  const spec = {
    description: 'a test',
    scenarios: { relay: { executor: 'constant-arrival-rate' as const, rate: 1, maxVUs: 1, ...scenario } },
    thresholds: {},
    objectives,
    capacity: { from: 10, to: 400, precision: 0.1, step: '10s', confirm: 1, ...capacity },
  };
  const file = { name: 'mine', path: 'profiles/mine.json', spec };
  return timeline(file, { load: ['relay'], journey: [] }, { scale: 1, seed });
}

interface Model {
  /** That the server answers; what comes faster waits. */
  perSecond: number;
  /** From this load on the process that generates it is at its limit, and slow. */
  generatorUpTo?: number;
  /** Work that never ends, from this load on. */
  hangsFrom?: number;
  /** Whether times are measured at all. */
  isMeasured?: boolean;
  /** Of the arrivals, those that there is no VU for are dropped, and no time of theirs is known. */
  hasDrops?: boolean;
}

/** A run of a search, by a model of its target and its generator: as fast as it can be computed. */
function run(
  of: Timeline,
  model: Model,
): { loads: number[]; end: SearchEnd | undefined; search: LiveSearch; rests: number } {
  const { perSecond, generatorUpTo = Infinity, hangsFrom = Infinity, isMeasured = true, hasDrops = false } = model;
  const search = LiveSearch.of(of, [{ name: 'relay', slices: 1 }], {})!;
  const loads: number[] = [];
  let rests = 0;
  let backlog = 0;
  let hangs = false;
  let steps: { startMs: number; endMs: number; load: number }[] = [];
  for (let index = 0; search.choosesAtMs !== undefined; index++) {
    const [startMs, endMs] = [index * of.intervalMs, (index + 1) * of.intervalMs];
    const phase = of.phases.find((one) => one.endMs > startMs + 1)!.name;
    const load = steps.find((one) => one.startMs <= startMs + 1 && one.endMs > startMs + 1)?.load ?? 0;
    const seconds = of.intervalMs / 1_000;
    const arrivals = Math.round(load * seconds);
    hangs ||= load >= hangsFrom;
    const isAtLimit = load > generatorUpTo;
    const took = isAtLimit ? 5_000 : 10 + (hasDrops ? 0 : (1_000 * backlog) / perSecond);
    backlog = Math.max(0, backlog + arrivals - perSecond * seconds);
    const series: Record<string, Packed> = {};
    const put = (metric: BuiltinMetric, value: number, times: number) => {
      const made = newSeries(builtinMetrics[metric].type);
      for (let n = 0; n < times; n++) made.add(value);
      if (made.count > 0) series[`${metric}{phase:${phase},scenario:relay}`] = made.pack();
    };
    const served = hasDrops ? Math.min(arrivals, Math.round(perSecond * seconds)) : arrivals;
    if (isMeasured) put('iteration_response_time', took, served);
    put('iterations', 1, served);
    put('dropped_iterations', 1, arrivals - served);
    put('iteration_lateness', 0, served);
    put('generator_lateness', isAtLimit ? 4_000 : 1, served);
    put('generator_cpu_percent', isAtLimit ? 100 : 20, 1);
    put('vus', hangs || (backlog > 0 && !hasDrops) ? 1 : 0, 1);
    search.add({ scenario: 'relay', index: 0 }, { index, series }, loads.length);
    while (search.choosesAtMs !== undefined && search.choosesAtMs < endMs + of.intervalMs) {
      const choice = search.choose(search.choosesAtMs);
      steps = 'step' in choice ? [choice.step] : steps;
      if ('step' in choice) loads.push(Math.round(choice.step.load));
      if ('rest' in choice) rests += 1;
    }
  }
  return { loads, end: search.log.end, search, rests };
}

test('finds what a server can do, and lets a backlog come to its end between two steps', () => {
  const of = planned();
  const { loads, end, rests, search } = run(of, { perSecond: 100 });
  assert.deepEqual(loads.slice(0, 5), [10, 20, 40, 80, 160]);
  assert.equal(end, 'found');
  assert.ok(rests > 0, 'at 160 a second more is left than a rest has time for');
  const last = loads.slice(-2);
  assert.ok(Math.min(...last) <= 110 && Math.max(...last) >= 100, `${loads}`);
  // What is judged in the end is what had begun: rests are no steps.
  const ran = asSteered(of, search.log.loads);
  assert.deepEqual(ran.answers.capacity!.steps.length, loads.length);
  assert.equal(ran.phases.length, search.log.loads.length);
  assert.equal(ran.durationMs, ran.phases.at(-1)!.endMs);
});

test('a generator at its limit ends it without an upper bound', () => {
  const { loads, end } = run(planned(), { perSecond: 10_000, generatorUpTo: 100 });
  assert.deepEqual(loads, [10, 20, 40, 80, 160, 160, 80]);
  assert.equal(end, 'generator');
});

test('arrivals that are dropped, since no VU comes free, are a step that did not hold', () => {
  const { loads, end } = run(planned(), { perSecond: 100, hasDrops: true });
  assert.equal(end, 'found');
  assert.ok(Math.max(...loads.slice(-2)) <= 125, `${loads}`);
});

test('of VUs that loop a load is what whole ones come to: 2.8 and 3.4 are both three of them', () => {
  const of = planned({ from: 1, precision: 0.01 }, { executor: 'constant-vus', vus: 1 });
  const { loads, end, search } = run(of, { perSecond: 3 });
  assert.deepEqual([loads, end], [[1, 2, 4, 3, 3, 4], 'found']);
  assert.deepEqual(
    search.log.loads.filter((load) => load > 0),
    [1, 2, 4, 3, 3, 4],
  );
});

test('work that does not end ends it, once it was waited for', () => {
  const { end, rests, loads } = run(planned(), { perSecond: 10_000, hangsFrom: 40 });
  assert.deepEqual([loads, rests, end], [[10, 20, 40], 3, 'backlog']);
});

test('a slice that has not heard of a step yet has not done with it', () => {
  const of = planned();
  const search = LiveSearch.of(of, [{ name: 'relay', slices: 1 }], {})!;
  const id = { scenario: 'relay', index: 0 };
  const idle = newSeries('gauge');
  idle.add(0);
  const until = (atMs: number) => Math.ceil(atMs / of.intervalMs);
  const chooseAfter = (steps: number) => {
    const atMs = search.choosesAtMs!;
    search.add(id, { index: until(atMs), series: { 'vus{scenario:relay}': idle.pack() } }, steps);
    return search.choose(atMs);
  };
  const first = chooseAfter(0);
  assert.ok('step' in first);
  // It was held up all the while, and looks idle.
  assert.ok('rest' in chooseAfter(0));
  const second = chooseAfter(1);
  assert.ok('step' in second && second.trial?.load === 10);
});

test('without any figure of what is asked it ends at the highest load, and nothing is known', () => {
  const { loads, end } = run(planned(), { perSecond: 10_000, isMeasured: false });
  assert.deepEqual([loads, end], [[10, 20, 40, 80, 160, 320, 400], 'found']);
});

test('what always holds is at least the highest load; what never does, below the lowest', () => {
  assert.deepEqual(run(planned(), { perSecond: 10_000 }).loads, [10, 20, 40, 80, 160, 320, 400, 400]);
  assert.deepEqual(run(planned(), { perSecond: 4 }).loads, [10, 10]);
});

test('of queues with Poisson arrivals and constant service it finds the capacity within its precision', () => {
  const found = Array.from({ length: 4 }, (_, seed) => {
    const of = planned(
      { from: 30, to: 3_000 },
      { arrivals: 'poisson' },
      { iteration_response_time: ['p(95)<150'] },
      `${seed}`,
    );
    const { held, missed, isOpen } = searchQueue(of, { places: 4 + seed, serviceMs: 20 });
    const truth = 50 * (4 + seed);
    const middle = (held!.load + missed!.load) / 2;
    return !isOpen && Math.abs(middle - truth) <= 0.1 * truth;
  });
  assert.deepEqual(found, [true, true, true, true]);
});
