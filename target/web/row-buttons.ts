import { element } from './dom.ts';

/** What a button of a row asks before it acts. */
export interface Question {
  /** The row's buttons, which the question takes the place of. */
  buttons: HTMLElement;
  /** The button that led to it; it names the form. */
  asked: HTMLElement;
  fields: HTMLElement[];
  /** What the button says that answers it. */
  yes: string;
  onYes(): void;
}

export function button(label: string): HTMLButtonElement {
  const made = element('button', 'quiet', label);
  made.type = 'button';
  return made;
}

// Not by `disabled`: that would take the keyboard's focus away from who has just pressed it.
export function enable(target: HTMLElement, enabled: boolean): void {
  target.setAttribute('aria-disabled', String(!enabled));
}

/** Hears of presses while the button is enabled. */
export function onPress(target: HTMLElement, press: () => void): void {
  target.addEventListener('click', () => {
    if (target.getAttribute('aria-disabled') !== 'true') press();
  });
}

/** Puts a form in place of a row's buttons until it is answered, or given up. */
export function ask({ buttons, asked, fields, yes, onYes }: Question): HTMLFormElement {
  const cancel = button('Cancel');
  const form = element('form', 'buttons', ...fields, element('button', 'primary', yes), cancel);
  form.setAttribute('aria-label', asked.getAttribute('aria-label') ?? '');
  const close = () => {
    form.replaceWith(buttons);
    asked.focus();
  };
  cancel.addEventListener('click', close);
  form.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') close();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    close();
    onYes();
  });
  buttons.replaceWith(form);
  return form;
}

/** Asks whether something is to be deleted; who only presses Enter does not delete it. */
export function askToDelete(buttons: HTMLElement, asked: HTMLElement, onYes: () => void): void {
  const question = element('span', '', 'For good?');
  const form = ask({ buttons, asked, fields: [question], yes: 'Delete', onYes });
  form.querySelector<HTMLElement>('.quiet')?.focus();
}
