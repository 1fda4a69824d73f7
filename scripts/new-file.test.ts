import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderOf } from '../support/folder.fixture.ts';
import { made } from './new-file.ts';

test('a file is made where there is none, and what is there stays, a link to nothing too', (t) => {
  const folder = folderOf(t, {});
  const file = join(folder, 'deep', 'file');
  assert.deepEqual([made(file, 'one'), made(file, 'two'), readFileSync(file, 'utf8')], [true, false, 'one']);
  const link = join(folder, 'link');
  symlinkSync(join(folder, 'elsewhere'), link);
  assert.deepEqual([made(link, 'one'), existsSync(join(folder, 'elsewhere'))], [false, false]);
});
