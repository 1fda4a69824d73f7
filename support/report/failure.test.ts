import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failureLine, firstLine } from './failure.ts';

describe('a failure in one line', () => {
  test('is what the error says, and the first place of it in the project', () => {
    const stack = `Error: no account for VU 1
    at node:internal/process/task_queues:95:5
    at request (/home/me/my project/node_modules/undici/index.js:1:1)
    at Object.createVu (file:///suite/support/load.ts:42:38)
    at Object.vu (file:///home/me/my%20project/protocol/ping.load.ts:10:46)
    at async run (/home/me/my project/protocol/other.ts:1:1)`;
    assert.equal(failureLine(stack, '/home/me/my project'), 'no account for VU 1 (protocol/ping.load.ts:10)');
    const transformed = 'TypeError: x is not a function\n    at /home/me/project/journeys/light.journey.ts:7:3';
    assert.equal(
      failureLine(transformed, '/home/me/project'),
      'TypeError: x is not a function (journeys/light.journey.ts:7)',
    );
  });

  test('has no place when none of it is in the project', () => {
    assert.equal(
      failureLine('Error: no seed\n    at setup (/home/me/project2/a.ts:1:1)', '/home/me/project'),
      'no seed',
    );
    assert.equal(
      failureLine('only words about /home/me/project/a.ts:1:1', '/home/me/project'),
      firstLine('only words about /home/me/project/a.ts:1:1'),
    );
  });

  test('holds no control characters and no second line', () => {
    assert.equal(firstLine('Error: \u001b[31mred\u001b[39m\nmore'), 'red');
  });
});
