/** What an oracle's judge makes of the evidence. */
export interface Judgement {
  /** How many promises were looked at. */
  checked: number;
  /** How many of them were broken. */
  violations: number;
  /** Of the violations, each with what a person needs to find it again: ids, devices, times. Ten are kept. Of what is unknown: why. */
  examples: unknown[];
  /**
   * `unknown`: it could not tell. Default: `violated` when there is a violation, `ok` when anything was checked, else `unknown`.
   */
  status?: 'ok' | 'violated' | 'unknown';
  /** What was counted beside violations, e.g. duplicate deliveries. */
  counts?: Record<string, number>;
  /** Of violations: what was seen, in the words of the promise: `706 acknowledged, 0 found by every reader`. */
  summary?: string;
}

/** What a judge knows of the run beside its evidence. */
export interface JudgedRun {
  /** Every slice came to its end and brought what it had: no evidence can be missing. False for one of several shards. */
  isWhole: boolean;
}

/** What an oracle found, as data: `verdict.json` shows it as it is. */
export interface OracleResult extends Judgement {
  name: string;
  /** A sentence; absent when there is no oracle of this name. */
  promise?: string;
  /** `unknown`: the oracle could not tell, crashed, hung or had nothing to look at. It makes a run invalid, never a pass. */
  status: 'ok' | 'violated' | 'unknown';
}

/** Evidence of a slice, by the name of the oracle that will judge it; null when that oracle does not apply to what it did. */
export type Evidence = Record<string, unknown[] | null>;

/**
 * What JSON would leave out of evidence, or make another value of, without a word: `kept[0].ids is a Set`. Undefined where it holds all of
 * it; what is `undefined` is as if it were not there.
 */
export function lostAsJson(evidence: unknown, at = ''): string | undefined {
  const value = typeof Object(evidence).toJSON === 'function' ? (evidence as Date).toJSON() : evidence;
  if (typeof value === 'number' && !Number.isFinite(value)) return `${at} is ${value}`;
  if (typeof value === 'function' || typeof value === 'symbol') return `${at} is a ${typeof value}`;
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Object.entries(value as object);
  const { name } = Object.getPrototypeOf(value)?.constructor ?? Object;
  // A Map, a Set, an error: whatever is in it, nobody would miss it.
  if (entries.length === 0 && name !== 'Object' && name !== 'Array') return `${at} is of the class ${name}`;
  for (const [key, one] of entries) {
    const lost = lostAsJson(one, Array.isArray(value) ? `${at}[${key}]` : at === '' ? key : `${at}.${key}`);
    if (lost !== undefined) return lost;
  }
  return undefined;
}
