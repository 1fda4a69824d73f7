import assert from 'node:assert/strict';
import { test } from 'node:test';
import { colocate, colocatedText } from './colocated.ts';

const slice = (kind: 'load' | 'journey', scenario: string, index: number, ownProcess?: true) => ({
  ...{ scenario, index, file: `${scenario}.${kind}.ts` },
  declaration: { kind, ...(ownProcess && { ownProcess }) },
});

test('the slices of one kind and index run in the process of the first, but for what has its own', () => {
  const slices = [
    slice('load', 'a', 0),
    slice('journey', 'light', 0),
    slice('load', 'b', 0),
    slice('load', 'b', 1),
    slice('journey', 'login-spec', 0, true),
    slice('load', 'c', 1),
    slice('journey', 'power', 0),
  ];
  const guests = colocate(slices);
  assert.deepEqual(
    guests.map(({ scenario, index, host }) => [scenario, index, host.scenario, host.index]),
    [
      ['b', 0, 'a', 0],
      ['c', 1, 'b', 1],
      ['power', 0, 'light', 0],
    ],
  );
  assert.deepEqual(JSON.parse(colocatedText(guests)), {
    a: [{ scenario: 'b', file: 'b.load.ts', indexes: [0] }],
    b: [{ scenario: 'c', file: 'c.load.ts', indexes: [1] }],
    light: [{ scenario: 'power', file: 'power.journey.ts', indexes: [0] }],
  });
  assert.deepEqual(JSON.parse(colocatedText([])), {});
});
