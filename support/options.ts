import { z } from 'zod';
import { durationHelp, parseDuration } from './input/duration.ts';
import { allowed } from './input/misspelling.ts';
import { ownOf } from './measure/own.ts';
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
  additionalProperties?: unknown;
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
  if (parsed.success) {
    const extra = extraField(inputOf(schema), given);
    if (extra) throw unknownField(schema, where, extra.slice(0, -1), extra.at(-1)!);
    return parsed.data;
  }
  const issue = parsed.error.issues[0]!;
  if (issue.code === 'unrecognized_keys') throw unknownField(schema, where, issue.path, issue.keys[0]!);
  const found = issue.path.reduce<unknown>((value, part) => Object(value)[part], given);
  throw new OptionError(
    issue.path,
    `${fieldAt(where, issue.path)} is ${JSON.stringify(found) ?? 'missing'}; allowed is ${allowedBy(issue)}.`,
  );
}

/** What may be given to a schema. */
function inputOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

function fieldAt(where: string, path: readonly PropertyKey[]): string {
  return [where, ...path.map(String)].join('.');
}

/** Of the fields that were given one that `z.object` would drop in silence; others say by themselves what becomes of theirs. */
function extraField({ properties, additionalProperties }: JsonSchema, given: unknown): string[] | undefined {
  if (!properties || typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
  for (const [key, value] of Object.entries(given)) {
    const known = ownOf(properties, key);
    if (!known && additionalProperties === undefined) return [key];
    const inner = known && extraField(known, value);
    if (inner) return [key, ...inner];
  }
  return undefined;
}

function unknownField(schema: z.ZodType, where: string, path: readonly PropertyKey[], key: string): OptionError {
  const { properties = {} } = path.reduce<JsonSchema>(
    (part, name) => part.properties?.[String(name)] ?? {},
    inputOf(schema),
  );
  return new OptionError(
    [...path, key],
    `${fieldAt(where, path)} has an unknown field "${key}"; ${allowed(key, Object.keys(properties).sort())}.`,
  );
}

const types: Record<string, string> = {
  object: 'an object',
  record: 'an object',
  array: 'a list',
  int: 'a whole number',
  string: 'a text',
  boolean: 'true or false',
};

function allowedBy(issue: z.core.$ZodIssue): string {
  // What zod itself says is no end of a sentence.
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input'))
    return types[issue.expected] ?? `a ${issue.expected}`;
  if (issue.code !== 'invalid_value') return issue.message;
  return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
}
