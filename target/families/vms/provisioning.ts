import type pg from 'pg';
import type { Vm } from './vm.ts';

/** How long a VM is `creating`, about. */
const CREATE_MS = 50;
/** Those that would become ready within this time do so together, in one statement. */
const GATHER_MS = 10;
const RETRY_AFTER_MS = 200;

/** What is told of a VM that has changed. */
export type VmNews = Pick<Vm, 'id' | 'name' | 'status' | 'zone' | 'revision'>;

type Announce = (account: string, vm: VmNews) => void;

/** Turns VMs that were created into stopped ones. */
export class Provisioning {
  readonly #pool: pg.Pool;
  readonly #announce: Announce;
  /** In the order in which they were created; `readyAt` is of the process's own clock. */
  #waiting: { id: string; readyAt: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #stopped = false;

  constructor(pool: pg.Pool, announce: Announce) {
    this.#pool = pool;
    this.#announce = announce;
  }

  add(id: string): void {
    this.#waiting.push({ id, readyAt: performance.now() + CREATE_MS });
    this.#schedule(CREATE_MS);
  }

  /** Leaves the others as they are; `recoverVms` of the next target makes them ready. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#working;
  }

  #schedule(delayMs: number): void {
    if (this.#stopped || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#working = this.#finish().then((nextMs) => {
        this.#timer = undefined;
        if (nextMs !== undefined) this.#schedule(nextMs);
      });
    }, delayMs);
  }

  /** Makes those ready whose time has come. Gives in how many ms it must be called again, undefined: not at all. */
  async #finish(): Promise<number | undefined> {
    const until = performance.now() + GATHER_MS;
    const firstToWait = this.#waiting.findIndex(({ readyAt }) => readyAt > until);
    const ready = this.#waiting.splice(0, firstToWait === -1 ? this.#waiting.length : firstToWait);
    try {
      const { rows } = await this.#pool.query<VmNews & { account: string }>({
        name: 'provision',
        text: PROVISION_SQL,
        values: [ready.map(({ id }) => id)],
      });
      for (const { account, ...vm } of rows) this.#announce(account, vm);
    } catch (error) {
      console.error(`New VMs have to wait: ${error instanceof Error ? error.message : error}`);
      this.#waiting.unshift(...ready);
      return RETRY_AFTER_MS;
    }
    return this.#waiting[0] && this.#waiting[0].readyAt - performance.now();
  }
}

// Rows are locked by id, as batches lock them: none waits for one that waits for it.
const PROVISION_SQL = `
WITH ready AS MATERIALIZED (
  SELECT id FROM tandem.vms WHERE id = ANY ($1) AND status = 'creating' ORDER BY id FOR NO KEY UPDATE
)
UPDATE tandem.vms AS vm SET status = 'stopped', revision = revision + 1, updated_at = clock_timestamp()
FROM ready WHERE vm.id = ready.id
RETURNING vm.account, vm.id, vm.name, vm.status, vm.zone, vm.revision`;
