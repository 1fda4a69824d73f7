import type { Migration, Status, Vm } from './control-plane.ts';

/** What an event tells of a VM. */
export type VmEvent = {
  vm_id: string;
  name: string;
  status: Status | 'deleted';
  zone: string;
  revision: number;
  timestamp: number;
};

/** A VM as far as it is known: of one that somebody else has just made, only what its event said. */
export type KnownVm = Partial<Vm> & Pick<Vm, 'id' | 'name' | 'status' | 'zone' | 'revision' | 'created_at'>;

/** `vm` is undefined when it was deleted; `at` counts news. */
type Known = { vm: KnownVm | undefined; revision: number; at: number };

/** The VMs of the account, put together from answers and events in whatever order they come. */
export class Fleet {
  readonly #known = new Map<string, Known>();
  /** The latest of each VM. */
  readonly #migrations = new Map<string, Migration>();
  #news = 0;

  /** Newest first. */
  get vms(): KnownVm[] {
    const vms = [...this.#known.values()].flatMap(({ vm }) => vm ?? []);
    return vms.sort((a, b) => compare(b.created_at, a.created_at) || compare(a.id, b.id));
  }

  /** The migration that a VM is in; undefined when it is in none, or in one that nothing is known of. */
  migrationOf({ id, status }: KnownVm): Migration | undefined {
    const latest = this.#migrations.get(id);
    return latest && status === 'migrating' && !isEnded(latest) ? latest : undefined;
  }

  /** Whether there is a VM of which only an event told. */
  get isIncomplete(): boolean {
    return [...this.#known.values()].some(({ vm }) => vm && vm.image === undefined);
  }

  /** A moment, for `replaceAll`. */
  get now(): number {
    return this.#news;
  }

  /** What an answer says of a VM. */
  put(vm: Vm): void {
    const known = this.#known.get(vm.id);
    if (known && known.revision > vm.revision) return;
    this.#know(vm.id, vm, vm.revision);
  }

  /** It was deleted, as an answer says. */
  remove(id: string): void {
    this.#know(id, undefined, Number.POSITIVE_INFINITY);
  }

  hear({ vm_id: id, name, status, zone, revision, timestamp }: VmEvent): void {
    const known = this.#known.get(id);
    if (known && known.revision >= revision) return;
    const created_at = known?.vm?.created_at ?? new Date(timestamp).toISOString();
    const vm = status === 'deleted' ? undefined : { ...known?.vm, id, name, status, zone, revision, created_at };
    this.#know(id, vm, revision);
  }

  /** A list that was asked for at `since`: what has come to be known after that may not be in it, and stays. */
  replaceAll(vms: readonly Vm[], since: number): void {
    const listed = new Set(vms.map(({ id }) => id));
    for (const [id, { at }] of this.#known) {
      if (at <= since && !listed.has(id)) this.#known.delete(id);
    }
    for (const vm of vms) {
      const known = this.#known.get(vm.id);
      if (known && known.at > since && (!known.vm || known.revision > vm.revision)) continue;
      this.#know(vm.id, vm, vm.revision);
    }
  }

  /** True when it is news that this migration is over. */
  hearMigration(migration: Migration): boolean {
    const known = this.#migrations.get(migration.vm_id);
    const isOver = isEnded(migration);
    // Events may come in another order than they were sent: a migration only ever goes forward.
    if (known?.job_id === migration.job_id) {
      if (isEnded(known) || (!isOver && known.progress > migration.progress)) return false;
    } else if (known && !isEnded(known) && isOver) {
      return false;
    }
    this.#migrations.set(migration.vm_id, migration);
    return isOver;
  }

  #know(id: string, vm: KnownVm | undefined, revision: number): void {
    this.#news += 1;
    this.#known.set(id, { vm, revision, at: this.#news });
    if (!vm) this.#migrations.delete(id);
  }
}

function isEnded({ status }: Migration): boolean {
  return status === 'completed' || status === 'failed';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
