import { setTimeout as wait } from 'node:timers/promises';
import { ACTION_TIMEOUT_MS, type Browser, BrowserSession, contextOptions, type SessionOptions } from '../browser.ts';
import { type Failure, textOf, thrown } from '../measure/failures.ts';
import type { PaintedMark } from '../measure/marks.ts';
import { type Tags, unfinished } from '../measure/metrics.ts';
import { loadVitals, type VitalReport } from '../measure/vitals.ts';
import type { Random } from '../schedule/random.ts';
import { secrets } from '../secrets/secrets.ts';
import { defaultSessionLimits, isTimeUp, TimeIsUp, within } from '../time-limit.ts';
import { UsedUp } from './feeder.ts';
import type { JourneyDefinition, User, Visit } from './journey.ts';
import { checkState, type JourneyUse, sessionUse } from './journey-use.ts';
import { errorName } from './load.ts';
import { OwnTime, ours } from './own-time.ts';
import { asHandlers, hearingSoftFailures } from './soft-failures.ts';
import type { SliceContext } from './vu.ts';

/** A change of another device that is painted later than this has not come to a person's eyes. */
const PAINTED_WITHIN_MS = 10_000;

/** So long after its pages a browser is known to have ended. */
const DISCONNECT_MS = 500;

/** Where a failed session's pictures go: the test's attachments. */
export type Keep = (name: string, body: Buffer, contentType: string) => Promise<void>;

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

/** A slot of a journey. */
export interface Person {
  id: number;
  user: User;
  random: Random;
}

/** What is of all sessions of a slice. */
interface Common {
  /** None of its times count. */
  isTraced: boolean;
  handIn(oracle: string, piece: unknown): void;
  /** Keeps what the page of a failed session looked like, and its trace. @returns the names of the files */
  keepFiles(page: BrowserSession): Promise<Pick<Failure, 'screenshot' | 'trace'>>;
}

interface Step {
  name: string;
  startAt: number;
  done: Promise<unknown>;
}

interface Failed {
  step: string;
  error: unknown;
}

/** One visit of a person, in a browser context of its own: what is measured of it, and what it failed with. */
export class Session {
  readonly #definition: JourneyDefinition;
  readonly #context: JourneySlice;
  readonly #person: Person;
  readonly #common: Common;
  /** What it measures of itself belongs to then, on the clock of `performance.now()`. */
  readonly #beganAt = performance.now();
  /** Once its page is there. */
  #browser: BrowserSession | undefined;
  /** Nobody waits for it any more. */
  #isCut = false;
  /** What it is at; before the first: `start`. */
  #step = 'start';
  /** Those that are not over: one in the other, or beside each other. */
  readonly #steps: Step[] = [];
  #lastThrown: unknown;
  readonly #failed: Failed[] = [];
  #failedChecks = 0;
  #knowsOutage = false;
  /** Pages that the target answered with an error of its own, by what is said of them. */
  readonly #errorPages = new Map<string, Failed>();
  /** The last of each document and metric. */
  readonly #vitals = new Map<string, VitalReport>();
  readonly #openedAt = new Map<VitalReport['document'], number>();

  constructor(definition: JourneyDefinition, context: JourneySlice, person: Person, common: Common) {
    this.#definition = definition;
    this.#context = context;
    this.#person = person;
    this.#common = common;
  }

  /** `ok` when the journey went through. */
  async run(): Promise<'ok' | 'failed' | 'stopped'> {
    const session = await this.#open();
    if (!session) return 'failed';
    if (this.#isCut) {
      await session.close();
      return 'failed';
    }
    this.#browser = session;
    try {
      return await this.#visit(session);
    } finally {
      // Nobody waits for them, and closing their page fails them.
      for (const { done } of this.#steps) done.catch(() => {});
      await session.close();
    }
  }

  /** It is no longer waited for, and must not go on loading the target. */
  cutOff(): void {
    if (this.#isCut) return;
    this.#cut();
    for (const { done } of this.#steps) done.catch(() => {});
    void this.#browser?.close();
  }

  /** @returns undefined where the browser gave no page in time */
  async #open(): Promise<BrowserSession | undefined> {
    const { slice, browser } = this.#context;
    const opening = BrowserSession.open(browser, {
      context: { ...contextOptions(slice.target), ...this.#use() },
      actionTimeoutMs: ACTION_TIMEOUT_MS,
      traced: this.#common.isTraced,
      ours,
      ...this.#heard(),
    });
    return opening.catch(async (error) => {
      await this.#assertBrowser(error);
      if (!(error instanceof TimeIsUp)) throw error;
      if (!this.#isCut) this.#neverOpened(error);
      return undefined;
    });
  }

  #use(): JourneyUse {
    const { use = {} } = this.#definition;
    const { root, data } = this.#context;
    if (typeof use !== 'function') return sessionUse(root, use);
    const said = sessionUse(root, use(this.#person.user, data as undefined));
    if (typeof said.storageState === 'string') checkState(said.storageState);
    return said;
  }

  /** What its pages tell of themselves. */
  #heard(): Pick<SessionOptions, 'onVital' | 'onEventsPainted' | 'onErrorPage' | 'onNoPage' | 'onCrash' | 'onIgnored'> {
    const { recorder, target, scenario } = this.#context.slice;
    const { isTraced } = this.#common;
    return {
      onVital: (report) => {
        // The last value of a document wins; it belongs to when the document began, which it may tell of much later.
        this.#vitals.set(`${report.document}/${report.metric}`, report);
        const at = Math.max(this.#beganAt, performance.now() - report.ageMs);
        if (!this.#openedAt.has(report.document)) this.#openedAt.set(report.document, at);
      },
      onEventsPainted: (durationsMs) => {
        if (isTraced) return;
        const now = performance.now();
        for (const durationMs of durationsMs)
          recorder.add('browser_event_to_paint', durationMs, undefined, now - durationMs);
      },
      onErrorPage: ({ status, url }) => {
        // Another server's page is named in full: it is not the target's.
        const { origin } = new URL(target.baseUrl);
        const shown = url.startsWith(`${origin}/`) ? url.slice(origin.length) : url;
        const error = Object.assign(new Error(`${shown} was answered with HTTP ${status}`), { code: `HTTP ${status}` });
        if (!this.#errorPages.has(error.message)) this.#errorPages.set(error.message, { step: this.#step, error });
      },
      onNoPage: (askedAt) => {
        // What it shows until its last part comes, it tells itself.
        const isThere = [...this.#openedAt.values()].some((at) => at >= askedAt);
        if (isThere || isTraced || this.#isCut) return;
        const ageMs = performance.now() - askedAt;
        for (const metric of loadVitals) recorder.add(metric, ageMs, unfinished, askedAt);
      },
      onCrash: () => this.#fail(new Error('Page crashed')),
      onIgnored: (error) => recorder.error(`${scenario}: ${error}`),
    };
  }

  #fail(error: unknown): void {
    sayWhatCrashed(error);
    // What failed before it was awaited has been told of.
    if (!this.#failed.some((one) => one.error === error)) this.#failed.push({ step: this.#step, error });
  }

  async #visit(session: BrowserSession): Promise<'ok' | 'failed' | 'stopped'> {
    const { slice } = this.#context;
    const { user } = this.#person;
    const time = { isUp: false };
    try {
      await this.#walk(session, time);
    } catch (error) {
      if (slice.signal.aborted) return 'stopped';
      if (this.#isCut) return 'failed';
      if (error instanceof UsedUp) throw error;
      await this.#assertBrowser(error);
      this.#fail(error);
    }
    if (this.#isCut) return 'failed';
    if (time.isUp) this.#cut();
    // They came before what was missed on them.
    if (!this.#knowsOutage) this.#failed.unshift(...this.#errorPages.values());
    const hasFailed = this.#failed.length > 0 || this.#failedChecks > 0;
    if (this.#failed.length > 0) {
      if (!this.#isCut) await session.flushWhatAnswers();
      await this.#tellFailures(session);
    } else if (!hasFailed) user.sessions += 1;
    // It may have been cut off since, while it was looked what it had failed with.
    if (!this.#isCut) this.#ended(hasFailed);
    return hasFailed ? 'failed' : 'ok';
  }

  /** Does what the journey says. @param time `isUp` once it has taken too long for that alone */
  async #walk(session: BrowserSession, time: { isUp: boolean }): Promise<void> {
    const running = hearingSoftFailures(
      (error) => this.#fail(error),
      () => `step ${this.#step}`,
      () => {
        session.adoptHandlers(asHandlers);
        return this.#definition.run(this.#words(session));
      },
    );
    const limitMs = this.#definition.timeLimitsMs?.session ?? defaultSessionLimits.session;
    await within('the session', limitMs, running).catch((error) => {
      time.isUp = error instanceof TimeIsUp && !this.#isCut;
      throw error;
    });
    const [open] = this.#steps;
    if (open) {
      this.#step = open.name;
      throw new Error('the session ended before this step did: await it, or let what races do so within one step');
    }
    await session.flush();
  }

  #words(session: BrowserSession): Visit {
    const { slice, data } = this.#context;
    const { recorder } = slice;
    const { isTraced } = this.#common;
    const { id, user, random } = this.#person;
    return {
      page: session.page,
      request: session.page.request,
      user,
      slot: id,
      data: data as undefined,
      slice,
      runId: slice.runId,
      target: slice.target,
      random,
      options: slice.options,
      add: (metric: string, value: number | boolean, tags?: Tags) => {
        const isSlowed = isTraced && recorder.definitions[metric]?.type === 'trend';
        if (!isSlowed && !this.#isCut) recorder.addOwn(metric, value, tags, this.#beganAt);
      },
      check: (name, passed) => {
        if (this.#isCut) return passed;
        const held = recorder.check(name, passed, undefined, this.#beganAt);
        if (!held) this.#failedChecks += 1;
        return held;
      },
      step: (name, action) => this.#begin(session, name, action),
      think: () => this.#think(),
      watchRemoteChanges: () => session.watchMarks((mark) => this.#painted(mark)),
      sawOutage: (seen) => {
        this.#knowsOutage = true;
        recorder.add('browser_outage_seen', 1, { seen });
      },
      keptWork: (isThere, doneAt) => recorder.add('browser_work_kept', isThere ? 1 : 0, undefined, doneAt),
      isOver: () => this.#isCut || this.#context.isDraining(),
      evidence: (oracle, piece) => this.#common.handIn(oracle, piece),
    };
  }

  #begin<T>(session: BrowserSession, name: string, action: () => Promise<T>): Promise<T> {
    const own: Step = { name, startAt: performance.now(), done: Promise.resolve() };
    this.#step = name;
    this.#steps.push(own);
    const running = (async () => {
      try {
        const result = await this.#measured(session, own, action);
        this.#step = this.#steps.findLast((one) => one !== own)?.name ?? name;
        return result;
      } catch (error) {
        // What was thrown in a step inside of it was that one's.
        if (error !== this.#lastThrown) this.#step = name;
        this.#lastThrown = error;
        throw error;
      } finally {
        // It is over also when it threw, and the journey goes on all the same.
        this.#steps.splice(this.#steps.indexOf(own), 1);
      }
    })();
    own.done = running;
    return running;
  }

  async #measured<T>(session: BrowserSession, { name: step, startAt }: Step, action: () => Promise<T>): Promise<T> {
    const { recorder } = this.#context.slice;
    const own = new OwnTime();
    const took = () => performance.now() - startAt - own.ms;
    const isCounted = () => !this.#common.isTraced && !this.#isCut;
    const result = await own
      .of(async () => action())
      .catch((error) => {
        // Else a step would have the times of those alone that got there, the better the more of them give up.
        if (isTimeUp(error) && isCounted())
          recorder.add('browser_step_duration', took(), { step, ...unfinished }, startAt);
        throw error;
      });
    const durationMs = took();
    const paintMs = await ours(session.slowestInteraction(), own.around);
    if (!isCounted()) return result;
    recorder.add('browser_step_duration', durationMs, { step }, startAt);
    if (paintMs !== null) recorder.add('browser_interaction_to_paint', paintMs, { step }, startAt);
    return result;
  }

  async #think(): Promise<void> {
    if (this.#isCut) throw new Error('the session is over');
    // Whoever still visits when the load is over only comes to an end: nothing is compared with what is measured there. Who
    // thinks until something happens must let it happen all the same.
    if (this.#context.isDraining()) return wait(1);
    const [min, max] = this.#definition.thinkTimeMs ?? [1_000, 3_000];
    await wait(min + this.#person.random() * (max - min), undefined, { signal: this.#context.slice.signal });
  }

  #painted({ pushedAt, paintedAt }: PaintedMark): void {
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
    if (!this.#common.isTraced) recorder.add('browser_remote_change_to_paint', durationMs, undefined, sentAt);
  }

  /** Names what it failed with; what it looked like at its end goes with the first. */
  async #tellFailures(session: BrowserSession): Promise<void> {
    const { scenario, recorder } = this.#context.slice;
    await session.learnSecrets();
    let files = await this.#common.keepFiles(session);
    for (const { step, error } of this.#failed) {
      const name = `${scenario}, step "${step}": ${errorName(error)}`;
      const { error: text, at } = thrown(error);
      recorder.failure({ step, name, error: secrets.clean(text), at, ...files });
      files = {};
    }
  }

  #ended(hasFailed: boolean): void {
    const { recorder } = this.#context.slice;
    this.#count(hasFailed);
    if (this.#common.isTraced) return;
    for (const { document, metric, value } of this.#vitals.values())
      recorder.add(metric, value, undefined, this.#openedAt.get(document));
  }

  /** It has failed, and so much has passed of each step that it was in. */
  #cut(): void {
    this.#isCut = true;
    const { recorder } = this.#context.slice;
    this.#count(true, unfinished);
    if (this.#common.isTraced) return;
    for (const { name: step, startAt } of this.#steps) {
      const ageMs = performance.now() - startAt;
      recorder.add('browser_step_duration', ageMs, { step, ...unfinished }, startAt);
    }
  }

  #count(hasFailed: boolean, tags?: Tags): void {
    const { recorder } = this.#context.slice;
    recorder.add('browser_sessions', 1, undefined, this.#beganAt);
    recorder.add('browser_session_failed', hasFailed ? 1 : 0, tags, this.#beganAt);
  }

  /** The browser did not give a page in time: that is the generator's doing, and no page of the target's was asked for. */
  #neverOpened(error: TimeIsUp): void {
    const { recorder } = this.#context.slice;
    recorder.failure({ step: 'start', name: `generator: ${error.message}`, error: error.message });
    this.#count(true);
  }

  /** Throws when what it failed with is that the browser died: that is no doing of the target's. */
  async #assertBrowser(error: unknown): Promise<void> {
    const { browser } = this.#context;
    if (browser.isConnected() && /closed|crashed/i.test(textOf(() => error))) {
      // Of the end of a browser its pages hear first.
      const gone = new Promise((resolve) => browser.once('disconnected', resolve));
      await Promise.race([gone, wait(DISCONNECT_MS)]);
    }
    if (!browser.isConnected()) throw new Error('the browser died', { cause: error });
  }
}

/** What Playwright calls the target is a page: its process in the browser ended, and not the system under load. */
function sayWhatCrashed(error: unknown): void {
  if (!(error instanceof Error)) return;
  error.message = error.message.replace(
    /\b(Target|Page) crashed\b ?/,
    'the page crashed in the browser, for want of memory perhaps',
  );
}
