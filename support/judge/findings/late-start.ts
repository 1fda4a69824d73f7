import { limitFigure, ms } from '../words/figures.ts';
import { sliceName } from '../words/names.ts';
import { afterSignal } from '../words/signals.ts';
import type { Kind } from './kind.ts';

/** A slice began after the others; a warning when that decided nothing. */
export interface LateStart {
  kind: 'late-start';
  severity: 'invalid' | 'warning';
  scenario: string;
  slice: number;
  lateMs: number;
  allowedMs: number;
}

export const lateStart: Kind<LateStart> = {
  kind: 'late-start',
  sentence({ scenario, slice, lateMs, allowedMs }) {
    return (
      `${sliceName(scenario, slice)} started ${ms(lateMs)} after the common start; ` +
      `allowed ${limitFigure(allowedMs, 'ms')}.`
    );
  },
  nextStep: ({ severity }) =>
    afterSignal(severity, 'Lower LOAD_SLICES or the profile’s `slices`, or use a quieter machine.'),
};
