import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acknowledgedSet, type SetEvidence, SetHistory } from './acknowledged-set.ts';

interface Story {
  set?: string;
  by: string;
  /** Counters that the system accepted, and that it refused; those in between were never answered. */
  acknowledged?: number[];
  refused?: number[];
  /** How many writes it began; default: up to the last one that was answered. */
  begun?: number;
  found?: string[];
  isOthers?: (name: string) => boolean;
  /** Each write takes the place of that so many before it. */
  supersedes?: number;
  isAnew?: boolean;
  /** Whether its last look saw everything; default yes. */
  complete?: boolean;
}

function evidence(stories: Story[]): SetEvidence[] {
  return stories.map(
    ({ set = 'home', by, acknowledged = [], refused = [], found = [], isOthers, isAnew, ...story }) => {
      let atMs = 0;
      const history = new SetHistory({ set, by, now: () => atMs, isOthers, isAnew });
      const { begun = Math.max(0, ...acknowledged, ...refused), complete = true } = story;
      for (let counter = 1; counter <= begun; counter++) {
        const name = history.next();
        atMs = counter * 1_000;
        if (acknowledged.includes(counter)) history.acknowledged(name);
        if (refused.includes(counter)) history.refused(name);
        const earlier = counter - (story.supersedes ?? counter);
        if (story.supersedes) history.supersedes(name, earlier > 0 ? `${by}-${earlier}` : undefined);
      }
      for (const name of found) history.found(name);
      // As it is when it comes out of a report.
      return JSON.parse(JSON.stringify(history.evidence(complete)));
    },
  );
}

const judged = (...stories: Story[]) => acknowledgedSet(evidence(stories), { isWhole: true });
const none = {
  ...{ participants: 2, readers: 2, duplicates: 0, ofOthers: 0 },
  ...{ indeterminate: 0, unread: 0, lost: 0, unexpected: 0 },
};

test('acknowledged and found by the other participant: ok', () => {
  const result = judged(
    { by: 'phone', acknowledged: [1, 2], found: ['laptop-1'] },
    { by: 'laptop', acknowledged: [1], found: ['phone-1', 'phone-2'] },
  );
  assert.deepEqual(result, { checked: 3, violations: 0, examples: [], status: 'ok', counts: none });
});

test('acknowledged and missing: violated, with what a person needs to find it', () => {
  const result = judged(
    { by: 'phone', acknowledged: [1, 2, 3, 15] },
    { by: 'laptop', found: ['phone-1', 'phone-3', 'phone-15'] },
    { by: 'tablet', found: ['phone-1', 'phone-2', 'phone-3', 'phone-15'] },
  );
  assert.equal(result.status, 'violated');
  assert.equal(result.summary, '4 acknowledged, 3 found by every reader');
  assert.deepEqual([result.checked, result.violations], [4, 1]);
  assert.deepEqual(result.examples, [
    {
      name: 'phone-2',
      set: 'home',
      writer: 'phone',
      missingFor: ['laptop'],
      acknowledgedAfterMs: 1_000,
      acknowledgedBeforeMs: 15_000,
    },
  ]);
});

/** Twenty writes, of which all but the last two were superseded; another device saw some of them come. */
const twenty = Array.from({ length: 20 }, (_, i) => i + 1);
const phone: Story = { by: 'phone', acknowledged: twenty, supersedes: 2 };
const laptop: Story = { by: 'laptop', found: ['phone-3', 'phone-4', 'phone-19', 'phone-20'] };
const anew = (...found: string[]): Story => ({ by: 'reader', found, isAnew: true });

test('a system that keeps nothing of what was superseded has lost nothing, but for what was not', () => {
  const { status, checked } = judged(phone, laptop, anew('phone-19', 'phone-20'));
  assert.deepEqual([status, checked], ['ok', 2]);
  const lost = judged(phone, laptop, anew('phone-19'));
  assert.deepEqual([lost.violations, (lost.examples[0] as { name: string }).name], [1, 'phone-20']);
});

test('a system that keeps some of what was superseded has lost the rest', () => {
  const { violations, checked } = judged(phone, laptop, anew('phone-7', 'phone-19', 'phone-20'));
  assert.deepEqual([violations, checked], [18, 20]);
});

test('who lacks a few superseded ones, or did not look anew, does not tell that none are kept', () => {
  const few: Story = { by: 'phone', acknowledged: [1, 2, 3], supersedes: 1 };
  assert.equal(judged(few, anew('phone-3')).violations, 2);
  assert.equal(judged(phone, { ...anew('phone-19', 'phone-20'), isAnew: false }).violations, 18);
  assert.equal(judged(phone, { ...anew('phone-19', 'phone-20'), complete: false }, laptop).violations, 16);
});

test('what a write without an answer may have superseded tells nothing, and may be there or not', () => {
  const story: Story = { by: 'tablet', acknowledged: twenty.filter((n) => n !== 13), supersedes: 2 };
  // 13 never came about: 11 is still there.
  const kept = judged(story, anew('tablet-11', 'tablet-19', 'tablet-20'));
  assert.deepEqual([kept.status, kept.checked], ['ok', 2]);
  assert.equal(judged(story, anew('tablet-19', 'tablet-20')).status, 'ok');
});

test('of what was superseded, and of what was not, the latest hundred are known', () => {
  const acknowledged = Array.from({ length: 1_000 }, (_, i) => i + 1);
  const tablet: Story = { by: 'tablet', acknowledged, supersedes: 300 };
  const [{ superseded, last }] = evidence([tablet]) as [SetEvidence];
  assert.deepEqual([superseded!.length, superseded!.at(-1), last!.length, last![0]], [100, 700, 100, 901]);
  const kept = acknowledged.slice(-300).map((counter) => `tablet-${counter}`);
  const { status, checked } = judged(tablet, anew(...kept));
  assert.deepEqual([status, checked], ['ok', 100]);
});

test('a writer of whom nothing was superseded answers for all, whatever others do', () => {
  const writes = { complete: false };
  const tablet: Story = { by: 'tablet', acknowledged: [1, 2], ...writes };
  assert.equal(judged({ ...phone, ...writes }, tablet, anew('phone-19', 'phone-20', 'tablet-1')).violations, 1);
});

test('an element that every reader lacks is one loss', () => {
  const result = judged({ by: 'phone', acknowledged: [1] }, { by: 'laptop' }, { by: 'tablet' });
  assert.equal(result.violations, 1);
  assert.deepEqual((result.examples[0] as { missingFor: string[] }).missingFor, ['laptop', 'tablet']);
});

test('examples are ten at most, of losses and of what is too many; the counts are not', () => {
  const acknowledged = Array.from({ length: 500 }, (_, i) => i + 1);
  const result = judged({ by: 'phone', acknowledged }, { by: 'laptop' });
  assert.deepEqual([result.violations, result.examples.length], [500, 10]);
  const found = Array.from({ length: 600 }, (_, i) => `phone-${i + 501}`);
  const both = judged({ by: 'phone', acknowledged }, { by: 'laptop', found });
  assert.deepEqual([both.violations, both.counts?.lost, both.counts?.unexpected], [1_100, 500, 600]);
  assert.equal(both.examples.filter((example) => 'unexpected' in (example as object)).length, 5);
  assert.equal(both.examples.length, 10);
});

test('a write without an answer may be there or not', () => {
  for (const found of [['phone-1', 'phone-2'], ['phone-1']]) {
    const result = judged({ by: 'phone', acknowledged: [1], begun: 2 }, { by: 'laptop', found });
    assert.deepEqual([result.status, result.violations], ['ok', 0]);
    assert.deepEqual(result.counts, { ...none, indeterminate: 1 });
  }
});

test('a write without an answer whose repeat was acknowledged is an acknowledged one', () => {
  const phone = { by: 'phone', acknowledged: [1, 2], begun: 3 };
  const found = ['phone-1', 'phone-2'];
  assert.deepEqual(judged(phone, { by: 'laptop', found }).counts, { ...none, indeterminate: 1 });
  const lost = judged(phone, { by: 'laptop', found: ['phone-1'] });
  assert.deepEqual([lost.status, lost.violations], ['violated', 1]);
});

test('what was refused, or never written, and is there all the same is a violation, once whoever finds it', () => {
  const phone = { by: 'phone', acknowledged: [1], refused: [2] };
  const found = ['phone-1', 'phone-2', 'phone-9'];
  const result = judged(phone, { by: 'laptop', found }, { by: 'tablet', found });
  assert.deepEqual([result.status, result.violations, result.checked], ['violated', 2, 3]);
  assert.equal(result.summary, '1 acknowledged, 1 found by every reader, 2 there that may not be');
  const why = { set: 'home', foundBy: 'laptop', unexpected: 'it was refused, or never written' };
  assert.deepEqual(result.examples, [
    { name: 'phone-2', ...why },
    { name: 'phone-9', ...why },
  ]);
  const clean = judged(phone, { by: 'laptop', found: ['phone-1'] });
  assert.deepEqual([clean.status, clean.counts?.unexpected], ['ok', 0]);
});

test('one whose look was cut short lacks nothing, and what it found that was never written is there', () => {
  const [phone, laptop] = [
    { by: 'phone', acknowledged: [1] },
    { by: 'laptop', complete: false },
  ];
  assert.equal(judged(phone, laptop).status, 'unknown');
  assert.equal(judged(phone, { ...laptop, found: ['phone-2'] }).status, 'violated');
});

test('an element of another set is a violation', () => {
  const result = judged(
    { by: 'phone', acknowledged: [1], found: ['desk-1'] },
    { by: 'laptop', found: ['phone-1'] },
    { set: 'office', by: 'desk', acknowledged: [1] },
    { set: 'office', by: 'door', found: ['desk-1'] },
  );
  assert.deepEqual([result.status, result.violations], ['violated', 1]);
  assert.deepEqual(result.examples, [
    { name: 'desk-1', set: 'home', foundBy: 'phone', unexpected: 'it was written into office' },
  ]);
});

test('an answer about an element that another participant wrote is a violation, one about its own or about nobody’s is none', () => {
  const told = (name: string) => {
    const history = new SetHistory({ set: 'home', by: 'laptop', now: () => 0 });
    history.told([name]);
    history.found('phone-1');
    const [phone] = evidence([{ by: 'phone', acknowledged: [1] }]);
    return acknowledgedSet([phone!, JSON.parse(JSON.stringify(history.evidence(true)))], { isWhole: true });
  };
  const { status, violations, examples } = told('phone-1');
  assert.deepEqual([status, violations], ['violated', 1]);
  const why = { set: 'home', foundBy: 'laptop', unexpected: 'its answer was given to another one' };
  assert.deepEqual(examples, [{ name: 'phone-1', ...why }]);
  // A server may have names of its own, or say again what it has taken.
  for (const name of ['laptop-1', 'server-1', '6f1e']) assert.equal(told(name).status, 'ok', name);
});

test('a name that no participant gives is a violation, unless its author says that it is somebody else’s', () => {
  const names = ['6f1e', 'x-y', '-1', 'x-1.5', 'x-0', 'x-01', `x-${'9'.repeat(20)}`, '', 'a/b', 'ü-'];
  for (const name of names) {
    const story = { by: 'laptop', found: ['phone-1', name, name] };
    const result = judged({ by: 'phone', acknowledged: [1] }, story);
    assert.deepEqual([result.status, result.violations], ['violated', 1], name);
    const why = { set: 'home', foundBy: 'laptop', unexpected: 'no participant gives such names' };
    assert.deepEqual(result.examples, [{ name, ...why }]);
    const isOthers = (one: string) => !one.startsWith('phone-');
    const others = judged({ by: 'phone', acknowledged: [1] }, { ...story, isOthers });
    assert.deepEqual([others.status, others.counts?.ofOthers], ['ok', 2]);
  }
});

test('an element of a writer who brought no evidence is one too many in a whole run alone', () => {
  const stories = [
    { by: 'phone', acknowledged: [1] },
    { by: 'laptop', found: ['phone-1', 'ghost-1'] },
  ];
  const whole = judged(...stories);
  assert.deepEqual([whole.status, whole.violations], ['violated', 1]);
  assert.equal((whole.examples[0] as { unexpected: string }).unexpected, 'nobody of this name wrote');
  // Its slice may have crashed, or be another shard's.
  const part = acknowledgedSet(evidence(stories), { isWhole: false });
  assert.deepEqual([part.status, part.violations], ['ok', 0]);
});

test('a second delivery is counted, and no violation', () => {
  const result = judged(
    { by: 'phone', acknowledged: [1, 2] },
    { by: 'laptop', found: ['phone-1', 'phone-2', 'phone-1', 'phone-1'] },
  );
  assert.equal(result.status, 'ok');
  assert.deepEqual(result.counts, { ...none, duplicates: 2 });
});

test('without a complete reader nobody knows', () => {
  const alone = judged({ by: 'phone', acknowledged: [1, 2] });
  const cutShort = judged({ by: 'phone', acknowledged: [1, 2] }, { by: 'laptop', found: ['phone-1'], complete: false });
  for (const [result, participants] of [
    [alone, 1],
    [cutShort, 2],
  ] as const) {
    assert.deepEqual([result.status, result.checked, result.violations], ['unknown', 0, 0]);
    assert.deepEqual(result.examples, ['nothing that was acknowledged could be read back']);
    assert.deepEqual(result.counts, { ...none, participants, readers: 1, unread: 2 });
  }
});

test('what nobody read beside what was read is counted as unread', () => {
  const result = judged(
    { by: 'phone', acknowledged: [1] },
    { by: 'laptop', found: ['phone-1'] },
    { set: 'office', by: 'desk', acknowledged: [1, 2, 3] },
  );
  assert.deepEqual([result.status, result.checked, result.counts?.unread], ['ok', 1, 3]);
});

test('no writes, or no participants at all, prove nothing', () => {
  assert.equal(judged({ by: 'phone' }, { by: 'laptop' }).status, 'unknown');
  assert.equal(judged().status, 'unknown');
});

test('participants may have any name', () => {
  const history = new SetHistory({ set: 'home', by: 'run-7-lap-top', now: () => 0 });
  assert.deepEqual([history.next(), history.next()], ['run-7-lap-top-1', 'run-7-lap-top-2']);
  assert.equal(history.found('run-8-lap-top-3'), true);
  assert.equal(history.found('run-8-lap-top-3'), false);
  assert.deepEqual(history.evidence(true).found, { 'run-8-lap-top': [3, 3] });
});

test('a million writes in order, and as many reads, take constant room', () => {
  let atMs = 0;
  const history = new SetHistory({ set: 'home', by: 'phone', now: () => atMs });
  const runMs = 15 * 60_000;
  const writes = 1_000_000;
  for (let n = 1; n <= writes; n++) {
    atMs = (n / writes) * runMs;
    history.acknowledged(history.next());
    history.found(`laptop-${n}`);
  }
  const packed = history.evidence(true);
  assert.deepEqual([packed.acknowledged, packed.found.laptop, packed.indeterminate], [[1, writes], [1, writes], []]);
  // One time every 10 s.
  assert.equal(packed.times.length, 90);
  assert.ok(JSON.stringify(packed).length < 3_000);
});

test('of its own elements a history knows which were acknowledged', () => {
  const history = new SetHistory({ set: 'home', by: 'phone', now: () => 0 });
  for (let n = 0; n < 2; n++) history.next();
  history.acknowledged('phone-1');
  const known = ['phone-1', 'phone-2', 'phone-3', 'laptop-1', 'phone'].map((name) => history.isAcknowledged(name));
  assert.deepEqual(known, [true, false, false, false, false]);
});

test('a participant answers for what was acknowledged before it looked: shards may end one after the other', () => {
  // Acknowledged every 4 s, from 4 s to 100 s after the start of its machine.
  let atMs = 0;
  const phone = new SetHistory({ set: 'home', by: 'phone', now: () => atMs });
  for (atMs = 4_000; atMs <= 100_000; atMs += 4_000) phone.acknowledged(phone.next());
  const writer = phone.evidence(false);
  const judgedAfter = (...looks: { lookedMs: number; sees: number }[]) => {
    const readers = looks.map(({ lookedMs, sees }, i) => {
      const reader = new SetHistory({ set: 'home', by: `laptop-${i}`, now: () => 0 });
      for (let counter = 1; counter <= sees; counter++) reader.found(`phone-${counter}`);
      return reader.evidence(true, writer.startedAt + lookedMs);
    });
    return acknowledgedSet([writer, ...readers], { isWhole: true });
  };
  const early = judgedAfter({ lookedMs: 41_000, sees: 10 });
  // Of its first ten it is kept when the first, fourth, seventh and tenth were acknowledged.
  assert.deepEqual([early.status, early.checked, early.counts?.unread], ['ok', 10, 15]);
  const both = judgedAfter({ lookedMs: 41_000, sees: 10 }, { lookedMs: 101_000, sees: 25 });
  assert.deepEqual([both.status, both.checked, both.counts?.unread], ['ok', 25, 0]);
  const lost = judgedAfter({ lookedMs: 41_000, sees: 9 }, { lookedMs: 101_000, sees: 24 });
  assert.deepEqual([lost.status, lost.violations], ['violated', 2]);
  assert.deepEqual(
    lost.examples.map((example) => (example as { missingFor: string[] }).missingFor),
    [['laptop-0'], ['laptop-1']],
  );
  const first = judgedAfter({ lookedMs: 1_000, sees: 0 });
  assert.deepEqual([first.status, first.checked, first.counts?.unread], ['unknown', 0, 25]);
});
