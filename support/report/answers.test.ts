import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DrillResult } from '../judge/results.ts';
import type { MetricSummary, Verdict } from '../judge/verdict.ts';
import { answerLines, answerTables } from './answers.ts';
import { junitXml } from './exports/junit.ts';
import { summaryMarkdown } from './markdown/summary.ts';
import { exampleRun } from './record.fixture.ts';
import { renderVerdict } from './text/terminal.ts';
import { exampleVerdict, reason } from './verdict.fixture.ts';

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
    renderVerdict(phased(), { columns: 110, color: false, full: true }),
    /spike · relay +01:00–01:30 +×5 +10\/s/,
  );
  assert.match(summaryMarkdown(phased()), /\| spike · relay \| 01:00–01:30 \| ×5 \| 10\/s \|/);
});

test('a run with one phase of load has no such table', () => {
  assert.deepEqual(answerTables(exampleVerdict()), []);
});

test('capacity, recovery, drift, availability and windows that missed are tables of their own', () => {
  const step = { phase: 'base', load: 1, perSecond: 20, state: 'held' } as const;
  const broke = { metric: 'http_req_duration', expression: 'p(95)<500', observed: 900 };
  const top = { phase: 'spike', load: 5, perSecond: 80, state: 'missed', broke } as const;
  const [threshold] = exampleVerdict().thresholds;
  const verdict = exampleVerdict({
    capacity: { steps: [step, top], held: step, missed: top, isOpen: false },
    recovery: {
      ...{ after: 'spike', withinMs: 60_000, stayMs: 30_000, recoveredMs: [5_000, 10_000], watchedMs: 90_000 },
      ...{ ok: true, decided: true },
    },
    drift: [
      {
        ...{ metric: 'target_memory_bytes', expression: 'min<1%', phase: 'base', unit: 'bytes', base: 1e8 },
        ...{ perHour: { low: 0.01, estimate: 0.02, high: 0.03 }, ok: false, decided: true },
      },
    ],
    availability: {
      everyMs: 10_000,
      windows: { held: 9, missed: 1, unknown: 0, share: 0.9, required: 0.99 },
      downtime: [{ startMs: 60_000, endMs: 62_000 }],
      ok: false,
      decided: true,
    },
    thresholds: [
      {
        ...threshold!,
        windows: {
          everyMs: 10_000,
          held: 9,
          unknown: 0,
          missed: [{ startMs: 60_000, endMs: 70_000, observed: 812 }],
          unit: 'ms',
        },
      },
    ],
  });
  assert.deepEqual(
    answerTables(verdict).map(({ id, title, rows }) => [id, title, rows[0]]),
    [
      ['capacity', 'Capacity: ×1 (20/s) to ×5 (80/s)', ['base', '×1', '20/s', 'held', '']],
      ['recovery', 'Recovery', ['after spike', '5.00 s–10.0 s', '1 m 00 s', '30.0 s']],
      ['drift', 'Drift', ['target_memory_bytes: min<1%', 'base', '100 MB', '2 %', '1 %–3 %']],
      ['availability', 'Availability', ['time', '90 %', '99 %', '1 missed, 0 unknown']],
      [
        'windows',
        'Windows that missed',
        ['iteration_response_time{scenario:sync-relay}: p(95)<500', '01:00–01:10', '812 ms'],
      ],
    ],
  );
  const [drifted] = verdict.drift!;
  const ofRate = { ...drifted!, metric: 'iterations', expression: 'rate>-5%', unit: 'count', base: 20 } as const;
  const [table] = answerTables(exampleVerdict({ drift: [ofRate] }));
  assert.deepEqual(table?.rows, [['iterations: rate>-5%', 'base', '20/s', '2 %', '1 %–3 %']]);
  const spans = Array.from({ length: 1_025 }, (_, i) => ({ startMs: i * 10_000, endMs: i * 10_000 + 1_000 }));
  const missed = spans.map((one) => ({ ...one, observed: 812 }));
  const many = exampleVerdict({
    availability: { ...verdict.availability!, downtime: spans },
    thresholds: [{ ...threshold!, windows: { everyMs: 10_000, held: 0, unknown: 0, missed, unit: 'ms' } }],
  });
  assert.deepEqual(
    answerTables(many).map(({ rows }) => [rows.length, rows.at(-1)]),
    [
      [22, ['… and 1,005 more in verdict.json', '', '', '']],
      [21, ['… and 1,005 more in verdict.json', '', '']],
    ],
  );
  const requests = { succeeded: 9, failed: 1, share: 0.9, required: 0.99 };
  const ofWork = exampleVerdict({
    availability: { everyMs: 1_000, requests, downtime: [], ok: false, decided: true },
  });
  // An iteration may have sent many requests, of which another share failed.
  assert.deepEqual(answerTables(ofWork)[0]?.rows, [['iterations', '90 %', '99 %', '1 failed']]);
  assert.deepEqual(answerLines(ofWork), ['Availability: 90 % of iterations (required 99 %)']);
  // Of windows that nobody could tell it is not said that they missed, and of none nothing.
  const told = (held: number, unknown: number, succeeded: number) => {
    const windows = { held, missed: 0, unknown, share: held / (held + unknown), required: 0.5 };
    const some = { succeeded, failed: 0, share: succeeded > 0 ? 1 : 0, required: 0.5 };
    const judged = { everyMs: 1_000, windows, requests: some, downtime: [], ok: false, decided: false };
    return answerLines(exampleVerdict({ availability: judged }))[0];
  };
  assert.deepEqual(
    [told(0, 6, 9), told(3, 3, 9), told(0, 0, 0)],
    [
      'Availability: 0 %–100 % of the time (required 50 %), 100 % of iterations (required 50 %)',
      'Availability: 50 %–100 % of the time (required 50 %), 100 % of iterations (required 50 %)',
      'Availability: – of the time (required 50 %), – of iterations (required 50 %)',
    ],
  );
  const open = exampleVerdict({ capacity: { steps: [step], held: step, isOpen: true } });
  assert.equal(answerTables(open)[0]?.title, 'Capacity: at least ×1 (20/s)');
  const first = exampleVerdict({ capacity: { steps: [top], missed: top, isOpen: false } });
  assert.equal(answerTables(first)[0]?.title, 'Capacity: below ×5 (80/s)');
  const none = exampleVerdict({ capacity: { steps: [{ ...step, state: 'unknown' }], isOpen: true } });
  assert.equal(answerTables(none)[0]?.title, 'Capacity: could not be told');
});

test('drills are a table, a span on every chart and a test case each', () => {
  const crash = {
    ...{
      name: 'crash',
      startMs: 60_000,
      endMs: 60_040,
      isCarriedOut: true,
      detectedMs: [0, 1_000] as [number, number],
    },
    ...{
      outageMs: [4_000, 4_000] as [number, number],
      recoveredMs: [3_960, 4_960] as [number, number],
      stayMs: 5_000,
      watchedMs: 30_000,
    },
    ...{ requests: { failed: 12, of: 200 }, connectionsPerSecond: 5, backlogMs: 0 },
    sessions: { failed: 1, of: 2, seen: { error: 2, spinner: 0 }, work: { kept: 3, of: 3 } },
    ...{ expect: { recoveryMs: 10_000 }, ok: true, decided: true },
  };
  const { sessions: _, ...cut } = crash;
  const never = {
    ...{ ...cut, name: 'cut', time: 2, times: 2, startMs: 90_000, endMs: 95_000, detectedMs: null, recoveredMs: null },
    ...{ isUndone: true, missed: ['recovery'], ok: false },
  };
  const finding = { kind: 'drill', severity: 'fail', ...never, name: 'cut #2' } as const;
  const verdict = exampleVerdict({ drills: [crash, never], reasons: [reason(finding)] });
  const { outageMs: _outage, recoveredMs: _recovered, stayMs: _stay, watchedMs: _watched, ...withoutObjectives } = cut;
  const told = (one: DrillResult) => {
    const { verdict, record } = exampleRun({ drills: [one] });
    const line = answerLines(verdict).find((text) => text.startsWith('Drill'));
    assert.ok(record.events.some(({ kind, text }) => kind === 'drill' && text === line));
    return [...answerTables(verdict)[0]!.rows[0]!.slice(3, 5), line];
  };
  assert.deepEqual(
    [
      { ...cut, outageMs: [2_000, 5_000] as [number, number] },
      { ...cut, outageMs: [2_000, 5_000] as [number, number], recoveredMs: null },
      { ...cut, outageMs: null, recoveredMs: null },
      withoutObjectives,
      { ...cut, isCarriedOut: false },
    ].map(told),
    [
      ['2.00 s–5.00 s', '3.96 s–4.96 s', 'Drill crash: outage of 2.00 s–5.00 s, recovered: 3.96 s–4.96 s'],
      ['2.00 s–5.00 s', 'not known', 'Drill crash: outage of 2.00 s–5.00 s, recovered: not known'],
      ['not known', 'not known', 'Drill crash: outage not known, recovered: not known'],
      ['–', '–', 'Drill crash: 12 of 200 iterations failed'],
      ['–', '–', 'Drill crash: not carried out'],
    ],
  );
  assert.deepEqual(answerTables(verdict)[0]?.rows, [
    ['crash', '01:00', '0 ms–1.00 s', '4.00 s', '3.96 s–4.96 s', '10.0 s', '12, 6 %'],
    ['cut #2', '01:30', 'no failure', '4.00 s', 'not for 5.00 s in 30.0 s', '10.0 s', '12, 6 %'],
  ]);
  assert.deepEqual(answerTables(verdict)[1]?.rows, [
    ['crash', '5/s', '0 ms', '2', '1', '2', '0', '3 of 3'],
    ['cut #2', '5/s', '0 ms', '–', '–', '–', '–', '–'],
  ]);
  assert.match(renderVerdict(verdict, { columns: 120, color: false, full: true }), /Drills .*\n.*\n *crash /);
  assert.match(summaryMarkdown(verdict), /\| crash \| 01:00 \|/);
  const xml = junitXml(verdict);
  assert.match(xml, /<testcase name="crash" classname="tandem\.medium\.drills" time="0"\/>/);
  assert.match(
    xml,
    /<testcase name="cut #2" [^>]*>\n *<failure message="After the drill cut #2 the objectives did not hold/,
  );
  assert.deepEqual(exampleRun({ drills: verdict.drills! }).record.spans, [
    { name: 'crash', startMs: 60_000, endMs: 60_040 },
    { name: 'cut #2', startMs: 90_000, endMs: 95_000 },
  ]);
});
