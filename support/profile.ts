import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { z } from 'zod';
import { durationHelp, durationPattern, parseDuration } from './duration.ts';
import { parseJson } from './json.ts';
import {
  aggregationsOf,
  expressionHelp,
  parseDrift,
  parseExpression,
  parseSelector,
  selectorHelp,
} from './judge/expression.ts';
import { isOfBrowser, type MetricDefinition, type Tags } from './measure/metrics.ts';
import { drain } from './measure/time-axis.ts';
import { allowed } from './misspelling.ts';

/** More than one could ever run: a slip of the pen, which would take all memory or never end. */
export const most = {
  vus: 1_000_000,
  arrivalsPerSecond: 10_000_000,
  /** Steps of all VU ramps of a scenario. */
  vuChanges: 10_000_000,
  iterations: 1_000_000_000,
  stages: 1_000,
  /** Of an operation in a mix. */
  weight: 1_000_000,
  /** Each is a process, and all run at the same time. */
  slices: 500,
};

const phaseNameHelp = `a name of letters, digits and _ other than ${drain}`;

// Every message is what is allowed: it ends the sentence that an error is.
const duration = z
  .string(durationHelp)
  .regex(durationPattern, durationHelp)
  .refine((text) => parseDuration(text) !== undefined, durationHelp);
const someTime = duration.refine((text) => parseDuration(text) !== 0, 'a duration above 0s');
const secondsHelp = 'a duration of whole seconds, such as 10s';
const someSeconds = duration.refine(
  (text) => (parseDuration(text) ?? 0) > 0 && parseDuration(text)! % 1_000 === 0,
  secondsHelp,
);
const words = z.string('a text that is not empty').min(1, 'a text that is not empty');
const rate = amount(0);
const aboveZero = z.number('a number above 0').gt(0, 'a number above 0');
const vusHelp = wholeNumberHelp(1, most.vus);
const vus = wholeNumber(1, most.vus);
const iterations = wholeNumber(1, most.iterations);
const slices = wholeNumber(1, most.slices);
const weight = amount(0, most.weight);
const share = amount(0, 1);
const percent = (least: number, example: number) => amount(least, 1_000_000, `a number of percent, such as ${example}`);

function wholeNumberHelp(least: number, greatest: number): string {
  return `a whole number from ${least} to ${greatest.toLocaleString('en')}`;
}

function wholeNumber(least: number, greatest: number) {
  const help = wholeNumberHelp(least, greatest);
  return z.int(help).min(least, help).max(greatest, help);
}

function amount(least: number, greatest?: number, given?: string) {
  const range = greatest === undefined ? `of at least ${least}` : `from ${least} to ${greatest.toLocaleString('en')}`;
  const help = given ?? `a number ${range}`;
  const bounded = z.number(help).min(least, help);
  return greatest === undefined ? bounded : bounded.max(greatest, help);
}

function stage(target: z.ZodNumber) {
  return z.strictObject({ duration, target: target.describe('Reached, linearly, at the end of the stage.') });
}

function stages(target: z.ZodNumber) {
  const help = `a list of 1 to ${most.stages.toLocaleString('en')} stages`;
  return z.array(stage(target)).min(1, help).max(most.stages, help);
}

const scenarioName = /^\w[\w.-]*$/;

const common = {
  exec: words
    .optional()
    .describe('The load or journey that it runs, by the name of its file. Default: that of the scenario’s own name.'),
  startTime: duration.optional().describe('After the first phase with load has begun (journeys: the run). Default 0s.'),
  gracefulStop: duration.optional().describe('How long running iterations may still take at the end. Default 30s.'),
  mix: z
    .record(z.string(), weight)
    .refine((mix) => Object.values(mix).some((weight) => weight > 0), 'at least one operation with a weight above 0')
    .optional()
    .describe('Weights of the operations of the load, e.g. { "push": 40, "pull": 30 }; default: the load’s own.'),
  options: z.record(z.string(), z.json()).optional().describe('What the load or journey declares; see `--list`.'),
  scaled: z.boolean().optional().describe('Of a journey: phases multiply it too, as they do all loads. Default false.'),
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

const rateHelp = `At most ${most.arrivalsPerSecond.toLocaleString('en')} arrivals a second.`;

const scenario = z.discriminatedUnion('executor', [
  z.strictObject({
    executor: z.literal('constant-arrival-rate'),
    rate: aboveZero.describe(rateHelp),
    duration: duration.optional().describe('Journeys: default the whole run.'),
    ...open,
    ...common,
  }),
  z.strictObject({
    executor: z.literal('ramping-arrival-rate'),
    startRate: rate.optional().describe(rateHelp),
    stages: stages(rate),
    ...open,
    ...common,
  }),
  z.strictObject({ executor: z.literal('constant-vus'), vus, duration: duration.optional(), ...common }),
  z.strictObject({
    executor: z.literal('ramping-vus'),
    startVUs: wholeNumber(0, most.vus).optional(),
    stages: stages(wholeNumber(0, most.vus)),
    gracefulRampDown: duration.optional().describe('Default 30s.'),
    ...common,
  }),
  z.strictObject({
    executor: z.literal('per-vu-iterations'),
    vus,
    iterations,
    maxDuration: duration.optional().describe('Default 10m.'),
    ...common,
  }),
  z.strictObject({
    executor: z.literal('shared-iterations'),
    vus,
    iterations,
    maxDuration: duration.optional().describe('Default 10m.'),
    ...common,
  }),
]);

const expression = z
  .string(expressionHelp)
  .refine((text) => parseExpression(text) !== undefined, expressionHelp)
  .describe('k6’s threshold syntax: "p(95)<500", "rate<0.05"; or against an earlier phase: "p(75)<1.5*calm".');

const detailedThreshold = z.strictObject({
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
  .describe('What availability, recovery and capacity are about: metrics with limits that are numbers.');

const availability = z.strictObject({
  every: someSeconds.optional().describe('Length of a window, in whole seconds. Default 10s.'),
  windows: share.optional().describe('Of the windows so many must meet all objectives.'),
  requests: share.optional().describe('Of all iterations so many must succeed; dropped ones have not.'),
});

const recovery = z.strictObject({
  after: words.describe('The phase from whose end on it is measured.'),
  within: someTime.describe('The objectives must hold again so long after it.'),
  stay: someTime.optional().describe('And hold for so long then. Default 30s.'),
  every: someSeconds.optional().describe('Length of a window, in whole seconds. Default 5s.'),
});

const capacity = z.strictObject({
  steps: z
    .array(words, 'a list of phases')
    .min(1, 'a list of at least one phase')
    .optional()
    .describe('Phases of growing load. Default: all with load, in the order of time.'),
});

const driftHelp = 'an aggregation, < or > and percent of the figure itself, an hour: "min<1%", "p(95)<5%", "rate>-5%"';

const drift = z.strictObject({
  phase: words.optional().describe('A phase of steady load. Default: the longest with load.'),
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
    .describe(
      'By metric, with or without tags, how much it may change an hour: in percent of its own size, a rate in percent. What varies as memory does is judged by its least: { "target_memory_bytes": ["min<1%"] }.',
    ),
});

const loadHelp = 'a number of at least 0, a ramp such as [1, 5], or a day such as { "curve": "day", "day": "24m" }';
const factor = amount(0, 1_000_000, loadHelp);
const hoursHelp = 'a list of 24 numbers of at least 0, one an hour from midnight on';

const phase = z.strictObject({
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

/** Beyond these limits a miss that the generator may have caused is undecided, and the run invalid; what holds, holds. */
const health = z.strictObject({
  maxLateness: duration
    .optional()
    .describe('p99 of generator_lateness above this: the generator was late. Default 100ms.'),
  maxStartSpread: duration.optional().describe('Slices starting further apart than this: late. Default 1s.'),
  maxShardSpread: duration.optional().describe('Shards starting further apart than this: invalid. Default 30s.'),
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
      'Mean of machine_cpu_percent (100: all cores, or a container’s limit) under load above this: full. Default 95.',
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

const profile = z.strictObject({
  $schema: z.string().optional(),
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
});

export type ScenarioSpec = z.infer<typeof scenario>;
export type OpenScenarioSpec = Extract<ScenarioSpec, { executor: `${string}-arrival-rate` }>;
export type ProfileSpec = z.infer<typeof profile>;
export type PhaseSpec = z.infer<typeof phase>;
type DetailedThreshold = z.infer<typeof detailedThreshold>;
export type ScenarioKind = 'load' | 'journey';

/** A profile as its file says it, with where that is. */
export interface ProfileFile {
  name: string;
  /** For error sentences, relative to the project. */
  path: string;
  spec: ProfileSpec;
  /** The SLO that it is judged by, and its thresholds, which are among those of `spec`. */
  slo?: AppliedSlo;
}

/** Thresholds of a profile that stand in an SLO's file; see `slo.ts`. Plain data: it travels as metadata. */
export interface AppliedSlo {
  /** Relative to the project. */
  path: string;
  /** Selectors, as the file has them. */
  selectors: string[];
}

/** JSON Schema of any project's profiles; what its loads and journeys take as options is another thing. */
export function profileSchema(): object {
  return { title: 'Tandem profile', ...z.toJSONSchema(profile) };
}

/**
 * The profiles of a folder by name: every `*.json` but the schema itself.
 * @throws one sentence when there is none
 */
export function profileNames(folder: string, root: string): string[] {
  const all = existsSync(folder) ? readdirSync(folder) : [];
  const files = all.filter((file) => file.endsWith('.json') && file !== 'profile.schema.json');
  if (files.length === 0)
    throw new Error(`${relative(root, folder)}/ holds no profile; allowed is at least one *.json.`);
  return files.sort().map((file) => basename(file, '.json'));
}

/**
 * @param known the scenarios there are, by kind: the names of the files that define them
 * @throws one sentence naming file, field, what was found and what is allowed
 */
export function readProfile(
  folder: string,
  name: string,
  root: string,
  known: Record<ScenarioKind, string[]>,
): ProfileFile {
  const file = join(folder, `${name}.json`);
  const path = relative(root, file);
  let json: unknown;
  try {
    json = parseJson(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}; allowed is JSON as profile.schema.json describes it.`);
  }
  const parsed = profile.safeParse(json, { reportInput: true });
  if (!parsed.success) throw new Error(`${path}: ${sentence(parsed.error.issues[0]!, json)}`);
  const found = { name, path, spec: parsed.data };
  checkPhases(found, known);
  for (const [name, scenarioSpec] of Object.entries(found.spec.scenarios))
    checkScenario(path, name, scenarioSpec, known, found.spec.phases !== undefined);
  checkSelectors(found, known);
  checkAnswers(found, known);
  return found;
}

/** Phases have a name each, and there is load in one of them. */
function checkPhases({ path, spec }: ProfileFile, known: Record<ScenarioKind, string[]>): void {
  const { phases } = spec;
  if (!phases) return;
  if (spec.calm !== undefined) {
    throw new Error(
      `${path}: calm does not go with phases; allowed is a phase { "name": "calm", "duration": "${spec.calm}", "load": 0 }.`,
    );
  }
  phases.forEach(({ name, load }, index) => {
    const field = `${path}: phases[${index}]`;
    if (phases.findIndex((one) => one.name === name) < index)
      throw new Error(`${field}.name is "${name}", which is the name of another; allowed is a name for each.`);
    if (name === 'calm' && load !== 0)
      throw new Error(`${field}.load is ${show(load)}; allowed is 0 in a phase of the name calm, or another name.`);
    if (Array.isArray(load) && load[0] === 0 && load[1] === 0)
      throw new Error(`${field}.load is [0, 0]; allowed is 0 for a phase without load.`);
  });
  const hasLoads = Object.entries(spec.scenarios).some(([name, one]) => kindOf(name, one, known) === 'load');
  if (hasLoads && phases.every(({ load }) => load === 0))
    throw new Error(`${path}: phases have a load of 0 in all; allowed is at least one with a load above 0.`);
}

/** The phases of a profile in the order of time, with whether only journeys run in them. */
export function phaseNames({
  calm,
  phases,
}: Pick<ProfileSpec, 'calm' | 'phases'>): { name: string; isQuiet: boolean }[] {
  if (phases) return phases.map(({ name, load }) => ({ name, isQuiet: load === 0 }));
  return [...(ms(calm, 0) > 0 ? [{ name: 'calm', isQuiet: true }] : []), { name: 'load', isQuiet: false }];
}

/** What a schema cannot say: which files exist, and what only a load or only a journey needs. */
function checkScenario(
  path: string,
  name: string,
  spec: ScenarioSpec,
  known: Record<ScenarioKind, string[]>,
  hasPhases: boolean,
): void {
  if (spec.exec !== undefined && !scenarioName.test(name)) {
    throw new Error(`${path}: scenarios has "${name}"; allowed is a name of letters, digits, _, - and dots.`);
  }
  const field = `scenarios.${name}`;
  const kind = kindOf(name, spec, known);
  if (!kind) {
    const all = [...known.load, ...known.journey].sort();
    if (spec.exec !== undefined)
      throw new Error(`${path}: ${field}.exec is "${spec.exec}"; ${allowed(spec.exec, all)}.`);
    throw new Error(`${path}: ${field} names no scenario; ${allowed(name, all)}.`);
  }
  if (kind === 'journey' && spec.mix) {
    throw new Error(`${path}: ${field}.mix does not belong to a journey; allowed is a mix of a load's operations.`);
  }
  if (spec.executor === 'constant-arrival-rate' || spec.executor === 'ramping-arrival-rate') {
    checkArrivals(`${path}: ${field}`, spec, kind);
  }
  if (spec.scaled !== undefined && (kind === 'load' || !hasPhases)) {
    const why = kind === 'load' ? 'a load: phases always multiply it' : 'a profile without phases';
    throw new Error(`${path}: ${field}.scaled does not belong to ${why}; allowed is scaled of a journey with phases.`);
  }
  if (
    kind === 'load' &&
    !hasPhases &&
    spec.executor.startsWith('constant-') &&
    !('duration' in spec && spec.duration)
  ) {
    throw new Error(`${path}: ${field}.duration is missing; allowed is ${durationHelp}.`);
  }
}

function checkArrivals(field: string, spec: OpenScenarioSpec, kind: ScenarioKind): void {
  const [needed, other] =
    kind === 'journey' ? (['maxSessions', 'maxVUs'] as const) : (['maxVUs', 'maxSessions'] as const);
  const { [needed]: greatest, preAllocatedVUs, arrivals = 'uniform', burstSize } = spec;
  if (spec[other] !== undefined) {
    throw new Error(`${field}.${other} does not belong to a ${kind}; allowed is ${needed}.`);
  }
  if (greatest === undefined && preAllocatedVUs === undefined) {
    throw new Error(`${field}.${needed} is missing; allowed is ${vusHelp}.`);
  }
  if (greatest !== undefined && (preAllocatedVUs ?? 0) > greatest) {
    throw new Error(
      `${field}.preAllocatedVUs is ${preAllocatedVUs}; allowed is at most ${needed}, which is ${greatest}.`,
    );
  }
  if (arrivals === 'bursts' && burstSize === undefined) {
    throw new Error(`${field}.burstSize is missing; allowed is ${vusHelp}.`);
  }
  if (arrivals !== 'bursts' && burstSize !== undefined) {
    throw new Error(
      `${field}.burstSize does not belong to ${arrivals} arrivals; allowed is "arrivals": "bursts" with it.`,
    );
  }
}

/**
 * Syntax, tags and windows; which metrics exist is known once the scenarios' files are loaded ({@link checkMetrics}).
 * @throws one sentence
 */
export function checkSelectors(
  { path, spec }: Pick<ProfileFile, 'path' | 'spec'>,
  known: Record<ScenarioKind, string[]>,
): void {
  for (const [source, all] of Object.entries(spec.thresholds)) {
    const selector = parseSelector(source);
    if (!selector) throw new Error(`${path}: thresholds has "${source}"; allowed is ${selectorHelp}.`);
    const { metric, tags } = selector;
    const about = `${path}: thresholds "${source}"`;
    const inBrowser = isOfBrowser(metric);
    const [own, other] = inBrowser ? (['journey', 'scenario'] as const) : (['scenario', 'journey'] as const);
    if (tags[other] !== undefined) {
      throw new Error(`${about} has the tag ${other}, which ${metric} does not carry; allowed is ${own}.`);
    }
    const named = tags[own];
    const names = Object.keys(spec.scenarios).filter(
      (name) => !inBrowser || kindOf(name, spec.scenarios[name]!, known) === 'journey',
    );
    if (named !== undefined && !names.includes(named)) {
      throw new Error(`${about} is about ${own} "${named}"; ${allowed(named, names)}.`);
    }
    checkPhaseTags(about, tags, all.map(expressionOf), phaseNames(spec));
    for (const one of all) if (typeof one !== 'string') checkWindows(about, one, tags, spec);
  }
}

/** A window has to fit into its phase, and cannot be compared with another one. */
function checkWindows(about: string, spec: DetailedThreshold, tags: Tags, { phases }: ProfileSpec): void {
  const { threshold, every, slide } = spec;
  if (spec.delayAbortEval !== undefined && !spec.abortOnFail)
    throw new Error(`${about} has delayAbortEval without abortOnFail; allowed is "abortOnFail": true with it.`);
  const other = (['slide', 'share'] as const).find((field) => spec[field] !== undefined);
  if (every === undefined) {
    if (other)
      throw new Error(`${about} has ${other} without every; allowed is every, the length of a window, with it.`);
    return;
  }
  if (parseExpression(threshold)!.of !== undefined)
    throw new Error(`${about} has "${threshold}" for windows; allowed is a number.`);
  if (slide !== undefined && ms(slide, 0) > ms(every, 0))
    throw new Error(`${about} has slide ${slide}; allowed is at most every, which is ${every}.`);
  const own = phases?.find(({ name }) => name === tags.phase);
  if (own && ms(own.duration, 0) < ms(every, 0))
    throw new Error(`${about} has windows of ${every} in a phase of ${own.duration}; allowed is at most its length.`);
}

/** What availability, recovery and capacity are about has to be there. */
function checkAnswers({ path, spec }: ProfileFile, known: Record<ScenarioKind, string[]>): void {
  const { objectives, availability, recovery, capacity, drift, phases = [] } = spec;
  const asked =
    (['recovery', 'capacity'] as const).find((name) => spec[name]) ??
    (availability?.windows === undefined ? undefined : 'availability');
  if (asked && !objectives)
    throw new Error(`${path}: ${asked} needs objectives; allowed is { "http_req_duration": ["p(95)<500"] } with it.`);
  if (availability && availability.windows === undefined && availability.requests === undefined)
    throw new Error(`${path}: availability asks for nothing; allowed is a share of windows or of requests.`);
  if (objectives) {
    for (const [source, all] of Object.entries(objectives)) {
      const { tags } = parseSelector(source) ?? { tags: {} as Tags };
      const compared = all.find((text) => parseExpression(text)!.of !== undefined);
      if (tags.phase !== undefined || compared !== undefined)
        throw new Error(
          `${path}: objectives "${source}" is about a phase; allowed are limits that are numbers, at any time.`,
        );
    }
    checkSelectors({ path, spec: { ...spec, thresholds: objectives } }, known);
  }
  const names = phases.map(({ name }) => name);
  for (const [field, name] of [
    ...(recovery ? [['recovery.after', recovery.after] as const] : []),
    ...(capacity?.steps ?? []).map((step) => ['capacity.steps', step] as const),
  ]) {
    if (!names.includes(name)) throw new Error(`${path}: ${field} is "${name}"; ${allowed(name, names)}.`);
  }
  if (drift) {
    const loaded = phaseNames(spec).map(({ name }) => name);
    if (drift.phase !== undefined && !loaded.includes(drift.phase))
      throw new Error(`${path}: drift.phase is "${drift.phase}"; ${allowed(drift.phase, loaded)}.`);
    for (const [source, all] of Object.entries(drift.limits)) {
      if (parseSelector(source)?.tags.phase !== undefined)
        throw new Error(`${path}: drift.limits "${source}" has a phase; allowed is drift.phase, one for all.`);
      const limits = { [source]: all.map((text) => text.trim().slice(0, -1)) };
      checkSelectors({ path, spec: { ...spec, thresholds: limits } }, known);
    }
  }
  if (recovery) {
    const needMs = ms(recovery.within, 0) + ms(recovery.stay, 30_000);
    const haveMs = phases
      .slice(names.indexOf(recovery.after) + 1)
      .reduce((sum, { duration }) => sum + ms(duration, 0), 0);
    if (haveMs < needMs)
      throw new Error(
        `${path}: recovery needs ${needMs / 1_000} s after ${recovery.after}, within and stay together, and there are ${haveMs / 1_000} s; allowed is at most that.`,
      );
  }
  if (capacity && phases.filter(({ load }) => load !== 0).length === 0)
    throw new Error(`${path}: capacity needs phases; allowed is a phase for each step of the load.`);
}

/** A figure of a phase, or of all after it, may be compared with that of a phase before. */
function checkPhaseTags(about: string, tags: Tags, expressions: string[], phases: { name: string }[]): void {
  const names = phases.map(({ name }) => name);
  if (tags.window !== undefined) {
    throw new Error(`${about} has the tag window; allowed is phase, with one of ${names.join(', ')}.`);
  }
  const { phase } = tags;
  if (phase !== undefined && !names.includes(phase)) {
    throw new Error(`${about} is about phase "${phase}"; ${allowed(phase, names)}.`);
  }
  const before = names.slice(0, phase === undefined ? -1 : names.indexOf(phase));
  for (const text of expressions) {
    const { of } = parseExpression(text)!;
    if (of === undefined || before.includes(of)) continue;
    if (!names.includes(of)) {
      const known =
        before.length > 0 ? `a number, or a phase: ${before.join(', ')}` : 'a number: no phase is before it';
      throw new Error(`${about} has "${text}", but the profile has no ${of}; allowed is ${known}.`);
    }
    const why = of === phase ? 'which is the same phase' : 'which is not before it';
    throw new Error(
      `${about} has "${text}", ${why}; allowed is ${before.length > 0 ? `one of ${before.join(', ')}` : 'a number'}.`,
    );
  }
}

function expressionOf(threshold: ProfileSpec['thresholds'][string][number]): string {
  return typeof threshold === 'string' ? threshold : threshold.threshold;
}

/**
 * Thresholds on metrics nobody records, or on figures they do not have, are an error before the run, not a green light
 * after it.
 */
export function checkMetrics(
  path: string,
  thresholds: ProfileSpec['thresholds'],
  metrics: Record<string, MetricDefinition>,
  phases: { name: string; isQuiet: boolean }[] = [],
): void {
  const isQuiet = (phase: string | undefined) => phases.some((one) => one.name === phase && one.isQuiet);
  for (const [source, all] of Object.entries(thresholds)) {
    const { metric, tags } = parseSelector(source)!;
    const definition = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
    if (!definition) {
      throw new Error(`${path}: thresholds names metric "${metric}"; ${allowed(metric, Object.keys(metrics).sort())}.`);
    }
    if (definition.type === 'counter' && all.some((one) => typeof one !== 'string' && one.minSamples !== undefined)) {
      throw new Error(`${path}: thresholds "${source}" has minSamples, but a counter has no samples; allowed is none.`);
    }
    for (const text of all.map(expressionOf)) {
      const { aggregation, of, value } = parseExpression(text)!;
      const possible = aggregationsOf(definition.type);
      if (!possible.includes(aggregation.method === 'p' ? 'p(N)' : aggregation.method)) {
        throw new Error(
          `${path}: thresholds "${source}" has "${text}", but ${metric} is a ${definition.type}; allowed: ${possible.join(', ')}.`,
        );
      }
      if (definition.type === 'rate' && aggregation.method === 'rate' && of === undefined && (value < 0 || value > 1)) {
        throw new Error(
          `${path}: thresholds "${source}" has "${text}", but ${metric} is a share; allowed is a number from 0 to 1.`,
        );
      }
      const quiet = [tags.phase, of].find(isQuiet);
      if (quiet !== undefined && /^(http|ws|grpc)_/.test(metric)) {
        throw new Error(
          `${path}: thresholds "${source}" has "${text}", but only journeys run in the phase ${quiet}; allowed is a metric of theirs, such as browser_step_duration.`,
        );
      }
    }
  }
}

/** The operations of a `mix` must be the load's. */
export function checkMix(path: string, scenarioName: string, mix: Record<string, number>, operations: string[]): void {
  for (const name of Object.keys(mix)) {
    if (!operations.includes(name)) {
      throw new Error(`${path}: scenarios.${scenarioName}.mix has operation "${name}"; ${allowed(name, operations)}.`);
    }
  }
}

/** What a scenario runs; undefined when there is no such load or journey. */
export function kindOf(
  name: string,
  { exec = name }: Pick<ScenarioSpec, 'exec'>,
  known: Record<ScenarioKind, string[]>,
): ScenarioKind | undefined {
  return known.load.includes(exec) ? 'load' : known.journey.includes(exec) ? 'journey' : undefined;
}

/** Milliseconds of a duration that the schema has already checked. */
export function ms(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : parseDuration(text)!;
}

type Issue = z.core.$ZodIssue;

/**
 * What is wrong with a value of JSON: field, what was found, what is allowed.
 * @param fields those that the object at a place may have
 */
export function sentence(issue: Issue, json: unknown, fields = fieldsAt): string {
  const field = issue.path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part)),
    '',
  );
  const found = issue.path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown>)?.[part], json);
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys as [string];
    return `${field ? `${field} has` : 'there is'} an unknown field "${key}"; ${allowed(key, fields(issue.path, found))}.`;
  }
  const is = `${field || 'the file'} is ${show(found)}`;
  if (issue.code === 'invalid_union' && issue.path[0] === 'phases') {
    // Of what an object says wrong, or else of all.
    const inner = found instanceof Object && !Array.isArray(found) ? issue.errors[2]?.[0] : undefined;
    if (inner) return sentence({ ...inner, path: [...issue.path, ...inner.path] } as Issue, json);
    return `${is}; allowed is ${loadHelp}.`;
  }
  if (issue.code === 'invalid_union') {
    // Of the two spellings of a threshold, the one that was meant.
    const inner = found instanceof Object ? issue.errors[1]?.[0] : issue.errors[0]?.[0];
    if (inner) return sentence({ ...inner, path: [...issue.path, ...inner.path] } as Issue, json, fields);
    return `${is}; ${allowed(String(found), executors())}.`;
  }
  return `${is}; allowed is ${issue.code === 'invalid_type' ? (shapes[issue.expected] ?? issue.message) : expected(issue)}.`;
}

const shapes: Record<string, string> = {
  object: 'an object, { … }',
  record: 'an object, { … }',
  array: 'a list, [ … ]',
};

function expected(issue: Issue): string {
  if (issue.code !== 'invalid_value') return issue.message;
  return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
}

function executors(): string[] {
  return scenario.options.map((option) => option.shape.executor.value);
}

/** The fields that the object at this place of a profile may have. */
function fieldsAt(path: PropertyKey[], found: unknown): string[] {
  const [part] = path;
  if (part === 'health') return Object.keys(health.shape);
  if (part === 'thresholds') return Object.keys(detailedThreshold.shape);
  if (part === 'availability') return Object.keys(availability.shape);
  if (part === 'recovery') return Object.keys(recovery.shape);
  if (part === 'capacity') return Object.keys(capacity.shape);
  if (part === 'drift') return Object.keys(drift.shape);
  if (part === 'phases') return path.length > 2 ? ['curve', 'hours', 'times', 'day'] : Object.keys(phase.shape);
  if (part !== 'scenarios') return Object.keys(profile.shape);
  if (path.length > 2) return Object.keys(stage(rate).shape);
  const { executor } = found as ScenarioSpec;
  return Object.keys(scenario.options.find((option) => option.shape.executor.value === executor)!.shape);
}

function show(value: unknown): string {
  const json = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'missing');
  return json.length > 80 ? `${json.slice(0, 77)}…` : json;
}
