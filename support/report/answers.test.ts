import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricSummary, Verdict } from '../judge/verdict.ts';
import { answerTables } from './answers.ts';
import { summaryMarkdown } from './markdown/summary.ts';
import { renderVerdict } from './text/terminal.ts';
import { exampleVerdict } from './verdict.fixture.ts';

const phases = [
  { name: 'base', startMs: 0, endMs: 60_000, load: 1 },
  { name: 'spike', startMs: 60_000, endMs: 90_000, load: 5 },
];

function phased(): Verdict {
  const response = (ms: number): MetricSummary => ({
    type: 'trend',
    contains: 'time',
    count: 9,
    values: { med: ms, 'p(95)': 2 * ms, 'p(99)': 3 * ms },
  });
  const counter: MetricSummary = { type: 'counter', contains: 'default', count: 600, values: { count: 600, rate: 10 } };
  const metrics = {
    'iterations{phase:base,scenario:relay}': counter,
    'iteration_response_time{phase:base,scenario:relay}': response(10),
    'iterations{phase:spike,scenario:relay}': counter,
    'iteration_response_time{phase:spike,scenario:relay}': response(100),
  };
  return exampleVerdict({ phases, metrics });
}

test('phases are a table, in the terminal and in Markdown', () => {
  const [table] = answerTables(phased());
  assert.deepEqual(table?.rows, [
    ['base · relay', '00:00–01:00', '×1', '10/s', '10.0 ms', '20.0 ms', '30.0 ms', '–'],
    ['spike · relay', '01:00–01:30', '×5', '10/s', '100 ms', '200 ms', '300 ms', '–'],
  ]);
  assert.match(
    renderVerdict(phased(), { columns: 110, color: false, paths: {} }),
    /spike · relay +01:00–01:30 +×5 +10\/s/,
  );
  assert.match(summaryMarkdown(phased()), /\| spike · relay \| 01:00–01:30 \| ×5 \| 10\/s \|/);
});

test('a run with one phase of load has no such table', () => {
  assert.deepEqual(answerTables(exampleVerdict()), []);
});
