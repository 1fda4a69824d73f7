import { changeText, comparedFigure, comparedName } from '../words/compared.ts';
import { counted } from '../words/figures.ts';
import type { Kind } from './kind.ts';
import type { Regression } from './regression.ts';

/** There is a baseline, but whether the run is worse cannot be told: of any figure, or of one that has changed by much. */
export interface BaselineUndecided {
  kind: 'baseline-undecided';
  severity: 'warning';
  /** Those of which nothing can be told, and all that were compared. */
  figures: number;
  of: number;
  /** Of these the one that has changed by more than is allowed, and most. */
  worst?: Pick<Regression, 'aspect' | 'metric' | 'stat' | 'observed' | 'baseline' | 'change'>;
}

export const baselineUndecided: Kind<BaselineUndecided> = {
  kind: 'baseline-undecided',
  sentence({ figures, of, worst }) {
    if (of === 0) return 'Nothing was compared: no figure of the run is in its baseline.';
    const what = figures === of ? 'it' : `${counted(figures, 'figure')} of ${of}`;
    const told = `Whether ${what} got worse than the baseline cannot be told: the runs are too short, or too few.`;
    if (!worst) return told;
    const { aspect, observed, baseline, change } = worst;
    const [now, before] = [observed, baseline].map((value) => comparedFigure(aspect, value));
    return `${told} ${comparedName(worst)} was ${now} against ${before} (${changeText(aspect, change)}).`;
  },
  nextStep: 'Add runs of this build, npx tandem baseline accept <run>, or make the profile longer.',
};
