import { setTimeout as wait } from 'node:timers/promises';
import { type LifecycleEvidence, listLagMs, type Vu } from '../../support/test.ts';
import type { Id } from '../apis/id.ts';
import { type Vm, VmApi, type VmSpec, zones } from '../apis/vms/api.ts';
import type { Http } from '../transports/http.ts';
import { anyChanges, anyQuery, anySpec, PAGE } from './choice.ts';
import type { ExpectedVm } from './expected-vm.ts';
import { type Fits, Inventory } from './inventory.ts';

/** Ample: how long migrations take is what the load `migrations` is for. */
const BANDWIDTH_MBPS = 10_000;
/** The contract's. */
const MIN_BATCH = 10;
const MAX_BATCH = 50;
/** Between two looks at a VM that is being created before the load begins, and how long that is waited for. */
const CREATED_LOOK_MS = 20;
const CREATED_WITHIN_MS = 5_000;
/** Between two attempts to delete a VM that migrates. */
const DELETE_AGAIN_MS = 200;

type Rest = 'stopped' | 'running';

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
  /** For what is no part of the load. */
  readonly unmeasured: Http;
  readonly token: string | undefined;
  /** VMs of this scenario are named so, then `<VU>-<counter>`. */
  readonly prefix: string;
  /** VMs that a VU keeps at one time; a batch may bring more for a while. */
  readonly maxVms: number;
  /** What the account holds of this scenario's VMs, by VU; undefined when that cannot be told. Looked at once a slice. */
  sweep(): Promise<ReadonlyMap<number, Vm[]> | undefined>;
  /** The same, asked for a moment from now: when a list shows what there is now. */
  sweepLater(): Promise<ReadonlyMap<number, Vm[]> | undefined>;
  /** Whether a sweep misses none. */
  readonly listsAll: boolean;
  /** How long a VM may take to come to rest. */
  readonly restWithinMs: number;
  /** Whether one more VM may be read by itself at the end. */
  mayReadBack(): boolean;
  /** Deletes a VM, which is no part of the load. False when that cannot be done, or not yet. */
  remove(id: Id): Promise<boolean>;
  /** Whether there is still time to clean up, and a target to do it in. */
  readonly mayCleanUp: boolean;
}

/**
 * What a VU does with its VMs. An operation takes a VM that is fit for it. One that comes to that by itself is looked at first;
 * when there is none, the operation does what comes nearest and brings one about: stop for start and start for stop, start
 * before migrate, create when there is none at all. Creating beyond `maxVms` also deletes one, so that the share of creations
 * stays what the mix says. Each call counts as what it is.
 */
export class Fleet {
  readonly #shared: Shared;
  readonly #vu: Vu;
  readonly #own: Inventory;
  /** The operation under way: one that was given up at the end of the load goes on for a while. */
  #working: Promise<void> = Promise.resolve();
  #settled = false;
  /** The target has answered a search: what it says in the end can be judged. */
  #searches = false;

  constructor(shared: Shared, vu: Vu) {
    this.#shared = shared;
    this.#vu = vu;
    this.#own = new Inventory(vu, new VmApi(shared.http, vu, shared.token), `${shared.prefix}${vu.id}-`);
  }

  /** VMs that it has, as far as it knows. */
  get size(): number {
    return this.#own.vms.length;
  }

  /**
   * Makes VMs and starts every second of them, which is no part of the load: with nothing to start, stop or delete a short run
   * would not be of its mix. The oracle knows them as any others.
   */
  async prepare(vms: number): Promise<void> {
    const own = this.#own;
    const measured = own.api;
    const aside = this.#vu.unmeasured();
    own.use(aside, this.#unmeasuredApi(aside));
    try {
      // A target that fails here is given no more to do before its time.
      for (let n = 0; n < vms; n++) if (!(await this.#create())) break;
      const deadline = performance.now() + CREATED_WITHIN_MS;
      for (const vm of own.vms.filter((_, place) => place % 2 === 1)) {
        while (!(await this.#comesToRest(vm)) && own.vms.includes(vm)) {
          if (performance.now() >= deadline || aside.slice.signal.aborted) return;
          await wait(CREATED_LOOK_MS);
        }
        if (vm.is('stopped')) await this.#move(vm, 'start', 'stopped', 'running');
      }
    } finally {
      own.use(this.#vu, measured);
    }
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
    return this.#work(this.#search());
  }

  aggregate(): Promise<void> {
    return this.#work(this.#own.api.aggregate());
  }

  /** Creates 10 to 50 in one transaction, or deletes as many when the fleet is full. */
  batch(): Promise<void> {
    return this.#work(this.#batch());
  }

  /** The last look at everything, then deletes it. */
  async settle(): Promise<void> {
    await this.#working.catch(() => {});
    const shared = this.#shared;
    const ofThis = (swept: ReadonlyMap<number, Vm[]> | undefined) => swept && (swept.get(this.#vu.id) ?? []);
    const rows = ofThis(await shared.sweep());
    const aside = this.#unmeasuredApi(this.#vu.unmeasured());
    this.#settled = await this.#own.lookLast(rows, {
      mayReadBack: () => shared.mayReadBack(),
      later: async () => ofThis(await shared.sweepLater()),
      listsAll: shared.listsAll,
      search: this.#searches ? (name) => aside.search(name, PAGE) : undefined,
      restWithinMs: shared.restWithinMs,
    });
    if (this.#settled) await this.cleanUp();
  }

  evidence(): { 'vm-lifecycle': LifecycleEvidence | null } {
    // A mix of lists and searches alone makes no VMs. A run that was stopped is cleaned up later.
    return { 'vm-lifecycle': this.#own.isUnused ? null : this.#own.evidence(this.#settled) };
  }

  /** Deletes whatever it has, as far as that is possible. VMs that migrate are waited for, broken ones are not. */
  async cleanUp(): Promise<void> {
    for (;;) {
      for (const id of this.#own.ids) {
        if (!this.#shared.mayCleanUp) return;
        if (await this.#shared.remove(id)) this.#own.forget(id);
      }
      if (this.size === 0) return;
      await wait(DELETE_AGAIN_MS);
    }
  }

  #work(work: Promise<void>): Promise<void> {
    this.#working = work;
    return work;
  }

  async #list(): Promise<void> {
    const page = await this.#own.api.list(anyQuery(this.#vu));
    this.#own.seeListed(page?.data ?? []);
  }

  async #createInBounds(read = false): Promise<void> {
    const vm = await this.#create();
    if (vm && read) await this.#own.look(vm);
    if (this.size <= this.#shared.maxVms) return;
    const other = this.#doomed();
    if (other && !becomes.running(other)) await this.#remove(other);
  }

  async #create(): Promise<ExpectedVm | undefined> {
    const spec = this.#spec();
    const { result, status, vm: shown } = await this.#own.api.create(spec);
    if (result === 'refused') return undefined;
    if (shown) {
      const vm = this.#own.take(spec, shown.id, `create → ${status}`);
      this.#own.see(vm, shown);
      return vm;
    }
    this.#own.mayHaveCreated(spec);
    await this.#own.findCreated();
    return undefined;
  }

  async #detail(): Promise<void> {
    const vm = this.#own.pick(any);
    if (vm) await this.#own.look(vm);
    else await this.#createInBounds();
  }

  async #metrics(): Promise<void> {
    const vm = this.#own.pick(any);
    if (!vm) return this.#createInBounds();
    const status = await this.#own.api.metrics(vm.id, vm.mayBe('migrating'));
    if (status === 404) await this.#own.look(vm);
  }

  /** A VM by its name. What searches look through may be a moment old, as lists may. */
  async #search(): Promise<void> {
    const long = this.#vu.slice.elapsedMs() - listLagMs;
    const vm = this.#own.pick(({ createdAtMs, open }) => createdAtMs < long && open === 0);
    const rows = await this.#own.api.search(vm?.name ?? this.#own.prefix, PAGE);
    if (rows) this.#searches = true;
    // Of more than fit into a page it may be beyond.
    if (!vm || !rows || rows.length >= PAGE) return;
    this.#vu.check(
      'search: finds the VM of the name',
      rows.some(({ id }) => id === vm.id),
    );
  }

  #unmeasuredApi(aside: Vu): VmApi {
    return new VmApi(this.#shared.unmeasured, aside, this.#shared.token);
  }

  async #update(): Promise<void> {
    const vm = this.#first(isAtRest, becomes.stopped, becomes.running);
    if (!vm) return this.#createInBounds();
    if (!(await this.#comesToRest(vm))) return;
    const changes = anyChanges(this.#vu);
    const written = await this.#own.api.update(vm.id, changes);
    if (written.result === 'done') vm.written(changes);
    if (written.result === 'unknown') vm.mayHaveWritten(changes);
    await this.#own.wrote(vm, 'update', written);
  }

  /** Brings a VM from the one state to the other; when there is none in the one, from the other to the one. */
  async #toggle(from: Rest, to: Rest): Promise<void> {
    const vm = this.#first(is[from], becomes[from], is[to], becomes[to]);
    if (!vm) return this.#createInBounds();
    if (!(await this.#comesToRest(vm))) return;
    if (vm.is('stopped')) await this.#move(vm, 'start', 'stopped', 'running');
    else await this.#move(vm, 'stop', 'running', 'stopped');
  }

  async #move(vm: ExpectedVm, op: 'start' | 'stop', from: Rest, to: Rest): Promise<void> {
    const written = await this.#own.api[op](vm.id);
    // 202: it is on its way.
    if (written.result === 'done') vm.moved(...(written.status === 202 ? [from, to] : [to]));
    if (written.result === 'unknown') vm.mayHaveMoved(to);
    await this.#own.wrote(vm, op, written);
  }

  async #migrate(): Promise<void> {
    const vm = this.#first(is.running, becomes.running, is.stopped, becomes.stopped);
    if (!vm) return this.#createInBounds();
    if (!(await this.#comesToRest(vm))) return;
    if (vm.is('stopped')) await this.#move(vm, 'start', 'stopped', 'running');
    if (!vm.is('running')) return;
    const elsewhere = this.#vu.random.pick(zones.filter((zone) => zone !== vm.zone));
    const written = await this.#own.api.migrate(vm.id, elsewhere, BANDWIDTH_MBPS);
    if (written.result !== 'refused') vm.sentTo(elsewhere);
    if (written.result === 'done') vm.moved('migrating', 'running');
    if (written.result === 'unknown') vm.mayHaveMoved('migrating', 'running');
    await this.#own.wrote(vm, 'migrate', written);
  }

  async #delete(): Promise<void> {
    const vm = this.#doomed();
    if (!vm) return this.#createInBounds();
    if (becomes.running(vm) && !(await this.#comesToRest(vm))) return;
    if (await this.#remove(vm)) await this.#own.lookForDeleted(vm);
  }

  /** What to delete. Running VMs come after those that are stopped: else there would soon be none to stop. */
  #doomed(): ExpectedVm | undefined {
    return this.#first(isOpen, is.stopped, isDeletable, becomes.running);
  }

  /** True when it is deleted now. */
  async #remove(vm: ExpectedVm): Promise<boolean> {
    const written = await this.#own.api.delete(vm.id, vm.mayBeGone);
    if (written.result === 'unknown') vm.mayHaveDeleted();
    if (written.result === 'done') this.#own.deleted(vm, 'delete', written.status);
    else await this.#own.wrote(vm, 'delete', written);
    return written.result === 'done';
  }

  async #batch(): Promise<void> {
    const count = this.#vu.random.int(MIN_BATCH, MAX_BATCH);
    const isFull = this.size >= this.#shared.maxVms;
    const doomed = isFull ? this.#own.vms.filter((vm) => isDeletable(vm) && !isOpen(vm)).slice(0, count) : [];
    if (doomed.length >= MIN_BATCH) await this.#deleteBatch(doomed);
    else await this.#createBatch(count);
  }

  async #createBatch(count: number): Promise<void> {
    const specs = Array.from({ length: count }, () => this.#spec());
    const { result, ids } = await this.#own.api.batch(specs.map((data) => ({ action: 'create', data })));
    if (result === 'refused') return;
    specs.forEach((spec, place) => {
      if (ids) this.#own.take(spec, ids[place]!, 'batch create');
      else this.#own.mayHaveCreated(spec);
    });
    if (!ids) await this.#own.findCreated();
  }

  async #deleteBatch(doomed: ExpectedVm[]): Promise<void> {
    const { result, status } = await this.#own.api.batch(doomed.map(({ id }) => ({ action: 'delete', id })));
    for (const vm of doomed) {
      if (result === 'done') this.#own.deleted(vm, 'batch delete', status);
      if (result === 'unknown') this.#own.mayHaveDeleted(vm);
    }
    const [one] = doomed;
    if (result === 'done') await this.#own.lookForDeleted(one!);
    else await this.#own.look(one!);
  }

  /** True when the VM is at rest; one that comes to rest by itself is looked at. */
  async #comesToRest(vm: ExpectedVm): Promise<boolean> {
    return isAtRest(vm) || ((await this.#own.look(vm)) === true && isAtRest(vm));
  }

  /** A VM that fits the first of these that any fits. */
  #first(...wanted: Fits[]): ExpectedVm | undefined {
    for (const fits of wanted) {
      const vm = this.#own.pick(fits);
      if (vm) return vm;
    }
    return undefined;
  }

  #spec(): VmSpec {
    return anySpec(this.#vu, this.#own.nextName());
  }
}
