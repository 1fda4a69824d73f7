import type { Kind } from './kind.ts';

/** No iteration of these scenarios was due while others ran: of what they ask for nothing is known. */
export interface Idle {
  kind: 'idle';
  severity: 'warning';
  scenarios: string[];
}

export const idle: Kind<Idle> = {
  kind: 'idle',
  needsAllShards: true,
  sentence: ({ scenarios }) =>
    `Nothing was asked for in ${scenarios.join(', ')}: no iteration began, and nothing is known of what ${scenarios.length === 1 ? 'it tests' : 'they test'}.`,
  nextStep:
    'Look at rates that come to less than one in the whole run, at LOAD_DURATION and LOAD_SCALE, and at when the scenarios start.',
};
