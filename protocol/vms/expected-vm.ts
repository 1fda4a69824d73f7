import { ExpectedResource, type Mismatch, type ResourceKind } from '../../support/test.ts';
import type { Id } from '../apis/id.ts';

/** The life of a VM: `creating → stopped ⇄ running → migrating → running`. */
export type VmStatus = 'creating' | 'stopped' | 'running' | 'migrating';

/** What was written into a VM, to be found in it again. */
export interface VmContent {
  name: string;
  cpu_cores: number;
  memory_mb: number;
  /** A target need not tell it, or as a number. */
  disk_gb?: unknown;
  tags?: Record<string, string> | null | undefined;
}

/** A VM as the target tells of it. */
export interface SeenVm extends VmContent {
  id: Id;
  status: string;
  zone: string;
}

const kind: ResourceKind<VmContent> = {
  initial: ['creating', 'stopped'] satisfies VmStatus[],
  isSame: (found, written) =>
    found.name === written.name &&
    found.cpu_cores === written.cpu_cores &&
    found.memory_mb === written.memory_mb &&
    (typeof found.disk_gb !== 'number' || found.disk_gb === written.disk_gb) &&
    haveSameTags(found.tags ?? {}, written.tags ?? {}),
  shown: ({ name, cpu_cores, memory_mb, disk_gb, tags }) => ({
    ...{ name, cpu_cores, memory_mb },
    ...(disk_gb !== undefined && { disk_gb }),
    tags: tags ?? {},
  }),
};

/** Tags that are written into some VM: one that was not written into this one is another's. A target may add its own. */
const OUR_TAGS = ['owner', 'tier', 'note'] as const;

export type VmTags = Partial<Record<(typeof OUR_TAGS)[number], string>>;

function haveSameTags(found: Record<string, string>, written: Record<string, string>): boolean {
  for (const name in written) if (found[name] !== written[name]) return false;
  return OUR_TAGS.every((name) => found[name] === written[name]);
}

/** What a VU's VM must be, by all that was asked of it and answered. */
export class ExpectedVm extends ExpectedResource<VmContent, Id> {
  /** Ms since the run's start. */
  readonly createdAtMs: number;
  /** Where it is, until it has come to where it was sent. */
  zone: string;
  /** It was sent there, and has not been seen to rest since. */
  #sentTo: string | undefined;

  /**
   * It was just created.
   * @param atMs since the run's start
   */
  constructor(counter: number, id: Id, content: VmContent & { zone: string }, write: string, atMs: number) {
    super(kind, counter, id, content, write, atMs);
    this.zone = content.zone;
    this.createdAtMs = atMs;
  }

  /** It was asked to migrate, or may have been. */
  sentTo(zone: string): void {
    this.#sentTo = zone;
  }

  get name(): string {
    return this.content.name;
  }

  /** Compares it with what was seen, and learns from that. Gives what is wrong, if anything is. */
  see(seen: SeenVm): Mismatch | undefined {
    // Of a migration that may have begun, the zone tells the end from the beginning.
    const hasMigrated = this.mayHaveLeft && this.mayBe('migrating') && seen.zone !== this.zone;
    const wrong = this.compare(seen.id, seen.status, seen, hasMigrated);
    if (wrong) return wrong;
    const zones = [this.zone, ...(this.#sentTo === undefined ? [] : [this.#sentTo])];
    if (!zones.includes(seen.zone)) {
      return { breach: 'changed', expected: { zone: zones.join(' → ') }, found: { zone: seen.zone } };
    }
    if (this.isMoving || this.open > 0) return undefined;
    this.zone = seen.zone;
    this.#sentTo = undefined;
    return undefined;
  }

  /** What a whole list has wrong of it; undefined as a row: it is not there. */
  asListed(row: SeenVm | undefined): Mismatch | undefined {
    const wrong = this.inList(row && { state: row.status, content: row });
    if (wrong || !row || this.open > 0 || this.isMoving || row.zone === this.zone) return wrong;
    return { breach: 'mislisted', expected: { zone: this.zone }, found: { zone: row.zone } };
  }
}
