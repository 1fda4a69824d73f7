import { epochMs, type JudgedRun, type Judgement } from '../../support/test.ts';
import { withClient } from '../apis/database/schema.ts';
import type { Answer } from '../transports/postgres.ts';

/** Cells that rows are counted in, by their ids: a change of the wrong row is mostly in the wrong cell. */
const CELLS = 64;
const MAX_EXAMPLES = 10;
/** Clocks of two machines differ. Less than the pause between the end of all load and the last look on one machine. */
const CLOCK_SLACK_MS = 250;

/** By how much a row's number is to change; whole numbers. */
export type Change = readonly [id: number, by: number];

/** What the changes of one slice add up to, a number a cell; evidence for {@link addUp}. */
export interface TallyEvidence {
  of: string;
  /** What was acknowledged, what adds and what takes away each by itself. */
  added: number[];
  taken: number[];
  /** What may have been done or not. */
  perhapsAdded: number[];
  perhapsTaken: number[];
  /** When the last change was acknowledged, epoch ms; 0: none was. */
  lastAt: number;
  /** What a last look found the rows to have changed by, and when it began, epoch ms. */
  found?: number[];
  readFrom?: number;
}

const noCells = (): number[] => Array.from({ length: CELLS }, () => 0);

/** Adds up what rows were changed by, where changes only ever add to what there is or take away from it. */
export class Tally {
  readonly #evidence: TallyEvidence;

  /** @param of what is changed, such as a table; slices that change the same are added up */
  constructor(of: string) {
    const cells = { added: noCells(), taken: noCells(), perhapsAdded: noCells(), perhapsTaken: noCells() };
    this.#evidence = { of, ...cells, lastAt: 0 };
  }

  /** Changes that belong together are about to be made: until they are answered nobody knows. */
  begin(changes: readonly Change[]): void {
    this.#perhaps(changes, 1);
  }

  /** What PostgreSQL said to them; `failed`: none of them was made. */
  answered(changes: readonly Change[], { outcome }: Answer): void {
    if (outcome !== 'ok' && outcome !== 'failed') return;
    this.#perhaps(changes, -1);
    if (outcome === 'failed') return;
    const { added, taken } = this.#evidence;
    for (const [id, by] of changes) (by > 0 ? added : taken)[id % CELLS]! += by;
    this.#evidence.lastAt = epochMs();
  }

  /**
   * The last look at what all changes have come to, whoever made them.
   * @param difference SQL: what a row's number differs by from what it was made with
   */
  async readBack(url: string, table: string, difference: string): Promise<void> {
    const readFrom = epochMs();
    const text = `SELECT id % ${CELLS} AS cell, sum(${difference}) AS by FROM ${table} GROUP BY 1`;
    const { rows } = await withClient(url, (client) => client.query<{ cell: number; by: string }>(text));
    const found = noCells();
    for (const { cell, by } of rows) found[cell] = Number(by);
    Object.assign(this.#evidence, { found, readFrom });
  }

  /** Null where nothing was changed, as far as this slice knows. */
  evidence(): TallyEvidence | null {
    const { added, taken, perhapsAdded, perhapsTaken, found = [] } = this.#evidence;
    const isUsed = [added, taken, perhapsAdded, perhapsTaken, found].some((cells) => cells.some((by) => by !== 0));
    return isUsed ? this.#evidence : null;
  }

  #perhaps(changes: readonly Change[], sign: 1 | -1): void {
    const { perhapsAdded, perhapsTaken } = this.#evidence;
    for (const [id, by] of changes) (by > 0 ? perhapsAdded : perhapsTaken)[id % CELLS]! += sign * by;
  }
}

/**
 * Rows have changed by what was acknowledged, no more and no less; what was never answered may have been done or not, and so may
 * what another machine was told after the look. Who else changed them is known of a whole run only.
 */
export function addUp(slices: TallyEvidence[], { isWhole }: JudgedRun): Judgement {
  const examples: unknown[] = [];
  let checked = 0;
  let violations = 0;
  for (const reader of isWhole ? slices : []) {
    if (!reader.found) continue;
    const writers = slices.filter(({ of }) => of === reader.of);
    for (const [cell, found] of reader.found.entries()) {
      let least = 0;
      let most = 0;
      for (const { added, taken, perhapsAdded, perhapsTaken, lastAt } of writers) {
        const isDue = lastAt <= reader.readFrom! - CLOCK_SLACK_MS;
        least += perhapsTaken[cell]! + taken[cell]! + (isDue ? added[cell]! : 0);
        most += perhapsAdded[cell]! + added[cell]! + (isDue ? taken[cell]! : 0);
      }
      checked += 1;
      if (found >= least && found <= most) continue;
      violations += 1;
      if (examples.length >= MAX_EXAMPLES) continue;
      const expected = least === most ? least : { least, most };
      examples.push({ of: reader.of, rows: `whose id modulo ${CELLS} is ${cell}`, expected, found });
    }
  }
  if (checked === 0)
    examples.push(isWhole ? 'nobody could look at the rows' : 'of a part nobody knows who else changed the rows');
  const summary = `of ${checked} groups of rows ${violations} are not what their changes add up to`;
  return { checked, violations, examples, ...(violations > 0 && { summary }) };
}
