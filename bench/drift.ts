/** How often a leak is found, and how often one is seen that is none, in hours of a target's memory as a model has it. */
import { slopeOf } from '../support/judge/slope.ts';
import { random } from '../support/schedule/random.ts';
import { printTable } from './table.ts';

export const name = 'drift';
export const about = 'leaks that are found in the memory of 30 soaks of an hour, and those that are none';

const SOAKS = 30;
const HOUR_S = 3_600;
const BLOCKS = 60;
const CHANCE = 0.01;
/** What a drift is allowed to be: a share of the base, an hour. */
const ALLOWED = 0.01;

/**
 * The memory of a process with a garbage collector, read once a second: a base that grows by a tenth to a half at the start,
 * teeth of a twentieth to two thirds of it every 5 to 60 s, and waves of up to half a percent that last 20 s. A block is the
 * least of its minute, which is what is left after a collection.
 */
function soak(seed: number, leakPerHour: number): number[] {
  const draw = random(seed, name);
  const normal = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  const toothHeight = 0.05 + 0.6 * draw();
  const toothS = 5 + 55 * draw();
  const growth = 0.1 + 0.4 * draw();
  const growthS = HOUR_S * (0.01 + 0.09 * draw());
  const waveHeight = 0.001 + 0.004 * draw();
  let tooth = 0;
  let wave = 0;
  const blocks: number[] = Array(BLOCKS).fill(Number.POSITIVE_INFINITY);
  for (let s = 0; s < HOUR_S; s++) {
    tooth += 1 / (toothS * (0.8 + 0.4 * draw()));
    if (tooth >= 1) tooth = 0;
    wave = 0.95 * wave + waveHeight * Math.sqrt(1 - 0.95 ** 2) * normal();
    const started = growth * (1 - Math.exp(-s / growthS));
    const bytes = 1 + wave + started + toothHeight * tooth + (leakPerHour * s) / HOUR_S;
    const block = Math.floor((s * BLOCKS) / HOUR_S);
    blocks[block] = Math.min(blocks[block]!, bytes);
  }
  return blocks;
}

function hasLeak(blocks: number[]): boolean {
  const slope = slopeOf(blocks, (HOUR_S * 1_000) / BLOCKS, CHANCE)!;
  return slope.low > 0 && slope.perHour > ALLOWED * slope.base;
}

export async function run(): Promise<void> {
  const rows = [0, 0.005, 0.02, 0.05].map((leakPerHour) => {
    const found = Array.from({ length: SOAKS }, (_, seed) => hasLeak(soak(seed, leakPerHour))).filter(Boolean).length;
    return [`${100 * leakPerHour} %`, `${found} of ${SOAKS}`];
  });
  printTable(['leak, of the base an hour', 'seen'], rows);
}
