import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, getPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { runQuietly } from '../scripts/child.mjs';

const repository = dirname(import.meta.dirname);

describe('child programs', () => {
  const node = (script: string, timeoutMs = 30_000) => runQuietly(process.execPath, ['-e', script], { timeoutMs });

  test('are told apart by how they end', async () => {
    assert.deepEqual(await node('console.log("done")'), { ok: true, output: 'done' });
    assert.deepEqual(await node('console.error("no"); process.exit(3)'), { ok: false, output: 'no' });
    assert.deepEqual(await node('process.exit(3)'), {
      ok: false,
      output: `${process.execPath} ended with exit code 3`,
    });
    const missing = await runQuietly('/nowhere/program', [], { timeoutMs: 30_000 });
    assert.deepEqual(missing, { ok: false, output: 'spawn /nowhere/program ENOENT' });
  });

  test('are stopped when their time is up', async () => {
    const outcome = await node('setInterval(() => {}, 1000)', 1);
    assert.deepEqual(outcome, { ok: false, output: `${process.execPath} did not finish within 0.001 s` });
  });

  test('take what others leave of the machine, where they are to', async () => {
    const script = 'setTimeout(() => console.log(os.getPriority()), 100)';
    const { output } = await runQuietly(process.execPath, ['-e', script], { timeoutMs: 30_000, isLow: true });
    assert.equal(Number(output), constants.priority.PRIORITY_LOW);
    assert.equal(Number((await node(script)).output), getPriority());
  });

  /** Runs a script by runInForeground, in a process that can be sent signals and says "seen" for each Ctrl-C. */
  function foreground(t: TestContext, script: string) {
    const child = join(repository, 'scripts/child.mjs');
    const wrapper =
      `import { runInForeground } from ${JSON.stringify(child)};` +
      `const exit = runInForeground(process.execPath, ['-e', ${JSON.stringify(script)}]);` +
      'process.on("SIGINT", () => console.log("seen"));' +
      'process.exit(await exit);';
    const running = spawn(process.execPath, ['--input-type=module', '-e', wrapper], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    t.after(() => {
      try {
        process.kill(-running.pid!, 'SIGKILL');
      } catch {} // all of the group have ended
    });
    return running;
  }

  test('in the foreground pass on their exit code', async (t) => {
    const [code] = await once(foreground(t, 'process.exit(7)'), 'exit');
    assert.equal(code, 7);
  });

  test('in the foreground get one Ctrl-C once, however often it is delivered', async (t) => {
    const wrapper = foreground(
      t,
      'let interrupts = 0; process.on("SIGINT", () => { interrupts++; console.log("interrupted"); });' +
        'process.on("SIGTERM", () => process.exit(10 + interrupts));' +
        'setInterval(() => {}, 1000); console.log("ready");',
    );
    const exit = once(wrapper, 'exit');
    let printed = '';
    const until = async (pattern: RegExp) => {
      while (!pattern.test(printed)) printed += String((await once(wrapper.stdout, 'data'))[0]);
    };
    await until(/ready/);
    wrapper.kill('SIGINT');
    await until(/seen/);
    wrapper.kill('SIGINT');
    await until(/seen.*seen/s);
    await until(/interrupted/);
    wrapper.kill('SIGTERM');
    assert.deepEqual(await exit, [11, null]);
  });

  test('in the foreground that a signal ended are told by their exit code', async (t) => {
    const [code] = await once(
      foreground(t, 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)'),
      'exit',
    );
    assert.equal(code, 143);
  });
});
