import { relative } from 'node:path';
import type { JudgedRun, Judgement } from './measure/evidence.ts';
import { thrown } from './measure/failures.ts';

/** A promise of the target's, and who sees whether it was kept, as an author writes it. `E` is a piece of evidence. */
export interface OracleDefinition<E> {
  /** What the target promises: a sentence for people, shown in reports. */
  promise: string;
  /**
   * What all evidence of the run means, of all slices and shards, in no order. It answers at once, not with a Promise; one that
   * throws, takes longer than a minute or gives what is no judgement makes the run invalid.
   * @param run where evidence is missing, what nobody wrote may be of the part that is missing
   */
  judge(evidence: E[], run: JudgedRun): Judgement;
}

/** An oracle as it was declared. */
export interface Oracle {
  readonly name: string;
  readonly promise: string;
  /** `path:line`. */
  readonly at: string;
  judge(evidence: never[], run: JudgedRun): unknown;
}

const declared = new Map<string, Oracle>();

/** Those of the files that this process has loaded, by name. */
export const declaredOracles: ReadonlyMap<string, Oracle> = declared;

const namePattern = /^[a-z][\w-]*$/i;

export const oracleNameHelp = 'a name of letters, digits, - and _, such as stock-conserved';

/** Whether reports can show it. */
export function isOracleName(name: unknown): name is string {
  return typeof name === 'string' && namePattern.test(name) && !(name in {});
}

/**
 * Declares a correctness check over the whole run, in a file `<name>.oracle.ts` beside the load that brings its evidence, or in
 * that load's own file. Loads and journeys name it in their `oracles`.
 * @param name in reports, and of the evidence
 * @throws one sentence for a name that is taken, or a definition without its promise or judge
 */
export function oracle<E>(name: string, { promise, judge }: OracleDefinition<E>): void {
  // To find the place in it takes longer than all the rest, and few ask.
  const here = new Error();
  const found = (what: string, allowed: string) =>
    new Error(`${placeOf(here)}: oracle(${JSON.stringify(name)}, …) ${what}; allowed is ${allowed}.`);
  if (!isOracleName(name)) {
    throw found('has no name that reports could show', oracleNameHelp);
  }
  if (typeof promise !== 'string' || promise.trim() === '') throw found('has no promise', 'a sentence for people');
  if (typeof judge !== 'function') throw found('has no judge', 'a function from evidence to a judgement');
  const other = declared.get(name);
  if (other) throw found(`is declared at ${other.at} already`, 'one oracle of a name');
  declared.set(name, {
    name,
    promise,
    get at() {
      return placeOf(here);
    },
    judge,
  });
}

/** Of the author's code that called. */
function placeOf(error: Error): string {
  const { at } = thrown(error);
  return at === undefined ? 'a file' : relative(process.cwd(), at);
}
