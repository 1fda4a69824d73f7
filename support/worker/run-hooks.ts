/** What a load or journey does once a run, for all of its slices on all machines. */
import { isDeepStrictEqual } from 'node:util';
import type { Options } from '../options.ts';
import type { Given, StartLineRunner } from '../schedule/startline.ts';
import { secrets } from '../secrets/secrets.ts';
import { type RunLimits, within } from '../time-limit.ts';
import { type SliceContext, unmeasured } from './vu.ts';

/** Of what `setupRun` gives, as JSON: it goes to every slice. */
const MAX_BYTES = 1_000_000;

/** `R` is what `setupRun` gives. */
export interface RunHooks<R, O = Options> {
  /**
   * Once a run, k6's `setup`: in the process of the scenario's first slice, before any of its slices is set up. What it gives comes to
   * each of them, on all machines (with `--shard` by way of `LOAD_RENDEZVOUS`): plain data as JSON holds it, up to 1 MB. Nothing of it is
   * measured. What it throws, or 2 min (`timeLimitsMs: { setupRun }`), makes the run invalid before any load.
   */
  setupRun?(slice: SliceContext<O>): R | Promise<R>;
  /**
   * Once a run, after `setupRun`, when no other slice of the scenario is left, on any machine; also of a run that was stopped. At most
   * half a minute (`timeLimitsMs: { teardownRun }`). What it throws makes the run invalid.
   */
  teardownRun?(data: R): void | Promise<void>;
}

/** Of a slice what its hooks need. */
interface HookedSlice {
  line: Pick<StartLineRunner, 'give' | 'given' | 'alone'>;
  context: SliceContext;
  atEnd(hook: 'teardownRun', cleanUp: () => void | Promise<void>, limitMs: number, turn: () => Promise<void>): void;
}

/** What `setupRun` gave, in every slice; undefined where there is none. */
export async function setUpRun<R, O>(
  { setupRun, teardownRun }: RunHooks<R, O>,
  limits: Required<RunLimits>,
  slice: HookedSlice,
): Promise<R> {
  if (!setupRun && !teardownRun) return undefined as R;
  const { line, context } = slice;
  if (context.index > 0) return dataIn(await line.given());
  const what = `setupRun of ${context.scenario}`;
  const apart = unmeasured(context) as SliceContext<O>;
  const made = await within(what, limits.setupRun, setupRun?.(apart), context.signal);
  const given = givenBy(what, made);
  line.give(given);
  const data = dataIn<R>(given);
  if (teardownRun)
    slice.atEnd(
      'teardownRun',
      () => teardownRun(data),
      limits.teardownRun,
      () => line.alone(),
    );
  return data;
}

/** @throws one sentence for what would not come as it was given */
function givenBy(what: string, data: unknown): Given {
  if (data === undefined) return { secrets: [] };
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch {} // a circle, or a bigint
  if (text === undefined || !isDeepStrictEqual(JSON.parse(text), data)) {
    throw new Error(
      `${what} gave what JSON cannot hold; allowed is plain data: texts, numbers, booleans, null, lists and objects of these.`,
    );
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) {
    throw new Error(
      `${what} gave ${bytes.toLocaleString('en')} bytes of data; allowed is up to ${MAX_BYTES.toLocaleString('en')}.`,
    );
  }
  return { data: JSON.parse(text), secrets: secrets.within(text) };
}

function dataIn<R>({ data, secrets: known }: Given): R {
  for (const secret of known) secrets.add(secret);
  return data as R;
}
