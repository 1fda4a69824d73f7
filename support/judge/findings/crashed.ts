import { sliceName } from '../words/names.ts';
import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** The suite's own code failed in a slice: the load or journey threw outside an iteration. */
export interface Crashed {
  kind: 'crashed';
  severity: 'invalid';
  scenario: string;
  slice: number;
  error: string;
  /** When it was not the scenario's own code: the browser that died or never came up, or what the machine ran out of. */
  culprit?: 'browser' | 'machine';
}

const CULPRITS = {
  scenario: {
    text: "It is the scenario's own code that threw, outside an iteration, not the target.",
    nextStep: "Look at the scenario's file.",
  },
  browser: {
    text: 'It is the browser that died or did not start, neither the target nor the scenario.',
    nextStep: 'Look at the memory of the machine, and how many sessions it has at once.',
  },
  machine: {
    text: 'It is the machine of the generator that ran out of this, neither the target nor the scenario.',
    nextStep: 'Raise its limits (ulimit -n), or free its disk and memory.',
  },
};

export const crashed: Kind<Crashed> = {
  kind: 'crashed',
  sentence({ scenario, slice, error, culprit }) {
    return `${sliceName(scenario, slice)} crashed: ${quoted(error)}; required: none. ${CULPRITS[culprit ?? 'scenario'].text}`;
  },
  nextStep: ({ culprit }) => CULPRITS[culprit ?? 'scenario'].nextStep,
};
