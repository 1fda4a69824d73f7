/** A run of a search against a queue whose capacity is known, M/D/c, in virtual time: no clock, no machine has a part in it. */

import { objectivesOf } from '../judge/answers.ts';
import { judgeCapacity } from '../judge/capacity.ts';
import type { CapacityResult } from '../judge/results.ts';
import { builtinMetrics } from '../measure/metrics.ts';
import type { Interval } from '../measure/recorder.ts';
import { newSeries } from '../measure/series.ts';
import { MetricStore } from '../measure/store.ts';
import { TimeAxis } from '../measure/time-axis.ts';
import { Pacer } from '../schedule/pacer.ts';
import { isOpen } from '../schedule/plan.ts';
import { asSteered } from '../schedule/steered.ts';
import type { Timeline } from '../schedule/timeline.ts';
import { LiveSearch } from './live-search.ts';

/** So many places, each of which serves one request at a time for exactly so long: `1,000 × places ÷ serviceMs` a second. */
export interface Queue {
  places: number;
  serviceMs: number;
}

interface Served {
  dueAt: number;
  endAt: number;
}

/** @param timeline of a search with one load of arrivals */
export function searchQueue(timeline: Timeline, { places, serviceMs }: Queue): CapacityResult {
  const [{ name, plan }] = timeline.scenarios as [Timeline['scenarios'][0]];
  if (!isOpen(plan) || plan.steered === undefined) throw new Error('the plan is not steered');
  const search = LiveSearch.of(timeline, [{ name, slices: 1 }], {})!;
  const pacer = new Pacer(plan, { index: 0, of: 1 }, `${timeline.seed}/${name}`);
  const axis = new TimeAxis(timeline.phases, timeline.intervalMs);
  const store = new MetricStore();
  store.define(builtinMetrics);
  const freeAt = new Array<number>(places).fill(0);
  let underWay: Served[] = [];
  let atMs = 0;
  let steps = 0;
  for (; search.choosesAtMs !== undefined; ) {
    atMs = search.choosesAtMs;
    for (; pacer.dueAt <= atMs; pacer.advance()) {
      const place = freeAt.indexOf(Math.min(...freeAt));
      const endAt = Math.max(pacer.dueAt, freeAt[place]!) + serviceMs;
      freeAt[place] = endAt;
      underWay.push({ dueAt: pacer.dueAt, endAt });
    }
    const closed = axis.indexAt(atMs) - 1;
    const closedMs = axis.endOf(closed);
    const done = underWay.filter(({ endAt }) => endAt <= closedMs);
    underWay = underWay.filter(({ endAt }) => endAt > closedMs);
    for (const interval of intervalsOf(
      done,
      axis,
      name,
      closed,
      underWay.filter(({ dueAt }) => dueAt <= closedMs).length,
    )) {
      store.add(interval);
      search.add({ scenario: name, index: 0 }, interval, steps);
    }
    const choice = search.choose(atMs);
    if (!('step' in choice)) continue;
    steps += 1;
    const { startMs, endMs, load } = choice.step;
    const rate = plan.steered * load;
    pacer.extend({ startMs, durationMs: endMs - startMs, from: rate, to: rate });
  }
  const ran = asSteered(timeline, search.log.loads);
  const ranAxis = new TimeAxis(ran.phases, ran.intervalMs);
  const course = { store, axis: ranAxis, durationMs: ran.durationMs, suspects: [], measures: () => true };
  return judgeCapacity(ran.answers.capacity!, objectivesOf(ran.answers), course, search.log.end);
}

/** As a slice streams them: by when the work was due; how many VUs are at work is known of the last one. */
function intervalsOf(done: Served[], axis: TimeAxis, scenario: string, last: number, vus: number): Interval[] {
  const byIndex = new Map<number, Served[]>([[last, []]]);
  for (const one of done) {
    const index = axis.indexAt(one.dueAt);
    byIndex.set(index, [...(byIndex.get(index) ?? []), one]);
  }
  return [...byIndex].map(([index, all]) => {
    const tags = `{phase:${axis.phaseOf(index)},scenario:${scenario}}`;
    const [times, lateness, counted] = [newSeries('trend'), newSeries('trend'), newSeries('counter')];
    for (const { dueAt, endAt } of all) {
      times.add(endAt - dueAt);
      lateness.add(0);
      counted.add(1);
    }
    const some = {
      [`iteration_response_time${tags}`]: times,
      [`iteration_lateness${tags}`]: lateness,
      [`iterations${tags}`]: counted,
    };
    const series = Object.entries(some).flatMap(([key, one]) => (one.count > 0 ? [[key, one.pack()] as const] : []));
    const gauge = newSeries('gauge');
    gauge.add(vus);
    return {
      index,
      series: Object.fromEntries([...series, ...(index === last ? [[`vus${tags}`, gauge.pack()] as const] : [])]),
    };
  });
}
