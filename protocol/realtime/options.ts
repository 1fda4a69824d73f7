import { z } from 'zod';
import { durationMs } from '../../support/test.ts';
import { life, localAddresses } from '../transports/connection-options.ts';

const names = 'a list of different names such as ["vm_status", "alerts"]';
const aNumber = 'a number of at least 0';

const amount = z.number(aNumber).min(0, aNumber);

/** What profiles may say of the load `realtime`. */
export const realtimeOptions = z
  .strictObject({
    channels: z.custom<string[]>(areChannels, names).default(['vm_status', 'system_metrics', 'alerts']),
    life: life.prefault('30s-60s'),
    heartbeat: durationMs.prefault('5s'),
    timeout: durationMs
      .describe('How long the target may take to answer a heartbeat, a subscription or a query.')
      .prefault('10s'),
    queries: amount.describe('A minute, of each connection.').default(2),
    changes: amount.describe('Of a VM, a second, in the whole load, so that there are events.').default(1),
    localAddresses,
  })
  .transform(({ life, heartbeat, timeout, queries, changes, ...options }) => ({
    ...options,
    lifeMs: life,
    heartbeatMs: heartbeat,
    timeoutMs: timeout,
    queriesPerMinute: queries,
    changesPerSecond: changes,
  }));

export type RealtimeOptions = z.output<typeof realtimeOptions>;

function areChannels(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || new Set(value).size < value.length) return false;
  return value.every((name) => typeof name === 'string' && name !== '');
}
