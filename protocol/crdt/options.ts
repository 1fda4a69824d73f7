import { z } from 'zod';
import { durationMs, type SliceContext } from '../../support/test.ts';

export const dialects = ['relay', 'yjs'] as const;
/** The HTTP relay, or a Yjs room over WebSocket. */
export type Dialect = (typeof dialects)[number];

/** What profiles may say of the load `crdt-conflicts`. */
export const conflictOptions = z.strictObject({
  dialect: z.enum(dialects).optional().describe('Default: what the target is configured for.'),
  convergenceTimeout: durationMs.describe('How long a group may take to converge.').prefault('10s'),
});

export type ConflictOptions = z.output<typeof conflictOptions>;

/** Those that the groups speak, by turns of the VUs' ids. */
export function dialectsOf({ options: { dialect }, target }: SliceContext<ConflictOptions>): readonly Dialect[] {
  return dialect === undefined ? configured(target) : [dialect];
}

/** Whoever names the address of one of the two, and not of the other, has that one; else there are both. */
function configured({ configured }: SliceContext['target']): readonly Dialect[] {
  const [relay, yjs] = [configured.includes('SYNC_API_URL'), configured.includes('YJS_URL')];
  if (relay === yjs) return dialects;
  return relay ? ['relay'] : ['yjs'];
}
