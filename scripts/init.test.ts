import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { folderOf } from '../support/folder.fixture.ts';
import { filesOf } from './commands/init.ts';

test('a password in the address of the tests is in no file that git takes', (t) => {
  const root = folderOf(t, { 'package.json': { name: 'shop' } });
  const baseUrl = 'https://ada:hunter2@shop.example/eu';
  const files = filesOf(root, join(root, 'load'), {
    config: '../playwright.config.ts',
    baseUrl,
    signsIn: [],
    hasWebServer: false,
  });
  const named = (name: string) => Object.entries(files).find(([path]) => basename(path) === name)![1];
  const telling = Object.entries(files).filter(([, text]) => text.includes('hunter2'));
  assert.deepEqual(
    telling.map(([path]) => path),
    [join(root, 'load', '.env')],
  );
  assert.match(named('.gitignore'), /^\.env$/m);
  assert.match(named('load.yml'), / BASE_URL: \$\{\{ vars\.BASE_URL \|\| 'https:\/\/shop\.example\/eu' \}\}$/m);
});
