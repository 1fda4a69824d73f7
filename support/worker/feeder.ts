import type { SliceContext } from './vu.ts';

/** What `stop` ends a scenario with. */
export class UsedUp extends Error {}

/**
 * Rows of test data that are dealt out, such as accounts: what one VU or session gets no other does, in whatever slice and on whatever
 * machine. A scenario has the list to itself, and goes through it in the same order in every run.
 *
 *     const accounts = new Feeder(JSON.parse(readFileSync('accounts.json', 'utf8')));
 *     …  vu: (vu) => ({ account: accounts.next(vu) }),            a row for each VU
 *     …  async run({ page, ...visit }) { accounts.next(visit) }   a row for each session
 */
export class Feeder<T> {
  readonly #rows: readonly T[];
  readonly #wraps: boolean;
  /** By slice. */
  readonly #dealt = new Map<string, number>();

  /**
   * @param rows the same list, in the same order, in all slices
   * @param atEnd what becomes of a slice that has had its share of the list: `stop`, the default, ends it, and the run is invalid, since
   * the load was not what was asked for; `wrap` begins again, and rows come back
   * @throws one sentence for a list without rows
   */
  constructor(rows: readonly T[], { atEnd = 'stop' }: { atEnd?: 'stop' | 'wrap' } = {}) {
    if (!Array.isArray(rows) || rows.length === 0) {
      throw new Error(`new Feeder(…) has ${Array.isArray(rows) ? 'no rows' : 'no list'}; allowed is a list of rows.`);
    }
    if (atEnd !== 'stop' && atEnd !== 'wrap') {
      throw new Error(`new Feeder(…) has atEnd ${JSON.stringify(atEnd)}; allowed is "stop" or "wrap".`);
    }
    this.#rows = rows;
    this.#wraps = atEnd === 'wrap';
  }

  /**
   * The next row that nobody else gets: of the rows 0, 1, 2 … slice k of K has k, k + K, k + 2 K …
   * @param of a VU, or a session's `visit`
   */
  next({ slice: { scenario, index, of } }: { slice: Pick<SliceContext, 'scenario' | 'index' | 'of'> }): T {
    const slice = `${scenario}#${index}`;
    const dealt = this.#dealt.get(slice) ?? 0;
    const row = index + dealt * of;
    if (row >= this.#rows.length && !this.#wraps) {
      const share = of === 1 ? '' : `, slice ${index + 1} of ${of} has had its ${dealt}`;
      throw new UsedUp(
        `A list of ${this.#rows.length} rows is used up${share}; allowed is a longer one, or { atEnd: 'wrap' }.`,
      );
    }
    this.#dealt.set(slice, dealt + 1);
    return this.#rows[row % this.#rows.length]!;
  }
}
