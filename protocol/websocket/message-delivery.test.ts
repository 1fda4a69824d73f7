import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeliveryHistory } from '../../support/check/delivery.ts';
import { type Connected, type MessageEvidence, messageDelivery, type Published } from './message-delivery.ts';

function evidence(silent: Connected[], published: Published[], sequences: number[] = [0, 1, 2]): MessageEvidence {
  const history = new DeliveryHistory(() => 0);
  const subscription = history.subscribed(7, 'fan-out', undefined);
  for (const sequence of sequences) subscription.take(sequence);
  subscription.end();
  return { delivery: history.evidence()!, silent, published };
}

const publisher: Published = { sender: 1, vuId: 1, from: 1_000, until: 5_000, periodMs: 100 };
const silentFor = (from: number, until: number, sender = 2): Connected => ({ sender, vuId: sender, from, until });

test('everything came, once and in order', () => {
  const { status, checked, violations } = messageDelivery([evidence([], [publisher])]);
  assert.deepEqual([status, checked, violations], ['ok', 3, 0]);
});

test('what is lost, doubled or out of order is a violation', () => {
  const { status, counts } = messageDelivery([evidence([], [], [0, 1, 1, 4, 3])]);
  assert.equal(status, 'violated');
  assert.deepEqual([counts?.lost, counts?.duplicated, counts?.reordered], [1, 1, 1]);
});

test('a connection that heard nothing while another one sent is a violation, in whatever slices they were', () => {
  const judged = messageDelivery([evidence([], [publisher]), evidence([silentFor(0, 2_000)], [])]);
  assert.deepEqual([judged.status, judged.checked, judged.violations, judged.counts?.silent], ['violated', 7, 1, 1]);
  assert.deepEqual(judged.examples[0], { breach: 'heard nothing', vuId: 2, from: 0, until: 2_000 });
});

test('it is none when nobody sent in its time, or only itself did', () => {
  for (const silent of [silentFor(0, 1_050), silentFor(4_950, 9_000), silentFor(0, 9_000, publisher.sender)]) {
    assert.equal(messageDelivery([evidence([silent], [publisher])]).status, 'ok', JSON.stringify(silent));
  }
});
