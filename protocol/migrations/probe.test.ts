import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Probe, type Reply } from './probe.ts';

/** A VM that replies with these, one question after the other, and with the last of them from then on. */
function probing(replies: Reply[], deadline = Number.POSITIVE_INFINITY) {
  const askedAt: number[] = [];
  let answeredAt = 0;
  let onLast = () => {};
  const last = new Promise<void>((resolve) => {
    onLast = resolve;
  });
  const probe = new Probe(
    async () => {
      const place = askedAt.push(performance.now()) - 1;
      await new Promise((resolve) => setImmediate(resolve));
      if (place >= replies.length - 1) onLast();
      answeredAt = performance.now();
      return replies[Math.min(place, replies.length - 1)]!;
    },
    1,
    deadline,
  );
  return { probe, last, askedAt, answeredAt: () => answeredAt };
}

test('the blackout is from the first question that met it, sent, to the first answer after it', async () => {
  const { probe, askedAt, answeredAt } = probing(['answers', 'answers', 'paused', 'paused', 'paused', 'answers']);
  const blackoutMs = await probe.end();
  assert.equal(blackoutMs, undefined, 'over before it was met');
  assert.equal(askedAt.length, 1);

  const met = probing(['answers', 'answers', 'paused', 'paused', 'paused', 'answers']);
  await met.last;
  const lasted = (await met.probe.end())!;
  assert.equal(met.askedAt.length, 6);
  assert.ok(lasted >= met.answeredAt() - met.askedAt[2]! && lasted < performance.now() - met.askedAt[2]!);
  assert.ok(answeredAt() > 0);
});

test('a migration that is over while its VM is paused is asked until it answers', async () => {
  const { probe, askedAt } = probing(['paused', 'paused', 'answers']);
  assert.ok((await probe.end())! > 0);
  assert.equal(askedAt.length, 3);
});

for (const [what, replies, deadline] of [
  ['never answers again', ['paused'], 0],
  ['cannot be asked while it is paused', ['paused', 'unknown'], undefined],
  ['is never paused', ['answers'], 0],
] as const) {
  test(`nothing is known of the blackout of a VM that ${what}`, async () => {
    assert.equal(await probing([...replies], deadline).probe.end(), undefined);
  });
}
