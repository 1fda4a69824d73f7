import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleVerdict, passedVerdict, reason } from '../verdict.fixture.ts';
import { annotations, withoutCommands } from './github.ts';

/** Reads lines as GitHub's runner does. */
function commands(text: string) {
  return text.split('\n').flatMap((line) => {
    const start = line.trimStart();
    const [, command, title, message] = /^::([\w-]+)(?: title=([^:,]*))?::(.*)$/.exec(start) ?? [];
    const plain = (escaped: string) =>
      escaped.replace(/%3A/g, ':').replace(/%2C/g, ',').replace(/%0A/g, '\n').replace(/%25/g, '%');
    if (command) return [{ command, title: plain(title ?? ''), message: plain(message!) }];
    return start.includes('##[') ? [{ command: 'of the old kind', title: '', message: '' }] : [];
  });
}

test('every reason is an error, every warning a warning; a pass says nothing', () => {
  const warning = reason({ kind: 'cut-off', severity: 'warning', scenario: 'light', interrupted: 2 });
  const verdict = exampleVerdict({ warnings: [warning] });
  const title = 'FAIL: medium → embedded';
  assert.deepEqual(commands(annotations(verdict)), [
    ...verdict.reasons.map(({ message }) => ({ command: 'error', title, message })),
    { command: 'warning', title, message: warning.message },
  ]);
  assert.equal(annotations(passedVerdict()), '');
});

test('what the target is called and says neither ends a command nor begins one', () => {
  const hostile = 'a,b:c%0A::error::x\r\n::add-mask::y\u2028 100 %';
  const crashed = { ...reason({ kind: 'nothing-measured', severity: 'invalid' }), message: hostile };
  const verdict = exampleVerdict({ target: { name: `t,file=x::${hostile}`, url: '' }, reasons: [crashed] });
  const [first, ...others] = commands(annotations(verdict));
  const shown = 'a,b:c%0A::error::x ::add-mask::y 100 %';
  assert.deepEqual(first, { command: 'error', title: `FAIL: medium → t,file=x::${shown}`, message: shown });
  assert.deepEqual(others, []);
});

test('GitHub shows ten of a kind: the tenth counts the others', () => {
  const many = (n: number) =>
    exampleVerdict({
      reasons: Array.from({ length: n }, () => reason({ kind: 'nothing-measured', severity: 'invalid' })),
    });
  assert.equal(commands(annotations(many(10))).length, 10);
  const lines = commands(annotations(many(500)));
  assert.equal(lines.length, 10);
  assert.equal(lines[9]!.message, '… and 491 more, in verdict.json');
});

test('a log with hostile text in it holds no command', () => {
  const log = 'fine: a::b\n::error::x\n \t ::add-mask::word\n\n::stop-commands::t\nx ##[add-mask]word\n::::';
  assert.equal(commands(log).length, 4);
  const safe = withoutCommands(log);
  assert.deepEqual(commands(safe), []);
  assert.equal(safe.replaceAll('\u200b', ''), log);
  assert.equal(withoutCommands('p(95): 1 ms\n │ a::b\n # [x]'), 'p(95): 1 ms\n │ a::b\n # [x]');
});
