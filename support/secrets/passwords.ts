/** What a page is asked, and tells by itself, so that nothing typed into a password field is shown afterwards. */

/** By this function a page tells what was typed. */
export const passwordBinding = '__tandemPassword';

/** For `addInitScript`, in every frame: listens before the page's own code does. */
export function passwordScript(): string {
  return `(${watchPasswords})(${JSON.stringify(passwordBinding)})`;
}

/**
 * Runs in the page: functions here have no names of their own, since a transpiler that keeps names would call a helper that the
 * page does not have. A field stays one when a button shows what is in it, which makes it a text field.
 */
function watchPasswords(binding: string): void {
  const fields = new WeakSet<EventTarget>();
  for (const type of ['focusin', 'input', 'change']) {
    addEventListener(
      type,
      (event) => {
        const [field] = event.composedPath();
        if (!(field instanceof HTMLInputElement)) return;
        if (field.type === 'password' || /password/i.test(field.autocomplete)) fields.add(field);
        // While it is typed key by key its beginnings are no secrets yet, and might be words of any text.
        if (!fields.has(field) || field.value === '' || (type === 'input' && field.value.length < 6)) return;
        (globalThis as never as Told)[binding]?.(field.value);
      },
      { capture: true, passive: true },
    );
  }
}

type Told = Record<string, ((typed: string) => void) | undefined>;

/** Runs in the page: what its password fields hold, and its storage under a name that tells of a secret. */
export function storedSecrets(): string[] {
  const fields = [...document.querySelectorAll<HTMLInputElement>('input[type=password]')].map(({ value }) => value);
  const telling = /token|secret|passw|session|auth|jwt|credential/i;
  const found: string[] = [];
  const page = {
    note(name: string, value: unknown): void {
      if (typeof value === 'string' && telling.test(name)) found.push(value);
      if (typeof value === 'object' && value !== null)
        for (const [key, one] of Object.entries(value)) page.note(key, one);
    },
  };
  for (const storage of [localStorage, sessionStorage]) {
    for (const [name, value] of Object.entries(storage) as [string, string][]) {
      page.note(name, value);
      try {
        page.note(name, JSON.parse(value));
      } catch {}
    }
  }
  return [...fields, ...found];
}
