import { z } from 'zod';
import { durationHelp, parseDuration } from './input/duration.ts';
import { allowed } from './input/misspelling.ts';
import type { ScenarioKind } from './profile/schema.ts';

/** What a profile says in `scenarios.<name>.options`, checked, with defaults. */
export type Options = object;

/** From what a profile may say to what the load or journey gets. Each message says what is allowed: it ends a sentence. */
export type OptionsSchema<O> = z.ZodType<O>;

const aTime = `${durationHelp}, above 0`;

/** An option such as `"20s"`, in ms; `.prefault('20s')` gives it a default. */
export const durationMs = z
  .string(aTime)
  .refine((text) => Boolean(parseDuration(text)), aTime)
  .transform((text) => parseDuration(text)!);

/** An option that is a whole number within bounds. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  const help = `a whole number ${most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`}`;
  return z.int(help).min(least, help).max(most, help);
}

/** An option that is a number from 0 to 1. */
export const share = z.number('a number from 0 to 1').min(0, 'a number from 0 to 1').max(1, 'a number from 0 to 1');

/** A schema in JSON, as editors and lists take it: what a profile may say. */
export interface JsonSchema {
  description?: string;
  default?: unknown;
  properties?: Record<string, JsonSchema>;
}

/** Options that are not what they may be. */
export class OptionError extends Error {
  /** The place in the options, to the value or the unknown name that is wrong. */
  readonly field: readonly PropertyKey[];

  /** @param sentence what was found, what is allowed */
  constructor(field: readonly PropertyKey[], sentence: string) {
    super(sentence);
    this.field = field;
  }
}

const schemas = new Map<string, z.ZodType>();

/** A load or journey has been declared with these. */
export function declareOptions(kind: ScenarioKind, name: string, schema: z.ZodType): void {
  schemas.set(`${kind} ${name}`, schema);
}

/** For editors: what profiles may say in the options of a load or journey; undefined when it takes none. */
export function optionsSchema(kind: ScenarioKind, name: string): JsonSchema | undefined {
  const schema = schemas.get(`${kind} ${name}`);
  if (!schema) return undefined;
  const { $schema, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return json as JsonSchema;
}

/**
 * What the load or journey gets.
 * @param where names them in the error, such as `scenarios.watcher.options`
 * @throws OptionError of one sentence: field, what was found, what is allowed
 */
export function optionsOf(kind: ScenarioKind, name: string, given: Options, where: string): Options {
  const schema = schemas.get(`${kind} ${name}`);
  if (schema) return readOptions(schema, given, where) as Options;
  const [key] = Object.keys(given);
  if (key === undefined) return given;
  throw new OptionError([key], `${where} has "${key}", but ${kind} ${name} declares no options; allowed is none.`);
}

/** As {@link optionsOf}, by a schema. */
export function readOptions<O>(schema: OptionsSchema<O>, given: unknown, where: string): O {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = [where, ...issue.path.map(String)].join('.');
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys as [string];
    const whole = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
    const { properties = {} } = issue.path.reduce((part, name) => part.properties?.[String(name)] ?? {}, whole);
    const at = [...issue.path, key];
    throw new OptionError(
      at,
      `${field} has an unknown field "${key}"; ${allowed(key, Object.keys(properties).sort())}.`,
    );
  }
  const found = issue.path.reduce<unknown>((value, part) => Object(value)[part], given);
  throw new OptionError(
    issue.path,
    `${field} is ${JSON.stringify(found) ?? 'missing'}; allowed is ${allowedBy(issue)}.`,
  );
}

function allowedBy(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_value') return issue.message;
  return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
}
