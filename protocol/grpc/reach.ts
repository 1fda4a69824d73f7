import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { type Client, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { WrongService } from '../../support/family.ts';
import { certificateRemedy, checkTunnel, wayTo } from '../../support/wire/connection.ts';
import { type GrpcServer, grpcClient } from '../transports/grpc-channel.ts';
import { healthCheck } from './standard-services.ts';

const MAX_ANSWER_BYTES = 10 * 1024 ** 2;
/** How long somebody may take to show what they speak. */
const GREETING_MS = 2_000;
/** What an HTTP/2 client begins with: the preface, and SETTINGS that say nothing. */
const PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);
const SETTINGS = 4;

/** A channel for what is no part of the load, as long as `use` lasts. */
export async function withClient<T>(server: GrpcServer, use: (client: Client) => Promise<T>): Promise<T> {
  const client = grpcClient(server, MAX_ANSWER_BYTES);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/**
 * Resolves when a gRPC server answers, whatever its health.
 * @throws WrongService when somebody else does; else an error that names what happened
 */
export async function reach(server: GrpcServer, timeoutMs: number): Promise<void> {
  await withClient(server, (client) => health(server, client, '', timeoutMs));
}

/**
 * What `grpc.health.v1` says of a service; undefined when the server has no such service, or does not know that one.
 * @param service empty: the whole server
 * @throws as {@link reach}
 */
export async function health(
  server: GrpcServer,
  client: Client,
  service: string,
  timeoutMs: number,
): Promise<string | undefined> {
  const { path, requestSerialize, responseDeserialize } = healthCheck;
  const deadline = Date.now() + timeoutMs;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { service },
      new Metadata(),
      { deadline },
      (error, answer) => {
        if (!error) resolve((answer as { status: string }).status);
        else if (!isAbsence(error)) resolve(undefined);
        else whatIsThere(server, error).then(reject, reject);
      },
    );
  });
}

/** Whether nobody who speaks gRPC has said this. */
function isAbsence({ code }: ServiceError): boolean {
  return code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED || code === status.INTERNAL;
}

/** The error for a server that did not answer: by what there is at its address. */
async function whatIsThere({ address, secure, wire }: GrpcServer, error: ServiceError): Promise<Error> {
  const named = new Error(
    error.details.replace(/^No connection established\. Last error: (Error: )?|\. Resolution note: $/g, ''),
  );
  const { proxy, tls } = wayTo(address, secure, wire);
  const where = `GRPC_ADDR ${address}`;
  try {
    if (proxy !== undefined) {
      // What it answers grpc-js keeps to itself; of what is behind it, it tells too little.
      await checkTunnel(proxy, address, GREETING_MS);
      return named;
    }
    const plain = await greeting(address);
    if (plain === 'HTTP/1')
      return new WrongService(`${where} speaks HTTP/1, and gRPC needs HTTP/2; correct GRPC_ADDR.`);
    if (plain === 'HTTP/2') {
      return secure ? new WrongService(`${where} speaks no TLS, but GRPC_TLS is 1; correct one of them.`) : named;
    }
    const protocol = await tlsProtocol(address, { rejectUnauthorized: false });
    if (protocol === undefined) return named;
    if (!secure) return new WrongService(`${where} speaks TLS; set GRPC_TLS=1.`);
    if (protocol !== 'h2') {
      return new WrongService(`${where} speaks HTTP/1 over TLS, and gRPC needs HTTP/2; correct GRPC_ADDR.`);
    }
    return await tlsProtocol(address, tls).then(
      () => named,
      ({ message, code = message }: NodeJS.ErrnoException) => {
        const remedy = certificateRemedy(code, 'GRPC_ADDR') ?? 'set TLS_INSECURE=1';
        return new WrongService(`${where} shows a certificate that is not trusted (${code}); ${remedy}.`);
      },
    );
  } catch (failure) {
    return failure as Error;
  }
}

/** What answers there to the beginning of HTTP/2; undefined: nothing that is known. @throws when there is no connection */
async function greeting(address: string): Promise<'HTTP/1' | 'HTTP/2' | undefined> {
  const socket = connectTcp(placeOf(address));
  try {
    await within(socket, 'connect');
    socket.write(PREFACE);
    const [answer] = await within(socket, 'data').catch(() => []);
    if (!Buffer.isBuffer(answer)) return undefined;
    if (answer.subarray(0, 5).toString('latin1') === 'HTTP/') return 'HTTP/1';
    return answer[3] === SETTINGS ? 'HTTP/2' : undefined;
  } finally {
    socket.destroy();
  }
}

/** What is agreed on with TLS; undefined when there is none and nobody verifies. @throws what a verification has against it */
async function tlsProtocol(address: string, options: { rejectUnauthorized?: boolean }): Promise<string | undefined> {
  const { host, port } = placeOf(address);
  const socket: TLSSocket = connectTls({
    ...options,
    host,
    port,
    servername: /^[\d.]+$|:/.test(host) ? '' : host,
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  try {
    await within(socket, 'secureConnect');
    return socket.alpnProtocol || 'none';
  } catch (error) {
    if (options.rejectUnauthorized === false) return undefined;
    throw error;
  } finally {
    socket.destroy();
  }
}

async function within(socket: Socket, event: string): Promise<unknown[]> {
  const over = new AbortController();
  const late = wait(GREETING_MS, undefined, { signal: over.signal }).then(() => {
    throw new Error(`no answer in ${GREETING_MS / 1_000} s`);
  });
  late.catch(() => {});
  const ended = once(socket, 'close', { signal: over.signal }).then(() => {
    throw new Error('connection closed');
  });
  ended.catch(() => {});
  try {
    return await Promise.race([once(socket, event, { signal: over.signal }), late, ended]);
  } finally {
    over.abort();
    // What comes after is of no interest.
    socket.on('error', () => {});
  }
}

function placeOf(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}
