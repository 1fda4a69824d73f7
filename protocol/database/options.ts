import { z } from 'zod';
import { durationMs, share, wholeNumber } from '../../support/test.ts';
import { isolationLevels } from '../transports/postgres.ts';

const common = {
  connections: wholeNumber(1, 10_000).describe('Of the pools, over all slices.').default(20),
  timeout: durationMs.describe('How long a statement may take, its wait for a connection included.').prefault('30s'),
};

/** What profiles may say of orders that are read and written. */
export const orderOptions = z
  .strictObject({
    ...common,
    rows: wholeNumber(100, 10_000_000).describe('Orders that there are; a tenth as many customers.').default(10_000),
  })
  .transform(({ timeout, ...options }) => ({ ...options, timeoutMs: timeout }));

export type OrderOptions = z.output<typeof orderOptions>;

const levels = `a list of ${isolationLevels.map((level) => `"${level}"`).join(', ')}`;

/** What profiles may say of money that is moved between accounts. */
export const transferOptions = z
  .strictObject({
    ...common,
    accounts: wholeNumber(2, 1_000_000)
      .describe('The fewer there are, the more often transfers run into each other.')
      .default(200),
    isolation: z
      .array(z.enum(isolationLevels, levels), levels)
      .min(1, levels)
      .describe('Each transfer is made at one of these levels.')
      .default([...isolationLevels]),
    unordered: share
      .describe(
        'Of the transfers, those that lock their two accounts in any order: some of these end in a deadlock (40P01), after the deadlock_timeout of the database.',
      )
      .default(0),
  })
  .transform(({ timeout, ...options }) => ({ ...options, timeoutMs: timeout }));

export type TransferOptions = z.output<typeof transferOptions>;
