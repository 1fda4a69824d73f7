import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { reference } from './reference.ts';

test('docs/reference.md says what the source says, of every word', () => {
  const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'reference.md'), 'utf8');
  assert.equal(page, reference(), 'npm run reference makes it anew');
});
