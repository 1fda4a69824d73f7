/** What an executor is made of. Each has a file here, and a line in `../executors.ts`. */
import { z } from 'zod';
import { amount, duration, most, share, slices, someTime, vus, words } from '../fields.ts';

/** What the fields of a scenario come to, whatever its executor: arrivals per time unit, or VUs, in straight lines over time. */
export interface Course {
  /** Of arrivals; else of VUs. */
  isOpen: boolean;
  start: number;
  /** One without a duration takes what is left of the load; of iterations, as long as they do. */
  stages: { duration?: string | undefined; target: number }[];
  /** Names of the fields that say what it starts with, what it goes on to, and how long: for sentences about them. */
  fields: { start: string; stages: string; length: string };
  /** Of VUs: what one that is no longer wanted gets to finish its iteration; absent: as much as at the end. */
  gracefulRampDown?: string | undefined;
  /** Of VUs: how much there is to do, for each or for all together; absent: as much as there is time for. */
  iterations?: { perVu: number } | { shared: number };
}

type OwnCourse = Omit<Course, 'isOpen'>;

/** One value all the time. */
export function steady(
  [field, value]: [field: string, value: number],
  [length, duration]: [field: string, duration: string | undefined],
): OwnCourse {
  return { start: value, stages: [{ duration, target: value }], fields: { start: field, stages: field, length } };
}

/** From value to value, as the field `stages` says. */
export function staged([field, start]: [field: string, value: number], stages: Course['stages']): OwnCourse {
  return { start, stages, fields: { start: field, stages: 'stages', length: 'stages' } };
}

/** It has no length of its own, but that of the loads. */
export function lastsAsLoads(course: Course): boolean {
  return course.iterations === undefined && isOpenEnded(course);
}

/** Iterations end when they are done: how long they may take at most, unless a profile says so, is a limit and no schedule. */
export function isLimited(course: Course): boolean {
  return course.iterations !== undefined && isOpenEnded(course);
}

export function isOpenEnded({ stages }: Course): boolean {
  return stages.some(({ duration }) => duration === undefined);
}

const common = {
  exec: words
    .optional()
    .describe('The load or journey that it runs, by the name of its file. Default: that of the scenario’s own name.'),
  startTime: duration.optional().describe('After the first phase with load has begun (journeys: the run). Default 0s.'),
  gracefulStop: duration
    .optional()
    .describe(
      'How long running iterations may still take at the end, and those of looping VUs that a phase wants no longer. Default 30s.',
    ),
  mix: z
    .record(z.string(), amount(0, most.weight))
    .refine((mix) => Object.values(mix).some((weight) => weight > 0), 'at least one operation with a weight above 0')
    .optional()
    .describe('Weights of the operations of the load, e.g. { "push": 40, "pull": 30 }; default: the load’s own.'),
  options: z.record(z.string(), z.json()).optional().describe('What the load or journey declares; see `--list`.'),
  scaled: z
    .boolean('true or false')
    .optional()
    .describe('Of a journey: phases multiply it too, as they do all loads. Default false.'),
  slices: slices.optional().describe('In how many slices this scenario takes part; default and at most the profile’s.'),
  maxFailed: share.optional().describe('As the profile’s, for this scenario.'),
};

const open = {
  timeUnit: someTime.optional().describe('What `rate` counts arrivals in. Default 1s.'),
  arrivals: z.enum(['uniform', 'poisson', 'bursts']).optional().describe('Default uniform.'),
  burstSize: vus.optional().describe('Arrivals that come at once, needed with bursts. The rate stays what it is.'),
  preAllocatedVUs: vus.optional().describe('VUs made before the start. Default: maxVUs.'),
  maxVUs: vus.optional().describe('Most VUs at once; needed for a load.'),
  maxSessions: vus.optional().describe('Most browser sessions at once; needed for a journey, in place of maxVUs.'),
  maxLateness: duration
    .optional()
    .describe('An arrival that waited longer than this for a VU is dropped. Default 10s.'),
};

export const rateHelp = `At most ${most.arrivalsPerSecond.toLocaleString('en')} arrivals a second.`;

/** What a scenario of arrivals may say beside its executor's own fields. */
export type OpenFields = z.infer<z.ZodObject<typeof open & typeof common>>;

interface Own<F extends z.ZodRawShape> {
  /** Beside those that all have. */
  fields: F;
  /** What they mean. */
  course(spec: z.infer<z.ZodObject<F>>): OwnCourse;
  /** One value all the time, which a search for a capacity can choose. */
  isSteerable?: boolean;
}

/** Iterations arrive at a rate, however fast the target answers. */
export function arriving<N extends string, F extends z.ZodRawShape>(name: N, own: Own<F>) {
  return executor(name, { ...own.fields, ...open }, own, true);
}

/** VUs start their next iteration when the one before has ended. */
export function looping<N extends string, F extends z.ZodRawShape>(name: N, own: Own<F>) {
  return executor(name, own.fields, own, false);
}

function executor<N extends string, F extends z.ZodRawShape>(
  name: N,
  fields: F,
  own: { course(spec: never): OwnCourse; isSteerable?: boolean },
  isOpen: boolean,
) {
  return {
    name,
    schema: z.strictObject({ executor: z.literal(name), ...fields, ...common }),
    isSteerable: own.isSteerable ?? false,
    /** Of what the schema has checked. */
    course: (spec: object): Course => ({ ...own.course(spec as never), isOpen }),
  };
}
