import { z } from 'zod';
import { durationMs, share, wholeNumber } from '../../support/test.ts';

export const follows = ['both', 'poll', 'stream'] as const;

/** What profiles may say of the load `migrations`. */
export const migrationOptions = z
  .strictObject({
    follow: z.enum(follows).describe('By what a migration is followed.').default('both'),
    pollInterval: durationMs.describe('Between two looks at a migration under way.').prefault('1s'),
    timeout: durationMs.describe('A migration that has not ended by then is stuck.').prefault('1m'),
    probeShare: share
      .describe('Of the migrations: those whose VM is asked all the time whether it answers.')
      .default(0.1),
    probeInterval: durationMs
      .describe('Between two such questions; what the blackout can be told to.')
      .prefault('10ms'),
    memoryMb: wholeNumber(1)
      .describe('Of each VM; with the bandwidth it decides how long a migration takes.')
      .default(4_096),
    bandwidthMbps: wholeNumber(1).default(1_000),
  })
  .transform(({ pollInterval, timeout, probeInterval, ...options }) => ({
    ...options,
    pollIntervalMs: pollInterval,
    timeoutMs: timeout,
    probeIntervalMs: probeInterval,
  }));

export type MigrationOptions = z.output<typeof migrationOptions>;
