import { AsyncLocalStorage } from 'node:async_hooks';

/** How long something of ours was under way in a step, one or several at a time: no part of what a person waited for. */
export class OwnTime {
  /** Of the step around it. */
  readonly around: OwnTime | undefined;
  #ms = 0;
  #underWay = 0;
  #since = 0;

  constructor(around: OwnTime | undefined = current.getStore()) {
    this.around = around;
  }

  get ms(): number {
    return this.#ms;
  }

  /** Does the step's action, whose part is what {@link ours} then gets, from wherever in it that is called. */
  of<T>(action: () => Promise<T>): Promise<T> {
    return current.run(this, action);
  }

  begin(): void {
    if (this.#underWay === 0) this.#since = performance.now();
    this.#underWay += 1;
  }

  end(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#ms += performance.now() - this.#since;
  }
}

const current = new AsyncLocalStorage<OwnTime>();

/** @param innermost whose part it is, and of those around it; default: the step that it is called in */
export async function ours<T>(work: Promise<T>, innermost = current.getStore()): Promise<T> {
  const all: OwnTime[] = [];
  for (let one = innermost; one; one = one.around) all.push(one);
  for (const one of all) one.begin();
  try {
    return await work;
  } finally {
    for (const one of all) one.end();
  }
}
