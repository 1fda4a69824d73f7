import { call, HttpError } from '../http.ts';

const PAGE_VMS = 100;
/** While VMs come and go, pages shift: the list is read again until it is whole, so many times at most. */
const ATTEMPTS = 3;

export const ZONES = ['us-west-1', 'us-east-1', 'eu-west-1'];

export type Status = 'creating' | 'stopped' | 'running' | 'migrating';
export type NewVm = Size & { name: string; image: string; zone: string };
type Size = { cpu_cores: number; memory_mb: number; disk_gb: number };

/** Of two states of a VM the one with the higher revision is the newer. */
export type Vm = NewVm & { id: string; status: Status; revision: number; created_at: string };

export type Migration = {
  job_id: string;
  vm_id: string;
  target_zone: string;
  status: 'pending' | 'in_progress' | 'completed' | 'failed';
  phase: string;
  /** Percent. */
  progress: number;
  data_loss: boolean;
};

/** The API of the VMs, for one session. All of it throws `HttpError`. */
export class ControlPlane {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  /** All VMs. */
  async vms(): Promise<Vm[]> {
    const vms = new Map<string, Vm>();
    for (let attempt = 1, total = 1; attempt <= ATTEMPTS && vms.size !== total; attempt++) {
      vms.clear();
      for (let offset = 0; offset === 0 || offset < total; offset += PAGE_VMS) {
        const answer = await this.#call('GET', `/vms?sort=created_at&order=asc&limit=${PAGE_VMS}&offset=${offset}`);
        const { data, pagination } = answer as { data?: Vm[]; pagination?: { total?: number } };
        if (!Array.isArray(data) || typeof pagination?.total !== 'number') {
          throw new HttpError(200, 'The server answered a list without data or without a total.');
        }
        total = pagination.total;
        for (const vm of data) vms.set(vm.id, vm);
      }
    }
    return [...vms.values()];
  }

  /** The migrations under way. */
  async migrations(): Promise<Migration[]> {
    const { migrations } = await this.#call('GET', '/dwcp/migrations?status=in_progress&limit=100');
    if (!Array.isArray(migrations)) throw new HttpError(200, 'The server answered without migrations.');
    return migrations;
  }

  async create(vm: NewVm): Promise<Vm> {
    return (await this.#call('POST', '/vms', vm)) as Vm;
  }

  async get(id: string): Promise<Vm> {
    return (await this.#call('GET', `/vms/${id}`)) as Vm;
  }

  async start(id: string): Promise<Vm> {
    return (await this.#call('POST', `/vms/${id}/start`)) as Vm;
  }

  async stop(id: string): Promise<Vm> {
    return (await this.#call('POST', `/vms/${id}/stop`)) as Vm;
  }

  async migrate(id: string, targetZone: string): Promise<void> {
    await this.#call('POST', `/vms/${id}/migrate`, { target_zone: targetZone });
  }

  async remove(id: string): Promise<void> {
    await this.#call('DELETE', `/vms/${id}`);
  }

  #call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Record<string, unknown>> {
    return call(method, `/api/v1${path}`, this.#token, body);
  }
}
