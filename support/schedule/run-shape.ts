import { durationHelp, parseDuration } from '../input/duration.ts';
import { parseRate, rateHelp } from '../input/rate.ts';
import { most } from '../profile/fields.ts';
import { tagsOf } from '../profile/tags.ts';

/** What a person may change of one run without editing its profile. */
export interface RunShape {
  /** Length of the whole timeline, all phases; the profile's own when undefined. */
  durationMs?: number;
  /** Factor of rates and VUs. */
  scale: number;
  slices?: number;
  /** Arrivals a second of the only load; the profile's own when undefined. */
  ratePerSecond?: number;
  /** Machines that the run is spread over. */
  shards?: number;
  seed: string;
  /** Of the run, beside the profile's own. */
  tags?: Record<string, string>;
}

/** Reads `LOAD_DURATION`, `LOAD_SCALE`, `LOAD_RATE`, `LOAD_SLICES`, `LOAD_SEED`, `LOAD_TAGS`. Throws one sentence for what they may not be. */
export function runShape(env: NodeJS.ProcessEnv): RunShape {
  const { LOAD_DURATION, LOAD_SCALE, LOAD_RATE, LOAD_SLICES, LOAD_SEED, LOAD_TAGS } = env;
  const shape: RunShape = { scale: 1, seed: LOAD_SEED || '1' };
  if (LOAD_DURATION) {
    const durationMs = parseDuration(LOAD_DURATION);
    if (!durationMs) throw new Error(`LOAD_DURATION is "${LOAD_DURATION}"; allowed is ${durationHelp}.`);
    shape.durationMs = durationMs;
  }
  if (LOAD_SCALE) {
    shape.scale = Number(LOAD_SCALE);
    if (!(shape.scale > 0 && Number.isFinite(shape.scale))) {
      throw new Error(`LOAD_SCALE is "${LOAD_SCALE}"; allowed is a number above 0, such as 0.5.`);
    }
  }
  if (LOAD_RATE) {
    shape.ratePerSecond = parseRate(LOAD_RATE);
    if (!shape.ratePerSecond) throw new Error(`LOAD_RATE is "${LOAD_RATE}"; allowed is ${rateHelp}, above 0.`);
  }
  if (LOAD_TAGS) shape.tags = tagsOf(LOAD_TAGS);
  if (LOAD_SLICES) {
    shape.slices = Number(LOAD_SLICES);
    if (!(Number.isInteger(shape.slices) && shape.slices >= 1 && shape.slices <= most.slices)) {
      throw new Error(`LOAD_SLICES is "${LOAD_SLICES}"; allowed is a whole number from 1 to ${most.slices}.`);
    }
  }
  return shape;
}
