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

/** What the page reports: a vital of a document, each time it changes; the last one counts. */
export interface VitalReport {
  /** One loaded document. */
  document: string;
  metric: (typeof vitalMetrics)[number];
  /** ms, or the score of CLS. */
  value: number;
}

/**
 * Runs in every document before its own scripts, in the main frame only. Needs the `web-vitals` global.
 *
 * Interaction to paint: from the input event's time stamp (when the browser received it) to the first task after the
 * frame that follows its handlers. web-vitals' INP is rounded to 8 ms and known per document; this one per step.
 */
function observePage(binding: string): void {
  if (window.top !== window) return;
  // Functions here have no names of their own: a transpiler that keeps names would call a helper the page does not have.
  const global = window as unknown as Record<string, unknown>;
  const report = global[binding] as ((report: object) => Promise<void>) | undefined;
  const vitals = global.webVitals as Record<
    string,
    (callback: (m: { value: number }) => void, options: object) => void
  >;
  if (!report || !vitals) return;
  const id = Math.random().toString(36).slice(2);
  let begun = false;
  let pending = 0;
  let slowest: number | null = null;
  let idle: (() => void) | undefined;
  const page = {
    /** A popup is an empty document first, and keeps its window when it loads a page of the same origin: no script runs again. */
    begin(): void {
      if (begun || location.href === 'about:blank') return;
      begun = true;
      for (const name of ['LCP', 'INP', 'CLS', 'FCP', 'TTFB']) {
        const metric = `browser_web_vital_${name.toLowerCase()}`;
        vitals[`on${name}`]!((vital) => page.send(metric, vital.value), { reportAllChanges: true });
      }
    },
    send(metric: string, value: number): void {
      void report({ document: id, metric, value });
    },
    interaction(event: Event): void {
      if (!event.isTrusted) return;
      pending += 1;
      requestAnimationFrame(() => {
        const afterPaint = new MessageChannel();
        afterPaint.port1.onmessage = () => {
          slowest = Math.max(slowest ?? 0, performance.now() - event.timeStamp);
          pending -= 1;
          if (pending === 0) idle?.();
        };
        afterPaint.port2.postMessage(null);
      });
    },
  };
  page.begin();
  addEventListener('DOMContentLoaded', () => page.begin());
  addEventListener('load', () =>
    setTimeout(() => {
      const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
      if (!entry) return;
      page.send('browser_backend_time', entry.responseStart - entry.requestStart);
      page.send('browser_frontend_time', entry.loadEventEnd - entry.responseEnd);
    }),
  );

  for (const type of ['click', 'keydown', 'input'])
    addEventListener(type, page.interaction, { capture: true, passive: true });
  global[`${binding}Slowest`] = async (): Promise<number | null> => {
    if (pending > 0) await new Promise<void>((resolve) => (idle = resolve));
    const taken = slowest;
    slowest = null;
    return taken;
  };
}

/** Runs in the page before it is left: headless Chromium otherwise loses what was not yet reported. */
export async function flushVitals(): Promise<void> {
  const style = document.documentElement.style;
  for (let frame = 0; frame < 3; frame++) {
    // Visible damage, or no frame is presented and no entry is emitted.
    style.outline = frame % 2 === 0 ? '1px solid rgba(0, 0, 0, 0.004)' : '';
    await new Promise((resolve) => {
      requestAnimationFrame(resolve);
      // A page that is behind another one may get no frame at all.
      setTimeout(resolve, 200);
    });
  }
  style.outline = '';
  Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
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
  return `(() => { ${library}; window.webVitals = webVitals; (${observePage.toString()})(${JSON.stringify(vitalsBinding)}); })();`;
}
