import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../schedule/random.ts';
import { LEAST_BLOCKS, slopeOf } from './slope.ts';

const MINUTE_MS = 60_000;
const BLOCKS = 60;
const CHANCE = 0.01;

/** An hour of blocks of a minute: 100, and what is added by the block's number. */
function hour(added: (block: number, draw: () => number) => number | null, seed = 1): (number | null)[] {
  const draw = random(seed, 'slope');
  return Array.from({ length: BLOCKS }, (_, block) => {
    const value = added(block, draw);
    return value === null ? null : 100 + value;
  });
}

const slope = (values: (number | null)[]) => slopeOf(values, MINUTE_MS, CHANCE)!;

test('a line is found as it is: 2 an hour, whatever the noise is like', () => {
  for (const noise of [0, 0.1, 0.5]) {
    const { perHour, low, high, base } = slope(hour((block, draw) => block / 30 + noise * (draw() - 0.5)));
    assert.ok(Math.abs(perHour - 2) <= 2 * noise, `${perHour} with noise of ${noise}`);
    assert.ok(low <= 2 && high >= 2 && low > 0, `${low} … ${high}`);
    assert.ok(base > 100 && base < 102);
  }
});

test('one that falls is below zero', () => {
  const { low, high } = slope(hour((block, draw) => -block / 30 + 0.1 * draw()));
  assert.ok(high < 0 && low < high);
});

test('a level figure has a slope of exactly zero', () => {
  const { perHour, low, high, warmUp } = slope(hour(() => 0));
  assert.deepEqual([perHour, low, high, warmUp], [0, 0, 0, 0]);
});

const level: [name: string, added: (block: number, draw: () => number) => number | null][] = [
  ['noise', (_, draw) => draw()],
  ['a sawtooth', (block) => (block % 7) / 7],
  ['a growth at the start, of a half', (block) => 50 * (1 - Math.exp(-block / 4))],
  ['a start that is a jump', (block, draw) => (block < 9 ? -40 : 0) + 0.1 * draw()],
  ['one strange block at the end', (block, draw) => (block === 59 ? 500 : draw())],
  ['a hole', (block, draw) => (block > 20 && block < 40 ? null : draw())],
];
for (const [name, added] of level) {
  test(`${name} is no slope`, () => {
    const { low, high } = slope(hour(added));
    assert.ok(low <= 0 && high >= 0, `${low} … ${high}`);
  });
}

test('the growth at the start is left out, and a leak after it is found', () => {
  const { warmUp, perHour, low } = slope(
    hour((block, draw) => 50 * (1 - Math.exp(-block / 4)) + block / 30 + 0.1 * draw()),
  );
  assert.ok(warmUp > 0 && warmUp <= BLOCKS / 2, `${warmUp} blocks`);
  assert.ok(low > 0 && perHour > 1 && perHour < 4, `${perHour}`);
});

/** Noise whose neighbours are alike, as memory and latency have it. */
function drifting(seed: number): (number | null)[] {
  let wave = 0;
  return hour((_, draw) => {
    wave = 0.7 * wave + (draw() - 0.5);
    return wave;
  }, seed);
}

test('neighbours that are alike are fewer witnesses: of 200 level hours hardly one has a slope', () => {
  const seeds = Array.from({ length: 200 }, (_, seed) => seed);
  const astray = seeds.filter((seed) => {
    const { low, high } = slope(drifting(seed));
    return low > 0 || high < 0;
  });
  // As many as CHANCE allows would be 2; the warm-up, which is found in the same values, costs some more.
  assert.ok(astray.length <= 12, `${astray.length} of 200`);
  const ratio = (seed: number) => {
    const own = slope(drifting(seed));
    const mixed = slope(drifting(seed).toSorted((a, b) => Math.sin(a! * 1e6) - Math.sin(b! * 1e6)));
    return (own.high - own.low) / (mixed.high - mixed.low);
  };
  assert.ok(ratio(1) > 1.3, 'the interval is wider than that of the same values in any order');
});

test('of too few blocks nothing is told', () => {
  assert.equal(slopeOf([], MINUTE_MS, CHANCE), undefined);
  assert.equal(slopeOf(Array(60).fill(null), MINUTE_MS, CHANCE), undefined);
  assert.equal(slopeOf(hour(() => 0).slice(0, LEAST_BLOCKS - 1), MINUTE_MS, CHANCE), undefined);
  assert.ok(slopeOf(hour(() => 0).slice(0, 2 * LEAST_BLOCKS), MINUTE_MS, CHANCE));
});

test('the unit of time is the hour, whatever a block is', () => {
  const values = hour((block) => block);
  assert.equal(slopeOf(values, 1_000, CHANCE)!.perHour, 3_600);
  assert.equal(slopeOf(values, MINUTE_MS, CHANCE)!.perHour, 60);
});

test('a fall at once is told, in the warm-up too; noise is none, and neither is one strange block', () => {
  const saw = (block: number) => ((block + 15) % 40) / 4;
  const { fall, low } = slope(hour((block, draw) => saw(block) + 0.1 * draw()));
  assert.ok(fall && low > 0, 'once the fall is warm-up, the rest of a tooth is a line');
  assert.equal(fall.block, 25);
  assert.ok(Math.abs(fall.by - 8.75) < 1, `${fall.by}`);
  const none = [
    (block: number, draw: () => number) => block / 30 + draw(),
    (block: number, draw: () => number) => block / 30 + (block === 30 ? 50 : 0.1 * draw()),
    (block: number) => Math.floor(block / 9),
  ];
  for (const added of none) assert.equal(slope(hour(added)).fall, undefined);
});
