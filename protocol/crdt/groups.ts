import type { SliceContext, Target, Vu } from '../../support/test.ts';
import { userIn } from '../apis/auth.ts';
import { Cipher } from '../apis/relay/cipher.ts';
import { clockLag } from '../apis/relay/clock-lag.ts';
import type { Replica } from '../apis/relay/replica.ts';
import { relaySettings } from '../apis/relay/settings.ts';
import { Http } from '../transports/http.ts';
import { EPISODES_PER_DOCUMENT, Group, type GroupOptions, MAX_DEVICES } from './group.ts';
import { type ConflictOptions, type Dialect, dialectsOf } from './options.ts';
import type { Peer } from './peer.ts';
import { RelayPeer } from './relay-peer.ts';
import { checkRooms, yjsDialectOf } from './room-dialect.ts';
import { RoomPeer } from './room-peer.ts';
import { roomWire } from './room-wire.ts';
import { roomSettings, type YjsDialect } from './settings.ts';

/** A configured account has a history; pulling begins this long before, since clocks drift. */
const CLOCK_SLACK_MS = 60_000;
const MIN_SETTLE_MS = 2_000;

/** The groups of a slice, one a VU, and what they share. */
export class Groups {
  readonly #slice: SliceContext<ConflictOptions>;
  readonly #dialects: readonly Dialect[];
  readonly #http: Http;
  readonly #groups: Group[] = [];
  #yjsDialect: YjsDialect = 'y-websocket';
  /** How far the relay's clock is behind ours, where that matters. */
  #lagMs = 0;
  #settleDeadline: number | undefined;

  private constructor(slice: SliceContext<ConflictOptions>) {
    this.#slice = slice;
    this.#dialects = dialectsOf(slice);
    this.#http = new Http(slice, relaySettings(slice.target).syncUrl, {
      // Each device may have a request under way.
      connections: MAX_DEVICES * slice.maxVUs,
      timeoutMs: slice.options.convergenceTimeout,
    });
  }

  static async open(slice: SliceContext<ConflictOptions>): Promise<Groups> {
    const groups = new Groups(slice);
    if (groups.#dialects.includes('yjs')) {
      const room = probeRoomOf(slice);
      // Where it speaks none, the most common: what is wrong then shows in the load.
      groups.#yjsDialect = (await yjsDialectOf(slice, room, tokenOf(slice, room))) ?? 'y-websocket';
    }
    if (groups.#dialects.includes('relay') && configuredAccount(slice.target)) groups.#lagMs = await clockLag(slice);
    return groups;
  }

  /**
   * A group for a VU, its devices ready to begin.
   * @param changes what is otherwise with this one
   */
  async make(vu: Vu, changes: Partial<GroupOptions> = {}): Promise<Group> {
    const { convergenceTimeout: convergenceTimeoutMs } = this.#slice.options;
    const dialects = this.#dialects;
    const dialect = dialects[vu.id % dialects.length]!;
    const group = new Group(vu, {
      dialect,
      convergenceTimeoutMs,
      episodesPerDocument: EPISODES_PER_DOCUMENT,
      settleDeadline: () => this.#nextSettleDeadline(),
      peer: (replica, document) => this.#peer(dialect, vu, replica, document),
      ...changes,
    });
    this.#groups.push(group);
    await group.open();
    return group;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all(this.#groups.map((group) => group.close()));
    await this.#http.close();
  }

  /** Groups that come last have had as much time as the first, but for reading what there is. */
  #nextSettleDeadline(): number {
    const now = performance.now();
    const { convergenceTimeout: convergenceTimeoutMs } = this.#slice.options;
    this.#settleDeadline ??= now + convergenceTimeoutMs;
    return Math.max(this.#settleDeadline, now + Math.min(MIN_SETTLE_MS, convergenceTimeoutMs));
  }

  #peer(dialect: Dialect, vu: Vu, replica: Replica, document: string): Peer {
    const { target } = this.#slice;
    const token = tokenOf(this.#slice, document);
    if (dialect === 'yjs') {
      const wire = roomWire(this.#yjsDialect, roomSettings(target).yjsUrl, document, token);
      return new RoomPeer(replica, vu, { wire, timeoutMs: this.#slice.options.convergenceTimeout });
    }
    const user = userIn(relaySettings(target).syncUrl);
    const configured = configuredAccount(target);
    // Everybody's account, with a history of its own.
    const cursor = configured ? Date.now() - this.#lagMs - CLOCK_SLACK_MS : 0;
    const sent = user ? target.token : token;
    const cipher = Cipher.ofToken(configured ?? token);
    const isShared = configured !== undefined;
    return new RelayPeer(replica, { vu, http: this.#http, token: sent, cipher, document, isShared, cursor });
  }
}

/** @throws one sentence when the load goes to Yjs rooms, and there is none that it could enter */
export async function checkRelays(slice: SliceContext<ConflictOptions>): Promise<void> {
  if (!dialectsOf(slice).includes('yjs')) return;
  const room = probeRoomOf(slice);
  await checkRooms(slice, room, tokenOf(slice, room));
}

/** Undefined when accounts are made up. Secret. */
function configuredAccount(target: Target): string | undefined {
  return target.token ?? userIn(relaySettings(target).syncUrl);
}

function probeRoomOf({ runId, scenario }: SliceContext): string {
  return `${runId}-${scenario}-probe`;
}

/** Of the configured account, or one made up for the document. */
function tokenOf({ target }: SliceContext, document: string): string {
  return target.token ?? `tandem-${document}`;
}
