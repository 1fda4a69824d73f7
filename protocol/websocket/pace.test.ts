import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Pace } from './pace.ts';

/** Resolves with what members were due when `enough` of them were. */
function paced(periodMs: number, members: string[], enough: number, onDue: (count: number) => void = () => {}) {
  return new Promise<[member: string, dueAt: number][]>((resolve) => {
    const dues: [member: string, dueAt: number][] = [];
    const pace = new Pace<string>(
      periodMs,
      (member, dueAt) => {
        dues.push([member, dueAt]);
        onDue(dues.length);
        if (dues.length < enough) return;
        for (const leave of leaving) leave();
        resolve(dues.slice(0, enough));
      },
      () => Number.POSITIVE_INFINITY,
    );
    const leaving = members.map((member) => pace.join(member));
  });
}

function gapsOf(dues: [member: string, dueAt: number][], member: string): number[] {
  const times = dues.filter(([one]) => one === member).map(([, dueAt]) => dueAt);
  return times.slice(1).map((time, i) => Math.round(1_000 * (time - times[i]!)) / 1_000);
}

test('each member is due once a period, also for the time in which the process stood still', async () => {
  const block = (count: number) => {
    const until = performance.now() + (count === 4 ? 100 : 0);
    while (performance.now() < until);
  };
  const dues = await paced(20, ['a', 'b'], 16, block);
  assert.deepEqual(gapsOf(dues, 'a'), Array(7).fill(20));
  assert.deepEqual(gapsOf(dues, 'b'), Array(7).fill(20));
  const [[, first], [, second]] = dues as [[string, number], [string, number]];
  assert.ok([1, 19].includes(Math.round(second - first)), 'they are spread over the period');
});

test('a rate beyond what timers can do is kept on average', async () => {
  const dues = await paced(0.25, ['a'], 100);
  assert.deepEqual(gapsOf(dues, 'a'), Array(99).fill(0.25));
});

test('who has left is due no more, and nobody after the end', async () => {
  const endsAt = performance.now() + 30;
  const dues: number[] = [];
  const pace = new Pace<string>(
    10,
    (member, dueAt) => {
      assert.equal(member, 'stays');
      dues.push(dueAt);
    },
    () => endsAt,
  );
  pace.join('stays');
  pace.join('leaves')();
  // Timers ring in the order of their times.
  await wait(endsAt - performance.now() + 20);
  assert.ok(dues.length >= 2 && dues.length <= 4, `${dues.length}`);
  assert.ok(dues.every((dueAt) => dueAt <= endsAt));
});
