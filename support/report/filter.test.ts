import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFiltered, nothingToRun } from './filter.ts';

const argv = (line: string) => ['node', 'cli.js', ...line.split(' ')];

test('a run is filtered by what chooses tests or files', () => {
  const filtered = [
    'test --project=smoke -g light',
    'test --project=smoke -glight',
    'test --grep-invert=light --project=smoke',
    'test --project=smoke journeys/light',
    'test sync --project smoke',
    'test --project=smoke --last-failed',
  ];
  const whole = [
    'test --project=smoke',
    'test --project smoke',
    'test --project=smoke --shard=1/2 --workers 4',
    'test',
  ];
  for (const line of filtered) assert.equal(isFiltered(argv(line)), true, line);
  for (const line of whole) assert.equal(isFiltered(argv(line)), false, line);
});

test('nothing to run has a cause', () => {
  assert.match(nothingToRun(argv('test --project=smoke -g x')), /^Nothing to run: the filters .* --list shows them\.$/);
  assert.match(nothingToRun(argv('test --project=smoke')), /^Nothing to run: the files .* declare none; allowed is /);
});
