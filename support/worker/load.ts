import { types } from 'node:util';
import pLimit from 'p-limit';
import { exhaustedCodes, SETTLE, textOf, thrown, thrownText } from '../measure/failures.ts';
import type { Options, OptionsSchema } from '../options.ts';
import { most } from '../profile/fields.ts';
import { Mix } from '../schedule/mix.ts';
import { random } from '../schedule/random.ts';
import type { Work } from '../schedule/scenario.ts';
import { secrets } from '../secrets/secrets.ts';
import { checkLimits, defaultTimeLimits, type TimeLimits, within } from '../time-limit.ts';
import { checkFields, type MetricDeclarations } from './declaration.ts';
import { UsedUp } from './feeder.ts';
import type { Preflight } from './load-preflight.ts';
import type { RunHooks } from './run-hooks.ts';
import { hearingSoftFailures, NotAwaited } from './soft-failures.ts';
import { type SliceContext, Vu } from './vu.ts';

/** Protocol work as an author writes it. `S` is shared by the VUs of a slice, `V` is a VU's own, `R` comes from `setupRun`. */
export interface LoadDefinition<S, V, O = Options, R = undefined> extends RunHooks<R, O> {
  /** Metrics beside the built-in ones: `{ order_duration: 'trend' }`. */
  metrics?: MetricDeclarations;
  /** What profiles may say in `options`, such as `z.strictObject({ stay: durationMs.prefault('20s') })`. */
  options?: OptionsSchema<O>;
  /**
   * Once a run, before any load, in the runner's process: throws one sentence when the target cannot take this load, or does not
   * speak as it has to. Nothing of it is measured.
   */
  preflight?: Preflight<O>;
  /** Once a slice, before the start: connections, seeding. */
  setup?(slice: SliceContext<O>, data: R): S | Promise<S>;
  /** Once a slice, at the end, also of a run that was stopped. */
  teardown?(shared: S): void | Promise<void>;
  /** Once a VU: what it keeps from one iteration to the next, such as a device with its replica. */
  vu(vu: Vu, shared: S, data: R): V | Promise<V>;
  /** What an iteration may do. A profile's `mix` overrides the weights. */
  operations: Record<string, { weight: number; run(state: V, vu: Vu): Promise<void> }>;
  /** Names of the oracles that this load brings evidence for; without any evidence they make the run invalid. */
  oracles?: string[];
  /** How long each of these may take; what takes longer is left where it hangs, and named. */
  timeLimitsMs?: TimeLimits;
  /**
   * Once a VU, when no scenario loads the target any more: the last look. Nothing of it is measured, but it fails as an iteration does: by
   * a check, or by what it throws.
   */
  settle?(state: V, vu: Vu): Promise<void>;
  /** Once a VU, at the very end, however it came about: for each oracle a piece of evidence or a list of them; null when it does not apply. */
  evidence?(state: V): object;
  /** Once a slice, after that of its VUs: of what they share. */
  sliceEvidence?(shared: S): object;
}

/** VUs that settle at one time. */
const MAX_SETTLING = 16;

interface Worker<V> {
  vu: Vu;
  state: V;
}

const fields: Record<keyof LoadDefinition<unknown, unknown>, true> = {
  ...{ metrics: true, options: true, preflight: true, setupRun: true, setup: true, vu: true, operations: true },
  ...{ settle: true, evidence: true, sliceEvidence: true, oracles: true, teardown: true, teardownRun: true },
  timeLimitsMs: true,
};

/**
 * A weight that is no number would be taken for none.
 * @throws one sentence
 */
export function checkOperations<S, V, O, R>(name: string, definition: LoadDefinition<S, V, O, R>): void {
  const { operations, vu, timeLimitsMs } = definition;
  checkFields(`load("${name}")`, definition, fields);
  checkFields(`load("${name}"): timeLimitsMs`, timeLimitsMs ?? {}, defaultTimeLimits);
  const refuse = (sentence: string) => {
    // With a stack Playwright would name this line beside it.
    throw Object.assign(new Error(sentence), { stack: sentence });
  };
  if (typeof vu !== 'function') refuse(`load("${name}"): vu is ${textOf(() => vu)}; allowed is a function.`);
  const all = Object.entries(operations ?? {});
  if (all.length === 0) refuse(`load("${name}"): operations is {}; allowed is at least one operation.`);
  for (const [operation, { weight, run }] of all) {
    const field = `load("${name}"): operations.${operation}`;
    if (!(Number.isFinite(weight) && weight >= 0 && weight <= most.weight)) {
      refuse(`${field}.weight is ${weight}; allowed is a number from 0 to ${most.weight.toLocaleString('en')}.`);
    }
    if (typeof run !== 'function') refuse(`${field}.run is ${textOf(() => run)}; allowed is a function.`);
  }
  checkLimits(timeLimitsMs, (field, value, allowed) =>
    refuse(`load("${name}"): ${field} is ${textOf(() => JSON.stringify(value) ?? value)}; allowed is ${allowed}.`),
  );
}

/** The work of a load's slice: VUs, and an operation an iteration by the mix. */
export function loadWork<S, V, O, R>(
  definition: LoadDefinition<S, V, O, R>,
  { shared, data }: { shared: S; data: R },
  slice: SliceContext,
  seed: string,
  weights: Record<string, number> | undefined,
): Work<Worker<V>> {
  const own = Object.entries(definition.operations).map(([name, { weight }]) => [name, weight]);
  const mix = new Mix(weights ?? Object.fromEntries(own), seed, slice.scenario);
  const operations = mix.names.map((name) => definition.operations[name]!);
  const workers: Worker<V>[] = [];
  const limits = { ...defaultTimeLimits, ...definition.timeLimitsMs };
  const failed = (vu: Vu, operation: string, error: unknown): void => {
    const { error: text, at } = thrown(error);
    slice.recorder.failure({ operation, name: errorName(error), error: secrets.clean(text), at });
    vu.fail();
  };
  return {
    settleLimitMs: limits.settle,
    operations: mix.names,
    operationOf: (index) => mix.operationOf(index),
    async createVu(id) {
      const vu = new Vu(id, random(seed, slice.scenario, 'vu', id), slice);
      const state = await within(
        `vu ${id} of ${slice.scenario}`,
        limits.vu,
        definition.vu(vu, shared, data),
        slice.signal,
      );
      vu.takeOutcome();
      const worker = { vu, state };
      workers.push(worker);
      return worker;
    },
    async run({ vu, state }, operation, { dueAt }) {
      const name = mix.names[operation]!;
      vu.begin(name, dueAt);
      let told: unknown[] | undefined;
      let isStopped = false;
      const fail = (error: unknown): void => {
        // No iteration's failure: there is nothing left to do the load with.
        if (error instanceof UsedUp) throw error;
        // What the end of a run cuts off has not been given up by its author.
        if (isOfStop(error, slice.signal) || (slice.signal.aborted && error instanceof NotAwaited)) {
          isStopped = true;
          return;
        }
        // What failed before it was awaited has been told of.
        if (told?.includes(error)) return;
        told = [...(told ?? []), error];
        failed(vu, name, error);
      };
      const what = () => `operation ${name}`;
      await hearingSoftFailures(fail, what, () => operations[operation]!.run(state, vu), dueAt).catch(fail);
      const outcome = vu.takeOutcome();
      return isStopped ? 'stopped' : outcome;
    },
    async settle() {
      if (!definition.settle) return;
      const limit = pLimit(MAX_SETTLING);
      const settle = async ({ vu, state }: Worker<V>): Promise<void> => {
        if (slice.signal.aborted) return;
        vu.takeOutcome();
        vu.begin(SETTLE, performance.now());
        const fail = (error: unknown) => failed(vu, SETTLE, error);
        await hearingSoftFailures(
          fail,
          () => SETTLE,
          async () => definition.settle?.(state, vu),
        ).catch(fail);
        const outcome = vu.takeOutcome();
        // What is stopped in the midst of it has not failed.
        if (slice.signal.aborted) return;
        slice.recorder.settled.tries += 1;
        if (outcome !== 'ok') slice.recorder.settled.failed += 1;
      };
      await Promise.all(workers.map((worker) => limit(settle, worker)));
    },
    evidence() {
      const joined = new Map<string, unknown[] | null>();
      const add = (brought: object | null | undefined): void => {
        const all = atOnce(brought, `evidence of ${slice.scenario}`) ?? {};
        if (typeof all !== 'object' || Array.isArray(all))
          throw new Error(`evidence of ${slice.scenario} is no object; allowed is { <oracle>: <evidence for it> }.`);
        for (const [oracle, given] of Object.entries(all)) {
          const pieces = [given].flat();
          for (const piece of pieces) atOnce(piece, `evidence of ${slice.scenario} for ${oracle}`);
          const before = joined.get(oracle);
          joined.set(oracle, given === null ? (before ?? null) : [...(before ?? []), ...pieces]);
        }
      };
      for (const { state } of workers) add(definition.evidence?.(state));
      add(definition.sliceEvidence?.(shared));
      return Object.fromEntries(joined);
    },
  };
}

/**
 * As it is: what a Promise comes to would be known too late, and nobody would miss it.
 * @throws one sentence for a Promise
 */
export function atOnce<T>(value: T, what: string): T {
  if (!types.isPromise(value)) return value;
  value.catch(() => {});
  throw new Error(
    `${what} is a Promise; allowed is what it comes to: whatever takes its time is for settle, or earlier.`,
  );
}

/** Whether it is what those who wait with a run's signal are told when that is stopped. */
function isOfStop(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'));
}

/**
 * A name that groups like failures: a system error's code, else the first line without what differs each time, and without
 * secrets: one that lost its digits or its end could not be found any more later.
 */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return secrets.clean(thrownText(error)).slice(0, 'thrown: '.length + 80);
  const { code } = error as { code?: unknown };
  // ECONNRESET says it all; a number of gRPC's or PostgreSQL's does not.
  if (typeof code === 'string' && exhaustedCodes.has(code)) return `generator: ${code}`;
  if (typeof code === 'string' && /^[A-Z]/.test(code)) return secrets.clean(code);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Playwright colours its messages.
  const line = secrets.clean(textOf(() => error.message).replace(/\x1b\[[0-9;]*m/g, '')).split('\n')[0]!;
  return `${secrets.clean(textOf(() => error.name))}: ${line.replace(/\d+/g, 'N')}`.slice(0, 120);
}
