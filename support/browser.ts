import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  APIRequestContext,
  Browser,
  BrowserContext,
  BrowserContextOptions,
  LaunchOptions,
  Page,
  Request,
  Response,
} from '@playwright/test';
import { findBrowser } from '../scripts/find-browser.mjs';
import { marksBinding, marksOptions, type PaintedMark, watchMarks } from './measure/marks.ts';
import { pageEventsBinding, pageEventsScript } from './measure/page-events.ts';
import { PageReports } from './measure/page-reports.ts';
import {
  type ErrorPage,
  isErrorStatus,
  slowestInteraction,
  type VitalReport,
  vitalsBinding,
  vitalsScript,
} from './measure/vitals.ts';
import { passwordBinding, passwordScript, storedSecrets } from './secrets/passwords.ts';
import { secrets } from './secrets/secrets.ts';
import { redactTrace } from './secrets/trace.ts';
import type { Target } from './target.ts';
import { isTimeUp, TimeIsUp, within } from './time-limit.ts';
import { bareUrl, browserProxy, directWire, userOf, type Wire } from './wire/wire.ts';

export type { APIRequestContext, Browser, BrowserContext, BrowserContextOptions, Page };

/** Quiet in closed networks; what a person's own browser would fetch for itself is no part of the load. */
const launchArguments = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Slower than this and a person has left. */
export const ACTION_TIMEOUT_MS = 15_000;

/** A page that does not answer has told what was typed into it before. */
const LEARN_MS = 1_000;
/** A shorter cookie, or value in a page's storage, is a setting. */
const SHORTEST_TOKEN = 16;

/** Where the browser is. Throws one sentence with everything that was looked for when there is none. */
export function browserExecutable(env: NodeJS.ProcessEnv = process.env): string {
  const found = findBrowser(env);
  if ('path' in found) return found.path;
  throw new Error(
    `There is no browser for the journeys: looked for ${found.lookedFor.join(', ')}; install one with "npx playwright install chromium-headless-shell", or on Debian "apt-get install chromium-headless-shell".`,
  );
}

/** The environment variable by which a run tells its workers the keys of the target's servers, which Node has found trustworthy. */
export const trustedVariable = 'TANDEM_TRUSTED_KEYS';

/** For Playwright's `browser` fixture. A missing browser is left for the run to find out, if it has journeys at all. */
export function launchOptions(env: NodeJS.ProcessEnv = process.env, wire: Wire = directWire): LaunchOptions {
  const found = findBrowser(env);
  // Chromium knows a key by what the server sends: that is its own certificate, and seldom its authority's.
  const trusted = [...wire.authorities, ...(env[trustedVariable]?.split(',') ?? [])].filter((key) => key !== '');
  const trust = trusted.length > 0 ? [`--ignore-certificate-errors-spki-list=${trusted.join(',')}`] : [];
  return {
    executablePath: 'path' in found ? found.path : undefined,
    args: [...launchArguments, ...trust],
    // Sent to all of a run's processes, they are its end, which each slice comes to in its order, browser last.
    handleSIGTERM: false,
    handleSIGHUP: false,
  };
}

/** How a person's browser reaches the target; see `wire.ts`. */
export function contextOptions(target: Target): BrowserContextOptions {
  const { baseUrl, pageBase = baseUrl, addresses, wire } = target;
  const urls = [baseUrl, ...addresses.map(({ url }) => url)].map((url) => new URL(url.replace(/^ws/, 'http')));
  const byOrigin = new Map(urls.toReversed().map((url) => [url.origin, url]));
  const users = [...byOrigin]
    .flatMap(([origin, url]) => ({ origin, ...userOf(url) }))
    .filter(({ username }) => username);
  const proxy = browserProxy(wire, baseUrl, [...byOrigin.keys()]);
  const secure = wire.certificate ? [...byOrigin.keys()].filter((origin) => origin.startsWith('https:')) : [];
  return {
    baseURL: bareUrl(pageBase),
    ignoreHTTPSErrors: wire.insecure,
    ...(proxy && { proxy }),
    ...(users.length > 0 && { httpCredentials: users as { origin: string; username: string; password: string }[] }),
    ...(secure.length > 0 && { clientCertificates: secure.map((origin) => ({ origin, ...wire.certificate })) }),
  };
}

/**
 * The first page of a fresh browser process pays for the start of that process, which no visitor would feel. Failing is
 * allowed: what is wrong with the target shows in the sessions.
 */
export function warmUp(browser: Browser, way: BrowserContextOptions): Promise<void> {
  const done = warm.get(browser) ?? openPage(browser, way);
  warm.set(browser, done);
  return done;
}

/** Journeys may share a browser. */
const warm = new WeakMap<Browser, Promise<void>>();

async function openPage(browser: Browser, way: BrowserContextOptions): Promise<void> {
  const context = await newContext(browser, way);
  try {
    const page = await within('opening a page to warm up the browser', OPEN_LIMIT_MS, context.newPage());
    await page.goto('', { timeout: 10_000 }).catch(() => {});
  } finally {
    await closeContext(context);
  }
}

/** How long a page or its browser may take for what we ask of it: one that is frozen never answers. */
const PAGE_LIMIT_MS = 10_000;
/** How long a browser may take to open a context or a page: on a full machine that is seconds. */
const OPEN_LIMIT_MS = 30_000;

/**
 * A context that comes too late is closed.
 * @throws TimeIsUp
 */
export async function newContext(
  browser: Browser,
  options: BrowserContextOptions = {},
  limitMs = OPEN_LIMIT_MS,
): Promise<BrowserContext> {
  const opening = browser.newContext(options);
  try {
    return await within('opening a browser context', limitMs, opening);
  } catch (error) {
    void opening.then(closeContext, () => {});
    throw error;
  }
}

/** What does not close in time goes with its browser. */
export async function closeContext(context: BrowserContext): Promise<void> {
  await closed(context.close());
}

async function closed(closing: Promise<void>): Promise<void> {
  await within('closing a session', PAGE_LIMIT_MS, closing).catch(() => {});
}

export interface SessionOptions {
  /** Of {@link contextOptions}. */
  context: BrowserContextOptions;
  actionTimeoutMs: number;
  traced: boolean;
  /** What the page tells of itself is checked: whatever an app's own script hands to our bindings goes no further. */
  onVital(report: VitalReport): void;
  /** Hears of each document that the target answers with an error of its own. */
  onErrorPage(page: ErrorPage): void;
  /** Hears of a page that was gone to and did not come in its time, and when that was. */
  onNoPage?(askedAt: number): void;
  /** A page's process has ended. Much of what it is asked then, Playwright answers as if it were empty. */
  onCrash(): void;
  /** Hears how long messages took from their arrival in the page until what they changed was painted; see `measure/page-events.ts`. */
  onEventsPainted(durationsMs: number[]): void;
  /** Is given what its author waits for though only we do it: pages tell of themselves before they are left. */
  ours?: <T>(work: Promise<T>) => Promise<T>;
  /** Once a session: what a page hands to our bindings is none of ours, or too much, and ignored. */
  onIgnored(error: string): void;
}

type Leaving = Pick<Page, 'goto' | 'reload' | 'goBack' | 'goForward' | 'close'>;

/**
 * What leaves a document: its last vitals would be lost. Each call is written out, since an error of Playwright's begins with
 * what the source that called it names: "page.goto: net::ERR_…".
 */
const leaving: { [Name in keyof Leaving]: (own: Leaving, args: Parameters<Leaving[Name]>) => Promise<unknown> } = {
  goto: (own, args) => own.goto(...args),
  reload: (own, args) => own.reload(...args),
  goBack: (own, args) => own.goBack(...args),
  goForward: (own, args) => own.goForward(...args),
  close: (own, args) => own.close(...args),
};
const leavingNames = Object.keys(leaving) as (keyof Leaving)[];

const sessions = new WeakMap<BrowserContext, BrowserContextOptions>();

/** What a session's context was opened with. */
export function openedWith(context: BrowserContext): BrowserContextOptions | undefined {
  return sessions.get(context);
}

/** Of Playwright's own, which another version may not have: what it hears from a browser, about which of its objects. */
interface Connection {
  _objects?: Map<string, Told>;
  dispatch(message: { id?: number; guid: string }): void;
}

/** A context, or what is in it: a page, a frame, a socket. */
interface Told {
  _parent?: Told;
}

/** Browsers whose further contexts are adopted, and connections. */
const adopting = new WeakSet<object>();
/** The work that contexts belong to. */
const works = new WeakMap<object, (tell: () => void) => void>();

function adopt(context: BrowserContext): void {
  works.set(context, AsyncLocalStorage.snapshot());
  const { _connection: connection } = context as { _connection?: Connection };
  const objects = connection?._objects;
  if (!connection || !objects || adopting.has(connection)) return;
  adopting.add(connection);
  const dispatch = connection.dispatch.bind(connection);
  connection.dispatch = (message) => {
    const inWork = workOf(objects.get(message.guid));
    // An answer goes to whoever waits for it.
    if (message.id || !inWork) return dispatch(message);
    inWork(() => {
      try {
        dispatch(message);
      } catch (error) {
        void Promise.reject(error);
      }
    });
  };
}

function workOf(told: Told | undefined): ((tell: () => void) => void) | undefined {
  return told && (works.get(told) ?? workOf(told._parent));
}

/** A person's visit: a fresh context with one page, and those that this opens, observed from the inside. */
export class BrowserSession {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #reports: PageReports;
  readonly #close: () => Promise<void>;
  #traced: boolean;
  #marks: Promise<unknown> | undefined;

  private constructor(
    context: BrowserContext,
    page: Page,
    traced: boolean,
    reports: PageReports,
    close: () => Promise<void>,
  ) {
    this.#context = context;
    this.page = page;
    this.#traced = traced;
    this.#reports = reports;
    this.#close = close;
    if (traced) this.#letOthersTrace();
  }

  /** @throws TimeIsUp when the browser gives no page in time */
  static async open(browser: Browser, options: SessionOptions, limitMs = OPEN_LIMIT_MS): Promise<BrowserSession> {
    const context = await newContext(browser, options.context, limitMs);
    sessions.set(context, options.context);
    try {
      return await within('opening a page', limitMs, BrowserSession.#openIn(context, options));
    } catch (error) {
      await closeContext(context);
      throw error;
    }
  }

  static async #openIn(context: BrowserContext, options: SessionOptions): Promise<BrowserSession> {
    context.setDefaultTimeout(options.actionTimeoutMs);
    // Of its own a test has none for it, as long as nobody says one.
    context.setDefaultNavigationTimeout(options.actionTimeoutMs);
    const reports = new PageReports(options.onIgnored);
    await context.exposeBinding(vitalsBinding, (_source, report) =>
      'status' in Object(report)
        ? reports.errorPage(report, options.onErrorPage)
        : reports.vital(report, options.onVital),
    );
    await context.exposeBinding(pageEventsBinding, (_source, times) => reports.events(times, options.onEventsPainted));
    await context.exposeBinding(passwordBinding, (_source, typed) => reports.typed(typed, (text) => secrets.add(text)));
    // Without JavaScript these would run all the same, and then hear of nothing, for which they would wait.
    const hasScripts = options.context.javaScriptEnabled !== false;
    const scripts = hasScripts ? [passwordScript, vitalsScript, pageEventsScript] : [];
    for (const script of scripts) await context.addInitScript(script());
    if (!hasScripts) context.on('response', (response) => tellErrorPage(response, options.onErrorPage));
    if (options.traced) await context.tracing.start({ snapshots: true, screenshots: false });
    const { ours = (work) => work } = options;
    const close = context.close.bind(context);
    context.close = async (how) => {
      await ours(Promise.all(context.pages().map(flushPage)));
      return close(how);
    };
    // Before anybody else hears of a page.
    context.on('page', (page) => {
      page.on('crash', () => options.onCrash());
      const theirs = Object.fromEntries(
        leavingNames.map((leave) => [leave, page[leave].bind(page)]),
      ) as unknown as Leaving;
      for (const leave of leavingNames) {
        page[leave] = (async (...args: never) => {
          await ours(flushPage(page));
          const askedAt = performance.now();
          return leaving[leave](theirs, args).catch((error) => {
            if (isTimeUp(error)) options.onNoPage?.(askedAt);
            throw error;
          });
        }) as never;
      }
    });
    const page = await context.newPage();
    return new BrowserSession(context, page, options.traced, reports, close);
  }

  /** A journey may trace itself: there is one trace at a time. */
  #letOthersTrace(): void {
    const { tracing } = this.#context;
    const start = tracing.start.bind(tracing);
    tracing.start = async (options) => {
      tracing.start = start;
      this.#traced = false;
      await tracing.stop();
      return start(options);
    };
  }

  /**
   * What Playwright tells the handlers of this session's pages, their frames, sockets and workers, it tells them out of nowhere: from
   * now on out of the work that this is called in, whose failure it then is when one throws. So it is with contexts that it opens besides.
   * @param as runs what adopts its own: what the others' handlers hear once the work is over, as of a page that later sessions share, is not of its end
   */
  adoptHandlers(as: (adopt: () => void) => void): void {
    as(() => adopt(this.#context));
    const browser = this.#context.browser();
    if (!browser || adopting.has(browser)) return;
    adopting.add(browser);
    const open = browser.newContext.bind(browser);
    browser.newContext = async (options) => {
      const context = await open(options);
      adopt(context);
      return context;
    };
  }

  /**
   * From now on `onPainted` hears of every mark of another device (see `measure/marks.ts`) that is sent from now on and
   * becomes visible in this document. Again in the next one; in the same it goes on.
   */
  async watchMarks(onPainted: (mark: PaintedMark) => void): Promise<void> {
    this.#marks ??= this.page.exposeBinding(marksBinding, (_source, mark) => this.#reports.mark(mark, onPainted));
    await this.#marks;
    await within('watching the page', PAGE_LIMIT_MS, this.page.evaluate(watchMarks, marksOptions));
  }

  /** Slowest input → paint in any page since it was last asked, in ms; null without input, or when the page is gone. */
  async slowestInteraction(): Promise<number | null> {
    const ask = (page: Page) => answered(() => page.evaluate(slowestInteraction, vitalsBinding));
    const all = await Promise.all(this.#context.pages().map(ask));
    return all.reduce<number | null>(
      (slowest, one) => (one === undefined || one === null || (slowest ?? 0) > one ? slowest : one),
      null,
    );
  }

  /** Makes all pages report their last vitals, at the end; what leaves a document does so by itself. */
  async flush(): Promise<void> {
    await Promise.all(this.#context.pages().map(flushPage));
  }

  /** The same of a session that has failed: those of its pages that still answer. */
  async flushWhatAnswers(): Promise<void> {
    await within('the last vitals', LEARN_MS, this.flush()).catch(() => {});
  }

  /** Makes known as secrets what the session was given to keep: cookies, and the tokens in the storage of its pages. */
  async learnSecrets(): Promise<void> {
    const cookies = this.#context.cookies().then((all) => all.map(({ value }) => value));
    const frames = this.#context.pages().flatMap((page) => page.frames());
    const stored = frames.map((frame) => frame.evaluate(storedSecrets));
    const late = new Promise<string[]>((resolve) => setTimeout(resolve, LEARN_MS, []).unref());
    const found = await Promise.all(
      [cookies, ...stored].map((values) => Promise.race([values.catch((): string[] => []), late])),
    );
    for (const value of found.flat()) if (value.length >= SHORTEST_TOKEN) secrets.add(value);
  }

  /** Pictures of a failed session: a screenshot, and when it was traced, its trace without the secrets. */
  async evidence(): Promise<{ screenshot?: Buffer; trace?: Buffer }> {
    const screenshot = await this.page.screenshot({ timeout: 2_000 }).catch(() => undefined);
    if (!this.#traced) return { screenshot };
    const folder = await mkdtemp(join(tmpdir(), 'tandem-trace-'));
    try {
      const path = join(folder, 'trace.zip');
      await within('the trace of a session', PAGE_LIMIT_MS, this.#context.tracing.stop({ path }));
      return { screenshot, trace: Buffer.from(redactTrace(await readFile(path))) };
    } catch {
      return { screenshot };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    // What listens to a page may be in the midst of asking it, and is nobody's failure then.
    for (const heard of [this.#context, ...this.#context.pages()])
      void (heard as Page).removeAllListeners('console', { behavior: 'ignoreErrors' });
    await closed(this.#close());
  }
}

/** A page without JavaScript cannot tell itself that it is an error of the server's. */
function tellErrorPage(response: Response, tell: SessionOptions['onErrorPage']): void {
  const status = response.status();
  const request = response.request();
  if (!isErrorStatus(status) || !request.isNavigationRequest() || isInFrame(request)) return;
  const { origin, pathname } = new URL(response.url());
  tell({ status, url: origin + pathname });
}

function isInFrame(request: Request): boolean {
  try {
    return request.frame().parentFrame() !== null;
  } catch {
    // The first document of a popup comes before the popup.
    return false;
  }
}

async function flushPage(page: Page): Promise<void> {
  if (page.url() !== 'about:blank')
    await answered(() => page.evaluate(flushReports, [vitalsBinding, pageEventsBinding]));
}

/**
 * Runs in the page before it is left: headless Chromium otherwise loses what was not yet reported. No promise where there is
 * nothing to report: without JavaScript none would ever be kept.
 */
function flushReports(bindings: string[]): Promise<unknown> | undefined {
  const global = window as unknown as Record<string, (() => unknown) | undefined>;
  const all = bindings.map((binding) => global[`${binding}Flush`]).filter((flush) => flush !== undefined);
  if (all.length === 0) return undefined;
  return all.reduce((before, flush) => before.then(flush), Promise.resolve<unknown>(undefined));
}

/**
 * What a page answers; undefined when it is gone.
 * @throws TimeIsUp when it is frozen, as it then is for the person in front of it
 */
async function answered<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await within('the page is frozen: asking it', PAGE_LIMIT_MS, ask());
  } catch (error) {
    if (error instanceof TimeIsUp) throw error;
    return undefined;
  }
}
