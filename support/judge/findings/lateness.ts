import { apart, counted } from '../words/figures.ts';
import { inPhase } from '../words/names.ts';
import { afterSignal, LESS_LOAD_PER_SLICE } from '../words/signals.ts';
import type { Kind } from './kind.ts';

/**
 * Iterations that had a free VU began late, or what else of a load has times of its own, such as messages: the generator's own fault;
 * a warning when that decided nothing.
 */
export interface Lateness {
  kind: 'lateness';
  severity: 'invalid' | 'warning';
  scenario: string;
  phase?: string;
  p99Ms: number;
  allowedMs: number;
  /** Of all that was due. */
  count: number;
}

export const lateness: Kind<Lateness> = {
  kind: 'lateness',
  sentence({ scenario, phase, p99Ms, allowedMs, count }) {
    const [observed, allowed] = apart(p99Ms, allowedMs, 'ms');
    return (
      `The generator was late in ${scenario}${inPhase(phase)}: p(99) of the lateness it caused itself was ${observed} over ` +
      `${counted(count, 'sample')}; allowed ${allowed}.`
    );
  },
  nextStep: ({ severity }) => afterSignal(severity, LESS_LOAD_PER_SLICE),
};
