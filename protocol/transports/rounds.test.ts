import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rounds } from './rounds.ts';

test('each member is called on once a round, a few at a time, until it leaves', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let visited: number[] = [];
  const rounds = new Rounds<number>(1_000, (member) => visited.push(member));
  const leave = Array.from({ length: 100 }, (_, member) => rounds.join(member));
  const round = () => {
    visited = [];
    const sizes = Array.from({ length: 20 }, () => {
      const before = visited.length;
      t.mock.timers.tick(50);
      return visited.length - before;
    });
    return { sizes, members: [...visited].sort((a, b) => a - b) };
  };
  const all = Array.from({ length: 100 }, (_, member) => member);
  for (let n = 0; n < 3; n++) assert.deepEqual(round(), { sizes: Array(20).fill(5), members: all });
  for (const member of [3, 23, 99]) leave[member]!();
  const left = all.filter((member) => ![3, 23, 99].includes(member));
  assert.deepEqual(round().members, left);
  rounds.close();
  assert.deepEqual(round().members, []);
});
