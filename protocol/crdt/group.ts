import { setTimeout as wait } from 'node:timers/promises';
import { unfinished, type Vu } from '../../support/test.ts';
import { Replica } from '../apis/relay/replica.ts';
import type { Dialect } from './options.ts';
import { concurrentPairs, type Peer } from './peer.ts';
import { type DocumentEvidence, entityName, SharedDocument } from './shared-document.ts';

/** Metrics of the groups, each with the tag `dialect`; a load that uses them declares them. */
export const conflictMetrics = {
  crdt_conflicts_expected: 'counter',
  crdt_conflicts_detected: 'counter',
  /** Of the episodes that had to have a conflict: those in which a device found one. */
  crdt_conflict_detection: 'rate',
  /** From the acknowledgement of the last concurrent push (rooms: from the last update sent) until all replicas are merged; where they are not in time, as the least that it takes. */
  crdt_convergence_time: 'trend',
  /** Episodes after which the group converged in time. */
  crdt_merge_success: 'rate',
  /** Changes that were made without knowing of another one of the episode. */
  crdt_modifications: 'counter',
} as const;

const MIN_DEVICES = 2;
export const MAX_DEVICES = 4;
const ENTITIES = 5;
const SEQUENCE = 3;
const SEQUENCE_SPACING_MS = 50;
/** A fresh document after so many episodes: history grows with each, and the cost of a load must not grow with time. */
export const EPISODES_PER_DOCUMENT = 100;
/** Documents that did not converge are kept to the end, since they may yet; with this many, the group goes on with the last. */
const MAX_UNSETTLED = 3;
/** Yjs numbers its clients with up to 32 bits. */
const MAX_CLIENT = 2 ** 32 - 1;

export interface GroupOptions {
  dialect: Dialect;
  /** How long the group may take to converge. */
  convergenceTimeoutMs: number;
  episodesPerDocument: number;
  /** On `performance.now()`'s clock, asked for once the load has come to rest: what is missing by then is lost. */
  settleDeadline(): number;
  /** Makes a device's way to the others. @param document its name, which is the same for the whole group */
  peer(replica: Replica, document: string): Peer;
}

/** A few devices of one account that keep changing the same things. One VU drives them all, one episode an iteration. */
export class Group {
  readonly #vu: Vu;
  readonly #options: GroupOptions;
  readonly #devices: number;
  #document: SharedDocument | undefined;
  #documents = 0;
  #unsettled: SharedDocument[] = [];
  /** In the last episode, as text by entity. */
  readonly #written = new Map<string, Set<string>>();
  readonly #settled: DocumentEvidence = { 'acknowledged-writes': [], convergence: [] };
  /** The episode under way: one that was given up at the end of the load goes on for a while. */
  #episode: Promise<void> = Promise.resolve();

  constructor(vu: Vu, options: GroupOptions) {
    this.#vu = vu;
    this.#options = options;
    this.#devices = vu.random.int(MIN_DEVICES, MAX_DEVICES);
  }

  /** Brings every device to the document, as far as that is possible before an episode. */
  async open(): Promise<SharedDocument> {
    this.#document ??= this.#newDocument();
    // What is left of the episode before is no part of the next one.
    await this.#document.handOver(this.#deadline());
    if (this.#options.dialect === 'yjs') await this.#document.exchange(this.#deadline());
    return this.#document;
  }

  /** All devices change the same entity without having seen each other, then push at once. */
  concurrentModification(): Promise<void> {
    return this.#run(async (document) => {
      const entity = this.#entity(document);
      for (const peer of document.peers) this.#change(document, peer, entity);
      await pushAll(document);
    });
  }

  /** Each device changes another number of entities, one of which all of them change, before any of them syncs. */
  divergentVectors(): Promise<void> {
    return this.#run(async (document) => {
      const shared = this.#entity(document);
      const turn = this.#vu.random.int(0, this.#devices - 1);
      document.peers.forEach((peer, i) => {
        const changes = 1 + ((i + turn) % this.#devices);
        for (let n = 0; n < changes; n++) {
          const entity = n === 0 ? shared : this.#entity(document);
          this.#change(document, peer, entity);
        }
      });
      await pushAll(document);
    });
  }

  /** One device changes an entity three times in a row: that is no conflict, and its last word counts. */
  rapidSequential(): Promise<void> {
    let entity = '';
    let last: object = {};
    const act = async (document: SharedDocument) => {
      entity = this.#entity(document);
      const writer = this.#vu.random.pick(document.peers);
      for (let n = 1; n <= SEQUENCE; n++) {
        const spacing = wait(n < SEQUENCE ? SEQUENCE_SPACING_MS : 0);
        last = this.#change(document, writer, entity);
        await writer.push();
        await spacing;
      }
    };
    return this.#run(act, (document) => {
      const text = JSON.stringify(last);
      this.#vu.check('crdt: no conflict in a sequence', document.conflicts.size === 0);
      this.#vu.check(
        'crdt: the last of a sequence wins',
        document.peers.every(({ replica }) => replica.value(entity) === text),
      );
    });
  }

  /** Brings every replica up to date one last time, beside one more that has never pulled. */
  async settle(): Promise<void> {
    await this.#episode;
    const { signal } = this.#vu.slice;
    const deadline = this.#options.settleDeadline();
    const documents = [...this.#unsettled, ...(this.#document ? [this.#document] : [])];
    await Promise.all(
      documents
        .filter(({ episodes }) => episodes > 0)
        .map(async (document) => {
          document.add(this.#peer(document, 'reader'));
          const converged = await document.settle(deadline, signal);
          // A look that was cut short proves nothing.
          if (converged || !signal.aborted) document.rest();
        }),
    );
  }

  evidence(): { [Oracle in keyof DocumentEvidence]: DocumentEvidence[Oracle] | null } {
    const all = [this.#settled, ...this.#unsettled.map((one) => one.evidence())];
    if (this.#document) all.push(this.#document.evidence());
    return {
      // Nothing acknowledges a write in a Yjs room.
      'acknowledged-writes': this.#options.dialect === 'yjs' ? null : all.flatMap((one) => one['acknowledged-writes']),
      convergence: all.flatMap((one) => one.convergence),
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#unsettled, ...(this.#document ? [this.#document] : [])].map((one) => one.close()));
  }

  /** @param verify looks at a group that has converged, and had before the episode */
  #run(act: (document: SharedDocument) => Promise<void>, verify?: (document: SharedDocument) => void): Promise<void> {
    const episode = this.#episode.then(() => this.#runEpisode(act, verify));
    this.#episode = episode.catch(() => {});
    return episode;
  }

  async #runEpisode(
    act: (document: SharedDocument) => Promise<void>,
    verify: ((document: SharedDocument) => void) | undefined,
  ): Promise<void> {
    const vu = this.#vu;
    const { signal } = vu.slice;
    const document = await this.open();
    if (this.#options.dialect === 'yjs' && !document.peers.every(({ upToDate }) => upToDate)) return;
    const mergedBefore = document.merged;
    document.begin();
    this.#written.clear();
    await act(document);
    const startAt = performance.now();
    const converged = await document.converge(this.#deadline(), signal);
    const convergenceMs = performance.now() - startAt;
    if (!converged && signal.aborted) return;

    const tags = { dialect: this.#options.dialect };
    const expected = concurrentPairs(document.edits);
    if (expected.size > 0) {
      const found = document.conflicts;
      const detected = [...expected].filter((pair) => found.has(pair)).length;
      vu.add('crdt_modifications', document.edits.length, tags);
      vu.add('crdt_conflicts_expected', expected.size, tags);
      vu.add('crdt_conflicts_detected', detected, tags);
      vu.add('crdt_conflict_detection', detected > 0 ? 1 : 0, tags);
      vu.check('crdt: the conflict is detected', detected > 0);
    }
    // Else the times would be those of the groups that converge alone, the better the fewer do.
    vu.add('crdt_convergence_time', convergenceMs, converged ? tags : { ...tags, ...unfinished });
    vu.add('crdt_merge_success', converged ? 1 : 0, tags);
    vu.check('crdt: replicas converge', converged);
    if (converged && mergedBefore) {
      const isWritten = ([entity, texts]: [string, Set<string>]) =>
        document.peers.every(({ replica }) => texts.has(replica.value(entity) ?? ''));
      vu.check('crdt: what is merged is what somebody wrote', [...this.#written].every(isWritten));
      verify?.(document);
    }
    await this.#leave(document, converged);
  }

  /** Goes on to a fresh document when this one is done with, or broken. */
  async #leave(document: SharedDocument, converged: boolean): Promise<void> {
    if (!converged) {
      if (this.#unsettled.length === MAX_UNSETTLED) return;
      this.#unsettled.push(document);
      this.#document = undefined;
    } else if (document.episodes >= this.#options.episodesPerDocument) {
      document.rest();
      const evidence = document.evidence();
      this.#settled['acknowledged-writes'].push(...evidence['acknowledged-writes']);
      this.#settled.convergence.push(...evidence.convergence);
      this.#document = undefined;
      await document.close();
    }
  }

  /** @returns what was written */
  #change(document: SharedDocument, peer: Peer, entity: string): object {
    const value = this.#value(entity);
    document.change(peer, entity, value);
    const texts = this.#written.get(entity) ?? new Set();
    this.#written.set(entity, texts.add(JSON.stringify(value)));
    return value;
  }

  #newDocument(): SharedDocument {
    const { runId, scenario } = this.#vu.slice;
    this.#documents += 1;
    const document = new SharedDocument(`${runId}-${scenario}-${this.#vu.id}-${this.#documents}`);
    for (let i = 0; i < this.#devices; i++) document.add(this.#peer(document, String.fromCharCode(97 + i)));
    return document;
  }

  #peer(document: SharedDocument, device: string): Peer {
    const replica = new Replica(`${document.name}-${device}`, this.#vu.random.int(1, MAX_CLIENT));
    return this.#options.peer(replica, document.name);
  }

  #entity(document: SharedDocument): string {
    return entityName(document.name, this.#vu.random.int(1, ENTITIES));
  }

  #value(id: string): object {
    const { random } = this.#vu;
    const payee = `Payee ${random.int(1, 500)}`;
    return { id, date: '2026-01-01', payee, amount_cents: random.int(-50_000, 50_000), account_id: 'checking' };
  }

  #deadline(): number {
    return performance.now() + this.#options.convergenceTimeoutMs;
  }
}

async function pushAll({ peers }: SharedDocument): Promise<void> {
  await Promise.all(peers.map((peer) => peer.push()));
}
