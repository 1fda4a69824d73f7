import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderOf } from '../../support/folder.fixture.ts';
import { resolveTarget, targetSettings } from '../../support/target.ts';
import { http } from './family.ts';
import { attackSettings } from './settings.ts';

test('the file says where the target is, where nothing else does; headers are one a line, and secret', (t) => {
  const folder = folderOf(t, { targets: 'GET http://a.test:81/x\n', paths: 'GET /x\n', '.env': '' });
  const LOAD_TARGETS = join(folder, 'targets');
  const env = { LOAD_TARGETS, LOAD_HEADERS: 'X-A: 1\n\nX-A:2\n X-B : c: d' };
  const target = resolveTarget(targetSettings(env, folder, [http]), {});
  assert.deepEqual([target.embedded, target.apiUrl], [false, 'http://a.test:81']);
  assert.deepEqual(attackSettings(target), {
    targets: LOAD_TARGETS,
    format: undefined,
    headers: { 'X-A': ['1', '2'], 'X-B': 'c: d' },
    body: undefined,
  });
  const paths = resolveTarget(targetSettings({ LOAD_TARGETS: join(folder, 'paths') }, folder, [http]), {
    TARGET_PORT: '4',
  });
  assert.equal(paths.embedded, true);
  for (const LOAD_HEADERS of ['hunter2', 'X-A:', 'X A: 1', 'Upgrade: h2c']) {
    assert.throws(
      () => targetSettings({ LOAD_HEADERS }, folder, [http]),
      new Error('LOAD_HEADERS in the environment is not as it has to be; allowed is <name>: <value>, one a line.'),
    );
  }
});
