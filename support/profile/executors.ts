/** The executors that there are: a line for each, in the order in which they are told. */
import { constantArrivalRate } from './executors/constant-arrival-rate.ts';
import { constantVus } from './executors/constant-vus.ts';
import type { Course } from './executors/executor.ts';
import { perVuIterations } from './executors/per-vu-iterations.ts';
import { rampingArrivalRate } from './executors/ramping-arrival-rate.ts';
import { rampingVus } from './executors/ramping-vus.ts';
import { sharedIterations } from './executors/shared-iterations.ts';

const executors = [
  constantArrivalRate,
  rampingArrivalRate,
  constantVus,
  rampingVus,
  perVuIterations,
  sharedIterations,
] as const;

type Schemas<All> = { [N in keyof All]: All[N] extends { schema: infer S } ? S : never };

/** What a scenario may say under each. */
export const schemas = executors.map(({ schema }) => schema) as unknown as Schemas<typeof executors>;

/** Those whose load a search for a capacity can choose. */
export const steerable: string[] = executors.filter(({ isSteerable }) => isSteerable).map(({ name }) => name);

/** What a scenario comes to. */
export function courseOf(spec: { executor: (typeof executors)[number]['name'] }): Course {
  return executors.find(({ name }) => name === spec.executor)!.course(spec);
}
