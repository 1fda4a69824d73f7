import type { HealthSignal } from './signal.ts';
import type { Unit } from './unit.ts';

/** Why a threshold or a finding is not decided: what may have made its figure what it is. */
export interface Doubt {
  /** `no-data`: too few samples, `observed` of `allowed`. `unfinished`: `observed` samples that never came to an end. `refused-values`: `observed` values that were none of the metric. `less-asked`: `observed` of what the profile asks for was asked. Else a signal of the generator's health, or what cut the run short. */
  by: 'no-data' | 'unfinished' | 'refused-values' | 'less-asked' | HealthSignal['signal'] | 'late-start' | CutShort;
  /** Whose process it was; absent for what concerns the machine or the whole run. */
  scenario?: string;
  shard?: number;
  /** The phase that it is known of; absent for all phases with load, or the whole run. */
  phase?: string;
  /** When it was beyond its limit, ms since the run's start, where its mean over the load was not; `observed` is of these times. */
  times?: { startMs: number; endMs: number }[];
  observed?: number;
  allowed?: number;
  unit?: Unit;
}

/** Findings after which a part of the load was missing. */
export type CutShort =
  | 'interrupted'
  | 'aborted'
  | 'crashed'
  | 'missing-slice'
  | 'missing-shard'
  | 'foreign-shard'
  | 'shard-spread';
