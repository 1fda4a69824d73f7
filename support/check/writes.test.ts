import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acknowledgedWrites, changeId, type DeviceEvidence, DeviceHistory } from './writes.ts';

interface Story {
  account?: string;
  device: string;
  /** Counters that the relay accepted. */
  acknowledged?: number[];
  indeterminate?: number[];
  /** Ids that it pulled. */
  pulled?: string[];
  /** Whether its last pull saw everything; default yes. */
  complete?: boolean;
}

function evidence(stories: Story[]): DeviceEvidence[] {
  return stories.map(
    ({ account = 'home', device, acknowledged = [], indeterminate = [], pulled = [], complete = true }) => {
      const history = new DeviceHistory(account, device);
      for (const counter of acknowledged) history.acknowledged(counter, counter * 1_000);
      for (const counter of indeterminate) history.indeterminate(counter);
      for (const id of pulled) history.received(id);
      // As it is when it comes out of a report.
      return JSON.parse(JSON.stringify(history.evidence(complete)));
    },
  );
}

const judged = (...stories: Story[]) => acknowledgedWrites(evidence(stories));
const none = { devices: 2, readers: 2, duplicates: 0, indeterminate: 0, neverAcknowledged: 0, unread: 0 };

test('acknowledged and read by the other device: ok', () => {
  const result = judged(
    { device: 'phone', acknowledged: [1, 2], pulled: ['laptop-1'] },
    { device: 'laptop', acknowledged: [1], pulled: ['phone-1', 'phone-2'] },
  );
  assert.deepEqual(result, { checked: 3, violations: 0, examples: [], status: 'ok', counts: none });
});

test('acknowledged and missing: violated, with what a person needs to find it', () => {
  const result = judged(
    { device: 'phone', acknowledged: [1, 2, 3, 15] },
    { device: 'laptop', pulled: ['phone-1', 'phone-3', 'phone-15'] },
    { device: 'tablet', pulled: ['phone-1', 'phone-2', 'phone-3', 'phone-15'] },
  );
  assert.equal(result.status, 'violated');
  assert.deepEqual([result.checked, result.violations], [4, 1]);
  assert.deepEqual(result.examples, [
    {
      id: 'phone-2',
      account: 'home',
      writer: 'phone',
      missingOn: ['laptop'],
      acknowledgedAfterMs: 1_000,
      acknowledgedBeforeMs: 15_000,
    },
  ]);
});

test('a write that every reader lacks is one loss', () => {
  const result = judged({ device: 'phone', acknowledged: [1] }, { device: 'laptop' }, { device: 'tablet' });
  assert.equal(result.violations, 1);
  assert.deepEqual((result.examples[0] as { missingOn: string[] }).missingOn, ['laptop', 'tablet']);
});

test('examples are ten at most, the count is not', () => {
  const acknowledged = Array.from({ length: 500 }, (_, i) => i + 1);
  const result = judged({ device: 'phone', acknowledged }, { device: 'laptop' });
  assert.deepEqual([result.violations, result.examples.length], [500, 10]);
});

test('a write without an answer may be there or not', () => {
  for (const pulled of [['phone-1', 'phone-2'], ['phone-1']]) {
    const result = judged({ device: 'phone', acknowledged: [1], indeterminate: [2] }, { device: 'laptop', pulled });
    assert.equal(result.status, 'ok');
    assert.equal(result.violations, 0);
    assert.deepEqual(result.counts, { ...none, indeterminate: 1 });
  }
});

test('a write without an answer whose repeat was acknowledged is an acknowledged one', () => {
  const phone = { device: 'phone', acknowledged: [1, 2], indeterminate: [2, 3] };
  assert.deepEqual(judged(phone, { device: 'laptop', pulled: ['phone-1', 'phone-2'] }).counts, {
    ...none,
    indeterminate: 1,
  });
  const lost = judged(phone, { device: 'laptop', pulled: ['phone-1'] });
  assert.deepEqual([lost.status, lost.violations], ['violated', 1]);
});

test('never acknowledged but present is counted, and no violation', () => {
  const result = judged({ device: 'phone', acknowledged: [1] }, { device: 'laptop', pulled: ['phone-1', 'phone-2'] });
  assert.equal(result.status, 'ok');
  assert.deepEqual(result.counts, { ...none, neverAcknowledged: 1 });
});

test('a second delivery is counted, and no violation', () => {
  const result = judged(
    { device: 'phone', acknowledged: [1, 2] },
    { device: 'laptop', pulled: ['phone-1', 'phone-2', 'phone-1', 'phone-1'] },
  );
  assert.equal(result.status, 'ok');
  assert.deepEqual(result.counts, { ...none, duplicates: 2 });
});

test('without a complete reader nobody knows', () => {
  const alone = judged({ device: 'phone', acknowledged: [1, 2] });
  const cutShort = judged(
    { device: 'phone', acknowledged: [1, 2] },
    { device: 'laptop', pulled: ['phone-1'], complete: false },
  );
  for (const [result, devices] of [
    [alone, 1],
    [cutShort, 2],
  ] as const) {
    assert.deepEqual([result.status, result.checked, result.violations], ['unknown', 0, 0]);
    assert.deepEqual(result.examples, ['no acknowledged write could be read back']);
    assert.deepEqual(result.counts, { ...none, devices, readers: 1, unread: 2 });
  }
});

test('what nobody read beside what was read is counted as unread', () => {
  const result = judged(
    { device: 'phone', acknowledged: [1] },
    { device: 'laptop', pulled: ['phone-1'] },
    { account: 'office', device: 'desk', acknowledged: [1, 2, 3] },
  );
  assert.deepEqual([result.status, result.checked, result.counts?.unread], ['ok', 1, 3]);
});

test('accounts do not read for each other', () => {
  const result = judged(
    { device: 'phone', acknowledged: [1] },
    { account: 'office', device: 'desk', pulled: ['phone-1'] },
    { device: 'laptop' },
  );
  assert.equal(result.violations, 1);
});

test('no writes, or no devices at all, prove nothing', () => {
  assert.equal(judged({ device: 'phone' }, { device: 'laptop' }).status, 'unknown');
  assert.equal(acknowledgedWrites([]).status, 'unknown');
});

test('ids that are not of this kind are none of ours; devices may have any name', () => {
  const history = new DeviceHistory('home', 'phone');
  for (const id of ['6f1e', 'x-y', '-1', 'x-1.5', '']) assert.equal(history.received(id), true, id);
  assert.deepEqual(history.evidence(true).received, {});
  assert.equal(history.received(changeId('run-7-lap-top', 3)), true);
  assert.equal(history.received('run-7-lap-top-3'), false);
  assert.deepEqual(history.evidence(true).received, { 'run-7-lap-top': [3, 3] });
});

test('a million writes in order, and as many reads, take constant room', () => {
  const history = new DeviceHistory('home', 'phone');
  const runMs = 15 * 60_000;
  const writes = 1_000_000;
  for (let n = 1; n <= writes; n++) {
    history.acknowledged(n, (n / writes) * runMs);
    history.received(`laptop-${n}`);
  }
  const packed = history.evidence(true);
  assert.deepEqual(
    [packed.acknowledged, packed.received.laptop],
    [
      [1, writes],
      [1, writes],
    ],
  );
  // One time every 10 s.
  assert.equal(packed.times.length, 90);
  assert.ok(JSON.stringify(packed).length < 3_000);
});

test('a device answers for what was acknowledged before it looked: shards may end one after the other', () => {
  // Acknowledged every 4 s, from 4 s to 100 s after the start of its machine.
  const phone = new DeviceHistory('home', 'phone');
  for (let counter = 1; counter <= 25; counter++) phone.acknowledged(counter, counter * 4_000);
  const writer = phone.evidence(false);
  const judgedAfter = (...looks: { lookedMs: number; pulled: number }[]) => {
    const readers = looks.map(({ lookedMs, pulled }, i) => {
      const reader = new DeviceHistory('home', `laptop-${i}`);
      for (let counter = 1; counter <= pulled; counter++) reader.received(changeId('phone', counter));
      return reader.evidence(true, writer.startedAt + lookedMs);
    });
    return acknowledgedWrites([writer, ...readers]);
  };
  const early = judgedAfter({ lookedMs: 41_000, pulled: 10 });
  // Of its first ten it is kept when the first, fourth, seventh and tenth were acknowledged.
  assert.deepEqual([early.status, early.checked, early.counts?.unread], ['ok', 10, 15]);
  const both = judgedAfter({ lookedMs: 41_000, pulled: 10 }, { lookedMs: 101_000, pulled: 25 });
  assert.deepEqual([both.status, both.checked, both.counts?.unread], ['ok', 25, 0]);
  const lost = judgedAfter({ lookedMs: 41_000, pulled: 9 }, { lookedMs: 101_000, pulled: 24 });
  assert.deepEqual([lost.status, lost.violations], ['violated', 2]);
  assert.deepEqual(
    lost.examples.map((example) => (example as { missingOn: string[] }).missingOn),
    [['laptop-0'], ['laptop-1']],
  );
  const first = judgedAfter({ lookedMs: 1_000, pulled: 0 });
  assert.deepEqual([first.status, first.checked, first.counts?.unread], ['unknown', 0, 25]);
});
