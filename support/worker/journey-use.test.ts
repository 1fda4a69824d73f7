import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderOf } from '../folder.fixture.ts';
import { checkState, sessionUse } from './journey-use.ts';

test('a storageState that signs nobody in is refused with a sentence that names the file', (t) => {
  const cookie = (expires?: number) => ({ name: 'session', value: 'one', domain: 'localhost', path: '/', expires });
  const origins = [{ origin: 'http://localhost', localStorage: [] }];
  const root = folderOf(t, {
    'broken.json': '{ "cookies": [',
    'list.json': [],
    'odd.json': { cookies: 'none' },
    'old.json': { cookies: [cookie(1), cookie(2)], origins: [] },
    'stored.json': { cookies: [cookie(1)], origins },
    'good.json': { cookies: [cookie(1), cookie(-1), cookie()] },
    'none.json': { cookies: [], origins: [] },
    'folder/x': '',
  });
  for (const [name, what] of [
    ['missing.json', /missing\.json is not there; allowed is a file that /],
    ['folder', /folder is a folder; allowed is /],
    ['old.json/x', /x cannot be read \(ENOTDIR\); allowed is /],
    ['broken.json', /broken\.json is no JSON: line 1, column \d+: .*; allowed is /],
    ['list.json', /list\.json has no cookies and origins; allowed is /],
    ['odd.json', /odd\.json has no cookies and origins; allowed is /],
    ['old.json', /old\.json: all of its cookies have expired, the last on 1970-01-01T00:00:02\.000Z; sign in again/],
  ] as const)
    assert.throws(() => checkState(join(root, name), 5_000), { message: what });
  for (const name of ['stored.json', 'good.json', 'none.json']) checkState(join(root, name), 5_000);
  checkState(join(root, 'old.json'));
});

test('what a session uses is an object, and its file is found from the project’s folder', () => {
  assert.deepEqual(sessionUse('/project', { locale: 'de-DE', storageState: 'auth/user.json' }), {
    locale: 'de-DE',
    storageState: '/project/auth/user.json',
  });
  assert.throws(() => sessionUse('/project', Promise.resolve({})), {
    message: /^use gave a Promise; allowed is an object/,
  });
  assert.throws(() => sessionUse('/project', undefined), { message: /^use gave undefined; allowed is an object/ });
});
