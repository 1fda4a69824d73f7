import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderOf } from '../../support/folder.fixture.ts';
import { run } from './report.ts';

test('a run is looked for in the project, wherever the command was called', async (t) => {
  // It guards what its process prints from then on: here that is what the runner of the tests reads.
  t.after(() => {
    for (const stream of [process.stdout, process.stderr]) Reflect.deleteProperty(stream, 'write');
  });
  const root = folderOf(t, { 'reports/run-1/stream.ndjson': '' });
  assert.notEqual(root, process.cwd());
  await assert.rejects(run(['run-1'], root), /run-1.stream\.ndjson ends before its run began/);
});
