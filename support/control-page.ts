import { setTimeout as wait } from 'node:timers/promises';
import { type Browser, closeContext, newContext, type Page } from './browser.ts';
import type { Recorder } from './measure/recorder.ts';
import { within } from './time-limit.ts';

/**
 * The environment variable by which a run tells its workers which slice has the control page: one a machine, since a visit costs
 * about 0.1 s of CPU, and a small run would be busy with nothing else.
 */
export const controlVariable = 'TANDEM_CONTROL_PAGE';

/** From the end of a visit to the next: some dozens in a short run. */
const EVERY_MS = 2_000;
/** A page that does not paint for as long counts as painted then. */
const TIMEOUT_MS = 10_000;

/** About as much to lay out and paint as the page of a small app. No server, no script, no network. */
const URL = `data:text/html,${encodeURIComponent(
  `<!doctype html><title>Control</title><h1>Control</h1>${'<p>A row of text, as in any list.</p>'.repeat(40)}`,
)}`;

/** What the control page needs to know of a run. */
export interface ControlledRun {
  /** Undefined before the start. */
  readonly startAt: number | undefined;
  /** Aborted when the run is to stop. */
  readonly signal: AbortSignal;
}

/**
 * A page that comes from no server, opened again and again in a context of its own beside the sessions of a journey: when
 * it paints later than in the calm, it is this machine's browsers that are slow, and not the target.
 */
export class ControlPage {
  #page: Page;
  readonly #closing = new AbortController();
  #visits: Promise<void> = Promise.resolve();

  private constructor(page: Page) {
    this.#page = page;
  }

  /**
   * Opens it and visits it once, since the first visit pays for the start of its process.
   * @throws TimeIsUp when the browser gives no page in time
   */
  static async open(browser: Browser, limitMs?: number): Promise<ControlPage> {
    const context = await newContext(browser, {}, limitMs);
    try {
      const control = new ControlPage(await within('opening the control page', TIMEOUT_MS, context.newPage()));
      await control.#firstPaint();
      return control;
    } catch (error) {
      await closeContext(context);
      throw error;
    }
  }

  /** Visits it from the start of the run to its end, into `browser_control_paint`; nothing here ever fails. */
  visit(run: ControlledRun, recorder: Recorder): void {
    this.#visits = this.#visitUntilClosed(run, recorder).catch(() => {});
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await closeContext(this.#page.context());
    await this.#visits;
  }

  async #visitUntilClosed(run: ControlledRun, recorder: Recorder): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, run.signal]);
    while (!signal.aborted) {
      if (run.startAt !== undefined) {
        const beganAt = performance.now();
        const paintMs = await this.#firstPaint();
        if (signal.aborted) return;
        if (paintMs === undefined) await this.#reopen();
        else recorder.add('browser_control_paint', paintMs, undefined, beganAt);
      }
      await wait(EVERY_MS, undefined, { signal, ref: false });
    }
  }

  /** One that has crashed, for want of memory perhaps, opens nothing any more, and its silence would be taken for health. */
  async #reopen(): Promise<void> {
    const gone = this.#page;
    try {
      this.#page = await within('opening the control page', TIMEOUT_MS, gone.context().newPage());
      await gone.close();
    } catch {} // the browser is gone, or gives no page for now
  }

  /** Ms from the start of the navigation to the first paint of text; undefined when the page could not be opened at all. */
  async #firstPaint(): Promise<number | undefined> {
    const beganAt = performance.now();
    try {
      await this.#page.goto(URL, { timeout: TIMEOUT_MS });
      const painting = this.#page.evaluate(
        (timeoutMs) =>
          new Promise<number>((resolve) => {
            setTimeout(() => resolve(performance.now()), timeoutMs);
            new PerformanceObserver((list) => {
              const [paint] = list.getEntriesByName('first-contentful-paint');
              if (paint) resolve(paint.startTime);
            }).observe({ type: 'paint', buffered: true });
          }),
        TIMEOUT_MS,
      );
      return await within('the control page', 2 * TIMEOUT_MS, painting);
    } catch {
      const tookMs = performance.now() - beganAt;
      return tookMs < TIMEOUT_MS ? undefined : tookMs;
    }
  }
}
