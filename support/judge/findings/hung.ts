import { limitFigure } from '../words/figures.ts';
import { sliceName } from '../words/names.ts';
import type { Kind } from './kind.ts';

/** A hook of a scenario was left where it hung. `invalid` when oracles needed what it was to find out. */
export interface Hung {
  kind: 'hung';
  severity: 'invalid' | 'warning';
  scenario: string;
  slice: number;
  hook: 'settle' | 'teardown' | 'teardownRun';
  limitMs: number;
}

export const hung: Kind<Hung> = {
  kind: 'hung',
  sentence({ severity, scenario, slice, hook, limitMs }) {
    const what = `${hook} of ${sliceName(scenario, slice).replace('Slice', 'slice')}`;
    const blind = severity === 'invalid' ? ' What the oracles had to see was not looked at to the end.' : '';
    return `The ${what} did not end within ${limitFigure(limitMs, 'ms')} and was left where it hung.${blind}`;
  },
  nextStep: "Look at the scenario's file.",
};
