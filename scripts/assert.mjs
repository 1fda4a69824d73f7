// For tests: assert.ok(value) without a message fails at once. Node would look for the words of the call in its source file, at
// the place where they are in what tsx made of it. They are not there, and in a long file the search lasts for minutes.
import assert, { AssertionError } from 'node:assert/strict';
import { inspect } from 'node:util';

/** @type {typeof assert.ok} */
const ok = assert.ok;

assert.ok = (value, message) => {
  if (value || message !== undefined) ok(value, message);
  else {
    throw new AssertionError({
      message: `Expected something true, found ${inspect(value)}`,
      ...{ actual: value, expected: true, operator: '==', stackStartFn: assert.ok },
    });
  }
};
