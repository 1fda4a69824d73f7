import { type Client, Metadata } from '@grpc/grpc-js';
import type { SliceContext } from '../../support/test.ts';
import { checkDeclared, checkOptions, isAmount, isCount } from './client-options.ts';
import { type GrpcServer, grpcClient } from './grpc-channel.ts';
import { type Answer, type Call, Exchange, ExchangeSeries, grpcMetrics } from './grpc-exchange.ts';
import { UnderWay } from './under-way.ts';

export type { GrpcServer } from './grpc-channel.ts';
export { type Answer, type Call, grpcMetrics, type StatusName } from './grpc-exchange.ts';

export interface GrpcOptions {
  /** Default: one for every 100 VUs of the slice. */
  connections?: number;
  /** The deadline of calls that have none of their own. Default 30 s. */
  deadlineMs?: number;
  /** A larger message fails its call. Default 10 MiB. */
  maxAnswerBytes?: number;
}

const optionKinds = { connections: isCount, deadlineMs: isAmount, maxAnswerBytes: isAmount };

/**
 * Calls at one time that most servers take on a connection: gRPC's servers in Go and Java, and the proxies before them, advertise
 * this as `MAX_CONCURRENT_STREAMS`. More would wait in the client, and their wait would look like the target's.
 */
const CALLS_A_CONNECTION = 100;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * The gRPC client of a slice, shared by its VUs. grpc-js gives all channels to a server the same connection; here each has its own,
 * and calls take them in turns. There is one for every 100 VUs, so that calls never wait for each other in the client, and that a
 * balancer which tells connections apart, and not calls, has some to spread. A slice of fewer VUs has one, as a service has that
 * calls another; more of them cost the generator and the target memory and, below that limit, show nothing else.
 */
export class Grpc {
  readonly #slice: SliceContext;
  readonly #clients: Client[];
  readonly #deadlineMs: number;
  readonly #metadata = new Metadata();
  readonly #series = new Map<string, ExchangeSeries>();
  readonly #underWay = new UnderWay<Exchange>();
  #turn = 0;

  /** @throws one sentence when a connection cannot be opened within ten seconds */
  static async open(slice: SliceContext, server: GrpcServer, options: GrpcOptions = {}): Promise<Grpc> {
    const grpc = new Grpc(slice, server, options);
    try {
      await Promise.all(grpc.#clients.map((client) => ready(client, server.address)));
      return grpc;
    } catch (error) {
      grpc.close();
      throw error;
    }
  }

  private constructor(slice: SliceContext, server: GrpcServer, options: GrpcOptions) {
    checkOptions('Grpc', options, optionKinds);
    checkDeclared('Grpc', slice.recorder.definitions, { grpcMetrics });
    const { connections = Math.ceil(slice.maxVUs / CALLS_A_CONNECTION) } = options;
    const { deadlineMs = 30_000, maxAnswerBytes = 10 * 1024 ** 2 } = options;
    this.#slice = slice;
    this.#clients = Array.from({ length: connections }, () => grpcClient(server, maxAnswerBytes));
    this.#deadlineMs = deadlineMs;
    const { token } = slice.target;
    if (token !== undefined) this.#metadata.set('authorization', `Bearer ${token}`);
    slice.recorder.onCutOff(() => this.#underWay.cutOff());
  }

  /** Calls a method, of whatever kind it is. */
  call<Response extends object = object>(call: Call<Response>): Promise<Answer<Response>> {
    const { metadata, deadlineMs = this.#deadlineMs } = call;
    const client = this.#clients[this.#turn++ % this.#clients.length]!;
    return new Promise((resolve) => {
      const exchange = new Exchange(
        call as Call,
        this.#seriesOf(call),
        this.#underWay,
        resolve as (answer: Answer) => void,
      );
      exchange.begin(client, metadata === undefined ? this.#metadata : this.#with(metadata), Date.now() + deadlineMs);
    });
  }

  /** Ends all connections, also those with a call under way. */
  close(): void {
    for (const client of this.#clients) client.close();
  }

  #with(own: Record<string, string>): Metadata {
    const metadata = this.#metadata.clone();
    for (const [name, value] of Object.entries(own)) metadata.set(name, metadatum(name, value));
    return metadata;
  }

  #seriesOf({ op, method }: Pick<Call, 'op' | 'method'>): ExchangeSeries {
    let series = this.#series.get(op);
    if (!series) {
      series = new ExchangeSeries(this.#slice.recorder, op, method.responseStream);
      this.#series.set(op, series);
    }
    return series;
  }
}

/** Names that end in `-bin` stand for bytes, here as base64. */
export function isBinary(name: string): boolean {
  return name.toLowerCase().endsWith('-bin');
}

function metadatum(name: string, value: string): string | Buffer {
  return isBinary(name) ? Buffer.from(value, 'base64') : value;
}

function ready(client: Client, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    client.waitForReady(Date.now() + CONNECT_TIMEOUT_MS, (error) => {
      if (error) reject(new Error(`No connection to ${address} within ${CONNECT_TIMEOUT_MS / 1_000} s.`));
      else resolve();
    });
  });
}
