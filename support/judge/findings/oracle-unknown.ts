import { quoted } from '../words/text.ts';
import { CUTS, type Kind } from './kind.ts';

/** An oracle could not tell: it crashed or saw nothing. */
export interface OracleUnknown {
  kind: 'oracle-unknown';
  severity: 'invalid';
  oracle: string;
  error: string;
}

export const oracleUnknown: Kind<OracleUnknown> = {
  kind: 'oracle-unknown',
  testCase: 'own',
  needsAllShards: true,
  followsFrom: [...CUTS, 'nothing-measured'],
  /** Work that fails brings no evidence. */
  isEffect: ({ oracle }, { broken }) => broken.some(({ oracles }) => oracles.includes(oracle)),
  sentence({ oracle, error }) {
    return (
      `${oracle} could not judge: ${quoted(error)}; ` +
      'required: an answer, since correctness nobody saw is not correctness.'
    );
  },
  // What it says of itself is not about the run.
  nextStep: ({ error }) =>
    /^the(re is no)? oracle /.test(error)
      ? 'Look at the file of the oracle, and at what its evidence is called.'
      : 'Look at whether its scenario ran, and did anything to check.',
};
