import type { Dispatcher } from 'undici';
import { dispatcherTo } from '../../support/connection.ts';
import type { SliceContext } from '../../support/test.ts';
import { type Answer, type Call, Exchange, ExchangeSeries, UnderWay } from './exchange.ts';

export type { Answer, Call, Method } from './exchange.ts';

export interface HttpOptions {
  /** Default: one for each VU of the slice. */
  connections?: number;
  /** For the whole request, the wait for a connection included. Noticed up to a tenth later. Default 30 s. */
  timeoutMs?: number;
  /** Larger answers are given up. Default 10 MiB. */
  maxAnswerBytes?: number;
}

/** Longest wait for a TCP (and TLS) connection. */
const CONNECT_TIMEOUT_MS = 10_000;
const MAX_SWEEP_MS = 1_000;

/**
 * The HTTP client of a slice: keep-alive connections of one origin, shared by its VUs. Redirects are answers, not followed.
 * It dispatches to undici directly: promises and streams for each part of a request would cost more than the request.
 */
export class Http {
  readonly #pool: Dispatcher;
  readonly #prefix: string;
  readonly #slice: SliceContext;
  readonly #maxAnswerBytes: number;
  readonly #series = new Map<string, ExchangeSeries>();
  readonly #underWay = new UnderWay();
  readonly #sweeper: NodeJS.Timeout;

  constructor(slice: SliceContext, baseUrl: string, options: HttpOptions = {}) {
    const url = new URL(baseUrl);
    const { connections = slice.maxVUs, timeoutMs = 30_000, maxAnswerBytes = 10 * 1024 ** 2 } = options;
    this.#slice = slice;
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.#maxAnswerBytes = maxAnswerBytes;
    // undici's timeouts bound the gaps between two parts of an answer: one that comes byte by byte would never end.
    const bounds = { connections, headersTimeout: 0, bodyTimeout: 0 };
    this.#pool = dispatcherTo(url, slice.target.wire, bounds, Math.min(timeoutMs, CONNECT_TIMEOUT_MS));
    const sweep = () => this.#underWay.expire(performance.now() - timeoutMs);
    slice.recorder.onCutOff(() => this.#underWay.cutOff());
    this.#sweeper = setInterval(sweep, Math.min(timeoutMs / 10, MAX_SWEEP_MS)).unref();
  }

  request(call: Call): Promise<Answer> {
    return new Promise((resolve) => {
      const { method, headers, body } = call;
      const exchange = new Exchange(call, this.#seriesOf(call.op), this.#maxAnswerBytes, this.#underWay, resolve);
      this.#pool.dispatch({ method, path: this.#prefix + call.path, headers, body }, exchange);
    });
  }

  /** Ends all connections, also those with a request under way. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await this.#pool.destroy();
  }

  #seriesOf(op: string): ExchangeSeries {
    let series = this.#series.get(op);
    if (!series) {
      series = new ExchangeSeries(this.#slice.recorder, op);
      this.#series.set(op, series);
    }
    return series;
  }
}

/** The body as JSON; undefined when it is none. */
export function json<T>(answer: Answer): T | undefined {
  try {
    return JSON.parse(answer.body) as T;
  } catch {
    return undefined;
  }
}
