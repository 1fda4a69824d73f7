import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { durationMs, listLagMs, type SliceContext, unmeasured, type Vu, wholeNumber } from '../../support/test.ts';
import { bearer } from '../apis/auth.ts';
import type { Id } from '../apis/id.ts';
import { areVms, isThere, type Vm, vmBaseUrl, vmToken } from '../apis/vms/api.ts';
import { Http, json } from '../transports/http.ts';
import { Fleet, type Shared } from './fleet.ts';

/** The contract's. */
const MAX_PAGE = 100;
/** A page that cannot be read is asked for so often. */
const PAGE_ATTEMPTS = 5;
/** An account of hundreds of thousands of VMs must not hold a run: what was not read by then stays unknown. */
const SWEEP_MS = 20_000;
/** VMs that a slice reads one by one at the end: all of a small run, a sample of a large one; the sweep sees the others. */
const READ_BACK = 20_000;
/** VUs of a run that was stopped which clean up at one time. */
const CLEANING = 16;
const CLEAN_UP_MS = 20_000;
/** Sweeps, VMs that have to come to rest, and cleaning up. */
export const SETTLE_MS = 180_000;
/** After so many deletions without an answer the target is taken to be gone. */
const MAX_SILENCES = 20;
/** For a request that is no part of the load. */
const TIMEOUT_MS = 5_000;
const MAX_VMS = 1_000;

export interface FleetOptions {
  /** VMs that a VU keeps at one time; a batch may bring more for a while. */
  maxVms: number;
  /** VMs that a VU has before its first iteration, every second of them running. */
  initialVms: number;
  /** How long a VM may take to come to rest after it was created, started, stopped or sent to another zone. */
  restWithinMs: number;
}

/**
 * What profiles may say of a load of VMs.
 * @param initialVms when the profile does not say; no more than `maxVms`
 */
export function fleetOptions(initialVms: number) {
  return z
    .strictObject({
      maxVms: wholeNumber(1, MAX_VMS).describe('VMs that a VU keeps at one time.').default(20),
      initialVms: wholeNumber(0, MAX_VMS)
        .optional()
        .describe(`VMs that a VU has before its first iteration. Default: ${initialVms}, or maxVms if that is less.`),
      restWithin: durationMs
        .prefault('60s')
        .describe('How long a VM may take until it is what it was made or told to be. Default: 60s.'),
    })
    .superRefine((given, context) => {
      if ((given.initialVms ?? 0) <= given.maxVms) return;
      const message = `a whole number from 0 to ${given.maxVms}`;
      context.addIssue({ code: 'custom', path: ['initialVms'], message });
    })
    .transform(
      ({ maxVms, restWithin, ...given }): FleetOptions => ({
        maxVms,
        initialVms: given.initialVms ?? Math.min(initialVms, maxVms),
        restWithinMs: restWithin,
      }),
    );
}

/** The fleets of a slice, one a VU, and what they share. */
export class Fleets implements Shared {
  readonly http: Http;
  readonly token: string | undefined;
  readonly maxVms: number;
  readonly prefix: string;
  readonly restWithinMs: number;
  listsAll = true;
  /** Making the first VMs, looking at the whole account, and cleaning up are no part of the load. */
  readonly unmeasured: Http;
  readonly #slice: SliceContext<FleetOptions>;
  readonly #initialVms: number;
  readonly #headers: Record<string, string>;
  readonly #fleets = new Map<number, Fleet>();
  /** Ids of VMs that have such names and were there before: a run of the same id was cut off. Undefined: nobody knows. */
  #before: ReadonlySet<Id> | undefined;
  #swept: Promise<Map<number, Vm[]> | undefined> | undefined;
  /** The latest look at the account after the first, and one that has not begun. */
  #sweeping: Promise<Map<number, Vm[]> | undefined> | undefined;
  #sweepNext: Promise<Map<number, Vm[]> | undefined> | undefined;
  #readBack = READ_BACK;
  #cleanUpBy: number | undefined;
  /** Deletions in a row that were not answered. */
  #silences = 0;

  static async open(slice: SliceContext<FleetOptions>): Promise<Fleets> {
    const fleets = new Fleets(slice);
    const before = new Set<Id>();
    if (await fleets.#readAll((vm) => before.add(vm.id))) fleets.#before = before;
    return fleets;
  }

  private constructor(slice: SliceContext<FleetOptions>) {
    const { maxVms, initialVms, restWithinMs } = slice.options;
    this.maxVms = maxVms;
    this.restWithinMs = restWithinMs;
    this.#initialVms = initialVms;
    this.#slice = slice;
    this.token = vmToken(slice);
    this.prefix = `tandem-${slice.runId}-${slice.scenario}-`;
    const baseUrl = vmBaseUrl(slice.target);
    this.http = new Http(slice, baseUrl);
    this.unmeasured = new Http(unmeasured(slice), baseUrl, { connections: CLEANING, timeoutMs: TIMEOUT_MS });
    this.#headers = bearer(this.token);
  }

  /** A fleet for a VU, with its first VMs if the target can be asked for them. */
  async make(vu: Vu): Promise<Fleet> {
    const fleet = new Fleet(this, vu);
    this.#fleets.set(vu.id, fleet);
    if (this.#before) await fleet.prepare(this.#initialVms);
    return fleet;
  }

  mayReadBack(): boolean {
    this.#readBack -= 1;
    return this.#readBack >= 0;
  }

  sweep(): Promise<Map<number, Vm[]> | undefined> {
    this.#swept ??= this.#sweep();
    return this.#swept;
  }

  /** All whose moment is over before it begins share it. */
  async sweepLater(): Promise<Map<number, Vm[]> | undefined> {
    await wait(listLagMs, undefined, { signal: this.#slice.signal }).catch(() => {});
    this.#sweepNext ??= Promise.resolve(this.#sweeping).then(() => {
      this.#sweepNext = undefined;
      this.#sweeping = this.#sweep();
      return this.#sweeping;
    });
    return this.#sweepNext;
  }

  async remove(id: Id): Promise<boolean> {
    const path = `/vms/${encodeURIComponent(id)}`;
    const { status } = await this.unmeasured.request({ op: 'delete', method: 'DELETE', path, headers: this.#headers });
    this.#silences = status === 0 ? this.#silences + 1 : 0;
    return status === 204 || status === 404;
  }

  get mayCleanUp(): boolean {
    this.#cleanUpBy ??= performance.now() + CLEAN_UP_MS;
    return performance.now() < this.#cleanUpBy && this.#silences < MAX_SILENCES;
  }

  /** Deletes what is left of a run that was stopped, and ends all connections. */
  async close(): Promise<void> {
    const left = [...this.#fleets.values()];
    const cleanUp = async () => {
      for (let fleet = left.pop(); fleet; fleet = left.pop()) await fleet.cleanUp();
    };
    await Promise.all(Array.from({ length: CLEANING }, cleanUp));
    await Promise.all([this.http.close(), this.unmeasured.close()]);
  }

  async #sweep(): Promise<Map<number, Vm[]> | undefined> {
    const before = this.#before;
    if (!before) return undefined;
    const byVu = new Map<number, Vm[]>();
    const isWhole = await this.#readAll((vm) => {
      const vuId = Number(/^(\d+)-\d+$/.exec(vm.name.slice(this.prefix.length))?.[1]);
      // Those of other slices are theirs to look at.
      if (!this.#fleets.has(vuId) || before.has(vm.id)) return;
      const own = byVu.get(vuId);
      if (own) own.push(vm);
      else byVu.set(vuId, [vm]);
    });
    return isWhole ? byVu : undefined;
  }

  /**
   * Takes the account's VMs with names of this scenario, some of them twice; false when a page could not be read. It reads from
   * the last page to the first: what other slices delete meanwhile moves VMs towards the beginning, and none past the reader. A
   * target may give fewer a page than it is asked for.
   */
  async #readAll(take: (vm: Vm) => void): Promise<boolean> {
    const deadline = performance.now() + SWEEP_MS;
    const first = await this.#page(0, deadline);
    if (!first) return false;
    const { total } = first;
    if (total === undefined) this.listsAll = false;
    const size = Math.min(first.data.length || MAX_PAGE, MAX_PAGE);
    const last = total === undefined ? 0 : Math.max(0, Math.ceil(total / size) - 1);
    // A target that does not say how many there are can only be read to the end; it may know no pages, and give all.
    const step = total === undefined ? 1 : -1;
    for (let index = last; index >= 0; index += step) {
      const page = await this.#page(index * size, deadline);
      if (!page) return false;
      for (const vm of page.data) if (isThere(vm) && vm.name.startsWith(this.prefix)) take(vm);
      const isSame = index > 0 && page.data[0]?.id === first.data[0]?.id;
      if (total === undefined && (page.data.length < size || isSame)) break;
    }
    return true;
  }

  async #page(offset: number, deadline: number): Promise<{ data: Vm[]; total: number | undefined } | undefined> {
    const path = `/vms?limit=${MAX_PAGE}&offset=${offset}&sort=created_at&order=asc`;
    for (let attempt = 1; attempt <= PAGE_ATTEMPTS; attempt++) {
      if (this.#slice.signal.aborted || performance.now() >= deadline) return undefined;
      const answer = await this.unmeasured.request({ op: 'list', method: 'GET', path, headers: this.#headers });
      const page =
        answer.status === 200 ? json<{ data: unknown; pagination?: { total?: unknown } }>(answer) : undefined;
      if (areVms(page?.data)) {
        const total = page?.pagination?.total;
        return { data: page.data, total: typeof total === 'number' ? total : undefined };
      }
    }
    return undefined;
  }
}
