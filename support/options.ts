import { z } from 'zod';
import { durationHelp, parseDuration } from './duration.ts';
import { allowed } from './misspelling.ts';
import type { ScenarioKind } from './profile.ts';

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

const schemas = new Map<string, z.ZodType>();

/** A load or journey has been declared with these. */
export function declareOptions(kind: ScenarioKind, name: string, schema: z.ZodType): void {
  schemas.set(`${kind} ${name}`, schema);
}

/**
 * What the load or journey gets; what the profile says when it has declared no options.
 * @param where names them in the error, such as `profiles/smoke.json: scenarios.watcher.options`
 * @throws one sentence: field, what was found, what is allowed
 */
export function optionsOf(kind: ScenarioKind, name: string, given: Options, where: string): Options {
  const schema = schemas.get(`${kind} ${name}`);
  return schema ? (readOptions(schema, given, where) as Options) : given;
}

/** As {@link optionsOf}, by a schema. */
export function readOptions<O>(schema: OptionsSchema<O>, given: unknown, where: string): O {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = [where, ...issue.path.map(String)].join('.');
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys as [string];
    const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    throw new Error(`${field} has an unknown field "${key}"; ${allowed(key, Object.keys(properties).sort())}.`);
  }
  const found = issue.path.reduce<unknown>((value, part) => Object(value)[part], given);
  throw new Error(`${field} is ${JSON.stringify(found) ?? 'missing'}; allowed is ${allowedBy(issue)}.`);
}

function allowedBy(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_value') return issue.message;
  return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
}
