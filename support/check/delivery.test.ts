import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Arrival, type DeliveryEvidence, DeliveryHistory, delivery } from './delivery.ts';

/** What becomes of one subscription that gets these events, and is told at the end what the last one was. */
function subscription(begin: number | undefined, events: number[], last?: number) {
  const history = new DeliveryHistory(() => 1_000);
  const one = history.subscribed(7, 'vm_status', begin);
  const arrivals: Arrival[] = events.map((sequence) => one.take(sequence));
  if (last !== undefined) one.confirm(last);
  const complete = one.isComplete;
  const lost = one.end();
  const evidence = history.evidence()!;
  return { arrivals, complete, lost, evidence, result: delivery([evidence]) };
}

test('every event once and in order keeps the promise', () => {
  const { arrivals, complete, lost, result } = subscription(4, [5, 6, 7], 7);
  assert.deepEqual(arrivals, ['in order', 'in order', 'in order']);
  assert.deepEqual([complete, lost], [true, 0]);
  const counts = { subscriptions: 1, confirmed: 1, events: 3, lost: 0, duplicated: 0, reordered: 0 };
  assert.deepEqual(result, { checked: 3, violations: 0, examples: [], status: 'ok', counts });
});

test('what does not come is lost: in between, at the end, and when nothing comes at all', () => {
  for (const [events, last, lost, sequence] of [
    [[1, 2, 4], 4, 1, 3],
    [[1, 5], undefined, 3, [2, 4]],
    [[1, 2], 4, 2, [3, 4]],
    [[], 3, 3, [1, 3]],
  ] as [number[], number | undefined, number, unknown][]) {
    const { result, complete, lost: told } = subscription(0, events, last);
    assert.deepEqual([complete, told], [false, lost]);
    assert.deepEqual([result.status, result.checked, result.violations], ['violated', events.length + lost, lost]);
    assert.equal(result.summary, `${events.length + lost} events due, ${lost} lost`);
    const where = { channel: 'vm_status', vuId: 7, subscribedAfterMs: 1_000, afterMs: 1_000 };
    assert.deepEqual(result.examples, [{ breach: 'lost', sequence, ...where }]);
  }
});

test('what comes after its successor is reordered and not lost', () => {
  const { arrivals, lost, result } = subscription(0, [3, 1, 2, 6, 5, 4]);
  assert.deepEqual(arrivals, ['in order', 'reordered', 'reordered', 'in order', 'reordered', 'reordered']);
  assert.deepEqual([lost, result.violations, result.counts?.reordered], [0, 4, 4]);
});

test('what was still under way when the target told its last number is neither lost nor reordered', () => {
  const history = new DeliveryHistory(() => 0);
  const late = history.subscribed(0, 'alerts', 0);
  late.confirm(2);
  assert.equal(late.isComplete, false);
  assert.deepEqual([late.take(1), late.take(2)], ['in order', 'in order']);
  assert.equal(late.isComplete, true);
  assert.equal(late.end(), 0);
});

test('what comes again is duplicated', () => {
  const { arrivals, result } = subscription(0, [1, 1, 2, 1], 2);
  assert.deepEqual(arrivals, ['in order', 'duplicated', 'in order', 'duplicated']);
  assert.deepEqual([result.status, result.checked, result.violations], ['violated', 2, 2]);
});

test('what is older than the subscription does not count, nor what a target without numbers may have left out', () => {
  assert.deepEqual(subscription(5, [4, 5, 6], 6).arrivals, ['early', 'early', 'in order']);
  const { arrivals, result } = subscription(undefined, [8, 9]);
  assert.deepEqual([arrivals, result.status], [['in order', 'in order'], 'ok']);
  assert.equal(subscription(undefined, [], 9).lost, 0);
});

test('of many gaps the oldest are given up', () => {
  const odd = Array.from({ length: 150 }, (_, index) => 2 * index + 1);
  const { lost, result } = subscription(0, odd);
  assert.deepEqual([lost, result.violations, result.examples.length], [149, 149, 10]);
});

test('without an event nobody knows, and a target that does not number them is not judged', () => {
  assert.deepEqual(subscription(3, [], 3).result.examples, ['no event was published while anybody listened']);
  const history = new DeliveryHistory(() => 0);
  const none: DeliveryEvidence[] = [history.evidence()!];
  assert.deepEqual(delivery(none).examples, ['no subscription was confirmed']);
  assert.equal(delivery(none).status, 'unknown');
  history.unnumbered();
  assert.equal(history.evidence(), null);
});

test('slices are judged together, with at most ten examples', () => {
  const slices = Array.from({ length: 12 }, () => subscription(0, [1, 3]).evidence);
  const { violations, checked, examples, counts } = delivery(slices);
  assert.deepEqual([violations, checked, examples.length, counts?.subscriptions], [12, 36, 10, 12]);
});
