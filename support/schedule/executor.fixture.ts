import { FakeClock } from './clock.fixture.ts';
import { Executor } from './executor.ts';
import type { CutReason, DropReason, ExecutorOptions, Iteration } from './model.ts';
import { durationOf, type Plan } from './plan.ts';

export interface Rehearsal {
  clock: FakeClock;
  executor: Executor<number>;
  /** Iterations in the order in which they started. */
  starts: Iteration[];
  drops: { dueAt: number; index: number; why: DropReason; count: number }[];
  /** Iterations that were given up, with the instant. */
  cuts: { index: number; at: number; why: CutReason }[];
  /** Ids of the VUs in the order in which they were asked for. */
  created: number[];
  /** Ends the run early. */
  abort: () => void;
}

/**
 * For tests: an executor on a fake clock that writes down what it does. Each iteration takes `workMs` unless `run` is
 * given.
 */
export function rehearse(plan: Plan, workMs: number, changes: Partial<ExecutorOptions<number>> = {}): Rehearsal {
  const clock = new FakeClock();
  const abort = new AbortController();
  const { createVu = (id: number) => id, run = () => clock.wait(workMs), ...rest } = changes;
  const starts: Rehearsal['starts'] = [];
  const drops: Rehearsal['drops'] = [];
  const cuts: Rehearsal['cuts'] = [];
  const created: Rehearsal['created'] = [];
  const executor = new Executor<number>({
    plan,
    slice: { index: 0, of: 1 },
    seed: 1,
    clock,
    createVu(id) {
      created.push(id);
      return createVu(id);
    },
    run(vu, iteration) {
      starts.push({ ...iteration });
      return run(vu, iteration);
    },
    onDropped: (dueAt, index, why, count) => drops.push({ dueAt, index, why, count }),
    onCut: (_vu, { index }, why) => cuts.push({ index, at: clock.now(), why }),
    signal: abort.signal,
    ...rest,
  });
  return { clock, executor, starts, drops, cuts, created, abort: () => abort.abort() };
}

/** How many iterations of `workMs` start in each second of a plan. */
export async function startsBySecond(plan: Plan, workMs: number): Promise<number[]> {
  const { clock, executor, starts } = rehearse(plan, workMs);
  await executor.prepare();
  const running = executor.run(0);
  await clock.advance(durationOf(plan) + 1_000);
  await running;
  const seconds = Array.from({ length: Math.ceil(durationOf(plan) / 1_000) }, (_, second) => second);
  return seconds.map((second) => starts.filter(({ dueAt }) => Math.floor(dueAt / 1_000) === second).length);
}
