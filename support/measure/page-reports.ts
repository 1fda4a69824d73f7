import type { PaintedMark } from './marks.ts';
import { type ErrorPage, isErrorStatus, type VitalReport, vitalMetrics } from './vitals.ts';

/** A person's session makes some hundred; a script that calls in a loop costs the slice its time. */
const MAX_CALLS = 10_000;
/** Loaded documents of a session. */
const MAX_DOCUMENTS = 1_000;
/** Messages whose paint one call may tell of: a quarter of a second's. */
const MAX_EVENTS = 10_000;
/** Texts in password fields of a session, with their beginnings as they are typed; what is known as a secret stays known. */
const MAX_TYPED = 1_000;
const LONGEST_TYPED = 10_000;
const LONGEST_URL = 10_000;
/** No session is longer: what is above it is no time. */
const LONGEST_MS = 24 * 3_600_000;

/** Of two moments, in whichever order a page's clocks have them. */
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && value >= -LONGEST_MS && value <= LONGEST_MS;

const FLOOD = 'page calls our bindings in a flood, ignored';
const STRANGE = 'page calls our bindings with what is none of ours, ignored';

/**
 * What the pages of one session report by our bindings. Those are the page's to call, as everything in a window: names, types and
 * sizes are checked, and what is none of ours, or too much, is ignored, with one error of each kind a session.
 */
export class PageReports {
  readonly #onIgnored: (error: string) => void;
  readonly #told = new Set<string>();
  readonly #documents = new Set<string>();
  readonly #typed = new Set<string>();
  #calls = 0;

  constructor(onIgnored: (error: string) => void) {
    this.#onIgnored = onIgnored;
  }

  vital(report: unknown, hear: (report: VitalReport) => void): void {
    if (this.#isFlood()) return;
    const { document, metric, value, ageMs } = (report ?? {}) as Partial<Record<keyof VitalReport, unknown>>;
    const known = vitalMetrics.find((name) => name === metric);
    if (!known || !isTime(value) || !isTime(ageMs) || typeof document !== 'string' || document.length > 100) {
      this.#tell(STRANGE);
    } else if (!this.#documents.has(document) && this.#documents.size >= MAX_DOCUMENTS) {
      this.#tell(FLOOD);
    } else {
      this.#documents.add(document);
      hear({ document, metric: known, value, ageMs });
    }
  }

  errorPage(report: unknown, hear: (page: ErrorPage) => void): void {
    if (this.#isFlood()) return;
    const { status, url } = (report ?? {}) as Partial<Record<keyof ErrorPage, unknown>>;
    const isStatus = typeof status === 'number' && Number.isInteger(status) && isErrorStatus(status);
    if (isStatus && typeof url === 'string' && url.length <= LONGEST_URL) hear({ status, url });
    else this.#tell(STRANGE);
  }

  events(durationsMs: unknown, hear: (durationsMs: number[]) => void): void {
    if (this.#isFlood()) return;
    if (!Array.isArray(durationsMs)) this.#tell(STRANGE);
    else if (durationsMs.length > MAX_EVENTS) this.#tell(FLOOD);
    else if (!durationsMs.every(isTime)) this.#tell(STRANGE);
    else hear(durationsMs);
  }

  mark(mark: unknown, hear: (mark: PaintedMark) => void): void {
    if (this.#isFlood()) return;
    const { id, pushedAt, paintedAt } = (mark ?? {}) as Partial<Record<keyof PaintedMark, unknown>>;
    const whole = typeof id === 'string' && typeof pushedAt === 'number' && typeof paintedAt === 'number';
    if (whole && isTime(paintedAt - pushedAt)) hear({ id, pushedAt, paintedAt });
    else this.#tell(STRANGE);
  }

  /** What stands in a password field. Other calls, however many, leave no real one unheard. */
  typed(text: unknown, hear: (text: string) => void): void {
    if (typeof text !== 'string') this.#tell(STRANGE);
    else if (!this.#typed.has(text)) {
      if (this.#typed.size >= MAX_TYPED || text.length > LONGEST_TYPED) this.#tell(FLOOD);
      else {
        this.#typed.add(text);
        hear(text);
      }
    }
  }

  #isFlood(): boolean {
    this.#calls += 1;
    if (this.#calls > MAX_CALLS) this.#tell(FLOOD);
    return this.#calls > MAX_CALLS;
  }

  #tell(error: string): void {
    if (this.#told.has(error)) return;
    this.#told.add(error);
    this.#onIgnored(error);
  }
}
