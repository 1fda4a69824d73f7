import { byId, control, setText } from '../dom.ts';
import type { Context } from './context.ts';

/** Lets a form create what is typed into it; `<form's id>-error` says why it was not. */
export function creates(
  form: HTMLFormElement,
  { signal, failed }: Context,
  create: (name: string) => Promise<void>,
): void {
  form.addEventListener('submit', (event) => void submit(event), { signal });

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const name = control(form, 'name');
    const error = byId(`${form.id}-error`);
    const button = form.querySelector('button')!;
    button.disabled = true;
    setText(error, '');
    try {
      await create(name.value.trim());
      // The rest stays: the next one is usually of the same kind.
      name.value = '';
    } catch (reason) {
      setText(error, failed(reason));
    } finally {
      button.disabled = false;
      name.focus();
    }
  }
}
