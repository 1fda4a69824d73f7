import { ms } from './fields.ts';
import type { PhaseSpec, ProfileSpec } from './schema.ts';
import { searchOf, searchPhases } from './search.ts';

/** Those that a profile names, or that its search for a capacity may have; undefined without either. */
export function phaseSpecs(spec: Pick<ProfileSpec, 'calm' | 'phases' | 'capacity'>): PhaseSpec[] | undefined {
  const search = searchOf(spec);
  return search ? searchPhases(search, spec.calm) : spec.phases;
}

/** The phases of a profile in the order of time, with whether only journeys run in them. */
export function phaseNames(
  spec: Pick<ProfileSpec, 'calm' | 'phases' | 'capacity'>,
): { name: string; isQuiet: boolean }[] {
  const phases = phaseSpecs(spec);
  if (phases) return phases.map(({ name, load }) => ({ name, isQuiet: load === 0 }));
  return [...(ms(spec.calm, 0) > 0 ? [{ name: 'calm', isQuiet: true }] : []), { name: 'load', isQuiet: false }];
}
