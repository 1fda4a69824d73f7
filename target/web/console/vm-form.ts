import { byId, control, setOptions, setText } from '../dom.ts';
import { ZONES } from './control-plane.ts';
import type { Actions } from './vm-table.ts';

/** The form that creates a VM. */
export class VmForm {
  readonly #actions: Actions;
  readonly #form = byId<HTMLFormElement>('vm-form');

  constructor(actions: Actions, signal: AbortSignal) {
    this.#actions = actions;
    const zones = ZONES.map((zone) => ({ value: zone, label: zone }));
    setOptions(control<HTMLSelectElement>(this.#form, 'zone'), zones);
    this.#form.addEventListener('submit', (event) => void this.#create(event), { signal });
  }

  async #create(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const { plane, fleet, changed, failed } = this.#actions;
    const name = control(this.#form, 'name');
    const number = (field: string) => Number(control(this.#form, field).value);
    const text = (field: string) => control<HTMLSelectElement>(this.#form, field).value;
    const vm = {
      name: name.value.trim(),
      image: text('image'),
      zone: text('zone'),
      cpu_cores: number('cpu_cores'),
      memory_mb: number('memory_mb'),
      disk_gb: number('disk_gb'),
    };
    const submit = this.#form.querySelector('button')!;
    submit.disabled = true;
    setText(byId('vm-form-error'), '');
    try {
      fleet.put(await plane.create(vm));
      // The rest stays: the next one is usually of the same kind.
      name.value = '';
      changed();
    } catch (error) {
      setText(byId('vm-form-error'), failed(error));
    } finally {
      submit.disabled = false;
      name.focus();
    }
  }
}
