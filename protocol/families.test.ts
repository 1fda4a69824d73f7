import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { settingsOf } from '../support/family.ts';
import { scenarioFiles } from '../support/scenario-files.ts';
import * as exported from './families.ts';

const { families } = exported;
const root = join(import.meta.dirname, '..');

test('every family is a folder with loads, and every folder with loads is a family', () => {
  const folders = [...scenarioFiles(root).load.values()].map((path) => path.split(/[\\/]/).at(-2));
  assert.deepEqual([...new Set(folders)].sort(), families.map(({ name }) => name).sort());
});

test('every family can be had by its name, and says where its loads are', () => {
  for (const family of families) {
    assert.equal((exported as Record<string, unknown>)[family.name], family);
    assert.equal(family.folder, join(import.meta.dirname, family.name));
  }
});

test('nothing in support/ reads what only a family knows: its variables, or its name in a condition', () => {
  const variables = settingsOf(families).map(({ variable }) => variable);
  // These are protocols' as well.
  const named = families.map(({ name }) => name).filter((name) => name !== 'http' && name !== 'websocket');
  const words = new RegExp(`\\b(${variables.join('|')})\\b|'(${named.join('|')})'`);
  const files = readdirSync(join(root, 'support'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?<!\.test|\.fixture)\.(ts|js)$/.test(file),
  );
  assert.ok(files.length > 100);
  const found = files.filter((file) => words.test(readFileSync(join(root, 'support', file), 'utf8')));
  assert.deepEqual(found, []);
});
