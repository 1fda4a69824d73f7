import { z } from 'zod';
import { durationMs, share, wholeNumber } from '../../support/test.ts';

export const follows = ['both', 'poll', 'stream'] as const;

/** What profiles may say of the load `migrations`. */
export const migrationOptions = z
  .strictObject({
    /** By what a migration is followed. */
    follow: z.enum(follows).default('both'),
    /** Between two looks at a migration under way. */
    pollInterval: durationMs.prefault('1s'),
    /** A migration that has not ended by then is stuck. */
    timeout: durationMs.prefault('1m'),
    /** Of the migrations: those whose VM is asked all the time whether it answers. */
    probeShare: share.default(0.1),
    /** Between two such questions; what the blackout can be told to. */
    probeInterval: durationMs.prefault('10ms'),
    /** Of each VM; with the bandwidth it decides how long a migration takes. */
    memoryMb: wholeNumber(1).default(4_096),
    bandwidthMbps: wholeNumber(1).default(1_000),
  })
  .transform(({ pollInterval, timeout, probeInterval, ...options }) => ({
    ...options,
    pollIntervalMs: pollInterval,
    timeoutMs: timeout,
    probeIntervalMs: probeInterval,
  }));

export type MigrationOptions = z.output<typeof migrationOptions>;
