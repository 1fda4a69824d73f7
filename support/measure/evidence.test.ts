import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { lostAsJson } from './evidence.ts';

class Seen {
  readonly #ids = ['a'];
  get ids() {
    return this.#ids;
  }
}

test('what JSON does not hold is found, with its place', () => {
  const table: [value: unknown, lost: string][] = [
    [new Set(['a']), 'is of the class Set'],
    [new Map([['a', 1]]), 'is of the class Map'],
    [new Seen(), 'is of the class Seen'],
    [new Error('gone'), 'is of the class Error'],
    [/a/, 'is of the class RegExp'],
    [Number.NaN, 'is NaN'],
    [Number.NEGATIVE_INFINITY, 'is -Infinity'],
    [() => 1, 'is a function'],
    [Symbol('a'), 'is a symbol'],
  ];
  for (const [value, lost] of table) assert.equal(lostAsJson({ kept: [{ ids: value }] }), `kept[0].ids ${lost}`);
});

test('what JSON holds is not, as JSON has it', () => {
  class Account {
    readonly id = 'a';
  }
  const held = [
    ...['', 0, -1.5, true, null, undefined, [], {}, [[]], Object.create(null), { gone: undefined }],
    ...[new Account(), new Date(0), new URL('http://127.0.0.1/'), Buffer.from('a'), structuredClone({ a: [1] })],
  ];
  for (const value of held) assert.equal(lostAsJson({ kept: [{ value }] }), undefined, inspect(value));
});
