import type { Dispatcher, Pool } from 'undici';
import { GaugeLog } from './gauges.ts';

const EVERY_MS = 1_000;
const TIMEOUT_MS = 3_000;

/** Makes the connection to an origin; see `connection.ts`. */
export type Connect = (url: URL, options: Pool.Options, connectTimeoutMs: number) => Dispatcher;

/** Whether the target answered, asked once a second from outside of the load. Times in ms since the probe began. */
export interface Availability {
  url: string;
  checked: number;
  answered: number;
  /** The outage that the run ended in. */
  outage?: { sinceMs: number; untilMs: number; tries: number; error: string };
}

/**
 * Asks the target once a second whether it is there, on a connection of its own, and reads its `/metrics` when it publishes
 * Prometheus text. Any HTTP answer counts as being there: whether answers are right is for the load to check.
 */
export class TargetProbe {
  readonly availability: Availability;
  /** What the target said of itself: `target_cpu_percent`, `target_memory_bytes`. */
  readonly gauges = new GaugeLog();
  readonly #metricsUrl: string;
  readonly #dispatcher: Dispatcher;
  readonly #downAfterMs: number;
  readonly #onDown: () => void;
  #beganAt = performance.now();
  #cpuBefore: { seconds: number; at: number } | undefined;
  #publishes = true;
  #stopped = false;
  /** Once it is down, the outage is why the run ended, also when the target comes back. */
  #down = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param onDown called once, when the target has been away for `downAfterMs` */
  constructor(apiUrl: string, downAfterMs: number, connect: Connect, onDown: () => void) {
    this.availability = { url: `${apiUrl}/health`, checked: 0, answered: 0 };
    this.#metricsUrl = `${apiUrl}/metrics`;
    const bounds = { connections: 1, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS };
    this.#dispatcher = connect(new URL(apiUrl), bounds, TIMEOUT_MS);
    this.#downAfterMs = downAfterMs;
    this.#onDown = onDown;
  }

  /** Begins to ask; times count from here. */
  start(): void {
    this.#beganAt = performance.now();
    this.#timer = setInterval(() => void this.#ask(), EVERY_MS);
    void this.#ask();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#dispatcher.destroy();
  }

  async #ask(): Promise<void> {
    const { availability } = this;
    const at = performance.now();
    availability.checked += 1;
    try {
      await this.#get(availability.url);
      availability.answered += 1;
      if (!this.#down) availability.outage = undefined;
    } catch (error) {
      // What stopping cuts off is no outage.
      if (!this.#stopped) this.#missed(at - this.#beganAt, error as NodeJS.ErrnoException);
      return;
    }
    if (this.#publishes) await this.#readMetrics().catch(() => {});
  }

  #missed(atMs: number, error: NodeJS.ErrnoException): void {
    const before = this.availability.outage;
    const untilMs = performance.now() - this.#beganAt;
    const outage = {
      sinceMs: before?.sinceMs ?? atMs,
      untilMs,
      tries: (before?.tries ?? 0) + 1,
      error: error.code ?? error.message,
    };
    this.availability.outage = outage;
    if (this.#down || untilMs - outage.sinceMs < this.#downAfterMs) return;
    this.#down = true;
    this.#onDown();
  }

  async #get(url: string): Promise<{ status: number; body: string }> {
    const { pathname, search } = new URL(url);
    const answer = await this.#dispatcher.request({ method: 'GET', path: pathname + search });
    return { status: answer.statusCode, body: await answer.body.text() };
  }

  async #readMetrics(): Promise<void> {
    const { status, body } = await this.#get(this.#metricsUrl);
    const at = performance.now();
    const seconds = prometheusValue(body, 'process_cpu_seconds_total');
    const memoryBytes = prometheusValue(body, 'process_resident_memory_bytes');
    if (seconds === undefined || memoryBytes === undefined) {
      // An overloaded target may answer again; one that knows no such page or figures will not learn them.
      this.#publishes = status >= 500;
      return;
    }
    const values: Record<string, number> = { target_memory_bytes: memoryBytes };
    const before = this.#cpuBefore;
    // After a restart of the target its counter begins anew.
    if (before && seconds >= before.seconds) {
      values.target_cpu_percent = (100_000 * (seconds - before.seconds)) / (at - before.at);
    }
    this.#cpuBefore = { seconds, at };
    this.gauges.note(at - this.#beganAt, values);
  }
}

/** The value of a metric without labels in Prometheus' text format; undefined when it is not there. */
export function prometheusValue(text: string, metric: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${metric} `));
  const value = line === undefined ? Number.NaN : Number(line.slice(metric.length + 1).split(' ')[0]);
  return Number.isFinite(value) ? value : undefined;
}
