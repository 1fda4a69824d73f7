import { durationHelp, parseDuration, type SliceContext } from '../../support/test.ts';

export const dialects = ['relay', 'yjs'] as const;
/** The HTTP relay, or a Yjs room over WebSocket. */
export type Dialect = (typeof dialects)[number];

export interface ConflictOptions {
  /** By turns of the VUs' ids. */
  dialects: readonly Dialect[];
  /** How long a group may take to converge. */
  convergenceTimeoutMs: number;
}

const known = ['convergenceTimeout', 'dialect'];

/** Reads `scenarios.<name>.options` of the profile. @throws one sentence when an option or its value is not known */
export function conflictOptions({ scenario, options, target }: SliceContext): ConflictOptions {
  const where = `scenarios.${scenario}.options`;
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new Error(`${where}.${name} is not known; allowed: ${known.join(', ')}.`);
  }
  const { dialect, convergenceTimeout = '10s' } = options;
  if (dialect !== undefined && !dialects.includes(dialect as Dialect)) {
    throw new Error(
      `${where}.dialect is ${JSON.stringify(dialect)}; allowed: ${dialects.join(', ')}, or none for what the target is configured for.`,
    );
  }
  const convergenceTimeoutMs = typeof convergenceTimeout === 'string' ? parseDuration(convergenceTimeout) : undefined;
  if (!convergenceTimeoutMs) {
    throw new Error(
      `${where}.convergenceTimeout is ${JSON.stringify(convergenceTimeout)}; allowed is ${durationHelp}, above 0.`,
    );
  }
  return { dialects: dialect === undefined ? configured(target) : [dialect as Dialect], convergenceTimeoutMs };
}

/** Whoever names the address of one of the two, and not of the other, has that one; else there are both. */
function configured({ configured }: SliceContext['target']): readonly Dialect[] {
  const [relay, yjs] = [configured.includes('SYNC_API_URL'), configured.includes('YJS_URL')];
  if (relay === yjs) return dialects;
  return relay ? ['relay'] : ['yjs'];
}
