import assert from 'node:assert/strict';
import { test } from 'node:test';
import { autocorrelation, lowestChance, predictionFactor, rankTest, studentTail } from './significance.ts';

const near = (observed: number, expected: number, within = 1e-4) =>
  assert.ok(Math.abs(observed - expected) <= within, `${observed} is not ${expected}`);

test('Student’s t is as in the tables, for odd and even degrees of freedom', () => {
  const table: [df: number, t: number, above: number][] = [
    [1, 12.706, 0.025],
    [2, 4.303, 0.025],
    [3, 5.841, 0.005],
    [4, 3.747, 0.01],
    [9, 3.25, 0.005],
    [10, 2.764, 0.01],
    [19, 3.579, 0.001],
  ];
  for (const [df, t, above] of table) near(studentTail(t, df), above, above / 500);
  near(studentTail(0, 5), 0.5);
});

test('a new run may be further off the fewer runs there are to know it from', () => {
  near(predictionFactor(10, 10, 0.005), 3.2498 * Math.sqrt(1.1), 1e-3);
  near(predictionFactor(3, 3, 0.005), 9.9248 * Math.sqrt(4 / 3), 1e-3);
  near(predictionFactor(10, 1, 0.005), 3.2498 * Math.SQRT2, 1e-3);
  assert.ok(predictionFactor(3, 3, 0.0001) > predictionFactor(20, 20, 0.0001) * 10);
});

test('the rank test counts arrangements: highest of four in all of three blocks is one in 64', () => {
  const highest = { own: 9, others: [1, 2, 3] };
  near(rankTest([highest, highest, highest]), 1 / 64);
  near(lowestChance([highest, highest, highest]), 1 / 64);
  near(rankTest([highest, { own: 0, others: [1, 2, 3] }]), 10 / 16);
  assert.equal(rankTest([{ own: 0, others: [1, 2] }]), 1);
});

test('ties tell nothing: equal everywhere is certain, and equal to some is between', () => {
  const equal = { own: 0, others: [0, 0, 0] };
  assert.equal(rankTest([equal, equal, equal, equal]), 1);
  near(rankTest([{ own: 2, others: [1, 2] }]), 2 / 3);
});

test('ranks are within a block: a schedule that ramps is no difference, and one hiccup does not decide', () => {
  const ramp = Array.from({ length: 12 }, (_, at) => ({
    own: at * 100 + 3,
    others: [1, 2, 4, 5].map((x) => at * 100 + x),
  }));
  assert.ok(rankTest(ramp) > 0.5);
  const hiccup = ramp.map((one, at) => (at === 5 ? { ...one, own: 1e6 } : one));
  assert.ok(rankTest(hiccup) > 0.3);
});

test('neighbours are alike in a wave, not in noise, and not for what all runs or all blocks have in common', () => {
  const wave = Array.from({ length: 24 }, (_, at) => Math.sin(at / 3));
  const jagged = Array.from({ length: 24 }, (_, at) => (at % 2 === 0 ? 1 : -1));
  const zero = wave.map(() => 0);
  assert.ok(autocorrelation([wave, zero]) > 0.8);
  assert.ok(autocorrelation([jagged, zero]) < -0.8);
  assert.equal(autocorrelation([wave, wave]), 0);
  assert.equal(autocorrelation([wave, wave.map((x) => x + 5)]), 0);
  assert.ok(autocorrelation([wave.map((x, at) => (at === 3 ? null : x)), zero]) > 0.7);
  assert.equal(autocorrelation([[1], [2]]), 0);
});
