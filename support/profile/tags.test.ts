import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areTags, tagsOf, tagsText } from './tags.ts';

test('LOAD_TAGS gives a run tags', () => {
  assert.deepEqual(tagsOf('build=1234, query = a=b '), { build: '1234', query: 'a=b' });
  assert.equal(tagsText({ build: '1234', env: 'staging' }), 'build=1234, env=staging');
  assert.equal(tagsText(), '');
});

test('what is no tag, or a tag of samples, is refused in one sentence', () => {
  for (const text of [
    'build',
    'build=',
    '=7',
    'a=1,a=2',
    'a=1,,b=2',
    'my build=7',
    'scenario=buy',
    '__proto__=x',
    `a=${'x'.repeat(201)}`,
  ]) {
    assert.throws(() => tagsOf(text), {
      message:
        /^LOAD_TAGS is ".+"; allowed is name=value, with commas between several: names of letters, digits and _ that samples do not have .*\.$/,
    });
  }
  assert.equal(areTags({ team: 'shop' }), true);
  assert.equal(areTags({ phase: 'spike' }), false);
});
