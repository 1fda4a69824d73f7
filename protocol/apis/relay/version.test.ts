import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concurrent, dominates, EntityVersions, pairOf, type VersionVector } from './version.ts';

test('a vector dominates another when it knows at least as much of every device', () => {
  const table: [a: VersionVector, b: VersionVector, aDominates: boolean, bDominates: boolean][] = [
    [{}, {}, true, true],
    [{ a: 1 }, {}, true, false],
    [{ a: 0 }, {}, true, true],
    [{ a: 1 }, { a: 1 }, true, true],
    [{ a: 2 }, { a: 1 }, true, false],
    [{ a: 1, b: 1 }, { a: 1 }, true, false],
    [{ a: 1 }, { b: 1 }, false, false],
    [{ a: 2, b: 1 }, { a: 1, b: 2 }, false, false],
    [{ a: 9 }, { a: 1, b: 1 }, false, false],
    [{ a: 3, b: 3, c: 3 }, { a: 3, b: 2, c: 3 }, true, false],
    [{ a: 10 }, { a: 9 }, true, false],
  ];
  for (const [a, b, aDominates, bDominates] of table) {
    const row = `${JSON.stringify(a)} ${JSON.stringify(b)}`;
    assert.equal(dominates(a, b), aDominates, row);
    assert.equal(dominates(b, a), bDominates, row);
    assert.equal(concurrent(a, b), !aDominates && !bDominates, row);
    assert.equal(concurrent(b, a), concurrent(a, b), row);
  }
});

test('a pair is the same pair in either order', () => {
  assert.equal(pairOf('b-1', 'a-2'), 'a-2 b-1');
  assert.equal(pairOf('a-2', 'b-1'), 'a-2 b-1');
});

test('changes that do not know of each other are a conflict', () => {
  const versions = new EntityVersions();
  versions.add('milk', 'a-1', versions.next('milk', 'a', 1));
  versions.add('milk', 'b-1', { b: 1 });
  versions.add('milk', 'c-1', { c: 1, b: 1 });
  assert.deepEqual([...versions.conflicts], ['a-1 b-1', 'a-1 c-1']);
});

test('a sequence is none, nor are changes of different entities, nor one that comes late or twice', () => {
  const versions = new EntityVersions();
  versions.add('milk', 'b-2', { b: 2 });
  versions.add('milk', 'b-1', { b: 1 });
  versions.add('milk', 'b-2', { b: 2 });
  versions.add('bread', 'c-1', { c: 1 });
  assert.deepEqual(versions.next('milk', 'a', 7), { a: 7, b: 2 });
  versions.add('milk', 'a-7', versions.next('milk', 'a', 7));
  assert.deepEqual([...versions.conflicts], []);
});

test('what was forgotten is no conflict any more, but still known', () => {
  const versions = new EntityVersions();
  versions.add('milk', 'a-1', { a: 1 });
  versions.add('milk', 'b-1', { b: 1 });
  assert.equal(versions.conflicts.size, 1);
  versions.forget();
  assert.equal(versions.conflicts.size, 0);
  assert.deepEqual(versions.next('milk', 'a', 2), { a: 2, b: 1 });
  versions.add('milk', 'c-1', { c: 1 });
  assert.deepEqual([...versions.conflicts], []);
});
