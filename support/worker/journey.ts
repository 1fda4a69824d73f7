import type { APIRequestContext, Page } from '../browser.ts';
import { textOf } from '../measure/failures.ts';
import type { Tags } from '../measure/metrics.ts';
import type { Options, OptionsSchema } from '../options.ts';
import type { Random } from '../schedule/random.ts';
import type { Target } from '../target.ts';
import { checkLimits, defaultSessionLimits, type SessionLimits } from '../time-limit.ts';
import { checkFields, type MetricDeclarations } from './declaration.ts';
import type { JourneyUse } from './journey-use.ts';
import type { RunHooks } from './run-hooks.ts';
import type { Account } from './user.ts';
import type { SliceContext } from './vu.ts';

/** A browser user as an author writes it. `R` comes from `setupRun`. */
export interface JourneyDefinition<O = Options, R = undefined> extends RunHooks<R, O> {
  /** Metrics beside the built-in ones: `{ order_total: 'trend' }`. */
  metrics?: MetricDeclarations;
  /** Bounds in ms of the pause that `think()` makes; default 1,000 to 3,000. */
  thinkTimeMs?: [min: number, max: number];
  /** Names of the oracles that its sessions bring evidence for; without any evidence they make the run invalid. */
  oracles?: string[];
  /** A session that takes longer has failed, and is left where it hangs. */
  timeLimitsMs?: SessionLimits;
  /** What profiles may say in `options`, such as `z.strictObject({ stay: durationMs.prefault('20s') })`. */
  options?: OptionsSchema<O>;
  /**
   * What Playwright's `test.use` takes of a browser context: `{ viewport: { width: 390, height: 844 }, locale: 'de-DE' }`. The file of
   * a `storageState` is found from the project's folder; before the run it has to be there, and its cookies must not all have expired.
   * A function says it for each person.
   */
  use?: JourneyUse | ((user: User, data: R) => JourneyUse);
  /** A session: what a person does. Whatever it throws makes the session a failed one. */
  run(visit: Visit<O, R>): Promise<void>;
  /** Once a slice, at the end, also of a run that was stopped; at most half a minute. */
  teardown?(): void | Promise<void>;
}

/** The person behind a session slot: the same account comes back in the slot's next session. */
export interface User extends Account {
  /** Sessions that ended well before this one: at 0 the account does not exist yet, unless one that failed has made it. */
  sessions: number;
}

/** What a journey's code gets: a page of its own, who it is, and the words to say what it does. */
export interface Visit<O = Options, R = undefined> {
  /** Of a browser context of its own, which is fresh in every session; `page.context()` opens further pages, and popups are measured. */
  page: Page;
  /** Requests without the page, as the same user: they have its cookies. They are not measured. */
  request: APIRequestContext;
  user: User;
  /** Of the user: counts from 0 over the whole journey, over all slices and shards. */
  slot: number;
  /** What `setupRun` gave; undefined without it. */
  data: R;
  /** What this part of the load is, for a {@link Feeder}. */
  slice: SliceContext<O>;
  /** Begins the names of what the run writes: the same on all of its machines, and another one for every attempt. */
  runId: string;
  /** The system under load: its addresses and settings. */
  target: Target;
  /** The same slot of the same seed draws the same numbers in every run. */
  random: Random;
  /** From the profile: `scenarios.<name>.options`, as the journey's schema makes them. */
  options: Readonly<O>;
  /**
   * Adds to a metric of the vocabulary or of the journey's own `metrics`: a time in ms, a boolean to a rate. A value that is no number of
   * its range is not added but counted by name among the errors; a time of a session that is traced, and slowed by that, is left out.
   */
  add(metric: string, value: number | boolean, tags?: Tags): void;
  /** Counts into `checks`; a failed one lets the session go on, makes it a failed one, and is counted by name among the errors. */
  check(name: string, passed: boolean): boolean;
  /**
   * A named action with its expectation. Its duration is `browser_step_duration{step}`, and the slowest frame after an
   * input in it `browser_interaction_to_paint{step}`. It has to end before its session. What it throws, and the journey does not catch, ends
   * the session as failed; one that throws since its time is up, as an action or an assertion that waits does, has lasted at least so long.
   */
  step<T>(name: string, action: () => Promise<T>): Promise<T>;
  /** Pauses as long as this persona thinks; not at all once the load is over. */
  think(): Promise<void>;
  /**
   * From now on, and as long as this document stays, changes that a protocol worker marks and sends are measured until they
   * are painted here: `browser_remote_change_to_paint`.
   */
  watchRemoteChanges(): Promise<void>;
  /**
   * The target does not answer as it should, and the page says so, or only lets the person wait: `browser_outage_seen`. A session
   * that says so has not failed for pages that were answered with HTTP 5xx or 429, as every other one has.
   */
  sawOutage(what: 'error' | 'spinner'): void;
  /**
   * Whether work that was not saved when it was done is there in the end: `browser_work_kept`.
   * @param doneAt when it was done, on the clock of `performance.now()`
   */
  keptWork(isThere: boolean, doneAt: number): void;
  /** True once the load is over: who only waits for something to happen may leave. */
  isOver(): boolean;
  /** Hands in a piece of evidence for an oracle that the journey names. */
  evidence(oracle: string, piece: unknown): void;
}

const fields: Record<keyof JourneyDefinition, true> = {
  ...{ metrics: true, thinkTimeMs: true, oracles: true, timeLimitsMs: true, options: true, use: true, run: true },
  ...{ teardown: true, setupRun: true, teardownRun: true },
};

/** @throws one sentence for what no session could do */
export function checkJourney(
  name: string,
  definition: Pick<JourneyDefinition, 'run' | 'thinkTimeMs' | 'timeLimitsMs'>,
) {
  checkFields(`journey("${name}")`, definition, fields);
  const refuse = (field: string, value: unknown, allowed: string) => {
    const sentence = `journey("${name}"): ${field} is ${textOf(() => JSON.stringify(value) ?? value)}; allowed is ${allowed}.`;
    // With a stack Playwright would name this line beside it.
    throw Object.assign(new Error(sentence), { stack: sentence });
  };
  const { run, thinkTimeMs, timeLimitsMs } = definition;
  checkFields(`journey("${name}"): timeLimitsMs`, timeLimitsMs ?? {}, defaultSessionLimits);
  if (typeof run !== 'function') refuse('run', run, 'a function');
  const [min, max, ...more] = Array.isArray(thinkTimeMs) ? thinkTimeMs : thinkTimeMs === undefined ? [0, 0] : [];
  const isPause = Number.isFinite(max) && min! >= 0 && min! <= max! && more.length === 0;
  if (!isPause) refuse('thinkTimeMs', thinkTimeMs, 'the shortest and the longest pause in ms, such as [500, 1500]');
  checkLimits(timeLimitsMs, refuse);
}
