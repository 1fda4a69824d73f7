/** Fixtures as Playwright has them: set up when they are asked for, and taken down in reverse. */
import type { Registration } from './internals.ts';

/** Each has its turn, also when one before it has failed; what failed first is thrown in the end. */
export class Turns {
  readonly #failed: unknown[] = [];

  /** @returns whether it went well */
  async take(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#failed.push(error);
      return false;
    }
  }

  end(): void {
    if (this.#failed.length > 0) throw this.#failed[0];
  }
}

/** Fixtures that live together, each set up once, and taken down in reverse. */
export class Fixtures {
  readonly #values = new Map<Registration, Promise<unknown>>();
  readonly #takeDown: (() => Promise<void>)[] = [];

  /** What each of them hears of its test. */
  readonly info: object;

  constructor(info: object) {
    this.info = info;
  }

  value(registration: Registration, depsOf: () => Promise<object>): Promise<unknown> {
    let value = this.#values.get(registration);
    if (!value) {
      value = this.#setUp(registration, depsOf);
      this.#values.set(registration, value);
    }
    return value;
  }

  async #setUp({ name, fn }: Registration, depsOf: () => Promise<object>): Promise<unknown> {
    if (typeof fn !== 'function') return fn;
    const deps = await depsOf();
    return new Promise((resolve, reject) => {
      let finish = () => {};
      const finished = new Promise<void>((done) => {
        finish = done;
      });
      const use = async (value: unknown) => {
        resolve(value);
        await finished;
      };
      const ended = (async () => fn(deps, use, this.info))();
      ended.then(() => reject(new Error(`The fixture "${name}" did not call use()`)), reject);
      this.#takeDown.push(async () => {
        finish();
        await ended;
      });
    });
  }

  /** Those that are left are taken down, whichever of them fails; the first error is thrown. */
  async end(): Promise<void> {
    const turns = new Turns();
    for (const takeDown of this.#takeDown.splice(0).reverse()) await turns.take(takeDown);
    turns.end();
  }
}
