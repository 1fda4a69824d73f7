import { Agent, request } from 'undici';
import type { Interval } from './recorder.ts';
import { GaugeSeries } from './series.ts';

const EVERY_MS = 1_000;
const TIMEOUT_MS = 3_000;

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
  readonly gauges = { target_cpu_percent: new GaugeSeries(), target_memory_bytes: new GaugeSeries() };
  readonly #metricsUrl: string;
  readonly #downAfterMs: number;
  readonly #onDown: () => void;
  readonly #agent = new Agent({ connections: 1, connect: { timeout: TIMEOUT_MS } });
  readonly #intervals: Interval[] = [];
  #beganAt = performance.now();
  #cpuBefore: { seconds: number; at: number } | undefined;
  #publishes = true;
  #timer: NodeJS.Timeout | undefined;

  /** @param onDown called once, when the target has been away for `downAfterMs` */
  constructor(apiUrl: string, downAfterMs: number, onDown: () => void) {
    this.availability = { url: `${apiUrl}/health`, checked: 0, answered: 0 };
    this.#metricsUrl = `${apiUrl}/metrics`;
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
    clearInterval(this.#timer);
    await this.#agent.destroy();
  }

  /** What the target said of itself, as intervals of `intervalMs` that merge with those of the slices. */
  intervals(intervalMs: number): Interval[] {
    const last = new Map<number, Interval>();
    for (const { index, series } of this.#intervals) {
      const coarse = Math.floor((index * EVERY_MS) / intervalMs);
      last.set(coarse, { index: coarse, series });
    }
    return [...last.values()];
  }

  async #ask(): Promise<void> {
    const { availability } = this;
    const at = performance.now();
    availability.checked += 1;
    try {
      await this.#get(availability.url);
      availability.answered += 1;
      availability.outage = undefined;
    } catch (error) {
      this.#missed(at - this.#beganAt, error as NodeJS.ErrnoException);
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
    const isDown = (from: number) => from - outage.sinceMs >= this.#downAfterMs;
    if (isDown(untilMs) && !(before && isDown(before.untilMs))) this.#onDown();
  }

  async #get(url: string): Promise<{ status: number; body: string }> {
    const answer = await request(url, {
      dispatcher: this.#agent,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    return { status: answer.statusCode, body: await answer.body.text() };
  }

  async #readMetrics(): Promise<void> {
    const { status, body } = await this.#get(this.#metricsUrl);
    const at = performance.now();
    const seconds = prometheusValue(body, 'process_cpu_seconds_total');
    const memoryBytes = prometheusValue(body, 'process_resident_memory_bytes');
    if (status !== 200 || seconds === undefined || memoryBytes === undefined) {
      this.#publishes = false;
      return;
    }
    const { target_cpu_percent: cpu, target_memory_bytes: memory } = this.gauges;
    if (this.#cpuBefore) cpu.add((100_000 * (seconds - this.#cpuBefore.seconds)) / (at - this.#cpuBefore.at));
    this.#cpuBefore = { seconds, at };
    memory.add(memoryBytes);
    const index = Math.floor((at - this.#beganAt) / EVERY_MS);
    const series: Interval['series'] = { target_memory_bytes: memory.pack() };
    if (cpu.count > 0) series.target_cpu_percent = cpu.pack();
    this.#intervals.push({ index, series });
  }
}

/** The value of a metric without labels in Prometheus' text format; undefined when it is not there. */
export function prometheusValue(text: string, metric: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${metric} `));
  const value = line === undefined ? Number.NaN : Number(line.slice(metric.length + 1).split(' ')[0]);
  return Number.isFinite(value) ? value : undefined;
}
