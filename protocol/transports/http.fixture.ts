/** For tests: a client of HTTP, and a server that does what a test says. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { Server as TlsServer } from 'node:tls';
import type { SliceContext } from '../../support/test.ts';
import { recorded, testSlice } from '../slice.fixture.ts';
import { type Answer, Http, type HttpOptions, type Method } from './http.ts';

export interface Bed {
  request(method?: Method, body?: string): Promise<Answer>;
  recorded(): ReturnType<typeof recorded>;
  errors: Record<string, number>;
  /** What a fast load waits for before the start. */
  prepare(atOnce: number): Promise<unknown>;
  http: Http;
  slice: ReturnType<typeof testSlice>;
}

/** A client of a server, both gone when the test is over. */
export async function bed(
  t: TestContext,
  server: Server,
  options?: HttpOptions,
  path = '',
  scheme = server instanceof TlsServer ? 'https' : 'http',
): Promise<Bed> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const preparations: Parameters<SliceContext['beforeStart']>[0][] = [];
  const slice = { ...testSlice(url), beforeStart: (one: (typeof preparations)[0]) => void preparations.push(one) };
  const http = new Http(slice, url + path, options);
  t.after(async () => {
    await http.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    http,
    slice,
    request: (method = 'GET', body) => http.request({ op: 'thing', method, path: '/thing', body }),
    recorded: () => recorded(slice),
    errors: slice.recorder.errors,
    prepare: (atOnce) => Promise.all(preparations.map((prepare) => prepare({ perSecond: 100, atOnce }))),
  };
}

export const overHttp = (answer: RequestListener) => createServer(answer);
/** Does what it likes with the connection once a request has come in. */
export const overTcp = (act: (socket: Socket) => void, options = {}) =>
  createTcpServer(options, (socket) => socket.on('data', () => act(socket)));
/** Of an answer with so many bytes. */
export const head = (bytes: number) => `HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`;
