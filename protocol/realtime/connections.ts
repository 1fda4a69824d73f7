import type { SliceContext, Vu } from '../../support/test.ts';
import { vmToken } from '../apis/vms/api.ts';
import { Rounds } from '../transports/rounds.ts';
import { RealtimeAccess, RealtimeClient } from './api.ts';
import type { RealtimeOptions } from './options.ts';
import { VmActivity } from './vm-activity.ts';

/** The connections of a slice are looked after this often, and more often when their times are shorter. */
const ROUND_MS = 1_000;
const ROUNDS_A_HEARTBEAT = 4;

/** The real-time connections of a slice, one a VU, and what they share. */
export class Connections {
  readonly #token: string | undefined;
  readonly #access: RealtimeAccess;
  readonly #rounds: Rounds<RealtimeClient>;
  readonly #changesPerSecond: number;
  #activity: VmActivity | undefined;

  constructor(slice: SliceContext<RealtimeOptions>) {
    const { changesPerSecond, localAddresses, ...conditions } = slice.options;
    const { heartbeatMs, lifeMs, timeoutMs } = conditions;
    this.#token = vmToken(slice);
    this.#access = new RealtimeAccess(slice, this.#token, {
      ...conditions,
      localAddressOf: (vuId) => localAddresses[vuId % localAddresses.length],
    });
    const shortestMs = Math.min(heartbeatMs, lifeMs[0], timeoutMs);
    this.#rounds = new Rounds(Math.min(ROUND_MS, shortestMs / ROUNDS_A_HEARTBEAT), (client) => client.visit());
    this.#changesPerSecond = changesPerSecond;
  }

  /** A connection for a VU. The first of the whole load also sees to it that there are events. */
  join(vu: Vu): RealtimeClient {
    const client = new RealtimeClient(this.#access, vu);
    this.#rounds.join(client);
    if (vu.id === 0 && this.#changesPerSecond > 0)
      this.#activity = new VmActivity(vu, this.#token, this.#changesPerSecond, this.#access);
    return client;
  }

  /** Lets a connection have its life. */
  live(client: RealtimeClient): Promise<void> {
    this.#activity?.begin();
    return client.live();
  }

  /** For each oracle; null when the target does not number its events, or had none to tell. */
  evidence() {
    const { history, watched } = this.#access;
    return { 'event-delivery': history.evidence(), 'events-told': watched.evidence() };
  }

  async close(): Promise<void> {
    this.#rounds.close();
    await this.#activity?.close();
  }
}
