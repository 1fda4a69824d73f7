import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldedFindings } from './folded.ts';

test('one finding a tag, with the metrics and some of the values of all slices', () => {
  const values = ['d', 'a', 'f', 'b', 'c'];
  assert.deepEqual(
    foldedFindings([
      { metric: 'http_reqs', tag: 'op', values },
      { metric: 'checks', tag: 'check', values: ['x'] },
      { metric: 'data_sent', tag: 'op', values: ['e', 'a'] },
      { metric: 'http_reqs', tag: 'op', values },
    ]),
    [
      { kind: 'tag-folded', severity: 'warning', tag: 'check', metrics: ['checks'], values: ['x'], allowed: 100 },
      {
        kind: 'tag-folded',
        severity: 'warning',
        tag: 'op',
        metrics: ['data_sent', 'http_reqs'],
        values: ['a', 'b', 'c', 'd', 'e'],
        allowed: 100,
      },
    ],
  );
  assert.deepEqual(foldedFindings([]), []);
});
