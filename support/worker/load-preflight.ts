import type { Options } from '../options.ts';
import type { Address } from '../target.ts';
import type { SliceContext } from './vu.ts';

/**
 * Whether the target can take the load at all: asked once a run, in the runner's process, before anything of the run is sent. May
 * name addresses that the load talks to beside the target's own: the run waits until these answer, too, and watches them.
 * @param slice the load's first, and so its largest; nobody reads what it records
 * @param tell a sentence that the user is to read before the run
 * @throws one sentence that says what was found and what to do; an OptionError gets the option's file and line
 */
export type Preflight<O = Options> = (
  slice: SliceContext<O>,
  tell: (sentence: string) => void,
) => Promise<void> | Promise<readonly Address[]>;

/** By the load's name. */
const preflights = new Map<string, Preflight>();

/** The load has been declared with this one. */
export function declarePreflight<O>(load: string, preflight: Preflight<O>): void {
  preflights.set(load, preflight as Preflight);
}

/** Undefined when the load has none. */
export function preflightOf(load: string): Preflight | undefined {
  return preflights.get(load);
}
