import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Delivery } from './delivery.ts';
import type { Event } from './events.ts';
import type { Connection } from './web-sockets.ts';

/** A connection, as far as events go. */
class Receiver {
  readonly sequences: number[] = [];
  bufferedAmount = 0;
  terminated = false;

  send(message: Buffer, { binary }: { binary: boolean }): void {
    assert.equal(binary, false);
    this.sequences.push(JSON.parse(String(message)).sequence);
  }

  terminate(): void {
    this.terminated = true;
  }
}

const receivers = (howMany: number) => Array.from({ length: howMany }, () => new Receiver());
const setOf = (those: Receiver[]) => new Set(those as unknown[] as Connection[]);
const event = (sequence: number): Event => ({ type: 'alert', channel: 'alerts', timestamp: 0, sequence });

test('thousands get every event, in order, in turns, and each as long as it has subscribed', async () => {
  const delivery = new Delivery();
  const all = receivers(1_000);
  const subscribed = setOf(all);
  delivery.broadcast(event(1), subscribed);
  const served = () => all.filter(({ sequences }) => sequences.length > 0).length;
  assert.equal(served(), 250);
  await turn();
  assert.ok(served() < 1_000, 'others have their turn in between');

  delivery.broadcast(event(2), subscribed);
  const [late, gone] = [new Receiver(), all.at(-1)!];
  subscribed.add(late as unknown as Connection);
  subscribed.delete(gone as unknown as Connection);
  delivery.broadcast(event(3), subscribed);
  while (late.sequences.length === 0) await turn();
  assert.deepEqual([late.sequences, gone.sequences], [[3], []]);
  for (const { sequences } of all.slice(0, -1)) assert.deepEqual(sequences, [1, 2, 3]);

  // Few get theirs at once.
  const few = receivers(2);
  delivery.broadcast(event(4), setOf(few));
  assert.deepEqual(
    few.map(({ sequences }) => sequences),
    [[4], [4]],
  );
});

test('who does not read is disconnected', () => {
  const [reader, idler] = receivers(2) as [Receiver, Receiver];
  idler.bufferedAmount = 1024 * 1024 + 1;
  new Delivery().broadcast(event(1), setOf([reader, idler]));
  assert.deepEqual([reader.sequences, reader.terminated], [[1], false]);
  assert.deepEqual([idler.sequences, idler.terminated], [[], true]);
});
