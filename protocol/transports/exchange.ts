import { type Dispatcher, util } from 'undici';
import { type RecordedSeries, type Requests, type SliceContext, unfinished, workDueAt } from '../../support/test.ts';
import { hasEndedConnection } from '../../support/wire/connection.ts';
import { decode, UnreadableBody } from './encoding.ts';
import { causeOf, codeName } from './failure.ts';
import type { Expiring, UnderWay } from './under-way.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Those of a request, by name; a list is a header as often. */
export type RequestHeaders = Readonly<Record<string, string | string[]>>;

/** What came of a request. The network's and the target's failures are answers too: nothing here throws for them. */
export interface Answer {
  /** 0 when there was none, or none that could be read to its end. */
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Decompressed; empty where bodies are only counted. */
  readonly body: string;
  /** `HTTP 500`, `ECONNREFUSED`, `timeout: no answer` …; undefined below 400 and for a status that the call expects. */
  readonly error: string | undefined;
  /**
   * `indeterminate`: a write was sent and never answered, so it may have happened; or it was answered with a redirect to what shows it,
   * and that failed.
   */
  readonly outcome: 'ok' | 'failed' | 'indeterminate';
  /**
   * k6's `http_req_duration`: first byte sent to last byte read, of all requests of a redirect; 0 when nothing was sent, or it
   * was turned away by a rate limit: how fast a target says no is nobody's latency.
   */
  readonly durationMs: number;
}

export interface Call {
  /** Names the kind of request; the tag `op` of its metrics. A template, never an id. */
  op: string;
  /** Or any other that HTTP knows; small letters mean the same. */
  method: Method | (string & {});
  /** Begins with `/`; joined to the base URL's own path. What is no ASCII in it is encoded, and so are blanks. */
  path: string;
  headers?: RequestHeaders;
  body?: string | Buffer;
  /** True for a POST that changes nothing: without an answer it has failed, and is not `indeterminate`. */
  readOnly?: boolean;
  /** Statuses from 400 on that are no failure, as 404 is for what was deleted. */
  expects?: readonly number[];
}

type Recorder = SliceContext['recorder'];

/** What the requests of one kind add to. */
export class ExchangeSeries {
  readonly recorder: Recorder;
  readonly requests: RecordedSeries;
  readonly duration: RecordedSeries;
  readonly blocked: RecordedSeries;
  readonly waiting: RecordedSeries;
  readonly failed: RecordedSeries;
  readonly sent: RecordedSeries;
  readonly received: RecordedSeries;
  readonly #op: string;
  #cutOff: ExchangeSeries | undefined;

  constructor(recorder: Recorder, op: string, more: Record<string, string> = {}) {
    const tags = { op, ...more };
    this.recorder = recorder;
    this.#op = op;
    this.requests = recorder.counter('http_reqs', tags);
    this.duration = recorder.trend('http_req_duration', tags);
    this.blocked = recorder.trend('http_req_blocked', tags);
    this.waiting = recorder.trend('http_req_waiting', tags);
    this.failed = recorder.rate('http_req_failed', tags);
    this.sent = recorder.counter('data_sent', tags);
    this.received = recorder.counter('data_received', tags);
  }

  /** Of those requests that had no answer when they were cut off. */
  get cutOff(): ExchangeSeries {
    this.#cutOff ??= new ExchangeSeries(this.recorder, this.#op, unfinished);
    return this.#cutOff;
  }
}

/** What is done with the body of an answer. */
export interface BodyLimits {
  /** Larger answers are given up, also when they are larger only after decompression. */
  maxBytes: number;
  /** False: it is only counted. */
  isKept: boolean;
}

const NO_HEADERS: Buffer[] = [];
const RATE_LIMITED = 429;

/**
 * One request on its way, as undici reports it, in undici 7's older words: the newer ones parse all headers of every answer
 * and make three objects more a request, which costs time.
 */
export class Exchange implements Dispatcher.DispatchHandler, Expiring {
  readonly calledAt = performance.now();
  /** When the iteration was due that asked for it, or for what was redirected here: its figures belong to that instant. */
  dueAt = workDueAt() ?? this.calledAt;
  /** When it was called, or the request that was redirected here. */
  beganAt = this.calledAt;
  /** True when it is as far as redirects are followed. */
  isLast = false;
  /** By whom it is sent, and how. */
  sender: Dispatcher | undefined;
  options: Dispatcher.DispatchOptions | undefined;
  place = -1;
  requests: Requests | undefined;
  readonly #call: Call;
  readonly #series: ExchangeSeries;
  readonly #limits: BodyLimits;
  readonly #underWay: UnderWay<Exchange>;
  readonly #resolve: (answer: ReadAnswer) => void;
  #abort: ((reason: Error) => void) | undefined;
  #sentAt = 0;
  #status = 0;
  #headers = NO_HEADERS;
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #bytes = 0;
  #counted = false;

  /** @param underWay holds it from now on until it has its answer */
  constructor(
    call: Call,
    series: ExchangeSeries,
    limits: BodyLimits,
    underWay: UnderWay<Exchange>,
    resolve: (answer: ReadAnswer) => void,
  ) {
    this.#call = call;
    this.#series = series;
    this.#limits = limits;
    this.#underWay = underWay;
    this.#resolve = resolve;
    underWay.add(this);
  }

  expire(): void {
    if (this.#abort === undefined) this.#settle('', 'timeout: no connection', 'failed');
    else this.#abort(new TimeUp(this.#status === 0 ? 'timeout: no answer' : 'timeout: answer not finished'));
  }

  /** Whoever waits still gets the answer. */
  cutOff(): void {
    const { cutOff, recorder } = this.#series;
    const now = performance.now();
    if (this.#sentAt === 0) cutOff.blocked.add(now - this.calledAt, this.dueAt);
    this.#count(cutOff, now, true);
    recorder.error('request cut off by gracefulStop');
    this.#counted = true;
  }

  /** Called when there is a connection to send it on. */
  onConnect(abort: (reason?: Error) => void): void {
    // Given up while it waited. Aborting would make undici end a healthy connection; an error drops the request alone.
    if (this.place < 0) throw new Error('given up before it was sent');
    this.#abort = abort;
    this.#sentAt = performance.now();
    this.#series.blocked.add(this.#sentAt - this.calledAt, this.dueAt);
  }

  onHeaders(status: number, headers: Buffer[]): boolean {
    if (status < 200) return true;
    this.#status = status;
    this.#headers = headers;
    if (!this.#isTurnedAway) this.#series.waiting.add(performance.now() - this.#sentAt, this.dueAt);
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    const { isKept, maxBytes } = this.#limits;
    if (!isKept) return true;
    if (this.#bytes > maxBytes) {
      this.#abort!(new AnswerTooLarge());
    } else if (this.#first === undefined) {
      this.#first = chunk;
    } else {
      this.#more ??= [this.#first];
      this.#more.push(chunk);
    }
    return true;
  }

  onComplete(): void {
    // Unpacking what came is our own time.
    const endedAt = performance.now();
    let body: string;
    try {
      body = this.#body();
    } catch (error) {
      this.#fail(error as Error, endedAt);
      return;
    }
    const error = this.#statusError();
    this.#settle(body, error, error === undefined ? 'ok' : 'failed', endedAt);
  }

  onError(error: Error): void {
    if (this.place < 0) return;
    // Of a connection that was reset while it was idle, or by what came behind another's answer, such as a body with 204.
    const isNotOurs = this.#sentAt === 0 && (isOfAnswer(error) || hasEndedConnection(error));
    if (isNotOurs && this.sender) this.sender.dispatch(this.options!, this);
    // The length is that of what 304 leaves out, but undici waits for it as for a body's.
    else if (hasNoBody(this.#status) && isOfLength(error)) this.onComplete();
    else this.#fail(error);
  }

  #fail(error: Error, endedAt?: number): void {
    const name = networkError(error, this.#status > 0);
    this.#status = 0;
    this.#headers = NO_HEADERS;
    const written = this.#sentAt > 0 && !isSafe(this.#call);
    this.#settle('', name, written ? 'indeterminate' : 'failed', endedAt);
  }

  get #isTurnedAway(): boolean {
    return this.#status === RATE_LIMITED && !this.#call.expects?.includes(RATE_LIMITED);
  }

  #body(): string {
    if (this.#first === undefined) return '';
    const bytes = this.#more ? Buffer.concat(this.#more) : this.#first;
    if (headerIn(this.#headers, 'content-encoding') === undefined) return bytes.toString();
    // Each of those between us and the target may have packed it once more.
    return decode(bytes, valuesIn(this.#headers, 'content-encoding').join(), this.#limits.maxBytes).toString();
  }

  #statusError(): string | undefined {
    const status = this.#status;
    if (status >= 400) return this.#call.expects?.includes(status) ? undefined : statusError(status);
    return this.isLast && locationIn(status, this.#headers) ? 'redirected too often' : undefined;
  }

  #settle(body: string, error: string | undefined, outcome: Answer['outcome'], now: number = performance.now()): void {
    this.#underWay.remove(this);
    if (!this.#counted) {
      // Whoever gave up the wait has waited as long as that; who was refused has not waited.
      if (this.#sentAt === 0 && error?.startsWith('timeout: '))
        this.#series.blocked.add(now - this.calledAt, this.dueAt);
      this.#count(this.#series, now, error !== undefined);
      if (error !== undefined) this.#series.recorder.error(error);
    }
    const durationMs = this.#sentAt > 0 && !this.#isTurnedAway ? now - this.#sentAt : 0;
    this.#resolve(new ReadAnswer(this.#status, this.#headers, body, error, outcome, durationMs));
  }

  #count({ requests, duration, failed, sent, received }: ExchangeSeries, now: number, hasFailed: boolean): void {
    const { dueAt } = this;
    requests.add(1, dueAt);
    if (this.#sentAt > 0) {
      if (!this.#isTurnedAway) duration.add(now - this.#sentAt, dueAt);
      if (this.#call.body) sent.add(Buffer.byteLength(this.#call.body), dueAt);
    }
    failed.add(hasFailed ? 1 : 0, dueAt);
    received.add(this.#bytes, dueAt);
  }
}

/** Parses its headers when somebody asks for them. */
export class ReadAnswer implements Answer {
  readonly status: number;
  readonly body: string;
  readonly error: string | undefined;
  outcome: Answer['outcome'];
  durationMs: number;
  readonly #headers: Buffer[];

  constructor(
    status: number,
    headers: Buffer[],
    body: string,
    error: string | undefined,
    outcome: Answer['outcome'],
    durationMs: number,
  ) {
    this.status = status;
    this.#headers = headers;
    this.body = body;
    this.error = error;
    this.outcome = outcome;
    this.durationMs = durationMs;
  }

  get headers(): Answer['headers'] {
    return util.parseHeaders(this.#headers);
  }

  /** Where it redirects to; undefined when it does not. Bytes beyond ASCII, mostly of UTF-8, are asked for as they are. */
  get location(): string | undefined {
    return locationIn(this.status, this.#headers)?.replace(
      /[\x80-\xff]/g,
      (byte) => `%${byte.charCodeAt(0).toString(16)}`,
    );
  }

  get setCookies(): string[] {
    return valuesIn(this.#headers, 'set-cookie');
  }
}

/** Whether nothing has happened when it was not answered. */
export function isSafe({ method, readOnly }: Call): boolean {
  return method === 'GET' || method === 'HEAD' || readOnly === true;
}

function isRedirect(status: number): boolean {
  return status >= 301 && status <= 308 && (status <= 303 || status >= 307);
}

/** An empty one leads nowhere, as in browsers. */
function locationIn(status: number, headers: Buffer[]): string | undefined {
  return isRedirect(status) ? headerIn(headers, 'location') || undefined : undefined;
}

function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}

function headerIn(headers: Buffer[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (isNamed(headers[i]!, name)) return headers[i + 1]!.toString('latin1');
  return undefined;
}

function valuesIn(headers: Buffer[], name: string): string[] {
  return headers
    .filter((_, i) => i % 2 === 1 && isNamed(headers[i - 1]!, name))
    .map((value) => value.toString('latin1'));
}

/** Most headers have another length, and are never read. */
function isNamed(header: Buffer, name: string): boolean {
  return header.length === name.length && header.toString('latin1').toLowerCase() === name;
}

class AnswerTooLarge extends Error {}
class TimeUp extends Error {}

const statusNotes: Record<number, string> = { 407: ' (from the proxy)', [RATE_LIMITED]: ' (rate limited)' };

function statusError(status: number): string {
  return `HTTP ${status}${statusNotes[status] ?? ''}`;
}

/** What undici calls its own failures, in the words of a report. */
const names: Record<string, string> = {
  UND_ERR_CONNECT_TIMEOUT: 'timeout: connecting',
  UND_ERR_SOCKET: 'connection closed by the target',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'answer shorter than its content-length',
  UND_ERR_HEADERS_OVERFLOW: 'answer headers too large',
  UND_ERR_DESTROYED: 'stopped before the answer',
};

/** What undici calls its own failures by a sentence alone. */
const sentences: Record<string, string> = {
  'Response does not match the HTTP/1.1 protocol (Invalid EOF state)': names.UND_ERR_SOCKET!,
  // Servers that send 100 to whoever has not asked for it, and 101.
  'bad response': 'an HTTP 100 that nobody asked for',
  'bad upgrade': 'an HTTP 101 that nobody asked for',
};

/** Such as a header that is none: names what is wrong with it, not its value. */
const notSent = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH']);

/** Whether it says that an answer is none of HTTP. */
function isOfAnswer({ name }: Error): boolean {
  return name === 'HTTPParserError';
}

/** Whether it says that an answer has another length than it said. */
function isOfLength(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
}

/** @param isAnswered the head of an answer was read */
function networkError(error: Error, isAnswered: boolean): string {
  if (error instanceof TimeUp) return error.message;
  if (error instanceof AnswerTooLarge) return 'answer too large';
  if (error instanceof UnreadableBody) return error.message;
  if (Object.hasOwn(sentences, error.message)) return sentences[error.message]!;
  // Once a length was said, undici takes whatever is wrong with a head for too short a body.
  if (isOfAnswer(error) || (isOfLength(error) && !isAnswered)) return 'no valid HTTP answer';
  const { code = error.name } = causeOf(error) as NodeJS.ErrnoException;
  if (notSent.has(code)) return `request not sent: ${error.message}`;
  return names[code] ?? codeName(code);
}
