import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** There is a baseline, but its file cannot be read. */
export interface BaselineUnreadable {
  kind: 'baseline-unreadable';
  severity: 'warning';
  error: string;
}

export const baselineUnreadable: Kind<BaselineUnreadable> = {
  kind: 'baseline-unreadable',
  sentence: ({ error }) => `Nothing was compared: ${quoted(error)}.`,
  nextStep: 'Restore the file, or delete it and accept runs anew.',
};
