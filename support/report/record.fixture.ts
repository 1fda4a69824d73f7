/** A run as it goes over time, for the tests of everything that shows one. */
import { summarise } from '../judge/summary.ts';
import type { Verdict } from '../judge/verdict.ts';
import { builtinMetrics } from '../measure/metrics.ts';
import { Recorder } from '../measure/recorder.ts';
import { MetricStore } from '../measure/store.ts';
import { TimeAxis } from '../measure/time-axis.ts';
import type { ProfileFile } from '../profile.ts';
import { type Timeline, timeline } from '../schedule/timeline.ts';
import type { Origin } from './origin.ts';
import { type RunRecord, recordOf } from './record.ts';
import { exampleVerdict } from './verdict.fixture.ts';

export const exampleOrigin: Origin = {
  command: 'LOAD_SEED=42 npx playwright test --project=medium',
  versions: {
    tandem: '0.1.0',
    commit: 'efabd63a12cd-dirty',
    node: 'v20.20.2',
    playwright: '1.65.1',
    browser: 'Chromium 156.0.8078.79',
  },
  machine: { cpu: 'Xeon', cores: 2, memoryBytes: 8e9, os: 'Linux 6.8.0 x64' },
};

/** A calm of 2 s, then a load that ramps from 4/s to 8/s in 4 s and holds it for 4 s, with a journey beside it. */
export function exampleTimeline(): Timeline {
  const stages = [
    { duration: '4s', target: 8 },
    { duration: '4s', target: 8 },
  ];
  const spec: ProfileFile['spec'] = {
    description: 'An example',
    calm: '2s',
    scenarios: {
      'sync-relay': { executor: 'ramping-arrival-rate', startRate: 4, stages, maxVUs: 4 },
      light: { executor: 'constant-vus', vus: 1 },
    },
    thresholds: {},
  };
  const file = { name: 'medium', path: 'profiles/medium.json', spec };
  return timeline(file, { load: ['sync-relay'], journey: ['light'] }, { scale: 1, seed: '42' });
}

/** What the scenarios of {@link exampleTimeline} measure in it, each slower than the second before. */
export function exampleStore({ scenarios, phases, durationMs, intervalMs }: Timeline): MetricStore {
  const store = new MetricStore();
  store.define(builtinMetrics);
  const axis = new TimeAxis(phases, intervalMs);
  for (const { name, kind } of scenarios) {
    const recorder = new Recorder(name, kind);
    recorder.begin({ axis, startAt: 0 });
    for (let index = 0; index < durationMs / intervalMs; index++) {
      recorder.enter(index);
      const isCalm = axis.phaseOf(index) === 'calm';
      recorder.add('vus', 1);
      recorder.add('vus_max', 2);
      if (kind === 'journey') {
        recorder.add('browser_web_vital_lcp', 100 + 20 * index);
        recorder.add('browser_step_duration', 50 + 10 * index, { step: 'sync' });
        recorder.add('browser_sessions', 1);
      }
      for (let n = 0; n < (isCalm || kind === 'journey' ? 0 : 5); n++) {
        recorder.add('iterations', 1);
        recorder.add('iteration_failed', n === 0 ? 1 : 0);
        recorder.add('iteration_response_time', 12 + 10 * index + n);
        recorder.add('iteration_duration', 10 + 5 * index + n);
        recorder.add('iteration_lateness', 2);
        recorder.add('generator_lateness', 1);
      }
      store.add({ index, series: recorder.pack() });
    }
  }
  for (let index = 0; index < durationMs / intervalMs; index++) {
    const gauge = (last: number) => ({ t: 'gauge' as const, last, min: last, max: last, sum: last, n: 1 });
    store.add({
      index,
      series: { target_cpu_percent: gauge(10 + index), target_memory_bytes: gauge(100e6 + index * 1e6) },
    });
  }
  return store;
}

export interface ExampleRun {
  verdict: Verdict;
  record: RunRecord;
}

/** @param overrides replace whole fields of the verdict; without them it is that of a failed run */
export function exampleRun(
  overrides: Partial<Verdict> = {},
  planned = exampleTimeline(),
  store = exampleStore(planned),
  files: string[] = [],
): ExampleRun {
  const durationMs = planned.durationMs + 500;
  const verdict = exampleVerdict({ durationMs, metrics: summarise(store, () => durationMs), ...overrides });
  const running = new Set(planned.scenarios.map(({ name }) => name));
  return { verdict, record: recordOf(planned, running, verdict, store, files, exampleOrigin) };
}
