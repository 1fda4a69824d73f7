import { setTimeout as wait } from 'node:timers/promises';
import { listLagMs, type Vu } from '../../support/test.ts';
import { type Id, isSame } from '../apis/id.ts';
import { type Vm, VmApi, zones } from '../apis/vms/api.ts';
import type { Http } from '../transports/http.ts';
import type { Rounds } from '../transports/rounds.ts';
import { DwcpApi, type MigrationOrder } from './api.ts';
import { Follow } from './follow.ts';
import type { MigrationHistory, MigrationRecord } from './history.ts';
import type { MigrationOptions } from './options.ts';
import { Probe, type Reply } from './probe.ts';
import type { DwcpStream } from './stream.ts';

/** Metrics of the migrations themselves; a load that uses them declares them. */
export const migrationMetrics = {
  /** The start request sent → known to be completed, by whatever told of it first. */
  migration_duration: 'trend',
  /** Of the migrations asked for: those that completed. */
  migration_success: 'rate',
  migrations_completed: 'counter',
  /** Of the migrations that were probed: how long the VM did not answer, from the first question for which it was paused. */
  migration_blackout: 'trend',
  /** Of those: the ones in which a question met the pause; without it, it was shorter than `probeInterval` can tell. */
  migration_blackout_seen: 'rate',
  migrations_active: 'gauge',
} as const;

/** How long stream, REST and the VM may take to say the same once one of them has told the end. */
const AGREEMENT_MS = 5_000;
/** Between two looks while they do not. */
const LOOK_MS = 100;
/** How long a new VM may take until it runs. */
const CREATION_MS = 30_000;
/** Names that begin with a VM's name: its own, and those of later ones. */
const MAX_ALIKE = 20;

/** What the migrating VMs of a slice share. */
export interface Shared {
  readonly options: MigrationOptions;
  readonly token: string | undefined;
  readonly http: Http;
  /** For what is no part of the load. */
  readonly unmeasured: Http;
  /** Undefined when migrations are followed by polling alone. */
  readonly stream: DwcpStream | undefined;
  readonly rounds: Rounds<Follow>;
  readonly history: MigrationHistory;
  /** Migrations under way. */
  active: number;
}

const ANOTHER_REFUSED = 'migration: another one is refused while one is under way';

interface OwnVm {
  id: Id;
  zone: string;
  /** As it was when it was seen last. */
  seen: Vm;
  /** Its last migration; empty before the first. */
  lastJob: Id;
}

/** A VM of a VU's own, which migrates from zone to zone. */
export class MigratingVm {
  readonly #shared: Shared;
  readonly #vu: Vu;
  readonly #dwcp: DwcpApi;
  readonly #vms: VmApi;
  #vm: OwnVm | undefined;
  #made = 0;
  /** VMs of which nobody knows what they are about; deleted at the end. */
  readonly #setAside: Id[] = [];
  #follow: Follow | undefined;
  /** Of its VM's last migration. */
  #record: MigrationRecord | undefined;
  /** The iteration under way: one that was given up at the end of the load goes on for a while. */
  #working: Promise<void> = Promise.resolve();

  constructor(shared: Shared, vu: Vu) {
    this.#shared = shared;
    this.#vu = vu;
    this.#dwcp = new DwcpApi(shared.http, vu, shared.token);
    this.#vms = new VmApi(shared.http, vu, shared.token);
  }

  /** Makes the VM and starts it. When that fails it is tried again with the next migration. */
  async open(): Promise<void> {
    this.#vm = await this.#newVm();
  }

  /** Migrates the VM to the next zone and follows it to its end. */
  migrate(): Promise<void> {
    return this.#work(false);
  }

  /** The same, with a second start while the first is under way, which must be refused. */
  doubleStart(): Promise<void> {
    return this.#work(true);
  }

  /** Lists what is under way. */
  async batchStatus(): Promise<void> {
    const jobs = await this.#dwcp.list('in_progress');
    if (jobs) this.#shared.history.underWayAtOnce(jobs);
  }

  stats(): Promise<void> {
    return this.#dwcp.stats();
  }

  /** Waits for the migration under way, looks for what it has left behind, and deletes the VMs. */
  async settle(): Promise<void> {
    await this.#working;
    this.#follow?.close();
    if (this.#vm) {
      await this.#lookForCopies(this.#vm);
      this.#setAside.push(this.#vm.id);
    }
    for (const id of this.#setAside.splice(0)) await this.#vms.delete(id, true);
  }

  #work(twice: boolean): Promise<void> {
    this.#working = this.#run(twice);
    return this.#working;
  }

  async #run(twice: boolean): Promise<void> {
    this.#vm ??= await this.#newVm();
    const vm = this.#vm;
    if (!this.#vu.check('migration: there is a running VM', vm !== undefined) || !vm) return;
    this.#shared.active += 1;
    try {
      await this.#migrate(vm, twice);
    } finally {
      this.#shared.active -= 1;
    }
  }

  async #migrate(vm: OwnVm, twice: boolean): Promise<void> {
    const { history, stream, rounds, options } = this.#shared;
    const { slice } = this.#vu;
    const order: MigrationOrder = {
      vmId: vm.id,
      sourceZone: vm.zone,
      targetZone: zones[(zones.indexOf(vm.zone) + 1) % zones.length]!,
      bandwidthMbps: options.bandwidthMbps,
    };
    this.#follow?.close();
    const record = history.begin(vm.id, order.sourceZone, order.targetZone, slice.elapsedMs());
    const follow = new Follow({ slice, options, api: this.#dwcp, record, rounds, stream, before: vm.lastJob });
    this.#follow = follow;
    this.#record = record;
    const probe = this.#vu.random() < options.probeShare ? this.#probe(vm) : undefined;
    const sentAt = performance.now();
    const started = await this.#dwcp.start(order);
    if (started.outcome === 'refused') {
      history.discard(record);
      await this.#findVm(vm);
    } else {
      const jobId = started.jobId ?? (await this.#findJob(vm, follow, record));
      if (jobId === undefined) this.#giveUp(vm);
      else await this.#watch(vm, jobId, follow, record, twice ? order : undefined);
    }
    const completed = record.outcome === 'completed';
    if (completed) this.#vu.add('migrations_completed', 1);
    if (completed && follow.endedAt !== undefined) this.#vu.add('migration_duration', follow.endedAt - sentAt);
    // A run that was stopped says nothing of what it did not wait for.
    if (completed || !slice.signal.aborted) {
      this.#vu.add('migration_success', completed ? 1 : 0);
      this.#vu.check('migration: it completes', completed);
    }
    const blackoutMs = await probe?.end();
    if (!probe || !completed) return;
    this.#vu.add('migration_blackout_seen', blackoutMs === undefined ? 0 : 1);
    if (blackoutMs !== undefined) this.#vu.add('migration_blackout', blackoutMs);
  }

  /** Follows a job to its end, and looks whether everything agrees on it. */
  async #watch(
    vm: OwnVm,
    jobId: Id,
    follow: Follow,
    record: MigrationRecord,
    another: MigrationOrder | undefined,
  ): Promise<void> {
    vm.lastJob = jobId;
    const ending = follow.begin(jobId);
    if (another) await this.#startAnother(vm, follow, record, another);
    if ((await ending) === 'ended') await this.#agree(vm, follow, record);
    else this.#giveUp(vm);
  }

  /** Stream, REST and the VM itself are given a while to say the same. */
  async #agree(vm: OwnVm, follow: Follow, record: MigrationRecord): Promise<void> {
    const { signal } = this.#vu.slice;
    const deadline = performance.now() + Math.min(AGREEMENT_MS, this.#shared.options.timeoutMs);
    let contradicted = false;
    let found: Vm | null | undefined;
    for (;;) {
      if (!record.confirmed) {
        const job = await follow.look();
        contradicted = job !== undefined && !record.confirmed;
      }
      // A read may be older than what was told of the end.
      if (!record.isWhereItBelongs(found)) found = await this.#vms.find(vm.id);
      const allTold = record.confirmed && (record.told || !follow.listening);
      if ((allTold && record.isWhereItBelongs(found)) || signal.aborted || performance.now() >= deadline) break;
      await wait(LOOK_MS);
    }
    if (signal.aborted) return;
    if (contradicted) record.contradicted();
    if (follow.listening) this.#vu.check('migration: the stream tells its end', record.listened());
    if (found !== undefined) record.found(found, vm.seen);
    this.#take(vm, found);
  }

  /** While a migration is under way, another start of the same VM must be refused with 409. */
  async #startAnother(vm: OwnVm, follow: Follow, record: MigrationRecord, order: MigrationOrder): Promise<void> {
    const another = await this.#dwcp.startAnother(order);
    if (another.outcome !== 'refused') {
      // What the other job will do to the VM is not followed.
      this.#giveUp(vm);
    } else if (another.status === 409) {
      this.#vu.check(ANOTHER_REFUSED, true);
      return;
    }
    if (another.outcome === 'indeterminate') return;
    await follow.look();
    // The first may have ended before the second was asked for: then the VM is in the target zone already, or free again.
    const { outcome } = record;
    if (outcome === 'failed' || (outcome === 'completed' && another.outcome === 'refused')) return;
    this.#vu.check(ANOTHER_REFUSED, false);
    if (another.outcome === 'accepted') record.second(another.jobId);
  }

  /**
   * The job of a start that was never answered, if there is one: it is looked for until the VM does not migrate, or no longer.
   */
  async #findJob(vm: OwnVm, follow: Follow, record: MigrationRecord): Promise<Id | undefined> {
    const { timeoutMs, pollIntervalMs } = this.#shared.options;
    const { signal } = this.#vu.slice;
    const deadline = performance.now() + timeoutMs;
    while (!signal.aborted) {
      const listed = [...((await this.#dwcp.list('in_progress')) ?? []), ...((await this.#dwcp.list('pending')) ?? [])];
      const ofVm = listed.find((job) => isSame(job.vmId, vm.id) && !isSame(job.jobId, vm.lastJob));
      const jobId = ofVm?.jobId ?? follow.unasked;
      if (jobId !== undefined) return jobId;
      const found = await this.#vms.find(vm.id);
      if (isAtRest(found)) {
        record.found(found, vm.seen);
        return undefined;
      }
      if (performance.now() >= deadline) {
        if (found !== undefined) record.stuck();
        return undefined;
      }
      await wait(pollIntervalMs);
    }
    return undefined;
  }

  /** A VM that runs; undefined when none can be had. */
  async #newVm(): Promise<OwnVm | undefined> {
    const { id: vuId, slice } = this.#vu;
    this.#made += 1;
    const name = `tandem-${slice.runId}-${slice.scenario}-${vuId}-${this.#made}`;
    const { result, vm } = await this.#vms.create({
      name,
      cpu_cores: 2,
      memory_mb: this.#shared.options.memoryMb,
      disk_gb: 20,
      image: 'ubuntu-24.04',
      zone: zones[vuId % zones.length]!,
      tags: { owner: 'tandem' },
    });
    if (result === 'refused') return undefined;
    const id = vm?.id ?? (await this.#vms.search(name, MAX_ALIKE))?.find((one) => one.name === name)?.id;
    if (id === undefined) return undefined;
    const deadline = performance.now() + CREATION_MS;
    let asked = false;
    while (!slice.signal.aborted && performance.now() < deadline) {
      const found = await this.#vms.find(id);
      if (found === null) return undefined;
      if (found?.status === 'running') return { id, zone: found.zone, seen: found, lastJob: '' };
      if (found?.status === 'stopped' && !asked) {
        asked = true;
        await this.#vms.start(id);
      } else {
        await wait(LOOK_MS);
      }
    }
    this.#setAside.push(id);
    return undefined;
  }

  /** Looks where a VM is that could not be migrated. */
  async #findVm(vm: OwnVm): Promise<void> {
    const found = await this.#vms.find(vm.id);
    if (found !== undefined) this.#take(vm, found);
  }

  /**
   * Nobody else gives a VM its name: another one that has it was left where the VM came from, or made where it went. It is given
   * the time that a list may lag behind to go away.
   */
  async #lookForCopies({ id, seen: { name } }: OwnVm): Promise<void> {
    const { options, unmeasured, token } = this.#shared;
    // Before its first migration there is nothing to leave behind.
    if (!this.#record || this.#vu.slice.signal.aborted) return;
    const vms = new VmApi(unmeasured, this.#vu.unmeasured(), token);
    const deadline = performance.now() + Math.min(listLagMs, options.timeoutMs);
    let copies: Id[] | undefined;
    for (;;) {
      // Only a list that was asked for when the time was over tells of a copy.
      const isLast = performance.now() >= deadline || this.#vu.slice.signal.aborted;
      const rows = await vms.search(name, MAX_ALIKE);
      copies = rows?.filter((row) => row.name === name && !isSame(row.id, id)).map((row) => row.id);
      if (copies?.length === 0) return;
      if (isLast) break;
      await wait(LOOK_MS);
    }
    if (!copies) {
      this.#record.unsearched();
      return;
    }
    this.#record.copied(copies);
    this.#setAside.push(...copies);
  }

  /** Goes on with the VM as it was found, if it can. */
  #take(vm: OwnVm, found: Vm | null | undefined): void {
    if (found?.status === 'running') Object.assign(vm, { zone: found.zone, seen: found });
    else this.#giveUp(vm);
  }

  /** Takes another VM next time: of this one nobody knows what it is about. */
  #giveUp(vm: OwnVm): void {
    if (this.#vm !== vm) return;
    this.#setAside.push(vm.id);
    this.#vm = undefined;
    this.#record = undefined;
  }

  #probe({ id }: OwnVm): Probe {
    const { probeIntervalMs, timeoutMs } = this.#shared.options;
    const ask = async (): Promise<Reply> => {
      const status = await this.#vms.metrics(id, true);
      return status === 200 ? 'answers' : status === 503 ? 'paused' : 'unknown';
    };
    return new Probe(ask, probeIntervalMs, performance.now() + timeoutMs);
  }
}

function isAtRest(found: Vm | null | undefined): found is Vm | null {
  return found === null || (found !== undefined && found.status !== 'migrating');
}
