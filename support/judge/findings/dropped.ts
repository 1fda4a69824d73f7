import type { Doubt } from '../doubt.ts';
import { undecidedText } from '../words/doubts.ts';
import { count, ratio } from '../words/figures.ts';
import { LESS_LOAD_PER_SLICE } from '../words/signals.ts';
import type { Kind } from './kind.ts';

/** Arrivals that never started, or iterations of looping VUs for which there was no time. A healthy generator blames the target (fail), an unhealthy one itself (invalid). */
export interface Dropped {
  kind: 'dropped';
  severity: 'fail' | 'invalid';
  scenario: string;
  dropped: number;
  due: number;
  maxVUs: number;
  allowed: number;
  /** Its VUs loop until so many iterations are done: nothing was due at a time of its own. */
  loops?: true;
  /** What may have made them drop; with severity `invalid`. */
  doubts?: Doubt[];
}

export const dropped: Kind<Dropped> = {
  kind: 'dropped',
  brief: 'could not sustain the load',
  testCase: 'no arrival is dropped',
  needsAllShards: true,
  followsFrom: ['target-down', 'interrupted'],
  /** Work that fails holds its VUs until it is given up. */
  isEffect: ({ scenario }, { ended, broken }) => ended.has(scenario) || broken.some(({ name }) => name === scenario),
  sentence({ severity, scenario, dropped, due, maxVUs, allowed, loops, doubts }) {
    const share = due > 0 ? ` (${ratio(dropped / due)})` : '';
    const lost = `${count(dropped)} of ${count(due)} due iterations${share}`;
    if (severity === 'fail' && loops) {
      const vus = maxVUs === 1 ? 'its only VU' : `its ${count(maxVUs)} VUs`;
      return (
        `${count(dropped)} of ${count(due)} iterations of ${scenario}${share} were not begun when its maxDuration was over, with ${vus} ` +
        `and the generator on time; allowed ${count(allowed)}.`
      );
    }
    const busy = maxVUs === 1 ? 'its only VU' : `all ${count(maxVUs)} VUs`;
    return severity === 'fail'
      ? `The target could not sustain the rate of ${scenario}: ${lost} were dropped with ${busy} busy ` +
          `and the generator on time; allowed ${count(allowed)}.`
      : `${scenario} lost ${lost} while the generator itself was late or saturated; allowed ${count(allowed)}. ` +
          `Whose fault it was cannot be told.${doubts ? ` ${undecidedText(doubts)}` : ''}`;
  },
  nextStep: ({ severity, loops }) =>
    severity === 'fail'
      ? loops
        ? 'Look at what an iteration spends its time on: the slowest operation; or allow more vus, or a longer maxDuration.'
        : "Look at what held the VUs: the slowest operation, then the target's CPU and connection pool."
      : LESS_LOAD_PER_SLICE,
};
