import type { Doubt } from '../doubt.ts';
import { type Aspect, chanceText, changeText, comparedFigure, comparedName } from '../words/compared.ts';
import { afterDoubts, GENERATOR_FIRST, undecidedText } from '../words/doubts.ts';
import { counted, limitFigure } from '../words/figures.ts';
import type { Kind } from './kind.ts';

/** A figure that is worse than in the runs of the baseline, by more than is allowed and more than chance does. */
export interface Regression {
  /** `fail` when it is critical, `invalid` when the generator may have caused that. */
  severity: 'fail' | 'invalid' | 'warning';
  aspect: Aspect;
  metric: string;
  /** `p(95)`; `rate` of errors is the share of failures, of throughput the number per second. */
  stat: string;
  observed: number;
  /** Mean of the baseline's runs. */
  baseline: number;
  /** 0.3: worse by 30 %, of errors by 30 percentage points. */
  change: number;
  /** What is allowed: of errors the share itself, else the change. */
  limit: number;
  /** The change that a run of the same build may show by chance. */
  noise: number;
  /** Chance of such time blocks in a run of the same build, corrected for all figures that were compared. */
  p: number;
  /** Runs of the baseline, and time blocks of each. */
  runs: number;
  blocks: number;
  /** What may have made the figure what it is; a critical one is `invalid` then. */
  doubts?: Doubt[];
}

export type RegressionFinding = { kind: 'regression' } & Regression;

export const regression: Kind<RegressionFinding> = {
  kind: 'regression',
  brief: 'got worse than its baseline',
  testCase: 'nothing is worse than in the baseline',
  sentence(finding) {
    const { aspect, observed, baseline, change, limit, noise, p, runs, blocks, doubts } = finding;
    const allowed = aspect === 'errors' ? limitFigure(limit, 'ratio') : changeText(aspect, limit);
    const undecided = doubts ? ` ${undecidedText(doubts)}` : '';
    return (
      `Worse than its baseline: ${comparedName(finding)} was ${comparedFigure(aspect, observed)} against ` +
      `${comparedFigure(aspect, baseline)} in ${counted(runs, 'run')} (${changeText(aspect, change)}); allowed ${allowed}, ` +
      `chance alone makes up to ${changeText(aspect, noise)}, with ${chanceText(p)} over ${counted(blocks, 'time block')}.${undecided}`
    );
  },
  nextStep: ({ doubts }) =>
    doubts
      ? afterDoubts(doubts, GENERATOR_FIRST)
      : 'Look at what changed since the runs of the baseline: npx tandem baseline show.',
};
