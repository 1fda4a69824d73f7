import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ring } from './ring.ts';

test('items leave in the order in which they came, however the ring has turned and grown', () => {
  const ring = new Ring<number>();
  const model: number[] = [];
  for (let i = 0; i < 1000; i++) {
    ring.push(i);
    model.push(i);
    if (i % 3 !== 0) continue;
    assert.equal(ring.peek(), model[0]);
    assert.equal(ring.shift(), model.shift());
    assert.equal(ring.length, model.length);
  }
  while (model.length > 0) assert.equal(ring.shift(), model.shift());
  assert.equal(ring.length, 0);
});

test('an empty ring has nothing to give', () => {
  const ring = new Ring<number>();
  assert.equal(ring.shift(), undefined);
  ring.push(1);
  ring.shift();
  assert.equal(ring.peek(), undefined);
  assert.equal(ring.shift(), undefined);
  assert.equal(ring.length, 0);
});
