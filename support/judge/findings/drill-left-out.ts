import type { Kind } from './kind.ts';

/** A drill of the embedded target, in a run against another. `invalid` where something was expected of the target after it. */
export interface DrillLeftOut {
  kind: 'drill-left-out';
  severity: 'invalid' | 'warning';
  drill: string;
}

export const drillLeftOut: Kind<DrillLeftOut> = {
  kind: 'drill-left-out',
  sentence: ({ severity, drill }) =>
    `The drill ${drill} was left out, as only the embedded target has it${severity === 'invalid' ? ', and what is expected after it was not seen' : ''}.`,
  nextStep: 'In a profile for this target, give it the command that does the same there.',
};
