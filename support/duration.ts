const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** k6's spelling of a duration: `500ms`, `30s`, `1m30s`, `2h`. */
export const durationPattern = /^(\d+(\.\d+)?(ms|s|m|h|d))+$/;

/** Milliseconds of a duration as k6 spells it, or undefined when it is not one. */
export function parseDuration(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * units[unit as string]!;
  }
  return totalMs;
}

/** What a parser of durations allows, for error sentences. */
export const durationHelp = 'a duration such as 500ms, 30s, 1m30s or 2h';
