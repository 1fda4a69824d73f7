import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { JudgedRun } from '../measure/evidence.ts';
import { TrendSeries } from '../measure/series.ts';
import { packSlice, type SliceReport } from '../measure/slice.ts';
import { exampleStore, exampleTimeline } from '../report/record.fixture.ts';
import { flat } from '../schedule/plan.ts';
import type { Timeline } from '../schedule/timeline.ts';
import { Collector, type Division } from './collector.ts';
import { type Observation, packObservation } from './observation.ts';

const timeline = exampleTimeline();
const slices = timeline.scenarios.map(({ name }) => ({
  ...{ scenario: name, index: 0, declaration: undefined },
  file: `${name}.ts`,
}));
const ending = { status: 'passed', startTime: new Date(0) } as const;
const target = { name: 'staging', url: 'http://a.test' };

const end = {
  ...{ status: 'complete' as const, startLateMs: 0, durationMs: timeline.durationMs, errors: {}, cpuSeconds: 1 },
  ...{ errorsByOperation: {}, failures: [] },
  ...{ started: 1, completed: 1, dropped: 0, interrupted: 0 },
};

/** As both slices attach it. */
function reports(changes: Partial<SliceReport> = {}): Buffer[] {
  const definitions = exampleStore(timeline).definitions;
  return timeline.scenarios.map(({ name, kind }) =>
    packSlice({
      ...{ format: 1, runId: 'run-1', scenario: name, kind, slice: { index: 0, of: 1 }, target, definitions },
      ...{ intervalMs: timeline.intervalMs, intervals: [], totals: {}, evidence: {} },
      end,
      ...changes,
    }),
  );
}

function collector(...bodies: Buffer[]): Collector {
  return collectorOf(undefined, ...bodies);
}

function collectorOf(division: Division | undefined, ...bodies: Buffer[]): Collector {
  const made = new Collector(timeline, slices, division, '/project');
  for (const [i, body] of bodies.entries()) made.receive(slices[i]!, body);
  return made;
}

const messages = (made: Collector) => {
  const { status, reasons } = made.verdict(ending, new Map());
  return [status, ...reasons.map(({ message }) => message.split('. ')[0])];
};

test('what slices and coordinators attached is read', () => {
  const made = collector(...reports());
  made.receiveObservation(
    slices[1]!,
    packObservation({ format: 1, runId: 'run-1', target, gauges: [], streamed: [] }),
    2,
  );
  assert.ok(
    made.verdict(ending, new Map()).reasons.every(({ kind }) => kind !== 'crashed' && kind !== 'missing-slice'),
  );
});

test('what slices of a run of days had streamed, when it was killed, is told', () => {
  const streamed = slices.map(({ scenario, index }) => ({
    ...{ scenario, index },
    intervals: Array.from({ length: 100_000 }, (_, n) => ({ index: n, series: {} })),
  }));
  const made = collector();
  made.observe({ format: 1, runId: 'run-1', target, gauges: [], streamed });
  const { durationMs, status } = made.verdict(ending, new Map());
  assert.deepEqual([durationMs, status], [100_000 * timeline.intervalMs, 'invalid']);
});

test('that no certificate was verified is a warning, once for all machines; the run stands', () => {
  const seen: Observation = { format: 1, runId: 'run-1', target, gauges: [], streamed: [] };
  const warnings = (...insecure: boolean[]) => {
    const made = collector(...reports());
    for (const [i, one] of insecure.entries()) made.observe({ ...seen, ...(one && { insecure: true }) }, i + 1);
    const { warnings: all, reasons } = made.verdict(ending, new Map());
    assert.ok(reasons.every(({ kind }) => kind !== 'unverified'));
    return all.filter(({ kind }) => kind === 'unverified').map(({ message }) => message);
  };
  assert.deepEqual(warnings(false, false), []);
  const [message, ...others] = warnings(true, true);
  assert.match(message!, /^Nobody looked whose certificates .* \(TLS_INSECURE=1\): .* Set NODE_EXTRA_CA_CERTS/);
  assert.deepEqual(others, []);
});

test('what ended a run is told, and on which of several machines', () => {
  const seen: Observation = { format: 1, runId: 'run-1', target, gauges: [], streamed: [] };
  const told = (...observations: [observation: Observation, shard?: number][]) => {
    const made = collector(...reports());
    for (const [observation, shard] of observations) made.observe(observation, shard);
    const { reasons } = made.verdict({ ...ending, status: 'interrupted' }, new Map());
    return reasons.flatMap((one) => (one.kind === 'interrupted' ? one.by : []));
  };
  assert.deepEqual(told([seen]), ['Ctrl-C']);
  assert.deepEqual(told([{ ...seen, interruptedBy: 'SIGHUP' }]), ['SIGHUP']);
  assert.deepEqual(told([seen, 1], [{ ...seen, interruptedBy: 'SIGTERM' }, 2]), ['shard 2: SIGTERM']);
});

test('an error outside of all slices makes the run invalid, and is named', () => {
  const made = collector(...reports());
  made.failOutside('Error: worker process exited unexpectedly (code=3, signal=null)');
  const [status, ...said] = messages(made);
  assert.equal(status, 'invalid');
  assert.ok(
    said.includes(
      'After or beside the work of all slices something failed: worker process exited unexpectedly (code=3, signal=null); required: nothing',
    ),
    said.join('\n'),
  );
});

test('what cannot be read makes the run invalid, and says whose it is', () => {
  const observations: [body: Buffer, sentence: RegExp][] = [
    [Buffer.from('no gzip'), /^Slice 1 of light crashed: what a coordinator observed, 7 bytes, cannot be read: /],
    [gzipSync('{"format":2}'), /^Slice 1 of light crashed: what a coordinator observed has format 2; /],
  ];
  for (const [body, sentence] of observations) {
    const made = collector(...reports());
    made.receiveObservation(slices[1]!, body, 1);
    const [status, ...said] = messages(made);
    assert.equal(status, 'invalid');
    assert.ok(
      said.some((one) => sentence.test(one!)),
      said.join('\n'),
    );
  }
  const [whole] = reports();
  const broken: [body: Buffer, sentence: RegExp][] = [
    [whole!.subarray(0, 100), /^Slice 1 of light crashed: a slice report of 100 bytes cannot be read: /],
    [
      gzipSync('{"format":2}'),
      /^Slice 1 of light crashed: a slice report has format 2; this version of Tandem reads format 1/,
    ],
    [
      reports({ totals: { 'iteration_duration{scenario:light}': { t: 'trend', h: 'AAAA', sum: 0 } } })[1]!,
      /^Slice 1 of light crashed: this is no encoded histogram/,
    ],
  ];
  for (const [body, sentence] of broken) {
    const [status, ...said] = messages(collector(whole!, body));
    assert.equal(status, 'invalid');
    assert.ok(
      said.some((one) => sentence.test(one!)),
      said.join('\n'),
    );
  }
});

test('judges are told whether any evidence may be missing: of a slice that is gone, that broke, or of another shard', () => {
  const brought = reports({ evidence: { mine: [1] } });
  const broken = reports({ evidence: { mine: [1] }, end: { ...end, status: 'crashed', error: 'out of memory' } });
  const part = { shard: 1, of: 2, runId: 'run-1', target, scenarios: ['light', 'sync-relay'], common: {} };
  const merged = (missing: number[]) => ({ part, merged: { joined: [1], missing, of: 2, findings: [] } });
  const wholes = [
    collector(...brought),
    collector(brought[0]!),
    collector(brought[0]!, broken[1]!),
    collectorOf({ part }, ...brought),
    collectorOf(merged([2]), ...brought),
    collectorOf(merged([]), ...brought),
  ].map((made) => {
    let told: boolean | undefined;
    const judge = (_: never[], { isWhole }: JudgedRun) => {
      told = isWhole;
      return { checked: 1, violations: 0, examples: [] };
    };
    made.verdict(ending, new Map([['mine', { name: 'mine', promise: 'a', at: 'b', judge }]]));
    return told;
  });
  assert.deepEqual(wholes, [true, false, false, false, false, true]);
});

test('of merged shards it is known when the machine of each was full: what only these times missed is undecided', () => {
  const asked = { ...timeline, thresholds: { iteration_duration: ['p(90)<100'] } };
  const part = { shard: 1, of: 1, runId: 'run-1', target, scenarios: ['light', 'sync-relay'], common: {} };
  const statusOf = (isFull: boolean) => {
    const made = new Collector(asked, slices, { part, merged: { joined: [1], missing: [], of: 1, findings: [] } }, '/');
    const tags = 'phase:load,scenario:light';
    const totals = { trend: new TrendSeries(), cpu: new TrendSeries() };
    const intervals = Array.from({ length: timeline.durationMs / timeline.intervalMs }, (_, index) => {
      const isSlow = index >= 5 && index < 8;
      const [trend, cpu] = [new TrendSeries(), new TrendSeries()];
      for (const series of [trend, totals.trend]) for (let n = 0; n < 20; n++) series.add(isSlow ? 500 : 10);
      for (const series of [cpu, totals.cpu]) series.add(isSlow && isFull ? 100 : 30);
      return {
        index,
        series: { [`iteration_duration{${tags}}`]: trend.pack(), [`machine_cpu_percent{${tags}}`]: cpu.pack() },
      };
    });
    const [, light] = reports({
      intervals,
      totals: {
        [`iteration_duration{${tags}}`]: totals.trend.pack(),
        [`machine_cpu_percent{${tags}}`]: totals.cpu.pack(),
      },
    });
    made.receive(slices[0]!, reports()[0]!);
    made.receive(slices[1]!, light!);
    const [{ decided, doubts } = assert.fail('no threshold')] = made.verdict(ending, new Map()).thresholds;
    return { decided, doubts: doubts?.map(({ by, shard }) => [by, shard]) };
  };
  assert.deepEqual(statusOf(true), { decided: false, doubts: [['machine-cpu', 1]] });
  assert.deepEqual(statusOf(false), { decided: true, doubts: undefined });
});

test('VUs that have done their iterations are asked for nothing after that, and had no more time for what they did', () => {
  const scenario = timeline.scenarios[0]!;
  const plan = {
    line: flat(2, 38_000),
    iterations: { shared: 60 },
    startTimeMs: 2_000,
    gracefulStopMs: 0,
    gracefulRampDownMs: 0,
  };
  const of: Timeline = {
    ...{ ...timeline, durationMs: 40_000, phases: [{ name: 'load', startMs: 0, endMs: 40_000, load: 1 }] },
    scenarios: [{ ...scenario, plan }, timeline.scenarios[1]!],
    thresholds: {
      'iterations{scenario:sync-relay}': ['rate>9'],
      'iteration_failed{scenario:sync-relay}': [{ threshold: 'rate<0.5', every: '2s' }],
    },
  };
  const key = (metric: string) => `${metric}{phase:load,scenario:sync-relay}`;
  const intervals = [2, 3, 4, 5, 6, 7].map((index) => ({
    index,
    series: {
      [key('iterations')]: { t: 'counter', sum: 10 } as const,
      [key('iteration_failed')]: { t: 'rate', passes: 0, total: 10 } as const,
    },
  }));
  const totals = {
    [key('iterations')]: { t: 'counter', sum: 60 } as const,
    [key('iteration_failed')]: { t: 'rate', passes: 0, total: 60 } as const,
  };
  const judged = (durationMs: number) => {
    const made = new Collector(of, slices, undefined, '/project');
    const [relay] = reports({ intervals, totals, end: { ...end, durationMs } });
    const [, light] = reports({ end: { ...end, durationMs: 40_000 } });
    made.receive(slices[0]!, relay!);
    made.receive(slices[1]!, light!);
    const { thresholds } = made.verdict(ending, new Map());
    return thresholds.map(({ ok, decided, observed }) => [ok, decided, observed]);
  };
  assert.deepEqual(judged(8_000), [
    [true, true, 10],
    [true, true, 1],
  ]);
  // One that took its time to do as much has been slow.
  assert.deepEqual(judged(40_000)[0], [false, true, 60 / 38]);
});

test('a slice that a Ctrl-C ended before its report has that for a cause, and no unknown one', () => {
  const causes = (status: 'interrupted' | 'failed') => {
    const { reasons } = collector().verdict({ ...ending, status }, new Map());
    return reasons.flatMap((one) => (one.kind === 'missing-slice' ? one.cause : []));
  };
  assert.deepEqual(causes('interrupted'), ['the run was interrupted']);
  assert.deepEqual(causes('failed'), ['no reason is known']);
});
