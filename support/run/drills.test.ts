import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { folderOf } from '../folder.fixture.ts';
import type { Drill } from '../profile/drills.ts';
import { resolveTarget } from '../target.ts';
import { Drills, type Guardian, GuardianProcess } from './drills.ts';
import { drillsFor } from './preparation.ts';

const common = { limitMs: 30_000, everyMs: 1_000, stayMs: 5_000, expect: {} };
const crash: Drill = { name: 'crash', run: ['kill', '1'], atMs: [10_000, 40_000], ...common };
const pause: Drill = { name: 'pause', run: ['pause'], undo: ['go-on'], atMs: [20_000], forMs: 5_000, ...common };

/** Time is the test's; what is carried out is written down, and ends when it says so. */
function bed(t: TestContext, drills: Drill[], isOwn = true) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  const told: string[] = [];
  const printed: string[] = [];
  let fails = false;
  const guardian: Guardian = {
    async carryOut(id, act, run, undo) {
      told.push(JSON.stringify([id, act, act === 'run' ? run : undo]));
      return { id, act, ok: !fails, output: fails ? 'no' : '' };
    },
    async end() {
      told.push('end');
    },
  };
  const all = new Drills(
    drills,
    isOwn ? guardian : undefined,
    () => now,
    (line) => printed.push(line),
  );
  all.start();
  const pass = async (ms: number, byTheClockMs = ms) => {
    now += byTheClockMs;
    t.mock.timers.tick(ms);
    await new Promise(setImmediate);
  };
  const fail = () => {
    fails = true;
  };
  return { all, told, printed, pass, fail };
}

test('each begins at its instant, and ends after its time', async (t) => {
  const { all, told, pass } = bed(t, [crash, pause]);
  await pass(9_999);
  assert.deepEqual(told, []);
  await pass(1);
  await pass(10_000);
  await pass(5_000);
  await pass(15_000);
  await all.close();
  assert.deepEqual(told, [
    '["crash #1","run",{"command":["kill","1"]}]',
    '["pause","run",{"command":["pause"]}]',
    '["pause","undo",{"command":["go-on"]}]',
    '["crash #2","run",{"command":["kill","1"]}]',
    'end',
  ]);
  assert.deepEqual(
    all.runs.map(({ name, time, run, undo }) => [name, time, run.atMs, run.ok, undo?.atMs]),
    [
      ['crash', 0, 10_000, true, undefined],
      ['pause', 0, 20_000, true, 25_000],
      ['crash', 1, 40_000, true, undefined],
    ],
  );
});

test('one whose timer comes a moment early begins no earlier than it is due: it would lie in the phase before', async (t) => {
  const { all, pass } = bed(t, [pause]);
  await pass(20_000, 19_999.4);
  assert.deepEqual(
    all.runs.map(({ run }) => run.atMs),
    [20_000],
  );
  await all.close();
});

test('a run that is stopped undoes what is under way at once, and begins no more', async (t) => {
  const { all, told, pass } = bed(t, [crash, pause]);
  await pass(21_000);
  await all.stop();
  await pass(60_000);
  assert.deepEqual(told.slice(-1), ['["pause","undo",{"command":["go-on"]}]']);
  assert.equal(all.runs.length, 2);
});

test('a target may be away while a drill lasts, and for as long after it as it is given', async (t) => {
  const { all, pass } = bed(t, [{ ...pause, expect: { recoveryMs: 12_000 } }]);
  await pass(19_000);
  assert.equal(all.excusedUntilMs, 0);
  await pass(1_000);
  assert.equal(all.excusedUntilMs, Number.POSITIVE_INFINITY);
  await pass(5_000);
  assert.equal(all.excusedUntilMs, 37_000);
});

test('a shard that carries out none knows when all the same', async (t) => {
  const { all, told, printed, pass } = bed(t, [pause], false);
  await pass(20_000);
  await all.close();
  assert.deepEqual([told, all.runs], [[], []]);
  assert.equal(all.excusedUntilMs, 55_000);
  assert.deepEqual(printed, ['Drill pause is due: the first shard carries it out.']);
});

test('a command that fails is told of', async (t) => {
  const { all, printed, pass, fail } = bed(t, [pause]);
  fail();
  await pass(25_000);
  await pass(5_000);
  assert.match(printed.join('\n'), /^Drill pause: it was not carried out: no\nDrill pause: it was not undone: no$/m);
  assert.deepEqual([all.runs[0]?.run.ok, all.runs[0]?.undo?.ok], [false, false]);
});

describe('the guardian', { concurrency: true }, () => {
  // Programs that begin in no time, which Node does not.
  const touch = (path: string) => ({ command: ['touch', path] });
  const shell = (script: string, ...args: string[]) => ({ command: ['sh', '-c', script, 'sh', ...args] });

  test('runs programs without a shell, with a time limit, and tells what they printed', async (t) => {
    const folder = folderOf(t, {});
    const guardian = new GuardianProcess(folder);
    const node = (script: string, ...args: string[]) => ({ command: [process.execPath, '-e', script, ...args] });
    const carryOut = (id: string, run: { command: string[] }, limitMs = 30_000) =>
      guardian.carryOut(id, 'run', run, undefined, limitMs);
    const [said, failed, late, missing] = await Promise.all([
      carryOut('a', node('console.log(process.cwd(), process.argv[1])', '$HOME; *')),
      carryOut('b', node('console.error("secret ".repeat(2000)); process.exitCode = 3')),
      carryOut('c', { command: ['sleep', '1000'] }, 300),
      carryOut('d', { command: ['/nowhere/program'] }),
    ]);
    await guardian.end();
    assert.deepEqual([said?.ok, said?.output], [true, `${folder} $HOME; *`]);
    assert.deepEqual([failed?.ok, failed?.output], [false, 'secret '.repeat(571).trim()]);
    assert.match(late?.output ?? '', /did not finish within 0\.3 s$/);
    assert.match(missing?.output ?? '', /ENOENT/);
  });

  test('of what is too long it tells the end, which begins with a whole line, or a whole word', async (t) => {
    const printed = {
      lines: `${'a line of it\n'.repeat(1000)}the last`,
      'one line': `${'one-word and-another '.repeat(1000)}last\n`,
      'one word': 'x'.repeat(9000),
      'as much as it may be': 'x'.repeat(4000),
    };
    const folder = folderOf(t, printed);
    const guardian = new GuardianProcess(folder);
    const tell = async (name: string) =>
      (await guardian.carryOut(name, 'run', { command: ['cat', name] }, undefined, 30_000)).output;
    const told = await Promise.all(Object.keys(printed).map(tell));
    await guardian.end();
    assert.match(told[0]!, /^(a line of it\n)+the last$/);
    assert.match(told[1]!, /^(one-word )?(and-another one-word )+and-another last$/);
    assert.deepEqual(told.slice(2), ['', 'x'.repeat(4_000)]);
    for (const text of told) assert.ok(text.length <= 4_000);
  });

  test('undoes what is open when its runner is done, and ends', async (t) => {
    const undone = join(folderOf(t, {}), 'undone');
    const guardian = new GuardianProcess('/');
    await guardian.carryOut('a', 'run', touch(`${undone}-not`), touch(undone), 30_000);
    await guardian.end();
    assert.ok(existsSync(undone));
  });

  test('undoes each by itself: one that hangs holds up no other', async (t) => {
    const file = join(folderOf(t, {}), 'second');
    const waiting = shell('until [ -e "$1" ]; do sleep 0.1; done; printf both > "$1"', file);
    const guardian = new GuardianProcess('/');
    await guardian.carryOut('a', 'run', { command: ['true'] }, waiting, 30_000);
    await guardian.carryOut('b', 'run', { command: ['true'] }, touch(file), 30_000);
    await guardian.end();
    assert.equal(readFileSync(file, 'utf8'), 'both');
  });

  test('tries what could not be undone once more', async (t) => {
    const tried = join(folderOf(t, {}), 'tried');
    const undo = shell('if [ -e "$1" ]; then printf undone > "$1"; else : > "$1"; exit 1; fi', tried);
    const guardian = new GuardianProcess('/');
    await guardian.carryOut('a', 'run', { command: ['true'] }, undo, 30_000);
    assert.equal((await guardian.carryOut('a', 'undo', { command: ['true'] }, undo, 30_000)).ok, false);
    await guardian.end();
    assert.equal(readFileSync(tried, 'utf8'), 'undone');
  });

  test('that was killed is told of at once', async () => {
    const guardian = new GuardianProcess('/');
    const killer = shell('kill -KILL $PPID');
    const gone = { id: 'a', act: 'run' as const, ok: false, output: 'the process that carries out drills is gone' };
    assert.deepEqual(await guardian.carryOut('a', 'run', killer, undefined, 30_000), gone);
    assert.deepEqual(await guardian.carryOut('a', 'run', killer, undefined, 30_000), gone);
    await guardian.end();
  });

  test('whose runner is gone shows nothing that a command printed, and minds no half sentence', async () => {
    const program = join(import.meta.dirname, '..', '..', 'scripts', 'guardian.mjs');
    const guardian = spawn(process.execPath, [program], { stdio: ['pipe', 'ignore', 'pipe'] });
    const undo = shell('echo hunter2; exit 1');
    const order = { id: 'a', act: 'run', run: { command: ['tr\0ue'] }, undo, limitMs: 30_000 };
    guardian.stdin.end(`${JSON.stringify(order)}\n{"id":"b","act":"r`);
    assert.equal(await text(guardian.stderr), 'The drill a could not be undone: undo it yourself.\n');
  });

  test('undoes it when its runner is killed, also in the middle of a command', async (t) => {
    const folder = folderOf(t, {});
    const [began, undone] = [join(folder, 'began'), join(folder, 'undone')];
    const script = `
      import { GuardianProcess } from ${JSON.stringify(join(import.meta.dirname, 'drills.ts'))};
      const run = ${JSON.stringify(shell(': > "$1"; exec sleep 1000', began))};
      new GuardianProcess('/').carryOut('a', 'run', run, ${JSON.stringify(touch(undone))}, 60_000);`;
    const seen = (name: string) =>
      new Promise<void>((resolve) => {
        const watcher = watch(folder, () => {
          if (!existsSync(join(folder, name))) return;
          watcher.close();
          resolve();
        });
      });
    const [begins, isUndone] = [seen('began'), seen('undone')];
    const runner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    t.after(() => runner.kill('SIGKILL'));
    let said = '';
    runner.stderr.on('data', (text) => {
      said += text;
    });
    await begins;
    // All that a terminal's signals reach, and then what nobody can hear.
    process.kill(-runner.pid!, 'SIGINT');
    runner.kill('SIGKILL');
    await Promise.all([isUndone, once(runner, 'close')]);
    assert.match(said, /^Undone: the drill a\.$/m);
    assert.equal(readFileSync(undone, 'utf8'), '');
  });
});

describe('drills against a target', () => {
  const timeline = { path: 'profiles/mine.json', drills: [crash, { ...crash, name: 'api', run: 'kill-api' }] };
  const target = (url: string) =>
    resolveTarget({ name: 'mine', source: '.env', values: { BASE_URL: url, API_URL: url } }, {});
  const embedded = resolveTarget({ name: 'embedded', source: '.env', values: {} }, { TARGET_PORT: '4000' });

  test('that is not on this machine need to be allowed', () => {
    assert.throws(() => drillsFor(timeline, target('https://shop.example'), 1, {}), {
      message:
        'profiles/mine.json has drills (crash), and the target https://shop.example is not on this machine: they break it on purpose; allowed is DRILLS=allow, if that is what you want.',
    });
    assert.deepEqual(drillsFor(timeline, target('https://shop.example'), 1, { DRILLS: 'allow' }).leftOut, ['api']);
    // An address that only looks like one of this machine.
    for (const url of ['http://127.0.0.1.example', 'http://10.0.0.1', 'http://localhost.example']) {
      assert.throws(() => drillsFor(timeline, target(url), 1, {}), /is not on this machine/);
    }
  });

  test('of which one part alone is not on this machine need to be allowed', () => {
    const local = target('http://127.0.0.1:80');
    const beside = (address: string) => ({ ...local, endpoints: [{ variable: 'X', address, reach: async () => {} }] });
    for (const address of ['db.example:5432/shop', '10.0.0.1:50051'])
      assert.throws(() => drillsFor(timeline, beside(address), 1, {}), {
        message: `profiles/mine.json has drills (crash), and the target ${address} is not on this machine: they break it on purpose; allowed is DRILLS=allow, if that is what you want.`,
      });
    for (const address of ['127.0.0.1:50051', '[::1]:5432/shop', '/run/postgresql/.s.PGSQL.5432/shop'])
      assert.equal(drillsFor(timeline, beside(address), 1, {}).all.length, 1);
  });

  test('of this machine need not, and only the embedded one has its own', () => {
    for (const url of ['http://127.0.0.1:80', 'http://localhost:80', 'http://[::1]:80', 'http://127.9.9.9']) {
      const { all, leftOut } = drillsFor(timeline, target(url), 1, {});
      assert.deepEqual([all.map(({ name }) => name), leftOut], [['crash'], ['api']]);
    }
    const { all, leftOut, own } = drillsFor(timeline, embedded, 2, {});
    assert.deepEqual([all.length, leftOut, own], [2, [], false]);
  });
});
