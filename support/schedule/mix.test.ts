import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mix } from './mix.ts';

const COUNT = 100_000;

function countsOf(mix: Mix): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let index = 0; index < COUNT; index++) {
    const name = mix.names[mix.operationOf(index)]!;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

test('operations come up as often as they weigh', () => {
  const table: Record<string, number>[] = [
    { push: 40, pull: 30, 'full-sync': 30 },
    { rare: 1, common: 99 },
    { a: 0.1, b: 0.2, c: 0.3, d: 0.4 },
    { only: 5 },
  ];
  for (const weights of table) {
    const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
    const counts = countsOf(new Mix(weights, 'seed', 'relay'));
    for (const [name, weight] of Object.entries(weights)) {
      const share = weight / total;
      // Five standard deviations of a fair draw.
      const tolerance = 5 * Math.sqrt((share * (1 - share)) / COUNT);
      assert.ok(Math.abs(counts[name]! / COUNT - share) <= tolerance, `${name}: ${counts[name]} of ${COUNT}`);
    }
  }
});

test('so they do in a short run, in an order that is another one each time', () => {
  const weights = { list: 35, create: 20, start: 15, stop: 15, delete: 10, migrate: 5 };
  for (const seed of ['1', '2', '3']) {
    const mix = new Mix(weights, seed, 'vms');
    const blocks = [0, 1, 2].map((block) =>
      Array.from({ length: 100 }, (_, i) => mix.names[mix.operationOf(100 * block + i)]!),
    );
    for (const block of blocks) {
      for (const [name, weight] of Object.entries(weights)) {
        const count = block.filter((one) => one === name).length;
        assert.ok(Math.abs(count - weight) <= 1, `${name}: ${count} of 100`);
      }
      // In a fair order 78 of 99 neighbours differ; sorted, or by turns, that would be 5 or 99.
      const changes = block.filter((name, i) => i > 0 && name !== block[i - 1]).length;
      assert.ok(changes > 60 && changes < 95, `${changes} of 99 neighbours differ`);
    }
    assert.equal(new Set(blocks.map(String)).size, 3);
  }
});

test('so they do in each slice, in any stretch of it: no slice and no moment gets one operation more', () => {
  const mix = new Mix({ push: 1, pull: 1 }, 'seed', 'relay');
  for (const of of [2, 3, 4, 16]) {
    let pushes = 0;
    for (let index = 1; index < 10_000 * of; index += of) if (mix.operationOf(index) === 0) pushes++;
    assert.ok(Math.abs(pushes - 5_000) < 250, `${pushes} of 10,000 in a slice of ${of}`);
  }
});

test('what an iteration does depends on seed, scenario and index alone, not on what was asked before', () => {
  const weights = { push: 40, pull: 30, 'full-sync': 30 };
  const indices = Array.from({ length: 1_000 }, (_, i) => i);
  const whole = new Mix(weights, 'seed', 'relay');
  const expected = indices.map((index) => whole.operationOf(index));
  for (const of of [2, 3, 7]) {
    for (let slice = 0; slice < of; slice++) {
      const mix = new Mix(weights, 'seed', 'relay');
      for (let index = slice; index < 1_000; index += of) assert.equal(mix.operationOf(index), expected[index]);
    }
  }
  for (const other of [new Mix(weights, 'other', 'relay'), new Mix(weights, 'seed', 'vms')]) {
    assert.notDeepEqual(
      indices.map((index) => other.operationOf(index)),
      expected,
    );
  }
});

test('an operation of weight 0 never comes up', () => {
  const mix = new Mix({ push: 0, pull: 1, 'full-sync': 0, pay: 1 }, 'seed', 'relay');
  assert.deepEqual(mix.names, ['pull', 'pay']);
  assert.deepEqual(Object.keys(countsOf(mix)).sort(), ['pay', 'pull']);
});

test('without any weight there is no mix', () => {
  for (const weights of [{}, { push: 0 }] as Record<string, number>[]) {
    assert.throws(() => new Mix(weights, 'seed', 'relay'), new Error('relay has no operation with a weight above 0'));
  }
});
