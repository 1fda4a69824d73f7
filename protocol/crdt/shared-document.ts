import type { ReplicaEvidence, SetEvidence } from '../../support/test.ts';
import { areMerged } from '../apis/relay/replica.ts';
import type { Edit, Peer } from './peer.ts';

/** Pauses between two looks at a document that has not converged; each is twice the one before, up to the longest. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;
/** Exchanges until what was not answered has been asked for again, and what that was rejected for is made anew and taken. */
const LAST_EXCHANGES = 2;

export interface DocumentEvidence {
  'acknowledged-writes': SetEvidence[];
  convergence: ReplicaEvidence[];
}

const ENTITY = '-entity-';

/** Of the entities that a document has one. */
export function entityName(document: string, number: number): string {
  return `${document}${ENTITY}${number}`;
}

/** What has another name no group has made: a server may put it into each of its documents. */
function isOfOther(entity: string, document: string): boolean {
  return entity.includes(ENTITY) && !entity.startsWith(`${document}${ENTITY}`);
}

/** A document and the devices of the group that share it. */
export class SharedDocument {
  readonly name: string;
  readonly peers: Peer[] = [];
  /** Begun so far. */
  episodes = 0;
  #edits: Edit[] = [];
  #atRest = false;
  #onNews: () => void = () => {};

  constructor(name: string) {
    this.name = name;
  }

  add(peer: Peer): void {
    this.peers.push(peer);
    peer.replica.onReceived = () => this.#onNews();
  }

  /** The changes of the episode. */
  get edits(): readonly Edit[] {
    return this.#edits;
  }

  begin(): void {
    this.episodes += 1;
    this.#edits = [];
    for (const peer of this.peers) peer.begin();
  }

  change(peer: Peer, entity: string, value: object): void {
    this.#edits.push(peer.change(entity, value));
  }

  /** Every replica holds what any device has changed, and all show the same. */
  get merged(): boolean {
    return areMerged(this.peers.map(({ replica }) => replica));
  }

  /** Conflicts that a device of the group has found since the episode began, each a pair of ids. */
  get conflicts(): Set<string> {
    const found = new Set<string>();
    for (const peer of this.peers) for (const pair of peer.conflicts(this.#edits)) found.add(pair);
    return found;
  }

  /** Each device hands over what it has, then takes in what the others had. */
  async exchange(deadline: number): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.push()));
    await Promise.all(this.peers.map((peer) => peer.pull(deadline)));
  }

  /**
   * Exchanges at least once, and until all replicas are merged.
   * @param deadline on `performance.now()`'s clock
   * @returns false when they are not merged by then, or the run was stopped
   */
  async converge(deadline: number, signal: AbortSignal): Promise<boolean> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const news = this.#news(pauseMs);
      await this.exchange(deadline);
      if (this.merged) return true;
      if (signal.aborted || performance.now() >= deadline) return false;
      await news;
    }
  }

  /** Brings all devices up to date one last time. @returns as {@link converge} */
  async settle(deadline: number, signal: AbortSignal): Promise<boolean> {
    const converged = await this.converge(deadline, signal);
    if (converged) await this.handOver(deadline);
    return converged;
  }

  /** Pushes what one of them still holds back, though the others may have it, until it is answered and, where need be, made anew. */
  async handOver(deadline: number): Promise<void> {
    for (let n = 0; n < LAST_EXCHANGES && this.peers.some(({ holdsBack }) => holdsBack); n++)
      await this.exchange(deadline);
  }

  /** The group will not touch it any more: what its evidence lacks from now on is missing. */
  rest(): void {
    this.#atRest = true;
  }

  /** What the oracles need; small beside the document itself. */
  evidence(): DocumentEvidence {
    const evidence: DocumentEvidence = { 'acknowledged-writes': [], convergence: [] };
    // Replicas that nobody has touched are equal, which says nothing.
    if (this.episodes === 0) return evidence;
    const clients = new Set(this.peers.map(({ replica }) => replica.client));
    for (const peer of this.peers) {
      const { replica, upToDate, holdsBack } = peer;
      // What nobody of the group ever began, and never shows, was sent to another document.
      const strangers = this.#atRest && upToDate ? replica.awaited.filter((client) => !clients.has(client)) : [];
      const history = peer.history(this.#atRest && upToDate);
      if (history) evidence['acknowledged-writes'].push(history);
      evidence.convergence.push({
        document: this.name,
        replica: replica.name,
        ...replica.digests(),
        received: replica.received,
        synced: upToDate,
        complete: this.#atRest && upToDate && !holdsBack,
        strays: [
          ...replica.entities.filter((entity) => isOfOther(entity, this.name)),
          ...strangers.map((client) => `a part of what Yjs client ${client} wrote`),
        ],
      });
    }
    return evidence;
  }

  async close(): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.close()));
  }

  /** Resolves when something has come in, at the latest after `maxMs`. */
  #news(maxMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, maxMs);
      this.#onNews = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
