import type { Vu } from '../../support/test.ts';
import type { Replica } from '../apis/relay/replica.ts';
import { concurrentPairs, type Edit, type Peer } from './peer.ts';
import { RoomClient, type RoomOptions } from './room.ts';

/** A device in a Yjs room. Its wire knows neither acknowledgements nor versions. */
export class RoomPeer implements Peer {
  readonly replica: Replica;
  readonly holdsBack = false;
  readonly #vu: Vu;
  readonly #room: RoomClient;
  #changes = 0;

  constructor(replica: Replica, vu: Vu, options: RoomOptions) {
    this.replica = replica;
    this.#vu = vu;
    this.#room = new RoomClient(vu.slice, replica, options);
  }

  get upToDate(): boolean {
    return this.#room.synced;
  }

  begin(): void {}

  change(entity: string, value: object): Edit {
    const { replica } = this;
    replica.change(entity, value);
    this.#changes += 1;
    const { client } = replica;
    return { id: `${replica.name}-${this.#changes}`, entity, client, clock: replica.clockOf(client) };
  }

  /** Changes are sent as they are made; those that could not be are part of the next sync. */
  async push(): Promise<void> {}

  /** Updates come by themselves, over a connection that has to be there. */
  async pull(): Promise<void> {
    if (this.#room.synced) return;
    this.#vu.check('room: the provider is synced', await this.#room.connect());
  }

  /** That two edits know nothing of each other the episode sees to; found they are by a device that holds both. */
  conflicts(edits: readonly Edit[]): ReadonlySet<string> {
    const held = edits.filter(({ client, clock }) => this.replica.clockOf(client) >= clock);
    return concurrentPairs(held);
  }

  history(): undefined {
    return undefined;
  }

  close(): Promise<void> {
    return this.#room.close();
  }
}
