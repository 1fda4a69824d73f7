/** What an oracle found, as data: `verdict.json` shows it as it is. */
export interface OracleResult {
  name: string;
  /** How many promises were looked at. */
  checked: number;
  violations: number;
  /** Up to ten, each with what a person needs to find it again: ids, devices, times. */
  examples: unknown[];
  /** `unknown`: the oracle crashed or had nothing to look at. It makes a run invalid, never a pass. */
  status: 'ok' | 'violated' | 'unknown';
  /** What was counted beside violations, e.g. duplicate deliveries. */
  counts?: Record<string, number>;
}

/** Evidence of a slice, by the name of the oracle that will judge it; null when that oracle does not apply to what it did. */
export type Evidence = Record<string, unknown[] | null>;
