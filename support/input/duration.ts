const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** k6's spelling of a duration: `500ms`, `30s`, `1m30s`, `2h`. */
export const durationPattern = /^(\d+(\.\d+)?(ms|s|m|h|d))+$/;

/** Two weeks: longer than any run, and as long as a timer of Node can be set without a second thought. */
export const LONGEST_MS = 14 * 86_400_000;

/** Milliseconds of a duration as k6 spells it, or undefined when it is not one, or too long. */
export function parseDuration(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * units[unit as string]!;
  }
  return totalMs <= LONGEST_MS ? totalMs : undefined;
}

/** What a parser of durations allows, for error sentences. */
export const durationHelp = 'a duration such as 500ms, 30s, 1m30s or 2h, at most 14d';
