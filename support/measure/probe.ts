import type { Dispatcher, Pool } from 'undici';
import { textUpTo } from './body.ts';
import { GaugeLog } from './gauges.ts';
import { type FigureNames, targetFigures } from './target-figures.ts';

const EVERY_MS = 1_000;
/** An origin that answers is asked as seldom as that: many a target allows a client 60 requests a minute. */
const SELDOM_MS = 5_000;
/** For a whole answer, from the connection to the last byte that is read. */
const TIMEOUT_MS = 3_000;
/** A page of metrics that is longer is not read. */
const MOST_METRICS_BYTES = 4_000_000;
/** A process that tells when it began by how long it has lived is off by a moment each time. */
const SAME_START_S = 2;
/** Makes the connection to an origin; see `connection.ts`. */
export type Connect = (url: URL, options: Pool.Options, connectTimeoutMs: number) => Dispatcher;

/** A part of the target that has an address of its own. */
export interface Watched {
  /** Of http or https; any answer there counts. Where `reach` asks, what is shown of the address. */
  url: string;
  /** The variable that names it; absent for the API. */
  variable?: string;
  /** Asks what does not speak HTTP: rejects, in time, when nobody is there. */
  reach?(timeoutMs: number): Promise<void>;
}

export interface Outage {
  /** When it last answered before; absent where it had not. */
  answeredMs?: number;
  sinceMs: number;
  untilMs: number;
  tries: number;
  error: string;
}

/** Whether a part of the target answered, asked from outside of the load. Times in ms since the run's start. */
export interface Availability extends Omit<Watched, 'reach'> {
  checked: number;
  answered: number;
  /** Set while it does not answer. */
  outage?: Outage;
}

/**
 * Asks every part of the target whether it is there, each on a connection of its own: every 5 s, and once it did not answer every
 * second. Any HTTP answer counts as being there, whatever its body: whether answers are right is for the load to check. Reads the
 * API's `/metrics` when it publishes Prometheus text.
 */
export class TargetProbe {
  /** What the target said of itself: `target_cpu_percent`, `target_memory_bytes` and others of its kind of process. */
  readonly gauges = new GaugeLog();
  /** The part that was away for too long, and why the run ended; undefined while there is none. */
  down: (Watched & { outage: Outage }) | undefined;
  readonly #watches: Watch[];
  readonly #metrics: Metrics;
  readonly #downAfterMs: number;
  readonly #onDown: () => void;
  readonly #excusedUntilMs: () => number;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param apiUrl where metrics are looked for
   * @param onDown called once, when a part of the target has been away for `downAfterMs`: nothing is asked any more
   * @param excusedUntilMs until when it may be away, ms since the run's start
   * @param names of the target's own figures
   */
  constructor(
    watched: Watched[],
    apiUrl: string,
    downAfterMs: number,
    connect: Connect,
    onDown: () => void,
    excusedUntilMs: () => number = () => 0,
    names: FigureNames = {},
  ) {
    const seldomMs = Math.min(Math.max(downAfterMs, EVERY_MS), SELDOM_MS);
    const everyTicks = Math.floor(seldomMs / EVERY_MS);
    this.#watches = watched.map((one) => new Watch(one, everyTicks, connect, (outage) => this.#missed(one, outage)));
    this.#metrics = new Metrics(`${apiUrl}/metrics`, connect, this.gauges, names);
    this.#downAfterMs = downAfterMs;
    this.#onDown = onDown;
    this.#excusedUntilMs = excusedUntilMs;
  }

  /** When parts of it did not answer, however short that was, in the order of time. */
  get outages(): { startMs: number; endMs: number }[] {
    const all = this.#watches.flatMap(({ past, availability: { outage } }) => [...past, ...(outage ? [outage] : [])]);
    return all
      .map(({ sinceMs, untilMs }) => ({ startMs: sinceMs, endMs: untilMs }))
      .sort((a, b) => a.startMs - b.startMs);
  }

  /**
   * When it was seen that the target's process had begun anew. Of processes that answer in turns nobody knows which of them it was, nor
   * whose figures were read.
   */
  get restarts(): number[] {
    return this.#metrics.isSeveral ? [] : this.#metrics.restarts;
  }

  /** By part of the target. */
  get availability(): Availability[] {
    return this.#watches.map(({ availability }) => availability);
  }

  /** Begins to ask. @param aheadMs so long before the run's start, from which times count */
  start(aheadMs = 0): void {
    const beganAt = performance.now() + aheadMs;
    const parts = [...this.#watches, this.#metrics];
    const tick = () => {
      for (const part of parts) part.tick(beganAt);
    };
    this.#timer = setInterval(tick, EVERY_MS);
    tick();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#watches, this.#metrics].map((part) => part.stop()));
  }

  #missed(watched: Watched, outage: Outage): void {
    const sinceMs = Math.max(outage.sinceMs, this.#excusedUntilMs());
    if (this.down || outage.untilMs - sinceMs < this.#downAfterMs) return;
    this.down = { ...watched, outage };
    void this.stop();
    this.#onDown();
  }
}

/** A page that is asked for again and again, on a connection of its own. */
class Page {
  readonly #dispatcher: Dispatcher;
  readonly #path: string;

  constructor(url: string, connect: Connect) {
    const { pathname, search } = new URL(url);
    this.#path = pathname + search;
    this.#dispatcher = connect(new URL(url), { connections: 1 }, TIMEOUT_MS);
  }

  get(): Promise<Dispatcher.ResponseData> {
    // Over the body too.
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return this.#dispatcher.request({ method: 'GET', path: this.#path, signal });
  }

  /** Any answer will do. */
  async reach(): Promise<void> {
    const { body } = await this.get();
    // As much as keeps the connection for the next time, and no more.
    await body.dump({ limit: 16_384 }).catch(() => {});
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }
}

/** Something that is asked every few ticks, one time after the other. */
abstract class Asked {
  #busy = false;
  #wait = 0;
  #stopped = false;

  tick(beganAt: number): void {
    this.#wait -= 1;
    if (this.#busy || this.#stopped || this.#wait > 0) return;
    this.#busy = true;
    void this.ask(beganAt)
      .then((ticks) => {
        this.#wait = ticks;
      })
      .finally(() => {
        this.#busy = false;
      });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.close();
  }

  protected get stopped(): boolean {
    return this.#stopped;
  }

  /** Never rejects. @returns after how many ticks to ask again */
  protected abstract ask(beganAt: number): Promise<number>;

  /** Ends what is under way. */
  protected abstract close(): Promise<void>;
}

class Watch extends Asked {
  readonly availability: Availability;
  /** Outages that are over. */
  readonly past: Outage[] = [];
  readonly #everyTicks: number;
  readonly #onMiss: (outage: Outage) => void;
  readonly #page: Page | undefined;
  readonly #reach: (timeoutMs: number) => Promise<void>;
  #answeredMs: number | undefined;

  constructor(watched: Watched, everyTicks: number, connect: Connect, onMiss: (outage: Outage) => void) {
    super();
    const { reach, ...shown } = watched;
    this.availability = { ...shown, checked: 0, answered: 0 };
    this.#everyTicks = everyTicks;
    this.#onMiss = onMiss;
    const page = reach ? undefined : new Page(watched.url, connect);
    this.#page = page;
    this.#reach = reach ?? (() => page!.reach());
  }

  protected async close(): Promise<void> {
    await this.#page?.close();
  }

  protected async ask(beganAt: number): Promise<number> {
    const { availability } = this;
    const sinceMs = msSince(beganAt);
    availability.checked += 1;
    try {
      await this.#reach(TIMEOUT_MS);
      availability.answered += 1;
      this.#answeredMs = msSince(beganAt);
      if (availability.outage) this.past.push({ ...availability.outage, untilMs: sinceMs });
      availability.outage = undefined;
      return this.#everyTicks;
    } catch (error) {
      // What stopping cuts off is no outage.
      if (this.stopped) return 1;
      const { sinceMs: first = sinceMs, tries = 0 } = availability.outage ?? {};
      availability.outage = {
        ...(this.#answeredMs !== undefined && { answeredMs: this.#answeredMs }),
        ...{ sinceMs: first, untilMs: msSince(beganAt), tries: tries + 1, error: nameOf(error) },
      };
      this.#onMiss(availability.outage);
      return 1;
    }
  }
}

class Metrics extends Asked {
  readonly #gauges: GaugeLog;
  readonly #names: FigureNames;
  readonly #page: Page;
  /** Ms since the run's start. */
  readonly restarts: number[] = [];
  /** One that had begun before was read again. */
  isSeveral = false;
  #startBefore: number | undefined;
  #cpuBefore: { seconds: number; at: number } | undefined;
  #everyTicks = SELDOM_MS / EVERY_MS;
  #isKnown = false;

  constructor(url: string, connect: Connect, gauges: GaugeLog, names: FigureNames) {
    super();
    this.#names = names;
    this.#page = new Page(url, connect);
    this.#gauges = gauges;
  }

  protected close(): Promise<void> {
    return this.#page.close();
  }

  protected async ask(beganAt: number): Promise<number> {
    try {
      const { statusCode, body } = await this.#page.get();
      const text = await textUpTo(body, MOST_METRICS_BYTES);
      if (!this.#read(text ?? '', beganAt)) {
        if (statusCode === 429) this.#everyTicks *= 2;
        // An overloaded target may answer again, and one that is being restarted; one that never knew such figures will not learn them.
        else if (statusCode < 500 && !this.#isKnown) return Number.POSITIVE_INFINITY;
      }
    } catch {} // whether it is there is for another to find out
    return this.#everyTicks;
  }

  #read(text: string, beganAt: number): boolean {
    const at = performance.now();
    const { gauges: values, cpuSeconds: seconds, startSeconds } = targetFigures(text, this.#names);
    if (seconds === undefined && Object.keys(values).length === 0) return false;
    this.#isKnown = true;
    const before = this.#cpuBefore;
    // After a restart of the target its counter begins anew.
    if (before && seconds !== undefined && seconds >= before.seconds) {
      values.target_cpu_percent = (100_000 * (seconds - before.seconds)) / (at - before.at);
    }
    if (seconds !== undefined) this.#cpuBefore = { seconds, at };
    if (startSeconds !== undefined) this.#noteStart(startSeconds, msSince(beganAt, at));
    this.#gauges.note(msSince(beganAt, at), values);
    return true;
  }

  #noteStart(seconds: number, atMs: number): void {
    const later = seconds - (this.#startBefore ?? seconds);
    if (this.#startBefore !== undefined && Math.abs(later) < SAME_START_S) return;
    this.#startBefore = seconds;
    if (later > 0) this.restarts.push(atMs);
    if (later < 0) this.isSeveral = true;
  }
}

/** What was before the run's start was at it. */
function msSince(beganAt: number, at = performance.now()): number {
  return Math.max(0, at - beganAt);
}

function nameOf(error: unknown): string {
  const { code, name, message } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1_000} s`;
  return typeof code === 'string' ? code : message;
}
