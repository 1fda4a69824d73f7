import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SetHistory } from '../../support/check/acknowledged-set.ts';
import type { JudgedRun, Judgement } from '../../support/measure/evidence.ts';
import { declaredOracles } from '../../support/oracle.ts';
import type { StreamExample, StreamsEvidence } from './assistant.ts';
import type { ExecutionsEvidence } from './kernel.ts';
import './executions.oracle.ts';
import './token-streams.oracle.ts';

const whole: JudgedRun = { isWhole: true } as JudgedRun;
const judge = (name: string, evidence: object[]) =>
  declaredOracles.get(name)!.judge(evidence as never[], whole) as Judgement;

/** A kernel in which three cells ran, and what its history says of them. */
function executions(historyOf: (names: string[]) => string[], isReadWhole = true): ExecutionsEvidence {
  const now = () => 1;
  const written = new SetHistory({ set: 'k', by: 'k', now });
  const read = new SetHistory({ set: 'k', by: 'reader of k', now });
  const names = [written.next(), written.next(), written.next()];
  for (const name of names) written.acknowledged(name);
  const repeated = historyOf(names).filter((name) => !read.found(name));
  return { written: written.evidence(false), read: read.evidence(isReadWhole), repeated, misplaced: [] };
}

test('executions: each once', () => {
  const { checked, violations } = judge('executions', [executions((names) => names)]);
  assert.deepEqual([checked, violations], [3, 0]);
});

test('executions: one that is missing, one that is there twice, one that nobody ran', () => {
  const missing = judge('executions', [executions((names) => names.slice(1))]);
  assert.deepEqual([missing.violations, (missing.examples[0] as { name: string }).name], [1, 'k-1']);
  const twice = judge('executions', [executions((names) => [...names, names[1]!])]);
  assert.deepEqual([twice.violations, twice.examples[0]], [1, { name: 'k-2', isThere: 'more than once' }]);
  assert.equal(twice.status, 'violated');
  assert.equal(judge('executions', [executions((names) => [...names, 'import os'])]).violations, 1);
});

test('executions: one that stands out of its turn', () => {
  const one = { ...executions((names) => names), misplaced: ['k-1'] };
  const { status, violations, examples } = judge('executions', [one]);
  assert.deepEqual([status, violations, examples[0]], ['violated', 1, { name: 'k-1', isThere: 'out of its turn' }]);
});

test('executions: a history that could not be read tells nothing, but for what is twice in it', () => {
  assert.equal(judge('executions', [executions(() => [], false)]).checked, 0);
  assert.equal(judge('executions', [executions((names) => [...names, names[0]!], false)]).violations, 1);
});

/** Streams of a VU: so many that came to their end, and of these the broken ones and those without a final text. */
function streams(ended: number, broken: StreamExample[], open: StreamExample[] = []): StreamsEvidence {
  const kind = (examples: StreamExample[]) => ({ count: examples.length, examples });
  return { ended, broken: kind(broken), open: kind(open) };
}

const gap: StreamExample = { vuId: 1, afterMs: 5, tokens: 2, expected: 1, found: 2, text: 'ac', finalText: 'abc' };
const open: StreamExample = { vuId: 2, afterMs: 6, tokens: 2, text: 'ab', finalText: null };

test('token streams: broken ones of those that ended', () => {
  const { checked, violations, examples } = judge('token-streams', [streams(4, [gap]), streams(3, [])]);
  assert.deepEqual([checked, violations, examples], [7, 1, [gap]]);
  assert.equal(judge('token-streams', [streams(0, [])]).checked, 0);
});

test('token streams: one without a final text lacks its end where others have one, and nothing where none has', () => {
  const { violations, examples } = judge('token-streams', [streams(3, []), streams(2, [gap], [open])]);
  assert.deepEqual([violations, examples], [2, [gap, open]]);
  assert.deepEqual(judge('token-streams', [streams(1, [], [open]), streams(2, [gap], [open])]).examples, [gap]);
});
