import { count, counted } from '../words/figures.ts';
import type { Kind } from './kind.ts';

/** There is a baseline, but too few runs in it to know how much they differ by chance. */
export interface BaselineThin {
  kind: 'baseline-thin';
  severity: 'warning';
  runs: number;
  needed: number;
}

export const baselineThin: Kind<BaselineThin> = {
  kind: 'baseline-thin',
  sentence({ runs, needed }) {
    return (
      `Nothing was compared: the baseline holds ${counted(runs, 'run')}; required: at least ` +
      `${count(needed)}, to know how much runs of one build differ by chance.`
    );
  },
  nextStep: 'Add runs of this build: npx tandem baseline accept <run>.',
};
