/** A first-in, first-out queue whose `push` and `shift` cost the same at any length. */
export class Ring<T> {
  #slots: (T | undefined)[] = new Array(16);
  #head = 0;
  length = 0;

  push(item: T): void {
    if (this.length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.length) & (this.#slots.length - 1)] = item;
    this.length++;
  }

  /** The oldest item, left where it is. */
  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  /** The oldest item, taken out. */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1); // the capacity is a power of two
    this.length--;
    return item;
  }

  #grow(): void {
    const slots = this.#slots;
    this.#slots = [...slots.slice(this.#head), ...slots.slice(0, this.#head)];
    this.#slots.length = slots.length * 2;
    this.#head = 0;
  }
}
