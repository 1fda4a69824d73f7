import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { z } from 'zod';
import { durationHelp, durationPattern, parseDuration } from './duration.ts';
import { aggregationsOf, expressionHelp, parseExpression, parseSelector, selectorHelp } from './judge/expression.ts';
import type { MetricDefinition } from './measure/metrics.ts';

const duration = z.string().regex(durationPattern, durationHelp);
const count = z.int().min(1);
const rate = z.number().min(0);

const stages = z
  .array(
    z.strictObject({ duration, target: z.number().min(0).describe('Reached, linearly, at the end of the stage.') }),
  )
  .min(1);

const common = {
  startTime: duration.optional().describe('After the start of the load window (journeys: of the run). Default 0s.'),
  gracefulStop: duration.optional().describe('How long running iterations may still take at the end. Default 30s.'),
  mix: z
    .record(z.string(), z.number().min(0))
    .refine((mix) => Object.values(mix).some((weight) => weight > 0), 'at least one operation with a weight above 0')
    .optional()
    .describe('Weights of the operations of the load, e.g. { "push": 40, "pull": 30 }; default: the load’s own.'),
  options: z.record(z.string(), z.json()).optional().describe('Handed to the load or journey as it is.'),
  slices: count.optional().describe('In how many slices this scenario takes part; default and at most the profile’s.'),
};

const open = {
  timeUnit: duration.optional().describe('What `rate` counts arrivals in. Default 1s.'),
  arrivals: z.enum(['uniform', 'poisson']).optional().describe('Default uniform.'),
  preAllocatedVUs: count.optional().describe('VUs made before the start. Default: maxVUs.'),
  maxVUs: count.optional().describe('Most VUs at once; needed for a load.'),
  maxSessions: count.optional().describe('Most browser sessions at once; needed for a journey, in place of maxVUs.'),
  maxLateness: duration
    .optional()
    .describe('An arrival that waited longer than this for a VU is dropped. Default 10s.'),
};

const scenario = z.discriminatedUnion('executor', [
  z.strictObject({
    executor: z.literal('constant-arrival-rate'),
    rate,
    duration: duration.optional().describe('Journeys: default the whole run.'),
    ...open,
    ...common,
  }),
  z.strictObject({
    executor: z.literal('ramping-arrival-rate'),
    startRate: rate.optional(),
    stages,
    ...open,
    ...common,
  }),
  z.strictObject({ executor: z.literal('constant-vus'), vus: count, duration: duration.optional(), ...common }),
  z.strictObject({
    executor: z.literal('ramping-vus'),
    startVUs: z.int().min(0).optional(),
    stages,
    gracefulRampDown: duration.optional().describe('Default 30s.'),
    ...common,
  }),
  z.strictObject({
    executor: z.literal('per-vu-iterations'),
    vus: count,
    iterations: count,
    maxDuration: duration.optional().describe('Default 10m.'),
    ...common,
  }),
  z.strictObject({
    executor: z.literal('shared-iterations'),
    vus: count,
    iterations: count,
    maxDuration: duration.optional().describe('Default 10m.'),
    ...common,
  }),
]);

const expression = z
  .string()
  .refine((text) => parseExpression(text) !== undefined, expressionHelp)
  .describe('k6’s threshold syntax: "p(95)<500", "rate<0.05"; or against the calm window: "p(75)<1.5*calm".');

const threshold = z.union([
  expression,
  z.strictObject({
    threshold: expression,
    minSamples: count
      .optional()
      .describe(
        'Fewer samples make the run invalid. Default: as many as show one sample beyond the limit (p(95): 20).',
      ),
  }),
]);

const profile = z.strictObject({
  $schema: z.string().optional(),
  description: z.string().min(1),
  calm: duration.optional().describe('Before the load starts only journeys run, for this long. Default 0s.'),
  slices: count.optional().describe('Worker processes a scenario is spread over. Default 1.'),
  scenarios: z
    .record(z.string(), scenario)
    .refine((all) => Object.keys(all).length > 0, 'at least one scenario')
    .describe('By the name of a file: protocol/<name>.load.ts or journeys/<name>.journey.ts.'),
  thresholds: z
    .record(z.string(), z.array(threshold).min(1))
    .describe('By metric, k6’s way: { "http_req_duration{scenario:sync-relay}": ["p(95)<500"] }.'),
  health: z
    .strictObject({
      maxLateness: duration.optional().describe('p99 of generator_lateness above this: invalid. Default 100ms.'),
      maxStartSpread: duration.optional().describe('Slices starting further apart than this: invalid. Default 1s.'),
      maxDropped: z.number().min(0).max(1).optional().describe('Share of arrivals that may be dropped. Default 0.'),
      targetDownAfter: duration.optional().describe('A target unreachable for this long ends the run. Default 5s.'),
    })
    .optional(),
});

export type ScenarioSpec = z.infer<typeof scenario>;
export type ProfileSpec = z.infer<typeof profile>;
export type ScenarioKind = 'load' | 'journey';

/** A profile as its file says it, with where that is. */
export interface ProfileFile {
  name: string;
  /** For error sentences, relative to the project. */
  path: string;
  spec: ProfileSpec;
}

/** JSON Schema for editors: `profiles/profile.schema.json` holds exactly this. */
export function profileSchema(): object {
  return { title: 'Tandem profile', ...z.toJSONSchema(profile) };
}

/**
 * Reads every `*.json` of a folder but the schema itself.
 * @param known the scenarios there are, by kind: the names of the files that define them
 * @throws one sentence naming file, field, what was found and what is allowed
 */
export function readProfiles(folder: string, root: string, known: Record<ScenarioKind, string[]>): ProfileFile[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json') && file !== 'profile.schema.json');
  return files.sort().map((file) => readProfile(join(folder, file), root, known));
}

function readProfile(file: string, root: string, known: Record<ScenarioKind, string[]>): ProfileFile {
  const path = relative(root, file);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: is not valid JSON: ${(error as Error).message}.`);
  }
  const parsed = profile.safeParse(json, { reportInput: true });
  if (!parsed.success) throw new Error(`${path}: ${sentence(parsed.error.issues[0]!, json)}`);
  const found = { name: basename(file, '.json'), path, spec: parsed.data };
  for (const [name, scenarioSpec] of Object.entries(found.spec.scenarios))
    checkScenario(path, name, scenarioSpec, known);
  checkSelectors(found);
  return found;
}

/** What a schema cannot say: which files exist, and what only a load or only a journey needs. */
function checkScenario(path: string, name: string, spec: ScenarioSpec, known: Record<ScenarioKind, string[]>): void {
  const field = `scenarios.${name}`;
  const kind = kindOf(name, known);
  if (!kind) {
    const all = [...known.load, ...known.journey].sort();
    throw new Error(`${path}: ${field} names no scenario; ${allowed(name, all)}.`);
  }
  if ('arrivals' in spec || spec.executor.endsWith('arrival-rate')) {
    const vus = spec as { maxVUs?: number; maxSessions?: number; preAllocatedVUs?: number };
    const [needed, other] =
      kind === 'journey' ? (['maxSessions', 'maxVUs'] as const) : (['maxVUs', 'maxSessions'] as const);
    if (vus[other] !== undefined) {
      throw new Error(`${path}: ${field}.${other} does not belong to a ${kind}; allowed is ${needed}.`);
    }
    if (vus[needed] === undefined && vus.preAllocatedVUs === undefined) {
      throw new Error(`${path}: ${field}.${needed} is missing; allowed is a whole number above 0.`);
    }
    const most = vus[needed];
    if (most !== undefined && (vus.preAllocatedVUs ?? 0) > most) {
      throw new Error(
        `${path}: ${field}.preAllocatedVUs is ${vus.preAllocatedVUs}; allowed is at most ${needed}, which is ${most}.`,
      );
    }
  }
  if (kind === 'load' && spec.executor.startsWith('constant-') && !('duration' in spec && spec.duration)) {
    throw new Error(`${path}: ${field}.duration is missing; allowed is ${durationHelp}.`);
  }
}

/** Syntax and scenario names; which metrics exist is known once the scenarios' files are loaded ({@link checkMetrics}). */
function checkSelectors({ path, spec }: ProfileFile): void {
  for (const source of Object.keys(spec.thresholds)) {
    const selector = parseSelector(source);
    if (!selector) throw new Error(`${path}: thresholds has "${source}"; allowed is ${selectorHelp}.`);
    const named = selector.tags.scenario ?? selector.tags.journey;
    if (named !== undefined && !(named in spec.scenarios)) {
      throw new Error(
        `${path}: thresholds "${source}" is about scenario "${named}"; ${allowed(named, Object.keys(spec.scenarios))}.`,
      );
    }
  }
}

/**
 * Thresholds on metrics nobody records, or on figures they do not have, are an error before the run, not a green light
 * after it.
 */
export function checkMetrics(
  path: string,
  thresholds: ProfileSpec['thresholds'],
  metrics: Record<string, MetricDefinition>,
): void {
  for (const [source, all] of Object.entries(thresholds)) {
    const { metric } = parseSelector(source)!;
    const definition = metrics[metric];
    if (!definition) {
      throw new Error(`${path}: thresholds names metric "${metric}"; ${allowed(metric, Object.keys(metrics).sort())}.`);
    }
    for (const text of all.map((one) => (typeof one === 'string' ? one : one.threshold))) {
      const { aggregation, ofCalm } = parseExpression(text)!;
      const possible = aggregationsOf(definition.type);
      if (!possible.includes(aggregation.method === 'p' ? 'p(N)' : aggregation.method)) {
        throw new Error(
          `${path}: thresholds "${source}" has "${text}", but ${metric} is a ${definition.type}; allowed: ${possible.join(', ')}.`,
        );
      }
      if (ofCalm && !metric.startsWith('browser_')) {
        throw new Error(
          `${path}: thresholds "${source}" has "${text}", but only browser_* metrics are measured in the calm window; allowed is a number.`,
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

export function kindOf(name: string, known: Record<ScenarioKind, string[]>): ScenarioKind | undefined {
  return known.load.includes(name) ? 'load' : known.journey.includes(name) ? 'journey' : undefined;
}

/** Milliseconds of a duration that the schema has already checked. */
export function ms(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : parseDuration(text)!;
}

type Issue = z.core.$ZodIssue;

function sentence(issue: Issue, json: unknown): string {
  const field = issue.path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part)),
    '',
  );
  const found = issue.path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown>)?.[part], json);
  if (issue.code === 'unrecognized_keys') {
    return `${field ? `${field} has` : 'there is'} an unknown field "${issue.keys[0]}".`;
  }
  if (issue.code === 'invalid_union' && 'discriminator' in issue && issue.discriminator) {
    const executors = scenario.options.map((option) => option.shape.executor.value);
    const name = (found as string | undefined) ?? undefined;
    return `${field} is ${show(name)}; ${allowed(String(name), executors)}.`;
  }
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.flat().find((one) => one.code === 'custom') ?? issue.errors.flat()[0];
    return `${field} is ${show(found)}; allowed is ${inner ? inner.message : issue.message}.`;
  }
  if (found === undefined) return `${field} is missing.`;
  return `${field} is ${show(found)}; allowed is ${expected(issue)}.`;
}

function expected(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : `a value of type ${issue.expected}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? 'not to be empty'
        : `a number of at least ${issue.minimum}`;
    case 'too_big':
      return `a number of at most ${issue.maximum}`;
    case 'invalid_value':
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    default:
      return issue.message;
  }
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** `allowed are a, b, c`, with the likely one first when `found` is a misspelling of it. */
export function allowed(found: string, names: string[]): string {
  const near = names.filter((name) => distance(found, name) <= Math.max(2, found.length / 4));
  const nearest = near.sort((a, b) => distance(found, a) - distance(found, b))[0];
  return `${nearest ? `did you mean "${nearest}"? ` : ''}allowed: ${names.join(', ')}`;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}
