import { z } from 'zod';
import { durationMs, wholeNumber } from '../../support/test.ts';

/** What profiles may say of the load `attack`. */
export const attackOptions = z
  .strictObject({
    timeout: durationMs.describe('For a request as a whole, its redirects included.').prefault('30s'),
    redirects: wholeNumber(0, 100).describe('That are followed; with 0 they are answers.').default(10),
    keepAlive: z
      .boolean('true or false')
      .describe('With false each request has a connection of its own.')
      .default(true),
    connections: wholeNumber(1, 100_000).describe('To each origin, of each slice. Default: one a VU.').optional(),
  })
  .transform(({ timeout, ...options }) => ({ ...options, timeoutMs: timeout }));

export type AttackOptions = z.output<typeof attackOptions>;
