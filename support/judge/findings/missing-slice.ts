import { counted } from '../words/figures.ts';
import { sliceName } from '../words/names.ts';
import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** A slice that delivered no report. */
export interface MissingSlice {
  kind: 'missing-slice';
  severity: 'invalid';
  scenario: string;
  slice: number;
  of: number;
  cause: string;
  /** Slices, of whichever scenario, that are missing for the same cause; absent without any. */
  others?: number;
}

export const missingSlice: Kind<MissingSlice> = {
  kind: 'missing-slice',
  sentence({ scenario, slice, of, cause, others }) {
    const more = others ? ` and ${counted(others, 'other slice')}` : '';
    return (
      `${sliceName(scenario, slice, of)}${more} delivered no report: ${quoted(cause)}; ` +
      `required: all${others ? '' : ` ${of}`}, since a part of the load was missing.`
    );
  },
  nextStep: "Look at that worker's output, or that shard's job.",
};
