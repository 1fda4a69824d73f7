import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EmbeddedTarget } from './embedded-target.ts';
import { folderOf } from './folder.fixture.ts';

const forEver = 'setInterval(() => {}, 1_000);';

/** A target that is a few lines of code, and what it says. */
function started(t: TestContext, code: string, startMs?: number) {
  const folder = folderOf(t, { 'target/start.mjs': code });
  const env: NodeJS.ProcessEnv = { PATH: process.env.PATH };
  const target = new EmbeddedTarget({ module: 'target/start.mjs', folder, env: { OWN: '1' } }, env, startMs);
  t.after(() => target.stop());
  let said = '';
  target.said.on('data', (text: string) => {
    said += text;
  });
  return { target, env, folder, said: () => said };
}

test('it listens when it says so, and its addresses are known', async (t) => {
  const { target, env, folder } = started(
    t,
    `import { writeFileSync } from 'node:fs';
    process.on('SIGTERM', () => { writeFileSync('stopped', process.env.OWN); process.exit(); });
    console.log('listening on http://127.0.0.1:1 soon');
    process.stdout.write('GRPC_ADDR=127.0.0.1:5\\nOTHER_ADDR=127.0.0.1:6\\nlistening on http://127.0.0.1:40');
    setTimeout(() => console.log('00'));
    ${forEver}`,
  );
  await target.listening();
  assert.equal(env.TARGET_PORT, '4000');
  assert.equal(env.TARGET_ADDRESSES, 'GRPC_ADDR=127.0.0.1:5\nOTHER_ADDR=127.0.0.1:6\n');
  await target.stop();
  assert.equal(readFileSync(join(folder, 'stopped'), 'utf8'), '1');
});

test('one that ends before it listens has not started, and all that it said was heard', async (t) => {
  const { target, said } = started(t, "console.error('no room'); process.exitCode = 3;");
  await assert.rejects(target.listening(), {
    message: 'The embedded target did not start (exit code 3); what it said is above.',
  });
  assert.equal(said(), 'no room\n');
});

test('one that is killed is told by the signal', async (t) => {
  const { target } = started(t, "process.kill(process.pid, 'SIGKILL');");
  await assert.rejects(target.listening(), {
    message: 'The embedded target did not start (SIGKILL); what it said is above.',
  });
});

test('one that does not listen in time is not waited for, nor left', async (t) => {
  const { target } = started(t, forEver, 1);
  await assert.rejects(target.listening(), { message: 'The embedded target did not start within 0.001 s.' });
  assert.ok(target.said.closed);
});

test('one whose run is ended while it starts is no mistake', async (t) => {
  const { target, said } = started(t, `console.error('here'); ${forEver}`);
  await once(target.said, 'data');
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  target.listening().then(settle, settle);
  await target.stop();
  await new Promise(setImmediate);
  assert.equal(isSettled, false);
  assert.equal(said(), 'here\n');
});
