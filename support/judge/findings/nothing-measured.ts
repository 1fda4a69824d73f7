import { CUTS, type Kind } from './kind.ts';

/** Not one iteration came to an end, nor was one dropped. */
export interface NothingMeasured {
  kind: 'nothing-measured';
  severity: 'invalid';
}

export const nothingMeasured: Kind<NothingMeasured> = {
  kind: 'nothing-measured',
  leavesNoFigures: true,
  followsFrom: CUTS,
  needsAllShards: true,
  sentence: () => 'Nothing was measured: 0 iterations finished; required: at least 1.',
  nextStep:
    'Look at the -g filter, LOAD_DURATION, LOAD_SCALE, rates that come to less than one in the whole run, and when the scenarios start.',
};
