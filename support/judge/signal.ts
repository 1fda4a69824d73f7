import type { Unit } from './unit.ts';

/** One sign of the generator's own state against its limit in the profile's `health`. */
export interface HealthSignal {
  signal:
    | 'lateness'
    | 'event-loop-delay'
    | 'generator-cpu'
    | 'gc-pause'
    | 'machine-cpu'
    | 'steal'
    | 'throttled'
    | 'control-page'
    | 'exhausted'
    /** The share of the load that was sent when it was due, but for what the target held up: here `allowed` is the least. */
    | 'delivered';
  /** Whose process; absent for what concerns the whole machine. */
  scenario?: string;
  /** Of merged shards the one that was worst; counts from 1. */
  shard?: number;
  /** Set for how it was in one phase, of which something is asked by itself; absent for all phases with load. */
  phase?: string;
  /** What ran out: `EMFILE`, `EADDRNOTAVAIL`. */
  detail?: string;
  observed: number;
  allowed: number;
  unit: Unit;
  count: number;
  ok: boolean;
  /** Of what holds a process up for a while: how much of a figure that can have been. */
  cost?: Cost;
}

export interface Cost {
  /** The longest pause. */
  stallMs: number;
  /** Share of time that it took in its worst interval, and in the mean; 0 … 1. */
  worstShare: number;
  meanShare: number;
  /** All pauses together, where these are known one by one. */
  totalMs?: number;
}
