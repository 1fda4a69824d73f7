/** For tests: what a load's code is given in a run, without the run. */

import { settingsOf } from '../support/family.ts';
import { Recorder } from '../support/measure/recorder.ts';
import type { Packed } from '../support/measure/series.ts';
import { random } from '../support/schedule/random.ts';
import { resolveTarget } from '../support/target.ts';
import { directWire } from '../support/wire/wire.ts';
import { type SliceContext, Vu } from '../support/worker/vu.ts';
import { relayMetrics } from './apis/relay/api.ts';
import { vmMetrics } from './apis/vms/api.ts';
import { families } from './families.ts';

let runs = 0;

/** A slice of a run of its own, so that accounts named after it are fresh ones. */
export function testSlice(url: string, token?: string, wire = directWire): SliceContext {
  const definitions = Object.entries({ ...relayMetrics, ...vmMetrics }).map(([name, type]) => [
    name,
    { type, contains: type === 'trend' ? 'time' : 'default' } as const,
  ]);
  runs += 1;
  return {
    runId: `test-${process.pid}-${runs}`,
    scenario: 'test',
    index: 0,
    of: 1,
    target: resolveTarget(
      {
        name: 'test',
        source: 'test',
        values: { BASE_URL: url, ...(token && { API_TOKEN: token }) },
        declared: settingsOf(families),
        wire,
      },
      {},
    ),
    recorder: new Recorder('test', 'load', Object.fromEntries(definitions)),
    options: {},
    maxVUs: 4,
    signal: new AbortController().signal,
    beforeStart: () => {},
    elapsedMs: () => performance.now(),
    endsAfterMs: Number.POSITIVE_INFINITY,
    drills: [],
    isOver: () => false,
  };
}

/** The same slice against a target with these settings of families, by variable. */
export function withSettings<O>(slice: SliceContext<O>, settings: Record<string, unknown>): SliceContext<O> {
  return { ...slice, target: { ...slice.target, settings: { ...slice.target.settings, ...settings } } };
}

export function testVu(slice: SliceContext, id = 0): Vu {
  return new Vu(id, random('1', 'test', id), slice);
}

/** What was recorded since the last call, by series key without the scenario's tag: `http_reqs{op:get}`. */
export function recorded({ recorder }: SliceContext): Record<string, Packed> {
  const entries = Object.entries(recorder.pack()).map(([key, packed]) => {
    const short = key
      .replace(/,?scenario:test/, '')
      .replace('{,', '{')
      .replace('{}', '');
    return [short, packed] as const;
  });
  return Object.fromEntries(entries);
}
