import { element, type Row, setText } from '../dom.ts';
import { ask, askToDelete, button, enable, onPress } from '../row-buttons.ts';
import { type Migration, ZONES } from './control-plane.ts';
import type { KnownVm } from './fleet.ts';

/** `busy`: an order for it is under way. */
export type Line = { vm: KnownVm; migration: Migration | undefined; busy: boolean };

export interface Orders {
  start(vm: KnownVm): void;
  stop(vm: KnownVm): void;
  migrate(vm: KnownVm, zone: string): void;
  remove(vm: KnownVm): void;
}

/** One VM: its state, how far its migration is, and what can be done to it. */
export class VmRow implements Row<Line> {
  readonly node: HTMLTableRowElement;
  readonly #orders: Orders;
  readonly #name = element('span', 'name');
  readonly #image = element('small', 'muted');
  readonly #zone = element('span', '');
  readonly #size = element('small', 'muted');
  readonly #status = element('span', 'pill');
  readonly #bar = element('progress', '');
  readonly #phase = element('small', 'muted');
  readonly #progress = element('div', 'progress', this.#bar, this.#phase);
  readonly #power = button('Start');
  readonly #migrate = button('Migrate');
  readonly #remove = button('Delete');
  readonly #buttons = element('div', 'buttons', this.#power, this.#migrate, this.#remove);
  readonly #actions = element('td', 'actions', this.#buttons);
  #line: Line | undefined;

  constructor(orders: Orders) {
    this.#orders = orders;
    const name = element('th', '', this.#name, this.#image);
    name.scope = 'row';
    const status = element('td', 'vm-status', this.#status, this.#progress);
    this.node = element('tr', '', name, element('td', '', this.#zone, this.#size), status, this.#actions);
    this.#bar.max = 100;
    onPress(this.#power, () => (this.#vm.status === 'stopped' ? orders.start(this.#vm) : orders.stop(this.#vm)));
    onPress(this.#migrate, () => this.#askZone());
    onPress(this.#remove, () => this.#askToRemove());
  }

  update(line: Line): void {
    const { vm, migration, busy } = line;
    const before = this.#line;
    if (before && before.vm === vm && before.migration === migration && before.busy === busy) return;
    this.#line = line;
    setText(this.#name, vm.name);
    setText(this.#image, vm.image ?? '…');
    setText(this.#zone, vm.zone);
    setText(this.#size, sizeOf(vm));
    setText(this.#status, vm.status);
    this.#status.dataset.status = vm.status;
    this.#progress.hidden = vm.status !== 'migrating';
    this.#bar.setAttribute('aria-label', `Migration of ${vm.name}`);
    // Without a value the bar shows that something is under way, and not how far it is.
    if (migration) this.#bar.value = migration.progress;
    else this.#bar.removeAttribute('value');
    setText(this.#phase, migration ? `${Math.floor(migration.progress)} % · ${migration.phase}` : '');
    setText(this.#power, vm.status === 'running' || vm.status === 'migrating' ? 'Stop' : 'Start');
    for (const each of [this.#power, this.#migrate, this.#remove]) {
      each.setAttribute('aria-label', `${each.textContent} ${vm.name}`);
    }
    enable(this.#power, !busy && (vm.status === 'stopped' || vm.status === 'running'));
    enable(this.#migrate, !busy && vm.status === 'running');
    enable(this.#remove, !busy && vm.status !== 'migrating');
  }

  get #vm(): KnownVm {
    return this.#line!.vm;
  }

  #askZone(): void {
    const vm = this.#vm;
    const select = element('select', '');
    select.append(...ZONES.filter((zone) => zone !== vm.zone).map((zone) => new Option(zone)));
    select.setAttribute('aria-label', `Target zone of ${vm.name}`);
    ask({
      buttons: this.#buttons,
      asked: this.#migrate,
      fields: [select],
      yes: 'Migrate',
      onYes: () => this.#orders.migrate(vm, select.value),
    });
    select.focus();
  }

  #askToRemove(): void {
    const vm = this.#vm;
    askToDelete(this.#buttons, this.#remove, () => this.#orders.remove(vm));
  }
}

function sizeOf({ cpu_cores, memory_mb, disk_gb }: KnownVm): string {
  if (cpu_cores === undefined || memory_mb === undefined || disk_gb === undefined) return '…';
  const memory = memory_mb % 1_024 === 0 ? `${memory_mb / 1_024} GB` : `${memory_mb.toLocaleString('en')} MB`;
  return `${cpu_cores} CPU · ${memory} · ${disk_gb} GB disk`;
}
