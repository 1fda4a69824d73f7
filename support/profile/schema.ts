/** What a profile may say, as a schema: each message is what is allowed, and ends the sentence that an error is. */
import { z } from 'zod';
import { parseDuration } from '../input/duration.ts';
import { expressionHelp, parseDrift, parseExpression } from '../judge/expression.ts';
import { drain } from '../measure/time-axis.ts';
import { schemas } from './executors.ts';
import { amount, duration, iterations, most, share, slices, someTime, wholeNumber, words } from './fields.ts';
import { areTags, tagsHelp } from './tags.ts';

const phaseNameHelp = `a name of letters, digits and _ other than ${drain}`;

const secondsHelp = 'a duration of whole seconds, such as 10s';
const someSeconds = duration.refine(
  (text) => (parseDuration(text) ?? 0) > 0 && parseDuration(text)! % 1_000 === 0,
  secondsHelp,
);
const percent = (least: number, example: number) => amount(least, 1_000_000, `a number of percent, such as ${example}`);

export const scenarioName = /^\w[\w.-]*$/;

export const scenario = z.discriminatedUnion('executor', schemas);

const expression = z
  .string(expressionHelp)
  .refine((text) => parseExpression(text) !== undefined, expressionHelp)
  .describe('k6’s threshold syntax: "p(95)<500", "rate<0.05"; or against an earlier phase: "p(75)<1.5*calm".');

export const detailedThreshold = z.strictObject({
  threshold: expression,
  minSamples: iterations
    .optional()
    .describe(
      'Fewer samples make the run invalid, or a window unknown. Default: as many as show one sample beyond the limit (p(95): 20).',
    ),
  every: someSeconds
    .optional()
    .describe('Must hold in each window of this length, and not over the whole time; whole seconds.'),
  slide: someSeconds.optional().describe('A window begins so long after the one before. Default: where that ends.'),
  share: share.optional().describe('Of the windows so many must hold. Default 1.'),
  abortOnFail: z
    .boolean('true or false')
    .optional()
    .describe(
      'As in k6: the run ends as soon as it is missed, and is judged on what there is. Not on shards. Default false.',
    ),
  delayAbortEval: duration.optional().describe('As in k6: not before so long after the start. Default 0s.'),
});

const objectives = z
  .record(z.string(), z.array(expression).min(1, 'a list of at least one threshold'))
  .refine((all) => Object.keys(all).length > 0, 'at least one metric with its limits')
  .describe('What availability, recovery and capacity are about: metrics with limits that are numbers.');

export const availability = z.strictObject({
  every: someSeconds.optional().describe('Length of a window, in whole seconds. Default 10s.'),
  windows: share.optional().describe('Of the windows so many must meet all objectives.'),
  requests: share.optional().describe('Of all iterations so many must succeed; dropped ones have not.'),
  withoutDrills: z
    .boolean('true or false')
    .optional()
    .describe(
      'Leaves out what was due from the beginning of a drill until the objectives held again, which its `expect` is about; where that was not seen, until it was over. Default false.',
    ),
});

export const recovery = z.strictObject({
  after: words.describe('The phase from whose end on it is measured.'),
  within: someTime.describe('The objectives must hold again so long after it.'),
  stay: someTime.optional().describe('And hold for so long then. Default 30s.'),
  every: someSeconds.optional().describe('Length of a window, in whole seconds. Default 5s.'),
});

const searchedLoad = amount(0.000_001, 1_000_000);

export const capacity = z.strictObject({
  steps: z
    .array(words, 'a list of phases')
    .min(1, 'a list of at least one phase')
    .optional()
    .describe('Phases of growing load. Default: all of a steady load that is above that of all before.'),
  from: searchedLoad
    .optional()
    .describe(
      'With `to`: the run searches, and steers the load while it lasts. The lowest load it tries, as `load` of a phase.',
    ),
  to: searchedLoad.optional().describe('The highest load that it tries. `maxVUs` is what a load of 1 needs.'),
  precision: amount(0.001, 1)
    .optional()
    .describe('What did not hold is above what did by at most this share. Default 0.05.'),
  step: someSeconds
    .optional()
    .describe('How long each load is measured, once it has settled for a quarter of that; whole seconds. Default 30s.'),
  confirm: wholeNumber(0, 20).optional().describe('How often both edges of the answer are tried again. Default 1.'),
});

const driftHelp = 'an aggregation, < or > and percent of the figure itself, an hour: "min<1%", "p(95)<5%", "rate>-5%"';

export const drift = z.strictObject({
  phase: z
    .union([words, z.array(words, 'a list of phases').min(1, 'a list of at least one phase')])
    .optional()
    .describe('A phase of steady load, or several, each judged by itself. Default: the longest.'),
  limits: z
    .record(
      z.string(),
      z
        .array(
          z.string(driftHelp).refine((text) => parseDrift(text) !== undefined, driftHelp),
          'a list of limits',
        )
        .min(1, 'a list of at least one limit'),
    )
    .refine((all) => Object.keys(all).length > 0, 'at least one metric with its limits')
    .describe(
      'By metric, with or without tags, how much it may change an hour: in percent of its own size, a rate in percent. What varies as memory does is judged by its least: { "target_memory_bytes": ["min<1%"] }.',
    ),
});

export const loadHelp =
  'a number of at least 0, a ramp such as [1, 5], or a day such as { "curve": "day", "day": "24m" }';
const factor = amount(0, 1_000_000, loadHelp);
const hoursHelp = 'a list of 24 numbers of at least 0, one an hour from midnight on';

export const phase = z.strictObject({
  name: z
    .string(phaseNameHelp)
    .regex(/^[A-Za-z]\w*$/, phaseNameHelp)
    .refine((name) => name !== drain, phaseNameHelp)
    .describe('Thresholds name it: { "http_req_duration{phase:spike}": ["p(95)<1.5*baseline"] }.'),
  duration: someTime,
  load: z
    .union([
      factor,
      z.array(factor).length(2, loadHelp),
      z.strictObject({
        curve: z.literal('day').describe('By the hours of a day from midnight on, which the phase begins with.'),
        hours: z
          .array(amount(0, 1_000_000, hoursHelp), hoursHelp)
          .length(24, hoursHelp)
          .optional()
          .describe('How busy it is at each hour, in straight lines. Default: 0.2 at night to 1, with lunch at 0.7.'),
        times: factor.optional().describe('Multiplies all hours. Default 1.'),
        day: someTime.optional().describe('How long a day lasts in the run. Default 24h.'),
      }),
    ])
    .describe(
      'Multiplies the rates and VUs of the loads, and of journeys that are scaled: a number, a ramp such as [1, 5], or a day’s curve.',
    ),
});

const belowHelp = 'a duration to stay below, such as "<30s"';
const below = z
  .string(belowHelp)
  // Nothing is below 0.
  .refine((text) => text.startsWith('<') && (parseDuration(text.slice(1)) ?? 0) > 0, belowHelp);
const belowPercentHelp = 'percent to stay below, such as "<5%"';
const argumentsHelp = 'a list of texts: a program and its arguments, without a shell';
const command = z.array(z.string(argumentsHelp), argumentsHelp).min(1, argumentsHelp);
const drillNameHelp = 'a name of letters, digits, _ and -';
const drillAtHelp = 'a duration since the run’s start, or { "phase": "load", "after": "10s" }';
const drillRunHelp = 'a list, ["program", "argument"], or a drill of the embedded target, such as "kill-api"';

export const drill = z.strictObject({
  name: z.string(drillNameHelp).regex(/^[A-Za-z][\w-]*$/, drillNameHelp),
  at: z
    .union([duration, z.strictObject({ phase: words, after: duration.optional() })], drillAtHelp)
    .describe('When it begins: so long after the run’s start, or after a phase has begun.'),
  run: z
    .union([words, command], drillRunHelp)
    .describe(
      'What breaks something: a program with its arguments, run without a shell (where one is needed: ["sh", "-c", "…"]), or the name of a drill of the embedded target.',
    ),
  undo: command.optional().describe('What ends it. It is run however the run ends, also when it is killed.'),
  for: someTime.optional().describe('How long until it is undone.'),
  repeat: z
    .strictObject({
      every: someTime.describe('From the beginning of one time to that of the next.'),
      times: wholeNumber(2, 100),
    })
    .optional(),
  limit: someTime.optional().describe('A command that takes longer is ended, and has failed. Default 30s.'),
  stay: someTime.optional().describe('So long the objectives must hold again for it to be over. Default 5s.'),
  every: someSeconds.optional().describe('Length of the windows in which they are looked at. Default 1s.'),
  expect: z
    .strictObject({
      recovery: below.optional().describe('From when it was over, or undone, until the objectives hold again: "<30s".'),
      outage: below.optional().describe('How long the objectives were missed because of it: "<10s".'),
      failed: z
        .string(belowPercentHelp)
        .regex(/^<\d+(\.\d+)?%$/, belowPercentHelp)
        .refine((text) => Number.parseFloat(text.slice(1)) > 0, belowPercentHelp)
        .optional()
        .describe(
          'Of the iterations that were due from its beginning until the objectives held again, or, without any, until it was undone, the share that failed: "<50%".',
        ),
    })
    .optional(),
});

/** Beyond these limits a miss that the generator may have caused is undecided, and the run invalid; what holds, holds. */
export const health = z.strictObject({
  maxLateness: duration
    .optional()
    .describe('p99 of generator_lateness above this: the generator was late. Default 100ms.'),
  maxStartSpread: duration.optional().describe('Slices starting further apart than this: late. Default 1s.'),
  maxShardSpread: duration
    .optional()
    .describe(
      'Shards starting further apart than this: invalid. Default: the share of the shortest phase or scenario that minDelivered leaves, a tenth, from 1s to 30s.',
    ),
  maxDropped: share.optional().describe('Share of arrivals that may be dropped. Default 0.'),
  minDelivered: share
    .optional()
    .describe(
      'Share of the load that must be sent within a second of when it was due (looping VUs: share of an iteration that is not the generator’s own); below it what holds is undecided. Default 0.9: runs of one build differ by as much.',
    ),
  maxEventLoopDelay: duration
    .optional()
    .describe('p90 of generator_event_loop_delay above this: the process was held up. Default 100ms.'),
  maxGeneratorCpu: percent(1, 90)
    .optional()
    .describe(
      'p90 of generator_cpu_percent (100: one core, or a container’s limit) above this: at its limit. Default 90.',
    ),
  maxGcPause: duration
    .optional()
    .describe('p99 of generator_gc_pause above this: the process was held up. Default 100ms.'),
  maxMachineCpu: percent(1, 95)
    .optional()
    .describe(
      'Mean of machine_cpu_percent (100: all cores, or a container’s limit) under load above this: full; so are times of three seconds and more in which it is above this. Default 95.',
    ),
  maxSteal: percent(0, 10)
    .optional()
    .describe('Mean of machine_steal_percent under load above this: the host is overbooked. Default 10.'),
  maxThrottled: percent(0, 10)
    .optional()
    .describe('Mean of machine_throttled_percent under load above this: a container’s limit held it. Default 10.'),
  maxControlSlowdown: amount(1, 1_000_000)
    .optional()
    .describe(
      'Times that browser_control_paint may grow over a phase without load; beyond, the browsers were slow. Default 3.',
    ),
  targetDownAfter: someTime.optional().describe('A target unreachable for this long ends the run. Default 5s.'),
});

/** As a profile and an SLO have them. */
export const thresholds = z
  .record(z.string(), z.array(z.union([expression, detailedThreshold])).min(1, 'a list of at least one threshold'))
  .describe('By metric, k6’s way: { "http_req_duration{scenario:sync-relay}": ["p(95)<500"] }.');

/** What the file is for, to a person. */
export const description = words;

export const profile = z.strictObject({
  $schema: z.string('a text').optional(),
  description: words,
  calm: duration
    .optional()
    .describe('A phase of this name and length before the load, in which only journeys run. Default 0s.'),
  phases: z
    .array(phase)
    .min(1, 'a list of at least one phase')
    .max(most.stages, `a list of at most ${most.stages.toLocaleString('en')} phases`)
    .optional()
    .describe('Named parts of the run, one after another; in place of calm. Default: calm, if there is one, and load.'),
  slices: slices.optional().describe('Worker processes a scenario is spread over. Default 1.'),
  sharedProcesses: z
    .boolean('true or false')
    .optional()
    .describe(
      'All loads run in one worker process, and all journeys in another, with one browser: such a run begins sooner and costs less, for loads that are small together. Default false: each has its own, and what holds one up holds up no other.',
    ),
  scenarios: z
    .record(z.string(), scenario)
    .refine((all) => Object.keys(all).length > 0, 'at least one scenario')
    .describe(
      'By the name of a file, in whatever folder: protocol/…/<name>.load.ts or journeys/…/<name>.journey.ts; with `exec` by any.',
    ),
  thresholds,
  objectives: objectives.optional(),
  availability: availability.optional().describe('How much of the time, and of the work, was as it should be.'),
  recovery: recovery.optional().describe('How long it takes after a phase until the objectives hold again.'),
  capacity: capacity.optional().describe('At which step of the load the objectives still hold.'),
  drills: z
    .array(drill, 'a list of drills')
    .optional()
    .describe(
      'Faults that the run causes, and from which it measures the recovery. Against a target that is neither the embedded one nor on this machine only with DRILLS=allow.',
    ),
  drift: drift.optional().describe('Whether figures grow, or fall, over a steady phase: a leak.'),
  slo: z
    .boolean('true or false')
    .optional()
    .describe(
      'Judge by profiles/slo/<target>.json too, of the target that TARGET names: its thresholds take the place of those here on the same metric and tags.',
    ),
  maxFailed: share
    .optional()
    .describe(
      'Share of the iterations of an operation, or of the sessions of a journey, that may fail without failing the run. Default 0.5: what fails more often than not is broken, whatever the thresholds are about. With 1 only what never succeeds fails the run.',
    ),
  health: health.optional(),
  tags: z
    .record(z.string(), z.string(tagsHelp), tagsHelp)
    .refine(areTags, tagsHelp)
    .optional()
    .describe('Of the whole run, in all of its results, such as { "team": "shop" }. LOAD_TAGS adds to them.'),
});

export type ScenarioSpec = z.infer<typeof scenario>;
export type ProfileSpec = z.infer<typeof profile>;
export type PhaseSpec = z.infer<typeof phase>;
export type DetailedThreshold = z.infer<typeof detailedThreshold>;
export type ScenarioKind = 'load' | 'journey';

/** JSON Schema of any project's profiles; what its loads and journeys take as options is another thing. */
export function profileSchema(): object {
  return { title: 'Tandem profile', ...z.toJSONSchema(profile) };
}

/** What a scenario runs; undefined when there is no such load or journey. */
export function kindOf(
  name: string,
  { exec = name }: Pick<ScenarioSpec, 'exec'>,
  known: Record<ScenarioKind, string[]>,
): ScenarioKind | undefined {
  return known.load.includes(exec) ? 'load' : known.journey.includes(exec) ? 'journey' : undefined;
}
