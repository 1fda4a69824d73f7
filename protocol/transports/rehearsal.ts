import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Pool } from 'undici';
import { type SliceContext, unmeasured } from '../../support/test.ts';
import { acceptedEncodings } from './encoding.ts';
import { type Call, Exchange, ExchangeSeries } from './exchange.ts';
import { UnderWay } from './under-way.ts';

const CONNECTIONS = 10;
/** More requests than this leave nothing to be compiled. */
const MOST = 1_000;
/** Of a second of the load. */
const SHARE = 0.2;
/** Whoever needs longer for it is short of CPU, and has no more to give. */
const LIMIT_MS = 1_000;

const answer = Buffer.from('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
const call: Call = { op: 'rehearsal', method: 'GET', path: '/', headers: { 'accept-encoding': acceptedEncodings } };

let rehearsed = false;

/**
 * Sends requests to a server in this process, once in it, so that sending, receiving and recording them is compiled code when it
 * counts: the first hundreds of a process take ten times as long as those after them, and would wait for each other.
 * @param perSecond requests that are to come
 */
export async function rehearse(slice: SliceContext, perSecond: number): Promise<void> {
  if (rehearsed) return;
  rehearsed = true;
  const server = createServer((socket) => socket.on('data', () => socket.write(answer)).on('error', () => {})).unref();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: CONNECTIONS });
  const series = new ExchangeSeries(unmeasured(slice).recorder, call.op);
  const underWay = new UnderWay<Exchange>();
  let left = Math.min(MOST, perSecond * SHARE);
  const send = () =>
    new Promise<unknown>((resolve) => {
      const exchange = new Exchange(call, series, { maxBytes: answer.length, isKept: true }, underWay, resolve);
      pool.dispatch({ method: 'GET', path: call.path, headers: call.headers }, exchange);
    });
  const endAt = performance.now() + LIMIT_MS;
  const loop = async () => {
    while (left-- > 0 && performance.now() < endAt && !slice.signal.aborted) await send();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, loop));
  await pool.destroy();
  server.close();
}
