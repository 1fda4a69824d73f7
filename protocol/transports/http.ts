import { type Dispatcher, errors } from 'undici';
import type { SliceContext } from '../../support/test.ts';
import { dispatcherTo, ReadyConnections, userAgent } from '../../support/wire/connection.ts';
import { checkOptions, isAmount, isCount, isWhole, isYesOrNo } from './client-options.ts';
import { Cookies } from './cookies.ts';
import { acceptedEncodings } from './encoding.ts';
import {
  type Answer,
  type BodyLimits,
  type Call,
  Exchange,
  ExchangeSeries,
  isSafe,
  type ReadAnswer,
  type RequestHeaders,
} from './exchange.ts';
import { rehearse } from './rehearsal.ts';
import { UnderWay } from './under-way.ts';

export type { Answer, Call, Method, RequestHeaders } from './exchange.ts';

export interface HttpOptions {
  /** Default: one for each VU of the slice. */
  connections?: number;
  /** For the whole request, the wait for a connection and redirects included. Noticed up to a tenth later. Default 30 s. */
  timeoutMs?: number;
  /** Larger answers are given up, also when they are larger only after decompression. Default 10 MiB. */
  maxAnswerBytes?: number;
  /** Redirects that are followed, each a request of its own in every metric; more are a failure. 0: they are answers. Default 10. */
  redirects?: number;
  /** False: each request has a connection of its own. Default true. */
  keepAlive?: boolean;
  /** False: what answers hold is counted, and neither kept nor bounded. Default true. */
  keepsBodies?: boolean;
}

const optionKinds = {
  ...{ connections: isCount, timeoutMs: isAmount, maxAnswerBytes: isAmount, redirects: isWhole },
  ...{ keepAlive: isYesOrNo, keepsBodies: isYesOrNo },
};

/** Whoever sends requests: a slice's client, or a visitor of it. */
export interface HttpClient {
  request(call: Call): Promise<Answer>;
}

/** Longest wait for a TCP (and TLS) connection. */
const CONNECT_TIMEOUT_MS = 10_000;
const MAX_SWEEP_MS = 1_000;
/** Origins to which redirects have led and connections are kept. */
const MAX_ORIGINS = 32;

/** What is sent where the call does not say it itself. Some firewalls let nobody in who does not say what they are. */
const defaultHeaders = { 'accept-encoding': acceptedEncodings, 'user-agent': userAgent };
/** They were meant for the origin that sent the redirect. */
const privateHeaders = /^(authorization|cookie|host)$/i;
const bodyHeaders = /^content-/i;

/** One request of a call: the first, or where it was redirected to. */
interface Hop {
  call: Call;
  origin: string;
  /** With what the base URL's own path begins. */
  path: string;
  /** Redirects that led here. */
  count: number;
  /** Of a redirect: when the call began, and when the iteration was due that it is part of; on `performance.now()`'s clock. */
  beganAt?: number;
  dueAt?: number;
  /** What the requests before this one took. */
  spentMs: number;
  /** A write before this one was answered: it has happened, whatever comes of what shows it. */
  hasWritten?: boolean;
}

/**
 * The HTTP client of a slice: keep-alive connections of one origin, shared by its VUs. Asks for compressed answers as
 * browsers do, unless the call has an `accept-encoding` of its own. It dispatches to undici directly: promises and streams for
 * each part of a request would cost more than the request, and so would undici's interceptors, which wrap every one of them.
 */
export class Http implements HttpClient {
  readonly #dispatcher: Dispatcher;
  readonly #origin: string;
  readonly #prefix: string;
  readonly #slice: SliceContext;
  readonly #bodies: BodyLimits;
  readonly #redirects: number;
  readonly #connect: (url: URL, ready?: ReadyConnections) => Dispatcher;
  readonly #ready = new ReadyConnections();
  /** Of other origins, to which redirects led; the one that came last is the last. */
  readonly #others = new Map<string, Dispatcher>();
  readonly #series = new Map<string, ExchangeSeries>();
  readonly #underWay = new UnderWay<Exchange>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(slice: SliceContext, baseUrl: string, options: HttpOptions = {}) {
    checkOptions('Http', options, optionKinds);
    const url = new URL(baseUrl);
    const { connections = slice.maxVUs, timeoutMs = 30_000, maxAnswerBytes = 10 * 1024 ** 2, redirects = 10 } = options;
    const { keepAlive = true, keepsBodies = true } = options;
    this.#slice = slice;
    this.#origin = url.origin;
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.#bodies = { maxBytes: maxAnswerBytes, isKept: keepsBodies };
    this.#redirects = redirects;
    // undici's timeouts bound the gaps between two parts of an answer: one that comes byte by byte would never end.
    const bounds = { connections, headersTimeout: 0, bodyTimeout: 0, ...(!keepAlive && { pipelining: 0 }) };
    const made = slice.recorder.counter('http_connections');
    const connectMs = Math.min(timeoutMs, CONNECT_TIMEOUT_MS);
    this.#connect = (to, ready) =>
      dispatcherTo(to, slice.target.wire, bounds, connectMs, ready).on('connect', () => made.add(1));
    this.#dispatcher = this.#connect(url, keepAlive ? this.#ready : undefined);
    slice.beforeStart(async ({ perSecond, atOnce }) => {
      await rehearse(slice, perSecond);
      await this.#ready.open(Math.min(connections, atOnce));
    });
    const sweep = () => this.#underWay.expire(performance.now() - timeoutMs);
    slice.recorder.onCutOff(() => this.#underWay.cutOff());
    this.#sweeper = setInterval(sweep, Math.min(timeoutMs / 10, MAX_SWEEP_MS)).unref();
  }

  request(call: Call): Promise<Answer> {
    return this.#begin(call, undefined);
  }

  /** A visitor over the same connections, who keeps cookies: one for each VU, or for each iteration. */
  visitor(): HttpClient {
    const cookies = new Cookies();
    return { request: (call) => this.#begin(call, cookies) };
  }

  /** Ends all connections, also those with a request under way. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#ready.close();
    await Promise.all([this.#dispatcher, ...this.#others.values()].map((one) => one.destroy()));
  }

  #begin(asked: Call, cookies: Cookies | undefined): Promise<Answer> {
    // As fetch and k6 do: many a server refuses "get" before its application or its log hears of it.
    const method = asked.method?.toUpperCase();
    const call = method === asked.method ? asked : { ...asked, method };
    return new Promise((resolve) => {
      const path = encodedPath(this.#prefix + call.path);
      const hop = { call, origin: this.#origin, path, count: 0, spentMs: 0 };
      this.#send(hop, cookies, resolve);
    });
  }

  #send(hop: Hop, cookies: Cookies | undefined, resolve: (answer: Answer) => void): void {
    const { call, origin, path, count, beganAt, dueAt } = hop;
    const { method, body } = call;
    const answered = (answer: ReadAnswer) => {
      if (cookies && answer.status > 0) cookies.take(origin + path, answer.setCookies);
      const next = answer.status >= 300 && answer.status < 400 ? this.#next(hop, exchange, answer) : undefined;
      if (next) {
        this.#send(next, cookies, resolve);
        return;
      }
      if (answer.durationMs > 0) answer.durationMs += hop.spentMs;
      if (hop.hasWritten && answer.outcome === 'failed') answer.outcome = 'indeterminate';
      resolve(answer);
    };
    const exchange = new Exchange(call, this.#seriesOf(call.op), this.#bodies, this.#underWay, answered);
    if (count > 0) {
      exchange.beganAt = beganAt!;
      exchange.dueAt = dueAt!;
      exchange.isLast = count === this.#redirects;
    }
    const dispatcher = origin === this.#origin ? this.#dispatcher : this.#other(origin);
    const headers = headersOf(call, cookies?.for(origin + path));
    // Without a word undici gives up the connection of every HEAD, and of a DELETE or GET with a body.
    const options = { method: method as Dispatcher.HttpMethod, path, headers, body, reset: false };
    exchange.sender = dispatcher;
    exchange.options = options;
    const mistake = mistakeIn(call, path);
    if (mistake === undefined) dispatcher.dispatch(options, exchange);
    else exchange.onError(new errors.InvalidArgumentError(mistake));
  }

  /** Where an answer leads to, by the rules of browsers; undefined when that is nowhere, or far enough. */
  #next(hop: Hop, { beganAt, dueAt }: Exchange, { status, location, durationMs }: ReadAnswer): Hop | undefined {
    if (location === undefined || hop.count === this.#redirects) return undefined;
    const from = hop.origin + hop.path;
    if (!URL.canParse(location, from)) return undefined;
    const { origin, protocol, pathname, search } = new URL(location, from);
    if (!/^https?:$/.test(protocol)) return undefined;
    const { method, body } = hop.call;
    const asksAnew = status === 303 ? method !== 'HEAD' : status <= 302 && method === 'POST';
    const isElsewhere = origin !== hop.origin;
    const kept = Object.entries(hop.call.headers ?? {}).filter(
      ([name]) => !(isElsewhere && privateHeaders.test(name)) && !(asksAnew && bodyHeaders.test(name)),
    );
    const call = { ...hop.call, headers: Object.fromEntries(kept), ...(asksAnew && { method: 'GET' as const }) };
    return {
      call: { ...call, body: asksAnew ? undefined : body },
      origin,
      path: pathname + search,
      count: hop.count + 1,
      beganAt,
      dueAt,
      spentMs: hop.spentMs + durationMs,
      hasWritten: hop.hasWritten || (asksAnew && !isSafe(hop.call)),
    };
  }

  #other(origin: string): Dispatcher {
    const known = this.#others.get(origin);
    if (known) return known;
    const [oldest] = this.#others;
    if (oldest && this.#others.size === MAX_ORIGINS) {
      this.#others.delete(oldest[0]);
      // What is under way there still comes to its end.
      oldest[1].close().catch(() => {});
    }
    const made = this.#connect(new URL(origin));
    this.#others.set(origin, made);
    return made;
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

/** Blanks and what is no ASCII, as browsers send them; undici refuses some of it, and sends some as bytes that few servers take. */
function encodedPath(path: string): string {
  return path.replace(/[ \x80-\uffff]+/g, (part) =>
    Buffer.from(part).toString('hex').toUpperCase().replace(/../g, '%$&'),
  );
}

/** undici takes more, such as what can be iterated, and ends the process where that holds no bytes, as URLSearchParams do. */
function isBody(body: unknown): boolean {
  return body === undefined || body === null || typeof body === 'string' || body instanceof Uint8Array;
}

/** @param whole the path behind that of the base URL */
function mistakeIn({ path, body }: Call, whole: string): string | undefined {
  // Of `GET https://…` many servers take the path alone: it would be asked of the wrong one.
  if (!whole.startsWith('/') || !/^(?:[/?]|$)/.test(path)) return 'its path does not begin with /';
  return isBody(body) ? undefined : 'its body has to be a string or a Buffer';
}

/** @param kept the cookies of who sends it: with those that the call brings they are one header */
function headersOf({ headers }: Call, kept: string | undefined): RequestHeaders {
  if (headers === undefined) return kept === undefined ? defaultHeaders : { ...defaultHeaders, cookie: kept };
  const all: Record<string, string | string[]> = { ...defaultHeaders };
  const cookies = kept === undefined ? undefined : [kept];
  for (const name in headers) {
    const known = name.toLowerCase();
    if (known === 'cookie' && cookies) {
      cookies.unshift(...[headers[name]!].flat());
      continue;
    }
    if (name !== known && Object.hasOwn(defaultHeaders, known)) delete all[known];
    all[name] = headers[name]!;
  }
  if (cookies) all.cookie = cookies.join('; ');
  return all;
}

/**
 * Whether a write that was not answered as it has to be may have been carried out: nobody answered it, or a gateway did (5xx), or
 * with a status that refuses nothing.
 */
export function mayHaveHappened({ status, outcome }: Pick<Answer, 'status' | 'outcome'>): boolean {
  return outcome === 'indeterminate' || status >= 500 || (status > 0 && status < 400);
}

/** The body as JSON, which some servers put a byte-order mark before; undefined when it is none. */
export function json<T>(answer: Answer): T | undefined {
  try {
    return JSON.parse(answer.body.replace(/^\ufeff/, '')) as T;
  } catch {
    return undefined;
  }
}
