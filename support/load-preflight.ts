import type { Options } from './options.ts';
import type { Address, Target } from './target.ts';

/** A load that is about to be sent. */
export interface PlannedLoad<O = Options> {
  scenario: string;
  target: Target;
  options: Readonly<O>;
  /** The most that it has at once, over all slices. */
  vus: number;
  slices: number;
}

/**
 * Whether the target can take the load at all: asked in the runner's process, before anything of the run is sent. May name addresses
 * that the load talks to beside the target's own: the run waits until these answer, too, and watches them.
 * @throws one sentence that says what was found and what to do; an OptionError gets the option's file and line
 */
export type Preflight<O = Options> = (load: PlannedLoad<O>) => Promise<void> | Promise<readonly Address[]>;

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
