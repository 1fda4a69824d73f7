import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** All slices passed, and Playwright fails the run all the same: a process died after its work, another reporter threw. */
export interface ErrorOutside {
  kind: 'error-outside';
  severity: 'invalid';
  error: string;
}

export const errorOutside: Kind<ErrorOutside> = {
  kind: 'error-outside',
  sentence: ({ error }) =>
    `After or beside the work of all slices something failed: ${quoted(error)}; required: nothing.`,
  nextStep: 'Look at what a scenario leaves running after its teardown, and at reporters that were added.',
};
