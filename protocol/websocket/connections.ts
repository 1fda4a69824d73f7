import type { SliceContext, Vu } from '../../support/test.ts';
import { Rounds } from '../transports/rounds.ts';
import { MessageAccess } from './access.ts';
import { LOOKS_A_TIMEOUT, MessageClient } from './client.ts';
import type { MessageEvidence } from './message-delivery.ts';
import type { WebsocketOptions } from './options.ts';
import { Pace } from './pace.ts';

/** The connections of a slice are looked after this often, and more often when their times are shorter. */
const ROUND_MS = 500;

/** The connections of a slice, one a VU, and what they share. */
export class Connections {
  readonly #access: MessageAccess;
  readonly #pace: Pace<MessageClient>;
  readonly #rounds: Rounds<MessageClient>;

  constructor(slice: SliceContext<WebsocketOptions>) {
    const access = new MessageAccess(slice);
    this.#access = access;
    this.#pace = new Pace(
      access.periodMs,
      (client, dueAt) => client.due(dueAt),
      () => access.endsAt(),
    );
    const roundMs = Math.min(ROUND_MS, slice.options.timeoutMs / LOOKS_A_TIMEOUT);
    this.#rounds = new Rounds(roundMs, (client) => client.visit());
  }

  /** A connection for a VU. */
  join(vu: Vu): MessageClient {
    const client = new MessageClient(this.#access, vu, this.#pace);
    this.#rounds.join(client);
    return client;
  }

  evidence(): MessageEvidence {
    return this.#access.evidence();
  }

  close(): void {
    this.#rounds.close();
  }
}
