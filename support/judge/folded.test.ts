import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinMetrics } from '../measure/metrics.ts';
import { foldedFindings } from './folded.ts';

test('one finding a tag, with the metrics and some of the values of all slices', () => {
  const values = ['d', 'a', 'f', 'b', 'c'];
  assert.deepEqual(
    foldedFindings(
      [
        { metric: 'accepted', tag: 'op', values },
        { metric: 'checks', tag: 'check', values: ['x'] },
        { metric: 'iterations', tag: 'op', values: ['e', 'a'] },
        { metric: 'accepted', tag: 'op', values },
      ],
      builtinMetrics,
    ),
    [
      { kind: 'tag-folded', severity: 'warning', tag: 'check', metrics: ['checks'], values: ['x'], allowed: 100 },
      {
        kind: 'tag-folded',
        severity: 'warning',
        tag: 'op',
        metrics: ['accepted', 'iterations'],
        values: ['a', 'b', 'c', 'd', 'e'],
        allowed: 100,
      },
    ],
  );
  assert.deepEqual(foldedFindings([], builtinMetrics), []);
});

test('of a request’s figures those are told of that tell a thousand apart; what stands beside them says nothing', () => {
  const beside = [
    { metric: 'data_sent', tag: 'op', values: ['x'] },
    { metric: 'http_req_waiting', tag: 'op', values: ['x'] },
  ];
  assert.deepEqual(foldedFindings(beside, builtinMetrics), []);
  const folded = [...beside, { metric: 'http_reqs', tag: 'op', values: ['y'] }];
  assert.deepEqual(foldedFindings([...folded, { metric: 'vus', tag: 'op', values: ['z'] }], builtinMetrics), [
    { kind: 'tag-folded', severity: 'warning', tag: 'op', metrics: ['vus'], values: ['z'], allowed: 100 },
    { kind: 'tag-folded', severity: 'warning', tag: 'op', metrics: ['http_reqs'], values: ['y'], allowed: 1_000 },
  ]);
});
