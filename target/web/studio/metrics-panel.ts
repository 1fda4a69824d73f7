import { byId, setOptions, setText } from '../dom.ts';
import { type Interval, type Summary, TIME_RANGES } from './api.ts';
import type { Context } from './context.ts';
import { svg } from './svg.ts';

const REFRESH_MS = 1_000;
const CHART_WIDTH = 900;
const CHART_HEIGHT = 120;

/** How the deployments of the organisation do, as it goes on. */
export class MetricsPanel {
  readonly #context: Context;
  readonly #range = byId<HTMLSelectElement>('time-range');
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watching = false;
  /** Counts what has been asked, so that a late answer does not replace a newer one. */
  #asked = 0;

  constructor(context: Context) {
    const { signal } = context;
    this.#context = context;
    setOptions(this.#range, TIME_RANGES);
    this.#range.addEventListener('input', () => void this.#load(), { signal });
    signal.addEventListener('abort', () => this.stop());
  }

  watch(): void {
    this.#watching = true;
    void this.#load();
  }

  stop(): void {
    this.#watching = false;
    clearTimeout(this.#timer);
  }

  async #load(): Promise<void> {
    clearTimeout(this.#timer);
    const { api, failed } = this.#context;
    const { value: range } = this.#range;
    const asked = ++this.#asked;
    let problem = '';
    try {
      const [summary, intervals] = await Promise.all([api.summary(range), api.intervals(range)]);
      if (!this.#watching || asked !== this.#asked) return;
      show(summary, intervals);
    } catch (error) {
      if (!this.#watching || asked !== this.#asked) return;
      problem = `These metrics may be out of date. ${failed(error)}`;
    }
    if (!this.#watching) return;
    setText(byId('metrics-error'), problem);
    this.#timer = setTimeout(() => void this.#load(), REFRESH_MS);
  }
}

function show({ requests, error_rate, avg_latency_ms, tokens }: Summary, intervals: Interval[]): void {
  setText(byId('requests'), requests.toLocaleString('en'));
  setText(byId('error-rate'), `${(100 * error_rate).toFixed(1)} %`);
  setText(byId('latency'), `${avg_latency_ms} ms`);
  setText(byId('tokens'), tokens.toLocaleString('en'));
  const most = Math.max(1, ...intervals.map((interval) => interval.requests));
  const width = CHART_WIDTH / intervals.length;
  const bars = intervals.map((interval, index) => {
    const height = (CHART_HEIGHT * interval.requests) / most;
    return svg('rect', { x: index * width, y: CHART_HEIGHT - height, width: width * 0.8, height });
  });
  const viewBox = `0 0 ${CHART_WIDTH} ${CHART_HEIGHT}`;
  byId('chart').replaceChildren(svg('svg', { viewBox, width: '100%', height: CHART_HEIGHT }, ...bars));
}
