import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkSwitches, commandLine, isFiltered, knownSwitches, nothingToRun } from './command-line.ts';

const root = join(import.meta.dirname, '..', '..');
const argv = (line: string) => ['node', 'cli.js', ...line.split(' ')];

test('a command line is read as Playwright reads it', () => {
  const line = commandLine(argv('test --project smoke light -j 4 -gsync --shard=1/2 --list --only-changed main'));
  assert.deepEqual(
    [line.command, line.projects, line.workers, line.grep, line.shard, line.list, line.words],
    ['test', ['smoke', 'light'], '4', 'sync', '1/2', true, []],
  );
  assert.deepEqual(commandLine(argv('test journeys --project=smoke --project=light')).projects, ['smoke', 'light']);
  assert.deepEqual(commandLine(argv('merge-reports -c playwright.config.ts blobs')).words, ['blobs']);
});

test('every switch of this Playwright is known', () => {
  const cli = join(root, 'node_modules', '@playwright', 'test', 'cli.js');
  const help = execFileSync(process.execPath, [cli, 'test', '--help'], { encoding: 'utf8' });
  const flags = [...help.matchAll(/^ {2}(-.+?)(?: {2,}.*)?$/gm)].map(([, text]) => text!);
  assert.deepEqual(flags.toSorted(), knownSwitches.toSorted());
});

test('a switch that no load can do with is refused in a sentence', () => {
  const table: [string, RegExp][] = [
    [
      '--trace on',
      /^--trace=on would trace every session, .+; leave it out: Tandem keeps traces of failed sessions\.$/,
    ],
    ['--trace=retain-on-failure', /^--trace=retain-on-failure would trace /],
    ['--debug', /^--debug would stop the clock by which a load runs; leave it out: /],
    ['--debug cli', /^--debug=cli would stop the clock /],
    ['--ui', /^--ui runs tests one by one, .+; leave it out: LOAD_DASHBOARD=1 shows a run in a browser\.$/],
    ['--ui-port=0', /^--ui-port=0 runs tests one by one, /],
    ['--timeout=1000', /^--timeout=1000 would cut off the load in the middle; allowed is LOAD_DURATION, /],
    ['--global-timeout 1000', /^--global-timeout=1000 would cut off /],
    ['--only-changed', /^--only-changed chooses single tests, .+; allowed is -g <scenario>\.$/],
    ['--only-changed=main', /^--only-changed=main chooses single tests, /],
    ['--last-failed', /^--last-failed chooses single tests, /],
    ['--test-list a.txt', /^--test-list=a\.txt chooses single tests, /],
    ['-x', /^-x would end the other slices with the first that fails; /],
    ['--max-failures=2', /^--max-failures=2 would end the other slices /],
    ['--pass-with-no-tests', /^--pass-with-no-tests would let a run of nothing pass; leave it out\.$/],
    ['--output=.', /^--output=\. names a folder that Playwright would empty; /],
    ['--browser=firefox', /^--browser=firefox would take the place of the profiles; /],
    ['--workers=0', /^--workers is 0; allowed is a whole number of at least 1, or a percentage of the cores\.$/],
    ['-j many', /^--workers is many; /],
    ['--workers=0%', /^--workers is 0%; /],
    ['--shard=1x/2', /^--shard is "1x\/2"; allowed is <current>\/<all>, such as 1\/4, counted from 1\.$/],
    ['--shard 1/2.5', /^--shard is "1\/2\.5"; /],
    ['-g (', /^-g is "\(": Invalid regular expression: .+; allowed is a regular expression\.$/],
    ['--grep-invert=/(/i', /^--grep-invert is "\/\(\/i": Invalid regular expression: /],
    ['*.ts', /^The pattern of files is "\*\.ts": Invalid regular expression: /],
  ];
  for (const [line, sentence] of table) {
    assert.throws(
      () => checkSwitches(argv(`test --project=smoke ${line}`), {}),
      ({ message }: Error) => sentence.test(message) || assert.fail(message),
    );
  }
  assert.throws(() => checkSwitches(argv('test'), { PWDEBUG: '1' }), /^Error: PWDEBUG would stop the clock /);
});

test('the others work', () => {
  const lines = [
    '--project=smoke -g sync-relay --grep-invert=/light/i journeys/light --workers=12 --shard=1/2',
    '--workers=200% --trace=off --timeout=0 --global-timeout=0 --max-failures=0 --retries=0',
    '--quiet --shuffle 3 --fully-parallel --forbid-only --fail-on-flaky-tests --ignore-snapshots --no-deps --headed',
    '-u none --update-source-method=patch --run-agents=none --add-reporter=null --tsconfig=tsconfig.json --list',
  ];
  for (const line of lines) checkSwitches(argv(`test ${line}`), { PWDEBUG: '0' });
});

test('a run is filtered by what chooses tests or files', () => {
  const filtered = [
    'test --project=smoke -g light',
    'test --project=smoke -glight',
    'test --grep-invert=light --project=smoke',
    'test --project=smoke journeys/light',
    'test sync --project smoke',
  ];
  const whole = [
    'test --project=smoke',
    'test --project smoke',
    'test --project=smoke --shard=1/2 --workers 4',
    'test',
  ];
  for (const line of filtered) assert.equal(isFiltered(commandLine(argv(line))), true, line);
  for (const line of whole) assert.equal(isFiltered(commandLine(argv(line))), false, line);
});

test('nothing to run has a cause', () => {
  const why = (line: string) => nothingToRun(commandLine(argv(line)));
  assert.match(why('test --project=smoke -g x'), /^Nothing to run: the filters .* --list shows them\.$/);
  assert.match(why('test --project=smoke'), /^Nothing to run: the files .* declare none; allowed is /);
});
