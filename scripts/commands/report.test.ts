import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderOf } from '../../support/folder.fixture.ts';
import { run } from './report.ts';

test('a run is looked for in the project, wherever the command was called', async (t) => {
  const root = folderOf(t, { 'reports/run-1/stream.ndjson': '' });
  assert.notEqual(root, process.cwd());
  await assert.rejects(run(['run-1'], root), /run-1.stream\.ndjson ends before its run began/);
});
