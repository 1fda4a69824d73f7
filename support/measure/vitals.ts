import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { BuiltinMetric } from './metrics.ts';

/** The name under which the page reports to the test. */
export const vitalsBinding = '__tandemVital';

/** Everything that {@link observePage} reports. */
export const vitalMetrics = [
  'browser_web_vital_lcp',
  'browser_web_vital_inp',
  'browser_web_vital_cls',
  'browser_web_vital_fcp',
  'browser_web_vital_ttfb',
  'browser_backend_time',
  'browser_frontend_time',
] as const satisfies BuiltinMetric[];

/** How long a page takes to come: one that was waited for in vain has taken as long at least. */
export const loadVitals = [
  'browser_web_vital_ttfb',
  'browser_web_vital_fcp',
  'browser_web_vital_lcp',
] as const satisfies (typeof vitalMetrics)[number][];

/** What the page reports: a vital of a document, each time it changes; the last one counts. */
export interface VitalReport {
  /** One loaded document. */
  document: string;
  metric: (typeof vitalMetrics)[number];
  /** ms, or the score of CLS. */
  value: number;
  /** How long ago the document began. */
  ageMs: number;
}

/** What else it reports, in place of these: its document is an error of the server's, and whatever it took is no time of the page. */
export interface ErrorPage {
  /** 500 to 599, or 429. */
  status: number;
  /** Without its query. */
  url: string;
}

/** Whether a document with this status is an error of the server's, or it was turned away. */
export function isErrorStatus(status: number): boolean {
  return status === 429 || (status >= 500 && status < 600);
}

type WebVitals = Record<string, (callback: (m: { value: number }) => void, options: object) => void>;

/** What web-vitals takes from its surroundings, by the names that it has for it. */
const surroundings = [
  ...['globalThis', 'document', 'performance', 'addEventListener', 'removeEventListener', 'requestAnimationFrame'],
  ...['setTimeout', 'clearTimeout', 'queueMicrotask', 'PerformanceObserver', 'PerformanceEventTiming'],
] as const;

/**
 * Runs in every document before its own scripts, in the main frame only. What times and tells is taken here, from the browser: an
 * application, or the clock of a test, may put its own in the place of each of them later.
 *
 * Interaction to paint: from the input event's time stamp (when the browser received it) to the first task after the
 * frame that follows its handlers. web-vitals' INP is rounded to 8 ms and known per document; this one per step.
 * @param load evaluates web-vitals with its {@link surroundings}
 */
function observePage(binding: string, load: (given: Record<string, unknown>) => WebVitals): void {
  if (window.top !== window) return;
  // Functions here have no names of their own: a transpiler that keeps names would call a helper the page does not have.
  const global = window as unknown as Record<string, unknown>;
  const report = global[binding] as ((report: object) => Promise<void>) | undefined;
  if (!report) return;
  const { MessageChannel, Promise: Later, PerformanceObserver, PerformanceEventTiming } = window;
  const { apply } = Reflect;
  const { get: timeStampOf } = Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp')!;
  const [own, now, entriesOf] = [
    performance as Performance & { interactionCount: number },
    performance.now.bind(performance),
    performance.getEntriesByType.bind(performance),
  ];
  const [frame, later, microtask] = [
    requestAnimationFrame.bind(window),
    setTimeout.bind(window),
    queueMicrotask.bind(window),
  ];
  const [listen, unlisten] = [addEventListener.bind(window), removeEventListener.bind(window)];
  /** For web-vitals a page that is left is hidden; the application is not to hear of it. */
  const leaving = new EventTarget();
  const tell = leaving.dispatchEvent.bind(leaving);
  let isLeft = false;
  const clock = {
    now,
    getEntriesByType: entriesOf,
    get interactionCount() {
      return own.interactionCount;
    },
  };
  const given: Record<string, unknown> = {
    // Of a popup another one than now: see `begin`.
    document: new Proxy({} as Document, {
      get(_, name) {
        return isLeft && name === 'visibilityState' ? 'hidden' : document[name as keyof Document];
      },
    }),
    addEventListener(...args: Parameters<typeof listen>) {
      listen(...args);
      if (args[0] === 'visibilitychange') leaving.addEventListener(...args);
    },
    removeEventListener(...args: Parameters<typeof unlisten>) {
      unlisten(...args);
      if (args[0] === 'visibilitychange') leaving.removeEventListener(...args);
    },
    globalThis: {
      ...{ PerformanceObserver, PerformanceEventTiming, performance: clock },
      requestIdleCallback: requestIdleCallback.bind(window),
      cancelIdleCallback: cancelIdleCallback.bind(window),
    },
    ...{ performance: clock, requestAnimationFrame: frame, setTimeout: later, queueMicrotask: microtask },
    ...{ clearTimeout: clearTimeout.bind(window), PerformanceObserver, PerformanceEventTiming },
  };
  const vitals = load(given);
  const id = Math.random().toString(36).slice(2);
  let begun = false;
  let pending = 0;
  let slowest: number | null = null;
  let idle: (() => void)[] = [];
  const page = {
    /** What a server sent: not the browser's own page about an error, and no text of an author's. */
    isDocument(): boolean {
      return location.protocol === 'http:' || location.protocol === 'https:';
    },
    entry(): PerformanceNavigationTiming | undefined {
      return (entriesOf('navigation') as PerformanceNavigationTiming[])[0];
    },
    /** The status of an error of the server's, or of its rate limit. */
    error(): number | undefined {
      const { responseStatus = 0 } = page.entry() ?? {};
      return responseStatus >= 500 || responseStatus === 429 ? responseStatus : undefined;
    },
    /** A popup is an empty document first, and keeps its window when it loads a page of the same origin: no script runs again. */
    begin(): void {
      if (begun || !page.isDocument()) return;
      begun = true;
      const status = page.error();
      if (status !== undefined) return void report({ status, url: location.origin + location.pathname });
      for (const name of ['LCP', 'INP', 'CLS', 'FCP', 'TTFB']) {
        const metric = `browser_web_vital_${name.toLowerCase()}`;
        vitals[`on${name}`]!((vital) => page.send(metric, vital.value), { reportAllChanges: true });
      }
    },
    send(metric: string, value: number): void {
      void report({ document: id, metric, value, ageMs: now() });
    },
    interaction(event: Event): void {
      if (!event.isTrusted) return;
      pending += 1;
      const receivedAt: number = apply(timeStampOf!, event, []);
      frame(() => {
        const afterPaint = new MessageChannel();
        afterPaint.port1.onmessage = () => {
          const durationMs = now() - receivedAt;
          if (slowest === null || durationMs > slowest) slowest = durationMs;
          pending -= 1;
          if (pending > 0) return;
          for (const tellIdle of idle) tellIdle();
          idle = [];
        };
        afterPaint.port2.postMessage(null);
      });
    },
  };
  page.begin();
  listen('DOMContentLoaded', () => page.begin());
  listen('load', () =>
    later(() => {
      const entry = page.entry();
      // Without a first byte nobody has answered: a popup that its opener writes has the opener's address.
      if (!entry || entry.responseStart === 0 || !page.isDocument() || page.error() !== undefined) return;
      page.send('browser_backend_time', entry.responseStart - entry.requestStart);
      page.send('browser_frontend_time', entry.loadEventEnd - entry.responseEnd);
    }),
  );

  for (const type of ['click', 'keydown', 'input']) listen(type, page.interaction, { capture: true, passive: true });
  global[`${binding}Slowest`] = async (): Promise<number | null> => {
    if (pending > 0) await new Later<void>((resolve) => idle.push(resolve));
    const taken = slowest;
    slowest = null;
    return taken;
  };
  global[`${binding}Flush`] = async (): Promise<void> => {
    const { style } = document.documentElement;
    for (let count = 0; count < 3; count++) {
      // Visible damage, or no frame is presented and no entry is emitted.
      style.outline = count % 2 === 0 ? '1px solid rgba(0, 0, 0, 0.004)' : '';
      await new Later<void>((resolve) => {
        frame(() => resolve());
        // A page that is behind another one may get no frame at all.
        later(resolve, 200);
      });
    }
    style.outline = '';
    isLeft = true;
    tell(new Event('visibilitychange'));
    isLeft = false;
  };
}

/** Runs in the page: slowest interaction to paint in ms since it was last asked; null without any. */
export function slowestInteraction(binding: string): Promise<number | null> | null {
  const take = (window as unknown as Record<string, unknown>)[`${binding}Slowest`] as
    | (() => Promise<number | null>)
    | undefined;
  return take ? take() : null;
}

/** The whole script for `addInitScript`: the web-vitals library and the observer above. */
export function vitalsScript(): string {
  const require = createRequire(import.meta.url);
  // The bundle for script tags is not among the package's exports; it lies beside its main file.
  const library = readFileSync(join(dirname(require.resolve('web-vitals')), 'web-vitals.iife.js'), 'utf8');
  const load = `({ ${surroundings.join(', ')} }) => { ${library}\n return webVitals; }`;
  return `(${observePage.toString()})(${JSON.stringify(vitalsBinding)}, ${load});`;
}
