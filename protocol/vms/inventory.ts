import { setTimeout as wait } from 'node:timers/promises';
import {
  type LifecycleEvidence,
  listLagMs,
  type Mislisted,
  type Mismatch,
  onlyListed,
  ResourceHistory,
  type Vu,
} from '../../support/test.ts';
import type { Id } from '../apis/id.ts';
import type { Vm, VmApi, VmSpec, Written } from '../apis/vms/api.ts';
import { ExpectedVm } from './expected-vm.ts';

/** The contract's. */
const MAX_FOUND = 100;
/** Deleted VMs that are looked at by themselves again at the end; the sweep sees the others if they are back. */
const LAST_DELETED = 10;
/** A VM that cannot be read at the end is asked for so often. */
const LAST_LOOKS = 5;
/** VMs that are there, and of those that were deleted, that are searched for at the end. */
const SEARCHED = 3;
const unfound: Mismatch = { breach: 'unlisted', expected: 'found by its name', found: 'nothing' };
const onlyFound: Mismatch = { breach: 'mislisted', expected: 404, found: 'found by its name' };
/** Between two looks at a VM that is to come to rest, at first and at most, and how long those of a VU are waited for. */
const REST_LOOK_MS = 200;
const MAX_REST_LOOK_MS = 2_000;
const REST_WAIT_MS = 60_000;

export type Fits = (vm: ExpectedVm) => boolean;

/** What a last look needs of what the VUs of a slice share. */
export interface LastLook {
  /** Whether one more VM may be read by itself. */
  mayReadBack(): boolean;
  /** What the account holds of this VU's VMs after a moment; undefined when nobody knows. */
  later(): Promise<readonly Vm[] | undefined>;
  /** Whether what is not among these rows is not in the list: of one that says no total, pages may skip what moves meanwhile. */
  readonly listsAll: boolean;
  /** What is found by a name; gives undefined when nobody knows. Absent: the target has not answered any search. */
  search?: ((name: string) => Promise<readonly Vm[] | undefined>) | undefined;
  /** A VM that is on its way for longer does not arrive. */
  restWithinMs: number;
}

/** The VMs that one VU has: what they must be by all that was asked of them, and whether they are. */
export class Inventory {
  /** Its VMs are named so, then by a counter. */
  readonly prefix: string;
  #vu: Vu;
  #api: VmApi;
  readonly #history = new ResourceHistory();
  readonly #vms: ExpectedVm[] = [];
  /** Creations that were never answered, by counter. */
  readonly #openCreations = new Map<number, VmSpec>();
  /** Ids of VMs that broke a promise: of those nothing more is asked, and nothing is to be learned. */
  readonly #setAside = new Set<Id>();
  readonly #lastDeleted: ExpectedVm[] = [];
  /** Ids that a list had and a single read did not find. */
  readonly #onlyListed = new Set<Id>();
  #counter = 0;

  constructor(vu: Vu, api: VmApi, prefix: string) {
    this.#vu = vu;
    this.#api = api;
    this.prefix = prefix;
  }

  /** What its VMs are looked at and changed with. */
  get api(): VmApi {
    return this.#api;
  }

  /** From here on that is measured for this VU. */
  use(vu: Vu, api: VmApi): void {
    this.#vu = vu;
    this.#api = api;
  }

  /** VMs that it has, as far as it knows, without those that broke a promise. */
  get vms(): readonly ExpectedVm[] {
    return this.#vms;
  }

  /** Of all that it has. */
  get ids(): Id[] {
    return [...this.#vms.map((vm) => vm.id), ...this.#setAside];
  }

  /** No creation was ever asked for. */
  get isUnused(): boolean {
    return this.#counter === 0;
  }

  nextName(): string {
    this.#counter += 1;
    return `${this.prefix}${this.#counter}`;
  }

  /** One of the VMs that fit, beginning anywhere. */
  pick(fits: Fits): ExpectedVm | undefined {
    const vms = this.#vms;
    const start = Math.floor(this.#vu.random() * vms.length);
    for (let i = 0; i < vms.length; i++) {
      const vm = vms[(start + i) % vms.length]!;
      if (fits(vm)) return vm;
    }
    return undefined;
  }

  /** A VM was created. */
  take(spec: VmSpec, id: Id, write: string): ExpectedVm {
    const counter = this.#counterOf(spec);
    const vm = new ExpectedVm(counter, id, spec, write, this.#vu.slice.elapsedMs());
    this.#vms.push(vm);
    this.#history.created(counter);
    return vm;
  }

  mayHaveCreated(spec: VmSpec): void {
    this.#openCreations.set(this.#counterOf(spec), spec);
    this.#history.count('indeterminate');
  }

  /** Looks whether creations that were never answered have happened. */
  async findCreated(): Promise<void> {
    const rows = await this.#api.search(this.prefix, MAX_FOUND);
    for (const row of rows ?? []) if (row.name.startsWith(this.prefix)) this.#adopt(row);
  }

  deleted(vm: ExpectedVm, write: string, status: number): void {
    vm.answered(write, status, this.#vu.slice.elapsedMs());
    this.forget(vm.id);
    this.#history.deleted(vm.counter);
    this.#history.count('reconciled', vm.open);
    if (this.#lastDeleted.push(vm) > LAST_DELETED) this.#lastDeleted.shift();
  }

  mayHaveDeleted(vm: ExpectedVm): void {
    vm.mayHaveDeleted();
    this.#history.count('indeterminate');
  }

  /** What was asked of the VM is done, or not: then it is looked at what it has come to. */
  async wrote(vm: ExpectedVm, write: string, { result, status, vm: shown }: Written): Promise<void> {
    if (result === 'done') {
      vm.answered(write, status, this.#vu.slice.elapsedMs());
      if (shown) this.see(vm, shown);
      return;
    }
    if (result === 'unknown') this.#history.count('indeterminate');
    if (result === 'unknown' || status === 404 || status === 409) await this.look(vm);
  }

  /** True when the VM is what it has to be, false when it is not or is gone; undefined when nobody knows. */
  async look(vm: ExpectedVm): Promise<boolean | undefined> {
    const found = await (vm.mayBeGone ? this.#api.find(vm.id) : this.#api.get(vm.id));
    if (found === undefined) return undefined;
    if (found) return this.see(vm, found);
    this.#history.looked();
    if (vm.mayBeGone) this.deleted(vm, 'delete', 404);
    else this.#broken(vm, { breach: 'lost', expected: 200, found: 404 });
    return false;
  }

  /** Compares the VM with what was told of it. */
  see(vm: ExpectedVm, found: Vm): boolean {
    this.#history.looked();
    const open = vm.open;
    const migrated = vm.isMoving && vm.mayBe('migrating') ? vm.zone : undefined;
    const wrong = vm.see(found);
    if (vm.open < open) {
      this.#history.count('reconciled', open - vm.open);
      // For all that is known it has happened just now.
      vm.lastWriteAtMs = this.#vu.slice.elapsedMs();
    }
    if (wrong) this.#broken(vm, wrong);
    // A migration may fail and leave its VM where it was: that is no broken promise, and not what was asked for.
    else if (migrated !== undefined && vm.is('running'))
      this.#vu.check('migrated VM is elsewhere', vm.zone !== migrated);
    return this.#vu.check('VM is as it was left', wrong === undefined);
  }

  /** Compares VMs with a list. It may be a moment old: it can tell what has come since the last write, and not what is missing. */
  seeListed(rows: readonly Vm[]): void {
    const long = this.#vu.slice.elapsedMs() - listLagMs;
    for (const row of rows) {
      if (!row.name.startsWith(this.prefix)) continue;
      const vm = this.#vms.find(({ id }) => id === row.id);
      if (vm?.becomes(row.status) && vm.lastWriteAtMs < long) this.see(vm, row);
    }
  }

  /** A VM that was deleted must be 404. */
  async lookForDeleted(vm: ExpectedVm): Promise<void> {
    const found = await this.#api.find(vm.id);
    if (found === undefined || this.#setAside.has(vm.id)) return;
    this.#history.looked();
    if (this.#vu.check('deleted VM is 404', found === null)) return;
    this.#broken(vm, { breach: 'resurrected', expected: 404, found: 200 });
  }

  /**
   * The last look at everything.
   * @param rows what the account holds of this VU's VMs; undefined when nobody knows
   * @returns false when the run was stopped before it came to an end
   */
  async lookLast(rows: readonly Vm[] | undefined, last: LastLook): Promise<boolean> {
    const { signal } = this.#vu.slice;
    const mayReadBack = () => last.mayReadBack();
    for (const row of rows ?? []) if (!signal.aborted) await this.#claim(row);
    const listed = new Map(rows?.map((row) => [row.id, row]));
    const seen: ExpectedVm[] = [];
    for (const vm of [...this.#vms]) {
      if (signal.aborted) return false;
      if (await this.#lookLastAt(vm, listed.get(vm.id), rows !== undefined, mayReadBack())) seen.push(vm);
    }
    for (const vm of this.#lastDeleted) {
      if (!signal.aborted && mayReadBack()) await this.lookForDeleted(vm);
    }
    const restBy = performance.now() + REST_WAIT_MS;
    for (const vm of seen) await this.#lookForRest(vm, last.restWithinMs, restBy);
    if (signal.aborted) return false;
    if (rows) {
      const { later, listsAll } = last;
      await this.#history.listed(rows, { later, wrongIn: (list) => this.#wrongIn(list, listsAll) });
    }
    if (last.search) await this.#searchLast(seen, last.search, mayReadBack);
    if (signal.aborted) return false;
    if (rows) this.#history.count('reconciled', this.#openCreations.size);
    else this.#history.count('unswept');
    return true;
  }

  /** @param isSettled the last look was taken, and what is still there could not be deleted */
  evidence(isSettled: boolean): LifecycleEvidence {
    const left = this.#vms.length + this.#setAside.size;
    return this.#history.evidence(isSettled ? { leftBehind: left } : { unread: left });
  }

  forget(id: Id): void {
    const place = this.#vms.findIndex((vm) => vm.id === id);
    if (place >= 0) this.#vms.splice(place, 1);
    this.#setAside.delete(id);
  }

  /** @returns whether it could be looked at */
  async #lookLastAt(vm: ExpectedVm, row: Vm | undefined, isSwept: boolean, mayRead: boolean): Promise<boolean> {
    const { open } = vm;
    if (!mayRead && row && vm.see(row) === undefined) {
      this.#history.looked();
      this.#history.count('reconciled', open);
      if (vm.open < open) vm.lastWriteAtMs = this.#vu.slice.elapsedMs();
    } else if ((!mayRead && !row && !isSwept) || !(await this.#canTell(vm))) {
      this.#history.count('unread');
      return false;
    } else if (this.#vms.includes(vm)) {
      // What has not come by now never will.
      this.#history.count('reconciled', vm.open);
    }
    return true;
  }

  /** A VM that is on its way must come to rest: one that is read by itself after its time, and still moves, is stuck. */
  async #lookForRest(vm: ExpectedVm, withinMs: number, deadline: number): Promise<void> {
    const { slice } = this.#vu;
    let pauseMs = REST_LOOK_MS;
    const isMoving = () => vm.isMoving && this.#vms.includes(vm) && !slice.signal.aborted;
    while (isMoving()) {
      const movingMs = slice.elapsedMs() - vm.lastWriteAtMs;
      const isKnown = (await this.look(vm)) !== undefined;
      if (!isMoving()) return;
      if (isKnown && movingMs >= withinMs) {
        const expected = `${vm.stuck.expected} within ${withinMs / 1_000} s (restWithin)`;
        return this.#broken(vm, { ...vm.stuck, expected });
      }
      if (performance.now() >= deadline) return this.#history.count('unread');
      await wait(pauseMs, undefined, { signal: slice.signal }).catch(() => {});
      pauseMs = Math.min(2 * pauseMs, MAX_REST_LOOK_MS);
    }
  }

  /**
   * Whether some VMs are found by their names, and deleted ones are not. How names match is the target's affair: where others are found, a
   * VM may be among those that the page has no room for.
   */
  async #searchLast(
    seen: readonly ExpectedVm[],
    search: NonNullable<LastLook['search']>,
    mayLook: () => boolean,
  ): Promise<void> {
    const { signal } = this.#vu.slice;
    const there = seen.filter((vm) => vm.open === 0 && this.#vms.includes(vm)).slice(-SEARCHED);
    const deleted = this.#lastDeleted.filter(({ id }) => !this.#setAside.has(id)).slice(-SEARCHED);
    const asked = [...there, ...deleted].filter(mayLook);
    const look = async () => {
      const found = new Map<ExpectedVm, readonly Vm[]>();
      for (const vm of asked) {
        const rows = signal.aborted ? undefined : await search(vm.name);
        if (rows) found.set(vm, rows);
      }
      return found;
    };
    const wrongIn = (found: Map<ExpectedVm, readonly Vm[]>) =>
      [...found].flatMap(([vm, rows]): Mislisted[] => {
        const isThere = there.includes(vm);
        const isWrong = isThere ? rows.length === 0 : rows.some(({ id }) => id === vm.id);
        return isWrong ? [{ mismatch: isThere ? unfound : onlyFound, example: this.#writtenExample(vm) }] : [];
      });
    const later = async () => {
      await wait(listLagMs, undefined, { signal }).catch(() => {});
      return signal.aborted ? undefined : look();
    };
    await this.#history.listed(await look(), { wrongIn, later });
  }

  /** What a list of this VU's VMs has wrong. */
  #wrongIn(rows: readonly Vm[], listsAll: boolean): Mislisted[] {
    const listed = new Map(rows.map((row) => [row.id, row]));
    const wrong: Mislisted[] = [];
    for (const vm of this.#vms) {
      const row = listed.get(vm.id);
      const mismatch = row || listsAll ? vm.asListed(row) : undefined;
      if (mismatch) wrong.push({ mismatch, example: this.#writtenExample(vm) });
    }
    for (const row of listed.values()) {
      if (this.#onlyListed.has(row.id)) wrong.push({ mismatch: onlyListed, example: this.#example(row) });
    }
    return wrong;
  }

  /** Looks at a VM until there is an answer of use. */
  async #canTell(vm: ExpectedVm): Promise<boolean> {
    for (let attempt = 1; attempt <= LAST_LOOKS; attempt++) {
      if ((await this.look(vm)) !== undefined) return true;
    }
    return false;
  }

  /** A VM that carries this VU's name: it must be one of its own. */
  async #claim(row: Vm): Promise<void> {
    if (this.#setAside.has(row.id) || this.#vms.some(({ id }) => id === row.id)) return;
    if (this.#adopt(row)) return;
    // A list may be a moment old.
    const found = await this.#api.find(row.id);
    if (found === undefined) return;
    this.#history.looked();
    if (found === null) {
      this.#onlyListed.add(row.id);
      return;
    }
    this.#setAside.add(row.id);
    const breach = this.#history.wasDeleted(this.#counterOf(row)) ? 'resurrected' : 'orphan';
    this.#history.broken({ breach, expected: 404, found: 200 }, this.#example(row));
  }

  /** Takes a VM whose creation was never answered. False when it is none. */
  #adopt(row: Vm): boolean {
    const counter = this.#counterOf(row);
    const spec = this.#openCreations.get(counter);
    if (!spec) return false;
    this.#openCreations.delete(counter);
    this.#history.count('reconciled');
    this.see(this.take(spec, row.id, 'create, never answered'), row);
    return true;
  }

  /** Nothing more is asked of a VM that broke a promise: it is deleted in the end. */
  #broken(vm: ExpectedVm, mismatch: Mismatch): void {
    this.forget(vm.id);
    this.#setAside.add(vm.id);
    this.#history.broken(mismatch, this.#writtenExample(vm));
  }

  #writtenExample(vm: ExpectedVm): object {
    const { lastWrite, lastWriteAtMs } = vm;
    return { ...this.#example(vm), lastWrite, lastWriteAtMs: Math.round(lastWriteAtMs) };
  }

  /** What a person needs to look for themselves. */
  #example({ id, name }: { id: Id; name: string }): object {
    return { vm: name, id, seenAtMs: Math.round(this.#vu.slice.elapsedMs()) };
  }

  #counterOf({ name }: { name: string }): number {
    return Number(name.slice(this.prefix.length));
  }
}
