import { defaultHealth } from '../schedule/health.fixture.ts';
import type { Case, SliceFacts } from './judge.ts';
import { calmAndLoad, loadOf, nothingFailed } from './store.fixture.ts';

/** For tests: what a slice says that came to its end. */
export function sliceOf(scenario: string, index = 0, end: Partial<SliceFacts['end']> = {}): SliceFacts {
  const quiet = { startLateMs: 1, durationMs: 10_000, started: 100, dropped: 0, interrupted: 0, cpuSeconds: 2 };
  return { scenario, slice: { index, of: index + 1 }, end: { status: 'complete', ...quiet, ...nothingFailed, ...end } };
}

/** For tests: a run of 10 s of which nothing is asked, each of its scenarios in one slice; default: `relay` alone. */
export function caseOf(changes: Partial<Case> & Pick<Case, 'store'>): Case {
  const { scenarios = [loadOf('relay')] } = changes;
  return {
    ...{ runId: 'run', profile: 'mine', startedAt: '2025-01-01T00:00:00.000Z', seed: '1' },
    target: { name: 'embedded', url: 'http://127.0.0.1:4000' },
    ...{ durationMs: 10_000, phases: calmAndLoad, intervalMs: 1_000, limits: defaultHealth, thresholds: {} },
    scenarios,
    slices: scenarios.map(({ name }) => sliceOf(name)),
    ...{ missing: [], errors: {}, oracles: [], observed: [] },
    ...changes,
  };
}
