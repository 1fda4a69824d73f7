import type { Unit } from '../unit.ts';

/** What a finding's severity does: `fail` and `invalid` decide the status (DESIGN.md, Verdict), a `warning` does not. */
export type Severity = 'fail' | 'invalid' | 'warning';

/** A threshold's figure and its limit. */
export interface AgainstLimit {
  metric: string;
  expression: string;
  observed: number;
  limit: number;
  unit: Unit;
  /** Samples. */
  count: number;
}

/** A kind of finding: beside its data all that is known of it. Its rank is its place in the list of `index.ts`. */
export interface Kind<F extends { kind: string; severity: Severity }> {
  kind: F['kind'];
  /** What happened: observed, required, how many samples. */
  sentence(finding: F): string;
  /** What to look at or change next, in one or two sentences. */
  nextStep: string | ((finding: F) => string);
  /** Kinds of which it is a mere effect, whenever there is one of them. */
  followsFrom?: readonly string[];
  /** Whether it is a mere effect of what is there, where that depends on whose it is. */
  isEffect?(finding: F, causes: Causes): boolean;
  /** Its failures come before all others, as no state of the generator explains them; then the verdict in one sentence. */
  certain?: { headline: string };
  /** Of another failure what the target did, for the verdict in one sentence: `could not sustain the load`. */
  brief?: string;
  /** Comes before all others whatever its severity: somebody has to act at once. */
  isFirst?: true;
  /** Only all shards together can tell: too few samples, arrivals dropped here and not there, a write that another shard read. */
  needsAllShards?: true;
  /**
   * The test of `junit.xml` that it fails, a sentence of what should be; `own`: that of its threshold, oracle, answer or drill. Default: that the
   * measurement is valid.
   */
  testCase?: string;
  /** After it there are no figures of the load that was asked for, which could be compared with other runs. */
  leavesNoFigures?: true;
  /** How far over its limit, as a factor: the furthest comes first. */
  excess?(finding: F): number;
}

/** What others may be an effect of. */
export interface Causes {
  /** A part of the run is missing, and no threshold has ended it. */
  isCut: boolean;
  /** Scenarios of which a slice ended before its time. */
  ended: ReadonlySet<string>;
  /** Scenarios that the target turned away. */
  limited: ReadonlySet<string>;
  /** Scenarios that fail, or are turned away. */
  broken: Effects[];
  /** Of `broken` those that never succeeded. */
  never: Effects[];
}

/** Of each scenario what the effects of its failing depend on. */
export interface Effects {
  name: string;
  kind: 'load' | 'journey';
  /** Those that it brings evidence for. */
  oracles: string[];
}

/** What cuts a run short: it leaves thresholds and oracles without samples, and arrivals that never started. */
export const CUTS = [
  'target-down',
  'interrupted',
  'aborted',
  'crashed',
  'missing-slice',
  'missing-shard',
  'foreign-shard',
] as const;
