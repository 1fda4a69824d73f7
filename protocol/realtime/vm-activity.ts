import { setTimeout as wait } from 'node:timers/promises';
import { epochMs, type Vu } from '../../support/test.ts';
import type { Id } from '../apis/id.ts';
import { VmApi, vmBaseUrl, zones } from '../apis/vms/api.ts';
import { Http } from '../transports/http.ts';
import type { RealtimeAccess } from './api.ts';

/** How long a new VM may take until it can be started. */
const CREATION_MS = 30_000;
/** How long one may take until it is what it was told to be, where that takes time (202). */
const CHANGE_MS = 60_000;
/** Between two looks at it. */
const LOOK_MS = 100;
/** Between two looks whether a change was told. */
const TOLD_LOOK_MS = 10;

/** Starts and stops a VM of its own again and again, each time once the last is told, so that there is something to be told. */
export class VmActivity {
  readonly #vu: Vu;
  readonly #http: Http;
  readonly #vms: VmApi;
  readonly #everyMs: number;
  readonly #access: RealtimeAccess;
  readonly #stop = new AbortController();
  #working: Promise<void> | undefined;
  #id: Id | undefined;

  constructor(vu: Vu, token: string | undefined, perSecond: number, access: RealtimeAccess) {
    this.#access = access;
    this.#vu = vu;
    this.#http = new Http(vu.slice, vmBaseUrl(vu.target), { connections: 1 });
    this.#vms = new VmApi(this.#http, vu, token);
    this.#everyMs = 1_000 / perSecond;
  }

  /** Begins, unless it has; ends by itself when the schedule is over. */
  begin(): void {
    this.#working ??= this.#change();
  }

  /** Deletes the VM. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#working;
    if (this.#id !== undefined) await this.#vms.delete(this.#id);
    await this.#http.close();
  }

  async #change(): Promise<void> {
    const { slice, id } = this.#vu;
    const created = await this.#vms.create({
      name: `tandem-${slice.runId}-${slice.scenario}-${id}-1`,
      cpu_cores: 1,
      memory_mb: 512,
      disk_gb: 10,
      image: 'ubuntu-22.04',
      zone: zones[0]!,
      tags: {},
    });
    this.#id = created.vm?.id;
    if (this.#id === undefined) return;
    const { watched } = this.#access;
    watched.id = this.#id;
    const deadline = performance.now() + CREATION_MS;
    let isCreating = true;
    while (isCreating && !this.#isOver && performance.now() < deadline) {
      await this.#wait(LOOK_MS);
      isCreating = (await this.#vms.get(this.#id))?.status === 'creating';
    }
    let runs = false;
    for (let dueAt = performance.now(); ; dueAt += this.#everyMs) {
      await this.#wait(dueAt - performance.now());
      if (this.#isOver) return;
      const status = runs ? 'stopped' : 'running';
      watched.changing(status);
      const change = await (runs ? this.#vms.stop(this.#id) : this.#vms.start(this.#id));
      if (change.result !== 'done') {
        watched.unchanged();
        continue;
      }
      runs = !runs;
      await this.#untilTold(status, change.status !== 202, slice.elapsedMs());
    }
  }

  /**
   * By looks and not by the clock: whoever is held up here hears nothing either.
   * @param isAtOnce it is known to be what it was told to be: before, there is nothing to be told
   */
  async #untilTold(status: string, isAtOnce: boolean, changedAfterMs: number): Promise<void> {
    const { watched, conditions } = this.#access;
    const deadline = performance.now() + CHANGE_MS;
    let isThere = isAtOnce;
    for (let looks = 0; !watched.isSettled(epochMs()); looks++) {
      if (this.#isOver) return watched.unchanged();
      if (looks * TOLD_LOOK_MS >= conditions.timeoutMs) {
        if (isThere) return watched.untold(changedAfterMs);
        isThere = (await this.#vms.get(this.#id!))?.status === status;
        if (!isThere && performance.now() >= deadline) return watched.unchanged();
        looks = 0;
      }
      await this.#wait(TOLD_LOOK_MS);
    }
  }

  get #isOver(): boolean {
    return this.#stop.signal.aborted || this.#vu.slice.isOver();
  }

  async #wait(ms: number): Promise<void> {
    await wait(Math.max(0, ms), undefined, { signal: this.#stop.signal }).catch(() => {});
  }
}
