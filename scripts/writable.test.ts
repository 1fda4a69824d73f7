import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderOf } from '../support/folder.fixture.ts';

test('a folder with room for a part of what a run writes is told of as one without', (t) => {
  const folder = folderOf(t, {});
  const code = `
    import { checkWritable } from ${JSON.stringify(join(import.meta.dirname, 'writable.mjs'))};
    try {
      checkWritable(${JSON.stringify(folder)}, 'free it');
    } catch (error) {
      console.log(error.message);
    }`;
  const { stdout } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 100; exec "$0" "$@"', process.execPath, '--input-type=module', '-e', code],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(stdout, `${folder} cannot be written to: no file may be so large there (EFBIG); free it.\n`);
  assert.deepEqual(readdirSync(folder), []);
});
