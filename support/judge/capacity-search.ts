/** Which load a search for a capacity tries next, by what came of those before: bracket by factor, narrow, repeat the edges. */
import { bracketFactor, type SearchSpec } from '../profile/search.ts';
import type { CapacityStep, SearchEnd } from './results.ts';

/** A step of the load that was tried. */
export type Trial = Pick<CapacityStep, 'load' | 'state' | 'doubts'>;

/** Of one load, however often it was tried. */
export interface Level {
  load: number;
  held: number;
  missed: number;
  /** So often the generator may have been the cause. */
  limited: number;
  /**
   * What most of its decided trials came to: `split` where as many held as missed; `limited` by the generator, where more than missed
   * cannot be told for its sake; `thin` where too little was measured, as at a low load.
   */
  standing: 'held' | 'missed' | 'split' | 'limited' | 'thin';
}

/** In the order of load. */
export function levelsOf(trials: readonly Trial[]): Level[] {
  const levels = new Map<number, Level>();
  for (const { load, state, doubts = [] } of trials) {
    const level = levels.get(load) ?? { load, held: 0, missed: 0, limited: 0, standing: 'thin' };
    levels.set(load, level);
    if (state !== 'unknown') level[state] += 1;
    else if (doubts.some(({ by }) => by !== 'no-data')) level.limited += 1;
    level.standing = standingOf(level);
  }
  return [...levels.values()].sort((a, b) => a.load - b.load);
}

function standingOf({ held, missed, limited }: Level): Level['standing'] {
  if (held > missed) return 'held';
  // A generator that was mostly at its limit may have been at it, unseen, where the objectives were missed.
  if (limited > missed) return 'limited';
  if (missed > held) return 'missed';
  return held > 0 ? 'split' : 'thin';
}

/** A level that goes on holding as often as it misses is not one that holds. */
function isMissed({ standing, held, missed }: Level, { confirm }: SearchSpec): boolean {
  return standing === 'missed' || (standing === 'split' && held + missed >= 2 * (confirm + 1));
}

/** An edge has not yet come out the same way so often; one that never will is not waited for. */
function isUnsure({ standing, held, missed, limited }: Level, { confirm }: SearchSpec): boolean {
  return standing !== 'thin' && Math.abs(held - missed) <= confirm && held + missed + limited < 2 * (confirm + 1);
}

/**
 * The load to try next, or why there is none. Pure: the same trials always lead to the same.
 * @param possible the load nearest to one that there can be: VUs are whole, and of two loads with as many of them neither is more
 */
export function nextOf(
  spec: SearchSpec,
  trials: readonly Trial[],
  possible = (load: number) => load,
): { load: number } | { end: SearchEnd } {
  const { precision, confirm } = spec;
  const [from, to] = [possible(spec.from), possible(spec.to)];
  const levels = levelsOf(trials);
  if (levels.length === 0) return { load: from };
  const first = levels.findIndex((one) => isMissed(one, spec));
  const missed = levels[first];
  const below = missed ? levels.slice(0, first) : levels;
  const split = below.find(({ standing }) => standing === 'split');
  if (split) return { load: split.load };
  const limited = below.find(({ standing }) => standing === 'limited');
  // A machine may have a bad moment.
  if (limited && limited.limited <= confirm) return { load: limited.load };
  const upper = limited ?? missed;
  const lower = below.findLast(({ load, standing }) => standing !== 'limited' && load < (upper?.load ?? Infinity));
  if (!upper && lower!.load < to) return { load: Math.min(to, possible(bracketFactor * lower!.load)) };
  if (!limited && upper && lower && upper.load > lower.load * (1 + precision)) {
    const load = possible(Number(Math.sqrt(lower.load * upper.load).toPrecision(6)));
    if (load > lower.load && load < upper.load) return { load };
  }
  const unsure = [lower, limited ? undefined : missed].find((edge) => edge && isUnsure(edge, spec));
  if (unsure) return { load: unsure.load };
  return { end: limited ? 'generator' : 'found' };
}
