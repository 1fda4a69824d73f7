import type { SetEvidence } from '../../support/test.ts';
import type { Replica } from '../apis/relay/replica.ts';
import { pairOf } from '../apis/relay/version.ts';

/** One change of one entity by one device. */
export interface Edit {
  id: string;
  entity: string;
  /** Yjs's name of the device, and how much of its work was done with this change. */
  client: number;
  clock: number;
}

/** One device of a group: a replica, and how it is kept in step. No method throws; what fails is tried again the next time. */
export interface Peer {
  readonly replica: Replica;
  /** It has taken in everything there was. */
  readonly upToDate: boolean;
  /** Something of its own never reached the others' relay: it cannot be compared with them. */
  readonly holdsBack: boolean;
  /** Begins an episode: conflicts count from here. */
  begin(): void;
  change(entity: string, value: object): Edit;
  /** Hands over what it has changed; resolves when that is acknowledged or has failed. */
  push(): Promise<void>;
  /** Takes in what is there. @param deadline on `performance.now()`'s clock: after it, it asks once at most */
  pull(deadline: number): Promise<void>;
  /** Conflicts that it has found since `begin`, each a pair of ids. @param edits all of the episode's */
  conflicts(edits: readonly Edit[]): ReadonlySet<string>;
  /** Its writes and reads, for the oracle; undefined where the wire knows no acknowledgement. */
  history(complete: boolean): SetEvidence | undefined;
  close(): Promise<void>;
}

/** Each two edits of one entity that two devices made without knowing of each other, as pairs of ids. */
export function concurrentPairs(edits: readonly Edit[]): Set<string> {
  const pairs = new Set<string>();
  edits.forEach((one, i) => {
    for (const other of edits.slice(i + 1)) {
      if (one.entity === other.entity && one.client !== other.client) pairs.add(pairOf(one.id, other.id));
    }
  });
  return pairs;
}
