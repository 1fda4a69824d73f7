import { register, signIn } from './auth.ts';
import { byId, control, setText } from './dom.ts';
import type { Session } from './session.ts';

/** How somebody enters: makes an account, or signs in to the one there is. */
export type Enter = (email: string, password: string) => Promise<Session>;

/** The form that each page begins with. */
export class SignIn {
  readonly #page: string;
  readonly #open: (enter: Enter, email: string, password: string) => Promise<void>;
  readonly #form = byId<HTMLFormElement>('sign-in-form');
  readonly #error = byId('sign-in-error');

  /**
   * @param page its name, for the title
   * @param open enters and shows what is behind the form; what it throws is shown in the form
   */
  constructor(page: string, open: (enter: Enter, email: string, password: string) => Promise<void>) {
    this.#page = page;
    this.#open = open;
    this.#form.addEventListener('submit', (event) => void this.#submit(event));
  }

  /** @param reason why somebody who was signed in has to do it again; else empty */
  show(reason: string): void {
    setText(this.#error, reason);
    document.title = `Sign in · ${this.#page}`;
    byId('welcome').hidden = false;
    control(this.#form, 'email').focus();
  }

  hide(): void {
    byId('welcome').hidden = true;
    this.#form.reset();
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const enter = (event.submitter as HTMLButtonElement | null)?.value === 'register' ? register : signIn;
    // Lower case, because the e-mail is part of the ledger's key.
    const email = control(this.#form, 'email').value.trim().toLowerCase();
    const buttons = [...this.#form.querySelectorAll('button')];
    for (const button of buttons) button.disabled = true;
    setText(this.#error, '');
    try {
      await this.#open(enter, email, control(this.#form, 'password').value);
    } catch (reason) {
      setText(this.#error, reason instanceof Error ? reason.message : String(reason));
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  }
}
