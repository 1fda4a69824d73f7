import { type Dispatcher, Pool } from 'undici';
import type { AnySeries, SliceContext } from '../../support/test.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What came of a request. The network's and the target's failures are answers too: nothing here throws for them. */
export interface Answer {
  /** 0 when there was none. */
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
  /** `HTTP 500`, `ECONNREFUSED`, `timeout` …; undefined for an expected status. */
  error?: string;
  /** `indeterminate`: a write was sent and never answered, so it may have happened. */
  outcome: 'ok' | 'failed' | 'indeterminate';
  /** k6's `http_req_duration`: first byte sent to last byte read; 0 when nothing was sent. */
  durationMs: number;
}

export interface Call {
  /** Names the kind of request; the tag `op` of its metrics. A template, never an id. */
  op: string;
  method: Method;
  /** Begins with `/`; joined to the base URL's own path. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

interface OperationSeries {
  requests: AnySeries;
  duration: AnySeries;
  blocked: AnySeries;
  waiting: AnySeries;
  failed: AnySeries;
  sent: AnySeries;
  received: AnySeries;
}

export interface HttpOptions {
  /** Default: one for each VU of the slice. */
  connections?: number;
  /** For the headers, and again between two parts of the body. Default 30 s. */
  timeoutMs?: number;
  /** Larger answers are given up. Default 10 MiB. */
  maxAnswerBytes?: number;
}

/**
 * The HTTP client of a slice: keep-alive connections of one origin, shared by its VUs. Redirects are answers, not followed.
 * It dispatches to undici directly: promises and streams for each part of a request would cost more than the request.
 */
export class Http {
  readonly #pool: Pool;
  readonly #prefix: string;
  readonly #slice: SliceContext;
  readonly #maxAnswerBytes: number;
  readonly #series = new Map<string, OperationSeries>();

  constructor(slice: SliceContext, baseUrl: string, options: HttpOptions = {}) {
    const { origin, pathname } = new URL(baseUrl);
    const { connections = slice.maxVUs, timeoutMs = 30_000, maxAnswerBytes = 10 * 1024 ** 2 } = options;
    this.#slice = slice;
    this.#prefix = pathname.replace(/\/+$/, '');
    this.#maxAnswerBytes = maxAnswerBytes;
    this.#pool = new Pool(origin, {
      connections,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: { timeout: Math.min(timeoutMs, 10_000) },
    });
  }

  request(call: Call): Promise<Answer> {
    return new Promise((resolve) => {
      const { method, headers, body } = call;
      const series = this.#seriesOf(call.op);
      const exchange = new Exchange(call, series, this.#slice, this.#maxAnswerBytes, resolve);
      this.#pool.dispatch({ method, path: this.#prefix + call.path, headers, body }, exchange);
    });
  }

  /** Ends all connections, also those with a request under way. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  #seriesOf(op: string): OperationSeries {
    let series = this.#series.get(op);
    if (!series) {
      const { recorder } = this.#slice;
      const tags = { op };
      series = {
        requests: recorder.counter('http_reqs', tags),
        duration: recorder.trend('http_req_duration', tags),
        blocked: recorder.trend('http_req_blocked', tags),
        waiting: recorder.trend('http_req_waiting', tags),
        failed: recorder.rate('http_req_failed', tags),
        sent: recorder.counter('data_sent', tags),
        received: recorder.counter('data_received', tags),
      };
      this.#series.set(op, series);
    }
    return series;
  }
}

const NO_HEADERS = {};

/** One request on its way, as undici reports it. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #call: Call;
  readonly #series: OperationSeries;
  readonly #slice: SliceContext;
  readonly #maxBytes: number;
  readonly #resolve: (answer: Answer) => void;
  readonly #calledAt = performance.now();
  #sentAt = 0;
  #status = 0;
  #headers: Answer['headers'] = NO_HEADERS;
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #bytes = 0;

  constructor(
    call: Call,
    series: OperationSeries,
    slice: SliceContext,
    maxBytes: number,
    resolve: (answer: Answer) => void,
  ) {
    this.#call = call;
    this.#series = series;
    this.#slice = slice;
    this.#maxBytes = maxBytes;
    this.#resolve = resolve;
  }

  onRequestStart(): void {
    this.#sentAt = performance.now();
    this.#series.blocked.add(this.#sentAt - this.#calledAt);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Answer['headers']): void {
    this.#status = status;
    this.#headers = headers;
    this.#series.waiting.add(performance.now() - this.#sentAt);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) {
      controller.abort(new AnswerTooLarge());
    } else if (!this.#first) {
      this.#first = chunk;
    } else {
      this.#more ??= [this.#first];
      this.#more.push(chunk);
    }
  }

  onResponseEnd(): void {
    const body = this.#more ? Buffer.concat(this.#more).toString() : (this.#first?.toString() ?? '');
    const failed = this.#status >= 400;
    this.#settle(body, failed ? statusError(this.#status) : undefined, failed ? 'failed' : 'ok');
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#status = 0;
    const written = this.#sentAt > 0 && this.#call.method !== 'GET';
    this.#settle('', networkError(error), written ? 'indeterminate' : 'failed');
  }

  #settle(body: string, error: string | undefined, outcome: Answer['outcome']): void {
    const durationMs = this.#sentAt > 0 ? performance.now() - this.#sentAt : 0;
    const { requests, duration, failed, sent, received } = this.#series;
    requests.add(1);
    if (this.#sentAt > 0) duration.add(durationMs);
    failed.add(error === undefined ? 0 : 1);
    if (this.#call.body) sent.add(Buffer.byteLength(this.#call.body));
    received.add(this.#bytes);
    if (error !== undefined) this.#slice.recorder.error(error);
    this.#resolve({ status: this.#status, headers: this.#headers, body, error, outcome, durationMs });
  }
}

class AnswerTooLarge extends Error {}

function statusError(status: number): string {
  return status === 429 ? 'HTTP 429 (rate limited)' : `HTTP ${status}`;
}

/** What undici calls its own failures, in the words of a report. */
const names: Record<string, string> = {
  UND_ERR_CONNECT_TIMEOUT: 'timeout: connecting',
  UND_ERR_HEADERS_TIMEOUT: 'timeout: no answer',
  UND_ERR_BODY_TIMEOUT: 'timeout: answer not finished',
  UND_ERR_SOCKET: 'connection closed by the target',
};

/** Out of file descriptors or ports: the generator's own fault. */
const generatorCodes = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL']);

function networkError(error: Error): string {
  if (error instanceof AnswerTooLarge) return 'answer too large';
  const code = (error as NodeJS.ErrnoException).code ?? error.name;
  if (code.startsWith('HPE_')) return 'no valid HTTP answer';
  return generatorCodes.has(code) ? `generator: ${code}` : (names[code] ?? code);
}

/** The body as JSON; undefined when it is none. */
export function json<T>(answer: Answer): T | undefined {
  try {
    return JSON.parse(answer.body) as T;
  } catch {
    return undefined;
  }
}
