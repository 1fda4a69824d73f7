import { inspect, types } from 'node:util';
import { runInNewContext } from 'node:vm';
import type { Evidence, JudgedRun, Judgement, OracleResult } from '../measure/evidence.ts';
import { textOf } from '../measure/failures.ts';
import { ownOf } from '../measure/own.ts';

/** How long a judge may take. */
const JUDGING_MS = 60_000;

const MAX_EXAMPLES = 10;

interface Judge {
  readonly promise: string;
  judge(evidence: never[], run: JudgedRun): unknown;
}

/**
 * Asks each oracle that a scenario of the run promises evidence for, over the joined evidence of all slices. One that throws,
 * hangs, gives no judgement or gets no evidence is unknown: nobody saw that the promise was kept. One that does not apply
 * (slices hand in null, and none a piece) is left out.
 * @param promised names of oracles
 * @param oracles those that there are, by name
 * @param run `isWhole` of it, which is the default; `limitMs`: how long each oracle may take
 */
export function consult(
  promised: Iterable<string>,
  slices: Evidence[],
  oracles: ReadonlyMap<string, Judge>,
  { isWhole = true, limitMs = JUDGING_MS }: Partial<JudgedRun> & { limitMs?: number } = {},
): OracleResult[] {
  return [...new Set(promised)].sort().flatMap((name): OracleResult[] => {
    const brought = slices.map((slice) => ownOf(slice, name));
    const evidence = brought.flatMap((pieces) => pieces ?? []);
    if (evidence.length === 0 && brought.includes(null)) return [];
    const oracle = oracles.get(name);
    if (!oracle) return [{ name, ...unknown('there is no oracle of this name') }];
    const about = { name, promise: oracle.promise };
    if (evidence.length === 0) return [{ ...about, ...unknown('no slice brought evidence') }];
    return [{ ...about, ...judged(oracle, evidence, { isWhole }, limitMs) }];
  });
}

type Result = Omit<OracleResult, 'name' | 'promise'>;

function unknown(why: string): Result {
  return { checked: 0, violations: 0, examples: [why], status: 'unknown' };
}

function judged(oracle: Judge, evidence: unknown[], run: JudgedRun, limitMs: number): Result {
  try {
    // A time limit that also ends what never gives the thread back; the judge itself stays in our own context.
    const judge = () => oracle.judge(evidence as never[], run);
    return resultOf(runInNewContext('judge()', { judge }, { timeout: limitMs }));
  } catch (error) {
    const { code } = Object(error) as NodeJS.ErrnoException;
    if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return unknown(`the oracle did not answer within ${limitMs} ms`);
    return unknown(`the oracle crashed: ${textOf(() => (error instanceof Error ? error.message : error))}`);
  }
}

function resultOf(found: unknown): Result {
  if (types.isPromise(found)) {
    found.catch(() => {}); // of what it comes to nobody hears
    return unknown('the oracle answered with a Promise, and not at once');
  }
  const wrong = wrongWith(found);
  if (wrong !== undefined) return unknown(`the oracle gave no judgement: ${wrong}`);
  const {
    checked,
    violations,
    examples = [],
    counts,
    summary,
    status = statusOf(found as Judgement),
  } = found as Judgement;
  const shown = examples.slice(0, MAX_EXAMPLES).map(data);
  return {
    ...{ checked, violations, examples: shown, status },
    ...(counts && { counts: { ...counts } }),
    ...(summary && { summary }),
  };
}

function statusOf({ checked, violations }: Judgement): OracleResult['status'] {
  return violations > 0 ? 'violated' : checked > 0 ? 'ok' : 'unknown';
}

/** Why this is no judgement; undefined when it is one. */
function wrongWith(found: unknown): string | undefined {
  if (typeof found !== 'object' || found === null) return `it is ${shownValue(found)}`;
  const { checked, violations, examples, status, counts, summary } = found as Partial<Judgement>;
  for (const [name, value] of Object.entries({ checked, violations })) {
    if (!Number.isSafeInteger(value) || value! < 0) return `${name} is ${shownValue(value)}`;
  }
  if (examples !== undefined && !Array.isArray(examples)) return `examples is ${shownValue(examples)}`;
  if (summary !== undefined && typeof summary !== 'string') return `summary is ${shownValue(summary)}`;
  if (counts !== undefined) {
    if (typeof counts !== 'object' || counts === null) return `counts is ${shownValue(counts)}`;
    for (const [name, value] of Object.entries(counts)) {
      if (!Number.isFinite(value)) return `counts.${name} is ${shownValue(value)}`;
    }
  }
  const own = statusOf(found as Judgement);
  // It may know that it could not see enough. Of what it saw it cannot say the opposite.
  if (status === undefined || status === own || (status === 'unknown' && own === 'ok')) return undefined;
  return `status is ${shownValue(status)} with ${violations} violations in ${checked} checked`;
}

/** As it would be in a report. An example that cannot be there is told of in words. */
function data(example: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(example)) as unknown;
  } catch {
    return shownValue(example);
  }
}

function shownValue(value: unknown): string {
  return inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 80 });
}
