/** What fields of a profile are made of: each message is what is allowed, and ends the sentence that an error is. */
import { z } from 'zod';
import { durationHelp, durationPattern, parseDuration } from '../input/duration.ts';

/** More than one could ever run: a slip of the pen, which would take all memory or never end. */
export const most = {
  vus: 1_000_000,
  arrivalsPerSecond: 10_000_000,
  /** Steps of all VU ramps of a scenario. */
  vuChanges: 10_000_000,
  iterations: 1_000_000_000,
  stages: 1_000,
  /** Of all days that a phase's curve goes through: each is a stretch of every scenario's schedule. */
  hours: 10_000,
  /** Of an operation in a mix. */
  weight: 1_000_000,
  /** Each is a process, and all run at the same time. */
  slices: 500,
};

export const duration = z
  .string(durationHelp)
  .regex(durationPattern, durationHelp)
  .refine((text) => parseDuration(text) !== undefined, durationHelp);
export const someTime = duration.refine((text) => parseDuration(text) !== 0, 'a duration above 0s');
export const words = z.string('a text that is not empty').min(1, 'a text that is not empty');
export const rate = amount(0);
export const aboveZero = z.number('a number above 0').gt(0, 'a number above 0');
export const vusHelp = wholeNumberHelp(1, most.vus);
export const vus = wholeNumber(1, most.vus);
export const iterations = wholeNumber(1, most.iterations);
export const slices = wholeNumber(1, most.slices);
export const share = amount(0, 1);

function wholeNumberHelp(least: number, greatest: number): string {
  return `a whole number from ${least} to ${greatest.toLocaleString('en')}`;
}

export function wholeNumber(least: number, greatest: number) {
  const help = wholeNumberHelp(least, greatest);
  return z.int(help).min(least, help).max(greatest, help);
}

export function amount(least: number, greatest?: number, given?: string) {
  const range = greatest === undefined ? `of at least ${least}` : `from ${least} to ${greatest.toLocaleString('en')}`;
  const help = given ?? `a number ${range}`;
  const bounded = z.number(help).min(least, help);
  return greatest === undefined ? bounded : bounded.max(greatest, help);
}

export function stage(target: z.ZodNumber) {
  return z.strictObject({ duration, target: target.describe('Reached, linearly, at the end of the stage.') });
}

export function stages(target: z.ZodNumber) {
  const help = `a list of 1 to ${most.stages.toLocaleString('en')} stages`;
  return z.array(stage(target)).min(1, help).max(most.stages, help);
}

/** Milliseconds of a duration that the schema has already checked. */
export function ms(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : parseDuration(text)!;
}
