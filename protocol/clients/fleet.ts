import { setTimeout as wait } from 'node:timers/promises';
import { ExpectedVm, type Mismatch, type VmEvidence, VmHistory, type VmStatus, type Vu } from '../../support/test.ts';
import type { Http } from './http.ts';
import { type Vm, VmApi, type VmChanges, type VmQuery, type VmSpec, type Written, zones } from './vm-api.ts';

const CPU_CORES = [1, 2, 4, 8];
const MEMORY_MB = [512, 1_024, 2_048, 4_096];
const DISK_GB = [10, 20, 50, 100];
const IMAGES = ['ubuntu-24.04', 'debian-13', 'alpine-3.22'];
const TIERS = ['web', 'database', 'cache'];
/** Ample: how long migrations take is what the load `migrations` is for. */
const BANDWIDTH_MBPS = 10_000;
const PAGE = 20;
/** The contract's. */
const MAX_FOUND = 100;
const MIN_BATCH = 10;
const MAX_BATCH = 50;
/** Deleted VMs that are looked at by themselves again at the end; the sweep sees the others if they are back. */
const LAST_DELETED = 10;
/** A VM that cannot be read at the end is asked for so often. */
const LAST_LOOKS = 5;
/** Between two attempts to delete a VM that migrates. */
const LOOK_MS = 200;

const QUERIES: readonly ((vu: Vu) => VmQuery)[] = [
  () => ({ limit: PAGE }),
  () => ({ limit: PAGE }),
  ({ random }) => ({ limit: PAGE, offset: PAGE * random.int(1, 5) }),
  ({ random }) => ({ limit: PAGE, zone: random.pick(zones) }),
  ({ random }) => ({ limit: PAGE, status: random.pick(['running', 'stopped']) }),
  ({ random }) => ({ limit: PAGE, sort: random.pick(['cpu_cores', 'memory_mb'] as const), order: 'asc' }),
  () => ({ limit: PAGE, include: 'metrics' }),
];

type Rest = 'stopped' | 'running';
type Fits = (vm: ExpectedVm) => boolean;

const any: Fits = () => true;
const isOpen: Fits = (vm) => vm.open > 0;
const isAtRest: Fits = (vm) => vm.is('stopped') || vm.is('running');
const isDeletable: Fits = (vm) => !vm.mayBe('migrating');
const is: Record<Rest, Fits> = { stopped: (vm) => vm.is('stopped'), running: (vm) => vm.is('running') };
const becomes: Record<Rest, Fits> = {
  stopped: (vm) => vm.becomes('stopped'),
  running: (vm) => vm.becomes('running'),
};

/** What the fleets of a slice share. */
export interface Shared {
  readonly http: Http;
  readonly token: string;
  /** VMs of this scenario are named so, then `<VU>-<counter>`. */
  readonly prefix: string;
  /** VMs that a VU keeps at one time; a batch may bring more for a while. */
  readonly maxVms: number;
  /** What the account holds of this scenario's VMs, by VU; undefined when that cannot be told. Looked at once a slice. */
  sweep(): Promise<ReadonlyMap<number, Vm[]> | undefined>;
  /** Whether one more VM may be read by itself at the end. */
  mayReadBack(): boolean;
  /** Deletes a VM, which is no part of the load. False when that cannot be done, or not yet. */
  remove(id: string): Promise<boolean>;
  /** Whether there is still time to clean up, and a target to do it in. */
  readonly mayCleanUp: boolean;
}

/**
 * The VMs of one VU: what was asked of them, what they must be by that, and whether they are. An operation takes a VM that is
 * fit for it. One that comes to that by itself is looked at first; when there is none, the operation does what comes nearest
 * and brings one about: stop for start and start for stop, start before migrate, create when there is none at all. Creating
 * beyond `maxVms` also deletes one, so that the share of creations stays what the mix says. Each call counts as what it is.
 */
export class Fleet {
  readonly #shared: Shared;
  readonly #vu: Vu;
  readonly #api: VmApi;
  readonly #history = new VmHistory();
  readonly #prefix: string;
  readonly #vms: ExpectedVm[] = [];
  /** Creations that were never answered, by counter. */
  readonly #openCreations = new Map<number, VmSpec>();
  /** Ids of VMs that broke a promise: of those nothing more is asked, and nothing is to be learned. */
  readonly #setAside = new Set<string>();
  readonly #lastDeleted: ExpectedVm[] = [];
  #counter = 0;
  /** The operation under way: one that was given up at the end of the load goes on for a while. */
  #working: Promise<void> = Promise.resolve();
  #settled = false;

  constructor(shared: Shared, vu: Vu) {
    this.#shared = shared;
    this.#vu = vu;
    this.#api = new VmApi(shared.http, vu, shared.token);
    this.#prefix = `${shared.prefix}${vu.id}-`;
  }

  /** VMs that it has, as far as it knows. */
  get size(): number {
    return this.#vms.length;
  }

  list(): Promise<void> {
    return this.#work(this.#list());
  }

  create(): Promise<void> {
    return this.#work(this.#createInBounds());
  }

  /** Creates one and reads it at once. */
  createAndRead(): Promise<void> {
    return this.#work(this.#createInBounds(true));
  }

  detail(): Promise<void> {
    return this.#work(this.#detail());
  }

  update(): Promise<void> {
    return this.#work(this.#update());
  }

  start(): Promise<void> {
    return this.#work(this.#toggle('stopped', 'running'));
  }

  stop(): Promise<void> {
    return this.#work(this.#toggle('running', 'stopped'));
  }

  migrate(): Promise<void> {
    return this.#work(this.#migrate());
  }

  /** Deletes one and looks whether it is gone. */
  delete(): Promise<void> {
    return this.#work(this.#delete());
  }

  metrics(): Promise<void> {
    return this.#work(this.#metrics());
  }

  search(): Promise<void> {
    return this.#work(this.#api.search(this.#prefix, PAGE).then(() => {}));
  }

  aggregate(): Promise<void> {
    return this.#work(this.#api.aggregate());
  }

  /** Creates 10 to 50 in one transaction, or deletes as many when the fleet is full. */
  batch(): Promise<void> {
    return this.#work(this.#batch());
  }

  /** The last look at everything, then deletes it. */
  async settle(): Promise<void> {
    await this.#working.catch(() => {});
    const swept = await this.#shared.sweep();
    const rows = swept?.get(this.#vu.id) ?? [];
    const { signal } = this.#vu.slice;
    for (const row of rows) if (!signal.aborted) await this.#claim(row);
    const listed = new Map(rows.map((row) => [row.id, row]));
    for (const vm of [...this.#vms]) {
      if (!signal.aborted) await this.#lookLast(vm, listed.get(vm.id), swept !== undefined);
    }
    for (const vm of this.#lastDeleted) {
      if (!signal.aborted && this.#shared.mayReadBack()) await this.#lookForDeleted(vm);
    }
    if (signal.aborted) return;
    if (swept) this.#history.count('reconciled', this.#openCreations.size);
    else this.#history.count('unswept');
    this.#settled = true;
    await this.cleanUp();
  }

  evidence(): { 'vm-lifecycle': VmEvidence | null } {
    // A mix of lists and searches alone makes no VMs.
    if (this.#counter === 0) return { 'vm-lifecycle': null };
    const left = this.#vms.length + this.#setAside.size;
    // A run that was stopped is cleaned up later.
    return { 'vm-lifecycle': this.#history.evidence(this.#settled ? { leftBehind: left } : { unread: left }) };
  }

  /** Deletes whatever it has, as far as that is possible. VMs that migrate are waited for, broken ones are not. */
  async cleanUp(): Promise<void> {
    for (;;) {
      for (const id of [...this.#vms.map((vm) => vm.id), ...this.#setAside]) {
        if (!this.#shared.mayCleanUp) return;
        if (await this.#shared.remove(id)) this.#forget(id);
      }
      if (this.#vms.length === 0) return;
      await wait(LOOK_MS);
    }
  }

  #work(work: Promise<void>): Promise<void> {
    this.#working = work;
    return work;
  }

  async #list(): Promise<void> {
    const vu = this.#vu;
    const page = await this.#api.list(vu.random.pick(QUERIES)(vu));
    for (const row of page?.data ?? []) {
      if (!row.name.startsWith(this.#prefix)) continue;
      // A list may be a moment old: it can tell what has come, and not what is missing.
      const vm = this.#vms.find(({ id }) => id === row.id);
      if (vm?.becomes(row.status as VmStatus)) this.#see(vm, row);
    }
  }

  async #createInBounds(read = false): Promise<void> {
    const vm = await this.#create();
    if (vm && read) await this.#look(vm);
    if (this.#vms.length <= this.#shared.maxVms) return;
    const other = this.#doomed();
    if (other && !becomes.running(other)) await this.#remove(other);
  }

  async #create(): Promise<ExpectedVm | undefined> {
    const spec = this.#spec();
    const counter = this.#counter;
    const { fate, status, vm: shown } = await this.#api.create(spec);
    if (fate === 'refused') return undefined;
    if (shown) {
      const vm = this.#take(counter, spec, shown.id, `create → ${status}`);
      this.#see(vm, shown);
      return vm;
    }
    this.#mayHaveCreated(counter, spec);
    await this.#findCreated();
    return undefined;
  }

  async #detail(): Promise<void> {
    const vm = this.#pick(any);
    if (vm) await this.#look(vm);
    else await this.#createInBounds();
  }

  async #metrics(): Promise<void> {
    const vm = this.#pick(any);
    if (!vm) return this.#createInBounds();
    const status = await this.#api.metrics(vm.id, vm.mayBe('migrating'));
    if (status === 404) await this.#look(vm);
  }

  async #update(): Promise<void> {
    const vm = this.#pick(isAtRest) ?? this.#pick(becomes.stopped) ?? this.#pick(becomes.running);
    if (!vm) return this.#createInBounds();
    if (!(await this.#comesToRest(vm))) return;
    const changes = this.#changes();
    const written = await this.#api.update(vm.id, changes);
    if (written.fate === 'done') vm.written(changes);
    if (written.fate === 'open') vm.mayHaveWritten(changes);
    await this.#wrote(vm, 'update', written);
  }

  /** Brings a VM from the one state to the other; when there is none in the one, from the other to the one. */
  async #toggle(from: Rest, to: Rest): Promise<void> {
    const vm = this.#pick(is[from]) ?? this.#pick(becomes[from]) ?? this.#pick(is[to]) ?? this.#pick(becomes[to]);
    if (!vm) return this.#createInBounds();
    if (!(await this.#comesToRest(vm))) return;
    if (vm.is('stopped')) await this.#move(vm, 'start', 'stopped', 'running');
    else await this.#move(vm, 'stop', 'running', 'stopped');
  }

  async #move(vm: ExpectedVm, op: 'start' | 'stop', from: Rest, to: Rest): Promise<void> {
    const written = await this.#api[op](vm.id);
    // 202: it is on its way.
    if (written.fate === 'done') vm.moved(...(written.status === 202 ? [from, to] : [to]));
    if (written.fate === 'open') vm.mayHaveMoved(to);
    await this.#wrote(vm, op, written);
  }

  async #migrate(): Promise<void> {
    const vm =
      this.#pick(is.running) ?? this.#pick(becomes.running) ?? this.#pick(is.stopped) ?? this.#pick(becomes.stopped);
    if (!vm) return this.#createInBounds();
    if (!(await this.#comesToRest(vm))) return;
    if (vm.is('stopped')) await this.#move(vm, 'start', 'stopped', 'running');
    if (!vm.is('running')) return;
    const elsewhere = zones.filter((zone) => zone !== vm.zone);
    const written = await this.#api.migrate(vm.id, this.#vu.random.pick(elsewhere), BANDWIDTH_MBPS);
    if (written.fate === 'done') vm.moved('migrating', 'running');
    if (written.fate === 'open') vm.mayHaveMoved('migrating', 'running');
    await this.#wrote(vm, 'migrate', written);
  }

  async #delete(): Promise<void> {
    const vm = this.#doomed();
    if (!vm) return this.#createInBounds();
    if (becomes.running(vm) && !(await this.#comesToRest(vm))) return;
    if (await this.#remove(vm)) await this.#lookForDeleted(vm);
  }

  /** What to delete. Running VMs come after those that are stopped: else there would soon be none to stop. */
  #doomed(): ExpectedVm | undefined {
    return this.#pick(isOpen) ?? this.#pick(is.stopped) ?? this.#pick(isDeletable) ?? this.#pick(becomes.running);
  }

  /** True when it is deleted now. */
  async #remove(vm: ExpectedVm): Promise<boolean> {
    const written = await this.#api.delete(vm.id, vm.mayBeGone);
    if (written.fate === 'open') vm.mayHaveDeleted();
    if (written.fate === 'done') this.#deleted(vm, 'delete', written.status);
    else await this.#wrote(vm, 'delete', written);
    return written.fate === 'done';
  }

  async #batch(): Promise<void> {
    const count = this.#vu.random.int(MIN_BATCH, MAX_BATCH);
    const isFull = this.#vms.length >= this.#shared.maxVms;
    const doomed = isFull ? this.#vms.filter((vm) => isDeletable(vm) && !isOpen(vm)).slice(0, count) : [];
    if (doomed.length >= MIN_BATCH) await this.#deleteBatch(doomed);
    else await this.#createBatch(count);
  }

  async #createBatch(count: number): Promise<void> {
    const first = this.#counter + 1;
    const specs = Array.from({ length: count }, () => this.#spec());
    const { fate, ids } = await this.#api.batch(specs.map((data) => ({ action: 'create', data })));
    if (fate === 'refused') return;
    specs.forEach((spec, place) => {
      if (ids) this.#take(first + place, spec, ids[place]!, 'batch create');
      else this.#mayHaveCreated(first + place, spec);
    });
    if (!ids) await this.#findCreated();
  }

  async #deleteBatch(doomed: ExpectedVm[]): Promise<void> {
    const { fate, status } = await this.#api.batch(doomed.map(({ id }) => ({ action: 'delete', id })));
    for (const vm of doomed) {
      if (fate === 'done') this.#deleted(vm, 'batch delete', status);
      if (fate === 'open') {
        vm.mayHaveDeleted();
        this.#history.count('indeterminate');
      }
    }
    const [one] = doomed;
    if (fate === 'done') await this.#lookForDeleted(one!);
    else await this.#look(one!);
  }

  /** True when the VM is at rest; one that comes to rest by itself is looked at. */
  async #comesToRest(vm: ExpectedVm): Promise<boolean> {
    return isAtRest(vm) || ((await this.#look(vm)) === true && isAtRest(vm));
  }

  /** What was asked of the VM is done, or not: then it is looked at what it has come to. */
  async #wrote(vm: ExpectedVm, write: string, { fate, status, vm: shown }: Written): Promise<void> {
    if (fate === 'done') {
      vm.answered(write, status, this.#vu.slice.elapsedMs());
      if (shown) this.#see(vm, shown);
      return;
    }
    if (fate === 'open') this.#history.count('indeterminate');
    if (fate === 'open' || status === 404 || status === 409) await this.#look(vm);
  }

  /** True when the VM is what it has to be, false when it is not or is gone; undefined when nobody knows. */
  async #look(vm: ExpectedVm): Promise<boolean | undefined> {
    const found = await (vm.mayBeGone ? this.#api.find(vm.id) : this.#api.get(vm.id));
    if (found === undefined) return undefined;
    if (found) return this.#see(vm, found);
    this.#history.looked();
    if (vm.mayBeGone) this.#deleted(vm, 'delete', 404);
    else this.#broken(vm, { breach: 'lost', expected: 200, found: 404 });
    return false;
  }

  /** Compares the VM with what was told of it. */
  #see(vm: ExpectedVm, found: Vm): boolean {
    this.#history.looked();
    const open = vm.open;
    const wrong = vm.see(found);
    if (vm.open < open) this.#history.count('reconciled', open - vm.open);
    if (wrong) this.#broken(vm, wrong);
    return this.#vu.check('VM is as it was left', wrong === undefined);
  }

  /** A VM that was deleted must be 404. */
  async #lookForDeleted(vm: ExpectedVm): Promise<void> {
    const found = await this.#api.find(vm.id);
    if (found === undefined || this.#setAside.has(vm.id)) return;
    this.#history.looked();
    if (this.#vu.check('deleted VM is 404', found === null)) return;
    this.#broken(vm, { breach: 'resurrected', expected: 404, found: 200 });
  }

  async #lookLast(vm: ExpectedVm, row: Vm | undefined, isSwept: boolean): Promise<void> {
    const mayRead = this.#shared.mayReadBack();
    const { open } = vm;
    if (!mayRead && row && vm.see(row) === undefined) {
      this.#history.looked();
      this.#history.count('reconciled', open);
    } else if ((!mayRead && !row && !isSwept) || !(await this.#canTell(vm))) {
      this.#history.count('unread');
    } else if (this.#vms.includes(vm)) {
      // What has not come by now never will.
      this.#history.count('reconciled', vm.open);
    }
  }

  /** Looks at a VM until there is an answer of use. */
  async #canTell(vm: ExpectedVm): Promise<boolean> {
    for (let attempt = 1; attempt <= LAST_LOOKS; attempt++) {
      if ((await this.#look(vm)) !== undefined) return true;
    }
    return false;
  }

  /** A VM that carries this VU's name: it must be one of its own. */
  async #claim(row: Vm): Promise<void> {
    if (this.#setAside.has(row.id) || this.#vms.some(({ id }) => id === row.id)) return;
    if (this.#adopt(row)) return;
    // A list may be a moment old.
    const found = await this.#api.find(row.id);
    if (!found) return;
    this.#history.looked();
    this.#setAside.add(row.id);
    const breach = this.#history.wasDeleted(this.#counterOf(row)) ? 'resurrected' : 'orphan';
    this.#history.broken({ breach, expected: 404, found: 200 }, this.#example(row));
  }

  /** Looks whether creations that were never answered have happened. */
  async #findCreated(): Promise<void> {
    const rows = await this.#api.search(this.#prefix, MAX_FOUND);
    for (const row of rows ?? []) if (row.name.startsWith(this.#prefix)) this.#adopt(row);
  }

  /** Takes a VM whose creation was never answered. False when it is none. */
  #adopt(row: Vm): boolean {
    const counter = this.#counterOf(row);
    const spec = this.#openCreations.get(counter);
    if (!spec) return false;
    this.#openCreations.delete(counter);
    this.#history.count('reconciled');
    this.#see(this.#take(counter, spec, row.id, 'create, never answered'), row);
    return true;
  }

  #take(counter: number, spec: VmSpec, id: string, write: string): ExpectedVm {
    const vm = new ExpectedVm(counter, id, spec, write, this.#vu.slice.elapsedMs());
    this.#vms.push(vm);
    this.#history.created(counter);
    return vm;
  }

  #mayHaveCreated(counter: number, spec: VmSpec): void {
    this.#openCreations.set(counter, spec);
    this.#history.count('indeterminate');
  }

  #deleted(vm: ExpectedVm, write: string, status: number): void {
    vm.answered(write, status, this.#vu.slice.elapsedMs());
    this.#forget(vm.id);
    this.#history.deleted(vm.counter);
    this.#history.count('reconciled', vm.open);
    if (this.#lastDeleted.push(vm) > LAST_DELETED) this.#lastDeleted.shift();
  }

  /** Nothing more is asked of a VM that broke a promise: it is deleted in the end. */
  #broken(vm: ExpectedVm, mismatch: Mismatch): void {
    this.#forget(vm.id);
    this.#setAside.add(vm.id);
    this.#history.broken(mismatch, {
      ...this.#example(vm),
      lastWrite: vm.lastWrite,
      lastWriteAtMs: Math.round(vm.lastWriteAtMs),
    });
  }

  /** What a person needs to look for themselves. */
  #example({ id, name }: { id: string; name: string }): object {
    return { vm: name, id, seenAtMs: Math.round(this.#vu.slice.elapsedMs()) };
  }

  #forget(id: string): void {
    const place = this.#vms.findIndex((vm) => vm.id === id);
    if (place >= 0) this.#vms.splice(place, 1);
    this.#setAside.delete(id);
  }

  /** One of the VMs that fit, beginning anywhere. */
  #pick(fits: Fits): ExpectedVm | undefined {
    const vms = this.#vms;
    const start = Math.floor(this.#vu.random() * vms.length);
    for (let i = 0; i < vms.length; i++) {
      const vm = vms[(start + i) % vms.length]!;
      if (fits(vm)) return vm;
    }
    return undefined;
  }

  #counterOf({ name }: Vm): number {
    return Number(name.slice(this.#prefix.length));
  }

  #spec(): VmSpec {
    const { random, id } = this.#vu;
    this.#counter += 1;
    return {
      name: `${this.#prefix}${this.#counter}`,
      cpu_cores: random.pick(CPU_CORES),
      memory_mb: random.pick(MEMORY_MB),
      disk_gb: random.pick(DISK_GB),
      image: random.pick(IMAGES),
      zone: random.pick(zones),
      tags: { owner: `vu-${id}`, tier: random.pick(TIERS) },
    };
  }

  #changes(): VmChanges {
    const { random, id } = this.#vu;
    return {
      cpu_cores: random.pick(CPU_CORES),
      memory_mb: random.pick(MEMORY_MB),
      tags: { owner: `vu-${id}`, tier: random.pick(TIERS), note: `${random.int(1, 1_000)}` },
    };
  }
}
