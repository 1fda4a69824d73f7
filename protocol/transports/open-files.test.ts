import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testSlice } from '../slice.fixture.ts';
import { checkOpenFiles } from './open-files.ts';

const slice = (maxVUs: number, of: number, embedded = false) => {
  const made = testSlice('http://127.0.0.1');
  return { ...made, maxVUs, of, target: { ...made.target, embedded } };
};

test('more connections than a process may have files open are refused, with the slices that would do', () => {
  checkOpenFiles(slice(19_800, 1), 20_000);
  checkOpenFiles(slice(1_000_000, 1), Number.POSITIVE_INFINITY);
  const sentence = (slices: string) =>
    `scenarios.test has up to 100,000 connections in ${slices}, and a process may have 20,000 files open here (ulimit -n); allowed is LOAD_SLICES=6 or more, or a smaller LOAD_SCALE.`;
  assert.throws(() => checkOpenFiles(slice(100_000, 1), 20_000), new Error(sentence('1 slice')));
  assert.throws(() => checkOpenFiles(slice(25_000, 4), 20_000), new Error(sentence('4 slices')));
});

test('so are more than the processes of the embedded target can hold', () => {
  const check = (processes: string) => checkOpenFiles(slice(12_500, 8, true), 20_000, { TARGET_PROCESSES: processes });
  check('6');
  assert.throws(
    () => check('5'),
    new Error(
      'scenarios.test has up to 100,000 connections, the embedded target has TARGET_PROCESSES=5, and a process may have 20,000 files open here (ulimit -n); allowed is TARGET_PROCESSES=6 or more, or a smaller LOAD_SCALE.',
    ),
  );
});
