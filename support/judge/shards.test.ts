import assert from 'node:assert/strict';
import { test } from 'node:test';
import { say } from '../report/messages.ts';
import { joinParts, type Part } from './shards.ts';

function part(shard: number, changes: Partial<Part['common']> = {}, of = 4): Part {
  const common = {
    'run id': 'run-1',
    profile: 'heavy',
    seed: '1',
    commit: 'abc',
    ...ownVersions,
    ...changes,
  } as Part['common'];
  return { shard, of, runId: 'run-1', target: { name: 'staging', url: 'http://a.test' }, scenarios: ['relay'], common };
}

const ownVersions = { 'version of Tandem': '0.1.0', 'version of Playwright': '1.65.1' };
const versions = { 'version of Tandem': '0.2.0', 'version of Playwright': '1.66.0' };

function joined(...parts: Part[]) {
  const { joined: taken, missing, findings } = joinParts(parts);
  return { taken: taken.map(({ shard }) => shard), missing, said: findings.map(say) };
}

test('all shards of a run, in any order, are the run', () => {
  assert.deepEqual(joined(part(3), part(1), part(4), part(2)), { taken: [3, 1, 4, 2], missing: [], said: [] });
  assert.deepEqual(joined(part(1, {}, 1)), { taken: [1], missing: [], said: [] });
});

test('those that are missing are named', () => {
  const { missing, said } = joined(part(2));
  assert.deepEqual(missing, [1, 3, 4]);
  assert.match(
    said[0]!,
    /^Shards 1, 3 and 4 of 4 are missing; required: all 4, since a part of the load was missing\. /,
  );
  assert.match(joined(part(1), part(2), part(3)).said[0]!, /^Shard 4 of 4 is missing; /);
  assert.match(
    joined(part(1, {}, 50)).said[0]!,
    /^Shards 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 39 more of 50 are missing; /,
  );
});

test('one that is there twice counts once', () => {
  const { taken, said } = joined(part(1), part(2), part(2), part(3), part(4));
  assert.deepEqual(taken, [1, 2, 3, 4]);
  assert.match(said.join(), /^Shard 2 of 4 is there more than once; required: each of them once\. /);
});

test('one of another profile, seed, commit or version is left out, and takes the place of the one it stands for', () => {
  for (const [what, found] of Object.entries({ profile: 'light', seed: '2', commit: 'def', ...versions })) {
    const { taken, missing, said } = joined(part(1), part(2), part(3, { [what]: found }), part(4));
    assert.deepEqual([taken, missing, said.length], [[1, 2, 4], [3], 1]);
    const own = part(1).common[what];
    assert.ok(
      said[0]!.startsWith(
        `Shard 3 of 4 is not of the same run as the others: its ${what} is ${found}; required: ${own}.`,
      ),
    );
  }
});

test('of two runs that were mixed the larger part is the run', () => {
  const other = { 'run id': 'run-2', seed: '2' };
  const { taken, said } = joined(part(1, other), part(2), part(3), part(3, other), part(4));
  assert.deepEqual(taken, [2, 3, 4]);
  // By what tells most: the run id.
  assert.deepEqual(
    said.map((sentence) => sentence.split(';')[0]),
    [1, 3].map((shard) => `Shard ${shard} of 4 is not of the same run as the others: its run id is run-2`),
  );
});
