import { parseDuration } from './duration.ts';

/** What a parser of rates allows, for error sentences. */
export const rateHelp = 'a rate such as 50, 50/s or 3000/1m';

/** How often a second, of a rate as Vegeta spells it: a number, a second or in the time after the slash. Undefined when it is none. */
export function parseRate(text: string): number | undefined {
  const [, times, per = '1s'] = /^(\d+(?:\.\d+)?)(?:\/(.+))?$/.exec(text) ?? [];
  const perMs = parseDuration(/^\d/.test(per) ? per : `1${per}`);
  if (times === undefined || !perMs) return undefined;
  const perSecond = (Number(times) * 1_000) / perMs;
  return Number.isFinite(perSecond) ? perSecond : undefined;
}
