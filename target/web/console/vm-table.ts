import { counted } from '../counts.ts';
import { byId, KeyedList, setOptions, setText } from '../dom.ts';
import { type ControlPlane, type Migration, ZONES } from './control-plane.ts';
import type { Fleet, KnownVm } from './fleet.ts';
import { type Line, VmRow } from './vm-row.ts';

/** What the parts of the page act with. */
export interface Actions {
  plane: ControlPlane;
  fleet: Fleet;
  /** Shows what has changed, in the next frame. */
  changed(): void;
  /** What to tell the user of a call that failed. */
  failed(error: unknown): string;
}

/** The list of VMs, and what can be done to each. */
export class VmTable {
  /** Why the list may be out of date; empty when it is not. */
  loadProblem = '';
  readonly #actions: Actions;
  readonly #search = byId<HTMLInputElement>('search');
  readonly #status = byId<HTMLSelectElement>('status-filter');
  readonly #zone = byId<HTMLSelectElement>('zone-filter');
  readonly #list: KeyedList<Line>;
  readonly #busy = new Set<string>();
  #actionProblem = '';

  constructor(actions: Actions, signal: AbortSignal) {
    this.#actions = actions;
    const { plane, fleet } = actions;
    const orders = {
      start: (vm: KnownVm) => this.#act(vm, 'started', async () => fleet.put(await plane.start(vm.id))),
      stop: (vm: KnownVm) => this.#act(vm, 'stopped', async () => fleet.put(await plane.stop(vm.id))),
      migrate: (vm: KnownVm, zone: string) =>
        this.#act(vm, 'migrated', async () => {
          await plane.migrate(vm.id, zone);
          fleet.put(await plane.get(vm.id));
        }),
      remove: (vm: KnownVm) =>
        this.#act(vm, 'deleted', async () => {
          await plane.remove(vm.id);
          fleet.remove(vm.id);
        }),
    };
    this.#list = new KeyedList<Line>(
      byId('vm-rows'),
      ({ vm }) => vm.id,
      () => new VmRow(orders),
    );
    setOptions(this.#zone, [{ value: '', label: 'All' }, ...ZONES.map((zone) => ({ value: zone, label: zone }))]);
    for (const input of [this.#search, this.#status, this.#zone]) {
      input.addEventListener('input', () => actions.changed(), { signal });
    }
  }

  /** @param isLoaded tells an account without VMs from one whose list has not arrived yet */
  render(isLoaded: boolean): void {
    const { fleet } = this.#actions;
    const { vms } = fleet;
    const words = this.#search.value.trim().toLowerCase();
    const [status, zone] = [this.#status.value, this.#zone.value];
    const lines = vms
      .filter(
        (vm) =>
          (status === '' || vm.status === status) &&
          (zone === '' || vm.zone === zone) &&
          (words === '' || `${vm.name} ${vm.image}`.toLowerCase().includes(words)),
      )
      .map((vm) => ({ vm, migration: fleet.migrationOf(vm), busy: this.#busy.has(vm.id) }));
    this.#list.render(lines);
    const count = counted(vms.length, 'VM');
    setText(byId('vm-count'), lines.length === vms.length ? count : `${lines.length.toLocaleString('en')} of ${count}`);
    setText(byId('vm-error'), this.#actionProblem || this.loadProblem);
    const empty = byId('vms-empty');
    empty.hidden = lines.length > 0;
    setText(
      empty,
      vms.length > 0 ? 'Nothing matches.' : isLoaded ? 'No VMs yet. Create the first one above.' : 'Loading…',
    );
  }

  /** Says how a migration ended. */
  tellEnd({ vm_id, target_zone, status, data_loss }: Migration): void {
    const name = this.#actions.fleet.vms.find(({ id }) => id === vm_id)?.name ?? vm_id;
    if (status === 'failed') this.#actionProblem = `The migration of ${name} to ${target_zone} failed.`;
    else if (data_loss) this.#actionProblem = `${name} lost data in its migration to ${target_zone}.`;
    else setText(byId('vm-news'), `${name} has moved to ${target_zone}.`);
  }

  async #act(vm: KnownVm, done: string, act: () => Promise<void>): Promise<void> {
    const { changed, failed } = this.#actions;
    this.#busy.add(vm.id);
    this.#actionProblem = '';
    changed();
    try {
      await act();
    } catch (error) {
      this.#actionProblem = `${vm.name} was not ${done}. ${failed(error)}`;
    }
    this.#busy.delete(vm.id);
    changed();
  }
}
