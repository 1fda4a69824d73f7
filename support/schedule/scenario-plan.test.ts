import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arriving, looping } from '../profile/executors/executor.ts';
import { aboveZero, duration, iterations, vus } from '../profile/fields.ts';
import { startsBySecond } from './executor.fixture.ts';
import { multiplied, plannedPhases } from './phases.ts';
import { durationOf, rateAt, totalArrivals, vusOf } from './plan.ts';
import { planOf, reshape } from './scenario-plan.ts';
import { checkSize } from './size.ts';

/** Executors that there are not. */
const climbing = arriving('climbing-arrival-rate', {
  fields: { first: aboveZero, step: aboveZero, every: duration, times: iterations },
  course: ({ first, step, every, times }) => ({
    start: first,
    stages: Array.from({ length: times }, (_, n) => first + n * step).flatMap((target) => [
      { duration: '0s', target },
      { duration: every, target },
    ]),
    fields: { start: 'first', stages: 'step', length: 'every' },
  }),
});
const leaving = looping('leaving-vus', {
  fields: { vus, within: duration, tasks: iterations },
  course: ({ vus, within, tasks }) => ({
    start: vus,
    stages: [{ duration: within, target: 0 }],
    fields: { start: 'vus', stages: 'vus', length: 'within' },
    iterations: { shared: tasks },
  }),
});

test('an executor is its fields and what they mean: all else is done for it', async () => {
  const given = { first: 10, step: 20, every: '1s', times: 3, maxVUs: 8, startTime: '1s' };
  const spec = climbing.schema.parse({ executor: 'climbing-arrival-rate', ...given });
  const plan = planOf(spec, climbing.course(spec), 'load', 0, 0);
  assert.deepEqual([durationOf(plan), vusOf(plan), totalArrivals(plan)], [4_000, 8, 90]);
  assert.deepEqual(await startsBySecond(plan, 50), [0, 10, 30, 50]);
  const phases = plannedPhases([1, 2].map((load, n) => ({ name: `p${n}`, duration: '2s', load })));
  const phased = reshape(multiplied(plan, phases), 0.5, 2, true);
  assert.deepEqual(
    [250, 750, 1_250, 1_750].map((atMs) => rateAt(phased, atMs)),
    [0, 20, 120, 200],
  );
  assert.equal(vusOf(phased), 32);
  checkSize('p.json: scenarios.a', spec, climbing.course(spec).fields, phased);
  assert.throws(
    () => checkSize('p.json: scenarios.a', spec, climbing.course(spec).fields, reshape(plan, 1, 1e6, true)),
    new Error(
      'p.json: scenarios.a.step makes 50,000,000 arrivals a second; allowed is at most 10,000,000 arrivals a second.',
    ),
  );
  assert.equal(climbing.schema.safeParse({ ...spec, rate: 5 }).success, false);
});

test('one of VUs is, too: they leave one by one, and what they leave undone is dropped', async () => {
  const spec = leaving.schema.parse({ executor: 'leaving-vus', vus: 4, within: '4s', tasks: 1_000 });
  const plan = planOf(spec, leaving.course(spec), 'journey', 10_000, 10_000);
  assert.deepEqual([durationOf(plan), vusOf(plan)], [4_000, 4]);
  assert.deepEqual(await startsBySecond(plan, 50), [80, 60, 40, 20]);
});
