import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { type TestContext, test } from 'node:test';
import { Interruption, launcherVariable, watchExit } from './interruption.ts';

/** A process whose time passes when the test says so; `said` is what came of it, in order. */
function bed(t: TestContext, env: NodeJS.ProcessEnv = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const said: string[] = [];
  let now = 0;
  const exit = (code: number) => said.push(`exit ${code}`);
  const host = Object.assign(new EventEmitter(), { ppid: 7, env, exit });
  host.on('SIGINT', () => said.push('Playwright stops'));
  const interruption = new Interruption(
    () => said.push('slices killed'),
    host as unknown as NodeJS.Process,
    () => now,
  );
  interruption.begin();
  const pass = (ms: number) => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  return { host, said, interruption, pass };
}

test('Ctrl-C: the first stops the run, the second kills what hangs, the third ends the process', (t) => {
  const { host, said, interruption, pass } = bed(t);
  assert.equal(interruption.by, undefined);
  for (let press = 0; press < 3; press++) {
    host.emit('SIGINT');
    // npm and the terminal deliver the same one.
    host.emit('SIGINT');
    pass(1_000);
  }
  // Playwright hears each by itself.
  assert.deepEqual(
    said.filter((one) => one !== 'Playwright stops'),
    ['slices killed', 'exit 130'],
  );
  assert.equal(interruption.by, 'Ctrl-C');
});

test('SIGTERM and SIGHUP are a Ctrl-C to Playwright, and a second one by themselves', (t) => {
  for (const signal of ['SIGTERM', 'SIGHUP']) {
    const { host, said, interruption, pass } = bed(t);
    host.emit(signal);
    assert.deepEqual(said, ['Playwright stops']);
    pass(5_999);
    assert.equal(said.length, 1);
    pass(1);
    assert.deepEqual(said.slice(1), ['slices killed', 'Playwright stops']);
    assert.equal(interruption.by, signal);
    pass(60_000);
    assert.equal(said.length, 3);
    t.mock.timers.reset();
  }
});

test('the end of a launcher ends the run, the end of another parent does not', (t) => {
  const launched = bed(t, { [launcherVariable]: '7' });
  launched.pass(60_000);
  assert.deepEqual(launched.said, []);
  launched.host.ppid = 1;
  launched.pass(1_000);
  assert.deepEqual(launched.said, ['Playwright stops']);
  assert.equal(launched.interruption.by, 'the end of the program that started it');
  t.mock.timers.reset();

  // Such as a shell that was left with "nohup … &".
  const other = bed(t, { [launcherVariable]: '8' });
  other.host.ppid = 1;
  other.pass(60_000);
  assert.deepEqual(other.said, []);
});

test('afterwards signals are nobody’s business here', (t) => {
  const { host, said, interruption, pass } = bed(t, { [launcherVariable]: '7' });
  host.emit('SIGTERM');
  interruption.end();
  host.ppid = 1;
  pass(60_000);
  assert.deepEqual(said, ['Playwright stops']);
  assert.equal(host.listenerCount('SIGTERM'), 0);
});

test('a process that ends before its run has not passed, and it is told', () => {
  const told: unknown[] = [];
  const ended = (exitCode: number | undefined, before: (hasEnded: () => void) => void = () => {}) => {
    const host = Object.assign(new EventEmitter(), { exitCode });
    before(watchExit((at) => told.push(at), host as unknown as NodeJS.Process));
    host.emit('exit');
    return host.exitCode;
  };
  assert.deepEqual([ended(0), ended(undefined), ended(130)], [1, 1, 130]);
  assert.equal(told.length, 3);
  assert.equal(
    ended(0, (hasEnded) => hasEnded()),
    0,
  );
  assert.equal(told.length, 3, 'once the run has ended, nothing is');
});
