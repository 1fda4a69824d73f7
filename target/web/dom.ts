/** The element of index.html with this id. Throws when page and code have drifted apart. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no element #${id}`);
  return found as T;
}

/** The form control of this name. Throws when page and code have drifted apart. */
export function control<T extends HTMLInputElement | HTMLSelectElement = HTMLInputElement>(
  form: HTMLFormElement,
  name: string,
): T {
  const found = form.elements.namedItem(name);
  if (!(found instanceof HTMLElement)) throw new Error(`form #${form.id} has no control ${name}`);
  return found as T;
}

/** A new element with a class (perhaps empty) and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** Sets a text only when it differs: assigning the same text would still cost a layout. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** An element that shows an item, and how it takes a newer version of it. */
export type Row<T> = { node: HTMLElement; update(item: T): void };

/** Keeps a parent's children in step with a list, touching only what differs. */
export class KeyedList<T> {
  readonly #parent: HTMLElement;
  readonly #keyOf: (item: T) => string;
  readonly #create: (item: T) => Row<T>;
  #rows = new Map<string, Row<T>>();

  constructor(parent: HTMLElement, keyOf: (item: T) => string, create: (item: T) => Row<T>) {
    this.#parent = parent;
    this.#keyOf = keyOf;
    this.#create = create;
  }

  render(items: readonly T[]): void {
    const next = new Map<string, Row<T>>();
    for (const item of items) {
      const key = this.#keyOf(item);
      const row = this.#rows.get(key) ?? this.#create(item);
      row.update(item);
      next.set(key, row);
    }
    for (const [key, row] of this.#rows) if (!next.has(key)) row.node.remove();
    let at = this.#parent.firstElementChild;
    for (const { node } of next.values()) {
      if (node === at) at = at.nextElementSibling;
      else this.#parent.insertBefore(node, at);
    }
    this.#rows = next;
  }
}

/** Offers these options in a select, keeping what is chosen. */
export function setOptions(select: HTMLSelectElement, options: readonly { value: string; label: string }[]): void {
  const same =
    select.options.length === options.length &&
    options.every(({ value, label }, at) => select.options[at]?.value === value && select.options[at]?.text === label);
  if (same) return;
  const chosen = select.value;
  select.replaceChildren(...options.map(({ value, label }) => new Option(label, value, false, value === chosen)));
}
