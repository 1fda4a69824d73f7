/** Tags of a run: whoever reads its results knows by them what it was. */
import { isMetricName } from '../measure/metrics.ts';

/** Of samples, of which a run has several values. */
const taken = [
  ...['scenario', 'journey', 'step', 'op', 'phase', 'check', 'group', 'window', 'profile', 'target', 'status', 'stat'],
  ...['count', 'quantile', 'le', 'metric', 'expression', 'oracle', 'unfinished'],
];

export const tagsHelp =
  'names of letters, digits and _ that samples do not have (scenario, op, phase …), with texts of 1 to 200 characters';

/** Whether these may be tags of a run. */
export function areTags(tags: Readonly<Record<string, string>>): boolean {
  return Object.entries(tags).every(
    ([name, value]) => isMetricName(name) && !taken.includes(name) && value.length >= 1 && value.length <= 200,
  );
}

/**
 * Reads `LOAD_TAGS`: `build=1234,env=staging`.
 * @throws one sentence
 */
export function tagsOf(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => /^\s*([^=]*?)\s*=\s*(.*?)\s*$/s.exec(pair));
  const tags = Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1]!, pair[2]!]] : [])));
  if (!pairs.every(Boolean) || Object.keys(tags).length < pairs.length || !areTags(tags)) {
    throw new Error(`LOAD_TAGS is "${text}"; allowed is name=value, with commas between several: ${tagsHelp}.`);
  }
  return tags;
}

/** `build=1234, env=staging`; empty without any. */
export function tagsText(tags: Readonly<Record<string, string>> = {}): string {
  return Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}
