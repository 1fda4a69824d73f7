import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { TargetLoop } from './target-loop.ts';

interface Numbered {
  n: number;
  bytes: number;
}

/** A source of so many, 1,000 at a time; counts how many passes were begun. */
function source(count: number, bytes = 1) {
  const passes = { begun: 0 };
  const open = async function* () {
    passes.begun += 1;
    for (let first = 0; first < count; first += 1_000) {
      yield Array.from({ length: Math.min(1_000, count - first) }, (_, i): Numbered => ({ n: first + i, bytes }));
    }
  };
  return { open, passes };
}

async function taken(loop: TargetLoop<Numbered>, count: number): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < count; i += 1) all.push((await loop.next()).n);
  return all;
}

for (const [what, count, bytes] of [
  ['that is held', 7, 1],
  ['that is too long to be held', 10_003, 1],
  ['whose bodies are too large to be held', 4_000, 1024 ** 2],
] as const) {
  test(`a file ${what} is gone through in turns: round robin, however many slices share it`, async () => {
    const wanted = Array.from({ length: 2 * count + 5 }, (_, i) => i % count);
    for (const of of [1, 3]) {
      const slices = await Promise.all(
        Array.from({ length: of }, (_, index) => TargetLoop.open(source(count, bytes).open, { index, of }, () => {})),
      );
      const each = await Promise.all(slices.map((loop) => taken(loop, Math.ceil(wanted.length / of))));
      assert.deepEqual(
        wanted.map((_, i) => each[i % of]![Math.floor(i / of)]),
        wanted,
      );
      await Promise.all(slices.map((loop) => loop.close()));
    }
  });
}

test('one that is held is read once; of a long one no more is read than is soon used', async () => {
  const short = source(5);
  await taken(await TargetLoop.open(short.open, { index: 0, of: 1 }, () => {}), 1_000);
  assert.equal(short.passes.begun, 1);
  let read = 0;
  const long = async function* () {
    for (let n = 0; n < 1_000_000; n += 1_000) {
      read += 1_000;
      yield Array.from({ length: 1_000 }, (_, i) => ({ n: n + i, bytes: 1 }));
    }
  };
  const loop = await TargetLoop.open(long, { index: 0, of: 1 }, () => {});
  await taken(loop, 20_000);
  assert.ok(read < 40_000, `${read} were read`);
  await loop.close();
});

test('what is not there yet is waited for, and said', async () => {
  const gate = new PassThrough();
  const slow = async function* () {
    yield Array.from({ length: 10_001 }, (_, n) => ({ n, bytes: 1 }));
    await once(gate, 'data');
    yield [{ n: 10_001, bytes: 1 }];
    yield Array.from({ length: 5_000 }, (_, n) => ({ n: 10_002 + n, bytes: 1 }));
  };
  let stalls = 0;
  const loop = await TargetLoop.open(slow, { index: 0, of: 1 }, () => (stalls += 1));
  await taken(loop, 10_001);
  assert.equal(stalls, 0);
  const waiting = [loop.next(), loop.next()];
  gate.write('on');
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ n }) => n),
    [10_001, 10_002],
  );
  assert.equal(stalls, 2);
  gate.write('on');
  await loop.close();
});

test('of a few large ones a slice has its first before it begins, also where that is in a later pass', async () => {
  let stalls = 0;
  const loop = await TargetLoop.open(source(70, 1024 ** 2).open, { index: 80, of: 100 }, () => (stalls += 1));
  assert.equal((await loop.next()).n, 10);
  assert.equal(stalls, 0);
  await loop.close();
});

test('a file that is lost while it is used is an error of who waits for it', async () => {
  let passes = 0;
  const lost = async function* () {
    passes += 1;
    if (passes > 1) throw new Error('gone');
    for (let i = 0; i < 11; i += 1) yield Array.from({ length: 1_000 }, (_, n) => ({ n, bytes: 1 }));
  };
  const loop = await TargetLoop.open(lost, { index: 0, of: 1 }, () => {});
  await assert.rejects(taken(loop, 20_000), new Error('gone'));
  await loop.close();
});
