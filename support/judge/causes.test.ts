import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causes } from './causes.ts';
import type { Finding } from './verdict.ts';

const finding = (kind: Finding['kind']) => ({ kind }) as Finding;

function left(...kinds: Finding['kind'][]): string[] {
  return causes(kinds.map(finding)).map(({ kind }) => kind);
}

test('what only follows from a run that was cut short, or never began, is not told', () => {
  const effects: Finding['kind'][] = ['nothing-measured', 'no-data', 'oracle-unknown', 'dropped'];
  const table: [Finding['kind'], string[]][] = [
    ['target-down', ['target-down']],
    ['interrupted', ['interrupted']],
    ['crashed', ['crashed', 'dropped']],
    ['missing-slice', ['missing-slice', 'dropped']],
    ['threshold', ['threshold', 'nothing-measured', 'dropped']],
  ];
  for (const [cause, told] of table) assert.deepEqual(left(cause, ...effects), told, cause);
});

test('what has a cause of its own is always told', () => {
  assert.deepEqual(left('no-data', 'oracle-unknown', 'dropped', 'lateness'), [
    ...['no-data', 'oracle-unknown', 'dropped', 'lateness'],
  ]);
  assert.deepEqual(left('interrupted', 'oracle', 'threshold', 'saturated'), [
    ...['interrupted', 'oracle', 'threshold', 'saturated'],
  ]);
});
