import { type Client, type ClientDuplexStream, type ClientReadableStream, type Metadata, status } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import {
  exhaustedCodes,
  type RecordedSeries,
  type Requests,
  type SliceContext,
  unfinished,
  workDueAt,
} from '../../support/test.ts';
import { failedRate } from './failure.ts';
import type { Pending, UnderWay } from './under-way.ts';

/** `OK`, `UNAVAILABLE`, `DEADLINE_EXCEEDED` …: https://grpc.io/docs/guides/status-codes/ */
export type StatusName = keyof typeof status;

/** What came of a call. The network's and the target's failures are answers too: nothing here throws for them. */
export interface Answer<Response = object> {
  readonly status: StatusName;
  /** What the server said besides; may hold anything. */
  readonly details: string;
  /** Of a method that answers with one message; undefined without it. */
  readonly value: Response | undefined;
  /** Messages that were received. */
  readonly messages: number;
  /** `gRPC UNAVAILABLE`, `gRPC UNAVAILABLE (ECONNREFUSED)`, `gRPC DEADLINE_EXCEEDED` …; undefined when all went as expected. */
  readonly error: string | undefined;
  /** `indeterminate`: the call was sent, and nobody can tell whether the server did it. */
  readonly outcome: 'ok' | 'failed' | 'indeterminate';
  /** From the call to its status. */
  readonly durationMs: number;
}

export interface Call<Response = object> {
  /** Names the kind of call; the tag `op` of its metrics. */
  op: string;
  /** Of a package definition, as `@grpc/proto-loader` makes it. Its streams say what kind of call it is. */
  method: MethodDefinition<object, object>;
  /** The message of a method that takes one; of others all that are sent, in their time. */
  request: object | Iterable<object> | AsyncIterable<object>;
  /** Called for each message of a method that answers with a stream. */
  onMessage?(message: Response): void;
  metadata?: Record<string, string>;
  deadlineMs?: number;
  /** Ends the call, which has then done what it should: for those that last until they are not needed any more. */
  signal?: AbortSignal;
  /** True for a call that changes nothing: without an answer it has failed, and is not `indeterminate`. */
  readOnly?: boolean;
  /** That are no failure, beside OK. */
  expects?: readonly StatusName[];
}

/**
 * What the client records, for the `metrics` of its loads; k6's names for what k6 has. Time counts from the call, also when it then
 * waits for a connection: this is the direction in which nothing is flattered. `grpc_req_duration` is of calls that have one answer;
 * of a stream of answers there are the time to its first message and to its end, the latter not of one that we ended.
 */
export const grpcMetrics = {
  grpc_reqs: { type: 'counter', contains: 'default', tells: 'work', followed: true, ofWork: 'count' },
  grpc_req_duration: { type: 'trend', contains: 'time', complete: true },
  grpc_req_failed: failedRate,
  grpc_stream_first_message: { type: 'trend', contains: 'time', complete: true },
  grpc_stream_duration: { type: 'trend', contains: 'time', complete: true },
  grpc_streams_msgs_sent: { type: 'counter', contains: 'default', tells: 'work' },
  grpc_streams_msgs_received: { type: 'counter', contains: 'default', tells: 'work' },
} as const;

type Recorder = SliceContext['recorder'];

/** What the calls of one kind add to. */
export class ExchangeSeries {
  readonly recorder: Recorder;
  readonly requests: RecordedSeries;
  readonly duration: RecordedSeries;
  readonly failed: RecordedSeries;
  readonly firstMessage: RecordedSeries;
  readonly messagesSent: RecordedSeries;
  readonly messagesReceived: RecordedSeries;
  readonly sent: RecordedSeries;
  readonly received: RecordedSeries;
  readonly #op: string;
  readonly #isStream: boolean;
  #cutOff: ExchangeSeries | undefined;

  /** @param isStream it is answered with a stream of messages */
  constructor(recorder: Recorder, op: string, isStream: boolean, more: Record<string, string> = {}) {
    const tags = { op, ...more };
    this.recorder = recorder;
    this.#op = op;
    this.#isStream = isStream;
    this.requests = recorder.counter('grpc_reqs', tags);
    this.duration = recorder.trend(isStream ? 'grpc_stream_duration' : 'grpc_req_duration', tags);
    this.failed = recorder.rate('grpc_req_failed', tags);
    this.firstMessage = recorder.trend('grpc_stream_first_message', tags);
    this.messagesSent = recorder.counter('grpc_streams_msgs_sent', tags);
    this.messagesReceived = recorder.counter('grpc_streams_msgs_received', tags);
    this.sent = recorder.counter('data_sent', tags);
    this.received = recorder.counter('data_received', tags);
  }

  /** Of those calls that had no status when they were cut off. */
  get cutOff(): ExchangeSeries {
    this.#cutOff ??= new ExchangeSeries(this.recorder, this.#op, this.#isStream, unfinished);
    return this.#cutOff;
  }
}

/** As grpc-js tells of a call's end: of a message that it cannot unpack without a status, or with an error's code in its place. */
interface Ending {
  code?: number | string;
  details?: string;
}

/** These say that the server did not do it. Others leave open whether it has: an `UNAVAILABLE` may come after the work. */
const refusals: ReadonlySet<StatusName> = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'UNAUTHENTICATED',
]);

/** What gRPC's libraries say of an answer that there was, by `RESOURCE_EXHAUSTED`: client and server may each have a limit. */
const tooLarge = /\b(received|sent|send) message (larger than max|that decompresses to a size larger)/i;

/** What grpc-js says of an OK without a message, as `UNIMPLEMENTED`: the server has done it all the same. */
const NO_MESSAGE = 'No message received';

/** What grpc-js says of a call that never left: how fast it says so is nobody's latency. */
const unconnected = /^(No connection established|Name resolution failed)/;

/** A message goes to and fro as it lies on the wire: making and reading it here says how large it was, and whose fault it is. */
const asItIs = (bytes: Buffer): Buffer => bytes;

/** One call on its way. */
export class Exchange implements Pending {
  readonly #calledAt = performance.now();
  /** When the iteration was due that asked for it: its figures belong to that instant. */
  readonly #dueAt = workDueAt() ?? this.#calledAt;
  place = -1;
  requests: Requests | undefined;
  readonly lasts: boolean;
  readonly #call: Call;
  readonly #series: ExchangeSeries;
  readonly #underWay: UnderWay<Exchange>;
  readonly #resolve: (answer: Answer) => void;
  #isSent = false;
  #isCounted = false;
  /** What went wrong is among the errors already. */
  #isTold = false;
  #value: object | undefined;
  #messages = 0;
  #unreadable: string | undefined;
  #stream: { cancel(): void } | undefined;
  readonly #cancel = () => this.#stream?.cancel();

  /** @param underWay holds it from now on until it has its status */
  constructor(call: Call, series: ExchangeSeries, underWay: UnderWay<Exchange>, resolve: (answer: Answer) => void) {
    this.#call = call;
    this.#series = series;
    this.#underWay = underWay;
    this.#resolve = resolve;
    this.lasts = call.signal !== undefined;
    underWay.add(this);
  }

  /** Sends it. @param deadline ms since 1970 */
  begin(client: Client, metadata: Metadata, deadline: number): void {
    const { method, request, signal } = this.#call;
    const { path, requestStream, responseStream } = method;
    try {
      if (!requestStream && !responseStream) {
        const message = this.#packed(request as object);
        const made = client.makeUnaryRequest(path, asItIs, asItIs, message, metadata, { deadline }, (error, bytes) => {
          // Reading what came is our own time.
          const endedAt = performance.now();
          if (bytes) this.#take(bytes);
          this.#end(error, endedAt);
        });
        this.#isSent = true;
        this.#stream = made;
      } else if (!requestStream) {
        const message = this.#packed(request as object);
        this.#receive(client.makeServerStreamRequest(path, asItIs, asItIs, message, metadata, { deadline }));
      } else {
        // A client's stream has one answer: a stream of one message, which needs no code of its own.
        const stream = client.makeBidiStreamRequest(path, asItIs, asItIs, metadata, { deadline });
        this.#receive(stream);
        void this.#sendAll(stream, request as Iterable<object>);
      }
    } catch (error) {
      this.#notSent(error);
      return;
    }
    if (signal?.aborted) this.#cancel();
    else signal?.addEventListener('abort', this.#cancel);
  }

  /** Measuring ends here: it has failed, and its age is the least that it takes. Whoever waits still gets the answer. */
  cutOff(): void {
    if (this.#isCounted) return;
    this.#isCounted = true;
    // It lasts until it is not needed any more, which is now.
    if (this.#call.signal) return;
    const { cutOff, recorder } = this.#series;
    const age = performance.now() - this.#calledAt;
    cutOff.requests.add(1, this.#dueAt);
    cutOff.duration.add(age, this.#dueAt);
    if (this.#call.method.responseStream && this.#messages === 0) cutOff.firstMessage.add(age, this.#dueAt);
    cutOff.failed.add(1, this.#dueAt);
    recorder.error('call cut off by gracefulStop');
  }

  #receive(stream: ClientReadableStream<Buffer>): void {
    this.#isSent = true;
    this.#stream = stream;
    stream.on('data', (bytes: Buffer) => this.#take(bytes));
    // Its status says the same.
    stream.on('error', () => {});
    stream.on('status', (ending) => this.#end(ending.code === status.OK ? null : ending));
  }

  async #sendAll(
    stream: ClientDuplexStream<Buffer, Buffer>,
    requests: Iterable<object> | AsyncIterable<object>,
  ): Promise<void> {
    try {
      for await (const request of requests) {
        if (this.place < 0) return;
        this.#series.messagesSent.add(1, this.#messageAt);
        if (!stream.write(this.#packed(request))) await drained(stream);
      }
      stream.end();
    } catch (error) {
      this.#unreadable = notSent(error);
      stream.cancel();
    }
  }

  /** To what messages belong. Those of a call that lasts have come long after its iteration: they count when they come. */
  get #messageAt(): number | undefined {
    return this.#call.signal ? undefined : this.#dueAt;
  }

  #packed(request: object): Buffer {
    const bytes = this.#call.method.requestSerialize(request);
    this.#series.sent.add(bytes.length, this.#messageAt);
    return bytes;
  }

  #take(bytes: Buffer): void {
    const { method, onMessage } = this.#call;
    this.#messages += 1;
    if (!this.#isCounted) this.#series.received.add(bytes.length, this.#messageAt);
    if (method.responseStream && !this.#isCounted) {
      if (this.#messages === 1) this.#series.firstMessage.add(performance.now() - this.#calledAt, this.#dueAt);
      this.#series.messagesReceived.add(1, this.#messageAt);
    }
    let message: object;
    try {
      message = method.responseDeserialize(bytes);
    } catch {
      this.#unreadable = 'message that cannot be read';
      return;
    }
    if (!method.responseStream) this.#value = message;
    else if (onMessage && this.#unreadable === undefined) this.#tell(onMessage, message);
  }

  /** Thrown on, it would leave the call without an end, or end the process. */
  #tell(onMessage: (message: object) => void, message: object): void {
    try {
      onMessage(message);
    } catch (error) {
      this.#unreadable = this.#series.recorder.threw('gRPC: onMessage', error);
      this.#isTold = true;
      this.#cancel();
    }
  }

  #notSent(error: unknown): void {
    this.#unreadable = notSent(error);
    this.#end(null);
  }

  #end(ending: Ending | null, endedAt: number = performance.now()): void {
    if (this.place < 0) return;
    this.#underWay.remove(this);
    const { signal, expects, readOnly, method } = this.#call;
    signal?.removeEventListener('abort', this.#cancel);
    const { code = 'none', details = '' } = ending ?? { code: status.OK };
    const name = details === NO_MESSAGE ? 'OK' : statusName(code);
    if (unconnected.test(details)) this.#isSent = false;
    if (name === 'OK' && !method.responseStream && this.#messages === 0)
      this.#unreadable ??= 'gRPC OK without a message';
    const isEnded = name === 'CANCELLED' && signal?.aborted === true;
    const isExpected = isEnded || name === 'OK' || expects?.includes(name) === true;
    const error = this.#unreadable ?? (isExpected ? undefined : errorOf(name, code, details));
    const durationMs = endedAt - this.#calledAt;
    if (!this.#isCounted) {
      this.#isCounted = true;
      this.#count(durationMs, error !== undefined, isEnded);
      if (error !== undefined && !this.#isTold) this.#series.recorder.error(error);
    }
    const isRefused = refusals.has(name) && !tooLarge.test(details);
    const isOpen = this.#isSent && !readOnly && !isRefused;
    this.#resolve({
      status: name,
      details,
      value: method.responseStream ? undefined : this.#value,
      messages: this.#messages,
      error,
      outcome: error === undefined ? 'ok' : isOpen ? 'indeterminate' : 'failed',
      durationMs,
    });
  }

  #count(durationMs: number, hasFailed: boolean, isEnded: boolean): void {
    const { requests, duration, failed, firstMessage } = this.#series;
    requests.add(1, this.#dueAt);
    failed.add(hasFailed ? 1 : 0, this.#dueAt);
    if (!this.#isSent || isEnded) return;
    duration.add(durationMs, this.#dueAt);
    // One that failed before has waited as long as that for it.
    if (hasFailed && this.#call.method.responseStream && this.#messages === 0)
      firstMessage.add(durationMs, this.#dueAt);
  }
}

function drained(stream: ClientDuplexStream<Buffer, Buffer>): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'status'];
    // A long stream waits often: none of them may stay behind.
    const done = () => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}

function notSent(error: unknown): string {
  return `call not sent: ${(error as Error).message}`;
}

/** One that gRPC does not know counts as `UNKNOWN`, as its specification wants it. */
function statusName(code: number | string): StatusName {
  const name: unknown = (status as Record<number | string, unknown>)[code];
  return typeof name === 'string' ? (name as StatusName) : 'UNKNOWN';
}

/** Whether the size of a message is four letters: those of a page's beginning, such as `html`. */
function isText(size: number): boolean {
  return [24, 16, 8, 0].every((shift) => ((size >>> shift) & 0xff) >= 0x20 && ((size >>> shift) & 0xff) < 0x7f);
}

/** Of no connection grpc-js tells the system's error in its sentence alone. What is short at the target's end, the target says itself. */
function errorOf(name: StatusName, given: number | string, details: string): string {
  const [, size] = /^Received message larger than max \((\d+) vs/.exec(details) ?? [];
  if (size !== undefined && isText(Number(size))) return 'no valid gRPC answer';
  const [, http] = /^Received HTTP status code (\d+)/.exec(details) ?? [];
  if (http !== undefined) return `gRPC ${name} (HTTP ${http})`;
  if (name === 'UNKNOWN' && given !== status.UNKNOWN && given !== 'none') return `gRPC ${name} (${given})`;
  const code = /\b(E[A-Z]{4,}|ERR_[A-Z0-9_]+)\b/.exec(details)?.[1];
  // Where there is no IPv6, that is said of its name for this machine, whatever ports are free.
  const isOurs = code !== undefined && exhaustedCodes.has(code) && !/EADDRNOTAVAIL ::1\b/.test(details);
  if (isOurs && unconnected.test(details)) return `generator: ${code}`;
  return name === 'UNAVAILABLE' && code !== undefined ? `gRPC ${name} (${code})` : `gRPC ${name}`;
}
