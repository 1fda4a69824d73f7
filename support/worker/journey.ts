import { setTimeout as wait } from 'node:timers/promises';
import {
  ACTION_TIMEOUT_MS,
  type APIRequestContext,
  type Browser,
  BrowserSession,
  contextOptions,
  type Page,
} from '../browser.ts';
import type { Evidence } from '../measure/evidence.ts';
import { type Failure, textOf, thrown } from '../measure/failures.ts';
import type { PaintedMark } from '../measure/marks.ts';
import { type Tags, unfinished } from '../measure/metrics.ts';
import { loadVitals, type VitalReport } from '../measure/vitals.ts';
import type { Options, OptionsSchema } from '../options.ts';
import { type Random, random } from '../schedule/random.ts';
import type { Work } from '../schedule/scenario.ts';
import { secrets } from '../secrets/secrets.ts';
import type { Target } from '../target.ts';
import { checkLimits, defaultSessionLimits, isTimeUp, type SessionLimits, TimeIsUp, within } from '../time-limit.ts';
import { checkFields, type MetricDeclarations } from './declaration.ts';
import { UsedUp } from './feeder.ts';
import { checkState, type JourneyUse, sessionUse } from './journey-use.ts';
import { atOnce, errorName } from './load.ts';
import { OwnTime, ours } from './own-time.ts';
import type { RunHooks } from './run-hooks.ts';
import { hearingSoftFailures } from './soft-failures.ts';
import { type Account, accountOf } from './user.ts';
import type { SliceContext } from './vu.ts';

/** A change of another device that is painted later than this has not come to a person's eyes. */
const PAINTED_WITHIN_MS = 10_000;

/** So long after its pages a browser is known to have ended. */
const DISCONNECT_MS = 500;

/** One session in so many is traced, and none of its times count: tracing is not free. */
const TRACE_EVERY = 10;
/** After a failure this many sessions are traced, since what fails once tends to fail again. */
const TRACE_AFTER_FAILURE = 2;
/** A target that fails every session would otherwise fill the disk with the same picture. */
const MAX_FAILED_SESSIONS_KEPT = 3;

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

/** Where a failed session's pictures go: the test's attachments. */
export type Keep = (name: string, body: Buffer, contentType: string) => Promise<void>;

interface Slot {
  id: number;
  user: User;
  random: Random;
  /** The session it is in; what it measures of itself belongs to the instant at which it began, on the clock of `performance.now()`. */
  visit?: CurrentVisit;
}

interface CurrentVisit {
  beganAt: number;
  traced: boolean;
  /** Once its page is there. */
  session?: BrowserSession;
  /** Those that are not over: one in the other, or beside each other. */
  steps: Step[];
  isCut: boolean;
}

interface Step {
  name: string;
  startAt: number;
  done: Promise<unknown>;
}

export interface JourneySlice {
  slice: SliceContext;
  /** What `setupRun` gave. */
  data: unknown;
  /** The project's folder. */
  root: string;
  browser: Browser;
  seed: string;
  /** Once the load is over: what comes then only comes to its end. */
  isDraining(): boolean;
  keep: Keep;
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

/** What Playwright calls the target is a page: its process in the browser ended, and not the system under load. */
function sayWhatCrashed(error: unknown): void {
  if (!(error instanceof Error)) return;
  error.message = error.message.replace(
    /\b(Target|Page) crashed\b ?/,
    'the page crashed in the browser, for want of memory perhaps',
  );
}

/** The work of a journey's slice: each iteration is a session. */
export function journeyWork(definition: JourneyDefinition, context: JourneySlice): Work<Slot> {
  const sessions = new Sessions(definition, context);
  return {
    operations: [''],
    operationOf: () => 0,
    createVu: (id) => sessions.slot(id),
    run: (slot, _operation, iteration) => sessions.visit(slot, iteration.index),
    cutOff: (slot) => sessions.cutOff(slot),
    evidence: () => sessions.evidence,
  };
}

class Sessions {
  /** What the sessions have handed in so far. */
  readonly #evidence = new Map<string, unknown[]>();
  readonly #definition: JourneyDefinition;
  readonly #context: JourneySlice;
  #count = 0;
  #traceNext = 0;
  #kept = 0;

  constructor(definition: JourneyDefinition, context: JourneySlice) {
    this.#definition = definition;
    this.#context = context;
  }

  get evidence(): Evidence {
    return Object.fromEntries(this.#evidence);
  }

  slot(id: number): Slot {
    const { slice, seed } = this.#context;
    const user = { ...accountOf(slice.runId, slice.scenario, id), sessions: 0 };
    return { id, random: random(seed, slice.scenario, 'user', id), user };
  }

  /** `ok` when the journey went through. */
  async visit(slot: Slot, index: number): Promise<'ok' | 'failed' | 'stopped'> {
    const { slice, browser } = this.#context;
    // A trace that would not be kept would only take times away.
    const isKept = this.#kept < MAX_FAILED_SESSIONS_KEPT;
    const traced = isKept && (this.#traceNext > 0 || this.#count % TRACE_EVERY === TRACE_EVERY - 1);
    if (this.#traceNext > 0) this.#traceNext -= 1;
    this.#count += 1;
    const visit: CurrentVisit = { beganAt: performance.now(), traced, steps: [], isCut: false };
    slot.visit = visit;
    const vitals = new Map<string, VitalReport>();
    const openedAt = new Map<VitalReport['document'], number>();
    let step = 'start';
    const failed: { step: string; error: unknown }[] = [];
    const errorPages = new Map<string, (typeof failed)[number]>();
    const fail = (error: unknown) => {
      sayWhatCrashed(error);
      // What failed before it was awaited has been told of.
      if (!failed.some((one) => one.error === error)) failed.push({ step, error });
    };
    let knowsOutage = false;
    const opening = BrowserSession.open(browser, {
      context: { ...contextOptions(slice.target), ...this.#use(slot.user) },
      actionTimeoutMs: ACTION_TIMEOUT_MS,
      traced,
      ours,
      onVital: (report) => {
        // The last value of a document wins; it belongs to when the document began, which it may tell of much later.
        vitals.set(`${report.document}/${report.metric}`, report);
        const at = Math.max(visit.beganAt, performance.now() - report.ageMs);
        if (!openedAt.has(report.document)) openedAt.set(report.document, at);
      },
      onEventsPainted: (durationsMs) => {
        if (traced) return;
        const now = performance.now();
        for (const durationMs of durationsMs)
          slice.recorder.add('browser_event_to_paint', durationMs, undefined, now - durationMs);
      },
      onErrorPage: ({ status, url }) => {
        // Another server's page is named in full: it is not the target's.
        const { origin } = new URL(slice.target.baseUrl);
        const shown = url.startsWith(`${origin}/`) ? url.slice(origin.length) : url;
        const error = Object.assign(new Error(`${shown} was answered with HTTP ${status}`), { code: `HTTP ${status}` });
        if (!errorPages.has(error.message)) errorPages.set(error.message, { step, error });
      },
      onNoPage: (askedAt) => {
        // What it shows until its last part comes, it tells itself.
        const isThere = [...openedAt.values()].some((at) => at >= askedAt);
        if (isThere || traced || visit.isCut) return;
        const ageMs = performance.now() - askedAt;
        for (const metric of loadVitals) slice.recorder.add(metric, ageMs, unfinished, askedAt);
      },
      onCrash: () => fail(new Error('Page crashed')),
      onIgnored: (error) => slice.recorder.error(`${slice.scenario}: ${error}`),
    });
    const session = await opening.catch(async (error) => {
      await this.#assertBrowser(error);
      if (!(error instanceof TimeIsUp)) throw error;
      if (!visit.isCut) this.#neverOpened(error, visit.beganAt);
    });
    if (!session) return 'failed';
    if (visit.isCut) {
      await session.close();
      return 'failed';
    }
    visit.session = session;
    const limitMs = this.#definition.timeLimitsMs?.session ?? defaultSessionLimits.session;
    const time = { isUp: false };
    let failedChecks = 0;
    let lastThrown: unknown;
    const what = () => `step ${step}`;
    const words: Visit = {
      page: session.page,
      request: session.page.request,
      user: slot.user,
      slot: slot.id,
      data: this.#context.data as undefined,
      slice,
      runId: slice.runId,
      target: slice.target,
      random: slot.random,
      options: slice.options,
      add: (metric, value, tags) => {
        const isSlowed = traced && slice.recorder.definitions[metric]?.type === 'trend';
        if (!isSlowed && !visit.isCut) slice.recorder.add(metric, value, tags, visit.beganAt);
      },
      check: (name, passed) => {
        if (visit.isCut) return passed;
        const held = slice.recorder.check(name, passed, undefined, visit.beganAt);
        if (!held) failedChecks += 1;
        return held;
      },
      step: (name, action) => {
        const own: Step = { name, startAt: performance.now(), done: Promise.resolve() };
        step = name;
        visit.steps.push(own);
        const running = (async () => {
          try {
            const result = await this.#step(session, own, visit, action);
            step = visit.steps.findLast((one) => one !== own)?.name ?? name;
            return result;
          } catch (error) {
            // What was thrown in a step inside of it was that one's.
            if (error !== lastThrown) step = name;
            lastThrown = error;
            throw error;
          } finally {
            // It is over also when it threw, and the journey goes on all the same.
            visit.steps.splice(visit.steps.indexOf(own), 1);
          }
        })();
        own.done = running;
        return running;
      },
      think: () => this.#think(slot.random, visit),
      watchRemoteChanges: () => session.watchMarks((mark) => this.#painted(mark, traced)),
      sawOutage: (seen) => {
        knowsOutage = true;
        slice.recorder.add('browser_outage_seen', 1, { seen });
      },
      keptWork: (isThere, doneAt) => slice.recorder.add('browser_work_kept', isThere ? 1 : 0, undefined, doneAt),
      isOver: () => visit.isCut || this.#context.isDraining(),
      evidence: (oracle, piece) => {
        const pieces = this.#evidence.get(oracle) ?? [];
        this.#evidence.set(oracle, pieces);
        pieces.push(atOnce(piece, `evidence of ${slice.scenario} for ${oracle}`));
      },
    };
    try {
      try {
        const running = hearingSoftFailures(fail, what, () => {
          session.adoptHandlers();
          return this.#definition.run(words);
        });
        await within('the session', limitMs, running).catch((error) => {
          time.isUp = error instanceof TimeIsUp && !visit.isCut;
          throw error;
        });
        const [open] = visit.steps;
        if (open) {
          step = open.name;
          throw new Error('the session ended before this step did: await it, or let what races do so within one step');
        }
        await session.flush();
      } catch (error) {
        if (slice.signal.aborted) return 'stopped';
        if (visit.isCut) return 'failed';
        if (error instanceof UsedUp) throw error;
        await this.#assertBrowser(error);
        fail(error);
      }
      if (visit.isCut) return 'failed';
      if (time.isUp) this.#cut(visit);
      // They came before what was missed on them.
      if (!knowsOutage) failed.unshift(...errorPages.values());
      const hasFailed = failed.length > 0 || failedChecks > 0;
      if (failed.length > 0) {
        if (!visit.isCut) await session.flushWhatAnswers();
        await this.#failed(session, index, failed);
      } else if (!hasFailed) slot.user.sessions += 1;
      // It may have been cut off since, while it was looked what it had failed with.
      if (!visit.isCut) {
        this.#ended(visit, hasFailed);
        if (!traced)
          for (const { document, metric, value } of vitals.values())
            slice.recorder.add(metric, value, undefined, openedAt.get(document));
      }
      return hasFailed ? 'failed' : 'ok';
    } finally {
      // Nobody waits for them, and closing their page fails them.
      for (const { done } of visit.steps) done.catch(() => {});
      await session.close();
    }
  }

  #use(user: User): JourneyUse {
    const { use = {} } = this.#definition;
    const { root, data } = this.#context;
    if (typeof use !== 'function') return sessionUse(root, use);
    const said = sessionUse(root, use(user, data as undefined));
    if (typeof said.storageState === 'string') checkState(said.storageState);
    return said;
  }

  /** The browser did not give a page in time: that is the generator's doing, and no page of the target's was asked for. */
  #neverOpened(error: TimeIsUp, beganAt: number): void {
    const { recorder } = this.#context.slice;
    recorder.failure({ step: 'start', name: `generator: ${error.message}`, error: error.message });
    recorder.add('browser_sessions', 1, undefined, beganAt);
    recorder.add('browser_session_failed', 1, undefined, beganAt);
  }

  /** Throws when what a session failed with is that the browser died: that is no doing of the target's. */
  async #assertBrowser(error: unknown): Promise<void> {
    const { browser } = this.#context;
    if (browser.isConnected() && /closed|crashed/i.test(textOf(() => error))) {
      // Of the end of a browser its pages hear first.
      const gone = new Promise((resolve) => browser.once('disconnected', resolve));
      await Promise.race([gone, wait(DISCONNECT_MS)]);
    }
    if (!browser.isConnected()) throw new Error('the browser died', { cause: error });
  }

  /** Names what failed in a session; what it looked like at its end goes with the first. */
  async #failed(session: BrowserSession, index: number, failed: { step: string; error: unknown }[]): Promise<void> {
    const { scenario, recorder } = this.#context.slice;
    await session.learnSecrets();
    this.#traceNext = TRACE_AFTER_FAILURE;
    let pictures = await this.#keepEvidence(session, index);
    for (const { step, error } of failed) {
      const name = `${scenario}, step "${step}": ${errorName(error)}`;
      const { error: text, at } = thrown(error);
      recorder.failure({ step, name, error: secrets.clean(text), at, ...pictures });
      pictures = {};
    }
  }

  async #step<T>(
    session: BrowserSession,
    { name: step, startAt }: Step,
    visit: CurrentVisit,
    action: () => Promise<T>,
  ): Promise<T> {
    const { recorder } = this.#context.slice;
    const own = new OwnTime();
    const took = () => performance.now() - startAt - own.ms;
    const result = await own
      .of(async () => action())
      .catch((error) => {
        // Else a step would have the times of those alone that got there, the better the more of them give up.
        const isAge = isTimeUp(error) && !visit.traced && !visit.isCut;
        if (isAge) recorder.add('browser_step_duration', took(), { step, ...unfinished }, startAt);
        throw error;
      });
    const durationMs = took();
    const paintMs = await ours(session.slowestInteraction(), own.around);
    if (visit.traced || visit.isCut) return result;
    recorder.add('browser_step_duration', durationMs, { step }, startAt);
    if (paintMs !== null) recorder.add('browser_interaction_to_paint', paintMs, { step }, startAt);
    return result;
  }

  #painted({ pushedAt, paintedAt }: PaintedMark, traced: boolean): void {
    const { recorder, scenario } = this.#context.slice;
    const durationMs = paintedAt - pushedAt;
    if (durationMs < 0) {
      recorder.error(`${scenario}: remote change painted before it was sent, the clocks of the machines differ`);
      return;
    }
    const late = durationMs > PAINTED_WITHIN_MS;
    if (late) recorder.error(`${scenario}: remote change not painted within ${PAINTED_WITHIN_MS / 1_000} s`);
    const sentAt = pushedAt - performance.timeOrigin;
    recorder.add('browser_remote_change_lost', late ? 1 : 0, undefined, sentAt);
    if (!traced) recorder.add('browser_remote_change_to_paint', durationMs, undefined, sentAt);
  }

  async #think(own: Random, visit: CurrentVisit): Promise<void> {
    if (visit.isCut) throw new Error('the session is over');
    // Whoever still visits when the load is over only comes to an end: nothing is compared with what is measured there. Who
    // thinks until something happens must let it happen all the same.
    if (this.#context.isDraining()) return wait(1);
    const [min, max] = this.#definition.thinkTimeMs ?? [1_000, 3_000];
    await wait(min + own() * (max - min), undefined, { signal: this.#context.slice.signal });
  }

  /** The slot's session is no longer waited for, and must not go on loading the target. */
  cutOff({ visit }: Slot): void {
    if (!visit || visit.isCut) return;
    this.#cut(visit);
    for (const { done } of visit.steps) done.catch(() => {});
    void visit.session?.close();
  }

  /** It has failed, and so much has passed of each step that it was in. */
  #cut(visit: CurrentVisit): void {
    visit.isCut = true;
    const { recorder } = this.#context.slice;
    const { beganAt, steps, traced } = visit;
    recorder.add('browser_sessions', 1, undefined, beganAt);
    recorder.add('browser_session_failed', 1, unfinished, beganAt);
    if (traced) return;
    for (const { name: step, startAt } of steps) {
      const ageMs = performance.now() - startAt;
      recorder.add('browser_step_duration', ageMs, { step, ...unfinished }, startAt);
    }
  }

  #ended({ beganAt }: CurrentVisit, failed: boolean): void {
    const { recorder } = this.#context.slice;
    recorder.add('browser_sessions', 1, undefined, beganAt);
    recorder.add('browser_session_failed', failed ? 1 : 0, undefined, beganAt);
  }

  /** @returns the names of the files */
  async #keepEvidence(session: BrowserSession, index: number): Promise<Pick<Failure, 'screenshot' | 'trace'>> {
    if (this.#kept >= MAX_FAILED_SESSIONS_KEPT) return {};
    this.#kept += 1;
    const { slice, keep } = this.#context;
    const name = `${slice.scenario}-session-${index}`;
    const { screenshot, trace } = await session.evidence();
    if (screenshot) await keep(`${name}.png`, screenshot, 'image/png');
    if (trace) await keep(`${name}-trace.zip`, trace, 'application/zip');
    return {
      ...(screenshot ? { screenshot: `${name}.png` } : {}),
      ...(trace ? { trace: `${name}-trace.zip` } : {}),
    };
  }
}
