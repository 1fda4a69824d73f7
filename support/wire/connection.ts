import { once } from 'node:events';
import { type RequestOptions, request as secureRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { buildConnector, Client, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { ReadyConnections } from './ready-connections.ts';
import { basicAuthorization, keyHash, proxyOf, userOf, type Wire } from './wire.ts';

export { ReadyConnections };

/** What we say that we are, unless somebody says it for us. */
export const userAgent = 'tandem';

/** What connections that stood have ended by. */
const endings = new WeakSet<Error>();

/** Whether a connection that stood has ended by it: what waited to be sent on it can be sent on another. */
export function hasEndedConnection(error: Error): boolean {
  return endings.has(error);
}

function noting(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...made) => {
      made[1]?.on('error', (error) => endings.add(error));
      callback(...made);
    });
}

/** What TLS is to know beside what Node knows already. */
interface TlsOptions {
  rejectUnauthorized?: false;
  cert?: Buffer;
  key?: Buffer;
  passphrase?: string;
}

function tlsOptions({ insecure, certificate }: Wire): TlsOptions {
  return { ...trust(insecure), ...certificate };
}

function trust(insecure: boolean): { rejectUnauthorized?: false } {
  return insecure ? { rejectUnauthorized: false } : {};
}

/**
 * undici refuses a request that is none, such as one to a path with a blank, but has its pool wait for that request's end: the connection
 * would never be used again, and the requests of everybody else would wait for one in vain.
 */
class SteadyClient extends Client {
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return super.dispatch(options, handler) || this.stats.size === 0;
  }
}

const steady = { factory: (origin: URL, options: object) => new SteadyClient(origin, options) };

/**
 * Sends requests to a URL's origin: through its proxy if it has one, with its user and password if they stand in it. Where
 * neither is, it is a plain pool, and costs what that costs.
 * @param connectTimeoutMs longest wait for a TCP (and TLS) connection
 * @param ready connections that it is to take before it makes its own; none are made through a proxy
 */
export function dispatcherTo(
  url: URL,
  wire: Wire,
  options: Pool.Options,
  connectTimeoutMs: number,
  ready?: ReadyConnections,
): Dispatcher {
  const { origin, host } = url;
  const timeout = connectTimeoutMs;
  const proxy = proxyOf(wire, url);
  const user = userOf(url);
  const headers: Record<string, string> = user ? { authorization: basicAuthorization(user) } : {};
  if (!proxy) {
    const connect = noting(buildConnector({ ...tlsOptions(wire), timeout }));
    const pool = new Pool(origin, { ...options, ...steady, connect: ready?.of(url, connect) ?? connect });
    return user ? prefixed(pool, origin, '', headers) : pool;
  }
  const proxyTls = { ...trust(wire.insecure), timeout };
  const owner = userOf(proxy);
  const token = owner && basicAuthorization(owner);
  if (url.protocol === 'https:') {
    const requestTls = { ...tlsOptions(wire), timeout };
    const agent: ProxyAgent = new ProxyAgent({
      ...{ ...options, uri: proxy, requestTls, proxyTls },
      // By itself it knows no user without a password.
      ...(token && { token }),
      // By itself it tells of no connections.
      factory: (to, how) =>
        new Pool(to, { ...how, ...steady }).on('connect', (...made) => agent.emit('connect', ...made)),
    });
    return prefixed(agent, origin, '', headers);
  }
  // Plain HTTP is asked of the proxy itself: many allow no tunnel for it.
  const asked = { host, ...(token && { 'proxy-authorization': token }), ...headers };
  const { origin: proxyOrigin } = new URL(proxy);
  const connect = noting(buildConnector(proxyTls));
  return prefixed(new Pool(proxyOrigin, { ...options, ...steady, connect }), proxyOrigin, origin, asked);
}

/**
 * Headers of the request's own go first. Not by undici's `compose`, which hands on a header that an answer has several times, such
 * as Set-Cookie, as one list, where who listens in undici's older words is told each.
 */
function prefixed(base: Dispatcher, origin: string, prefix: string, added: Record<string, string>): Dispatcher {
  const dispatch: Dispatcher['dispatch'] = (options, handler) => {
    const own = (options.headers ?? {}) as Record<string, string | string[]>;
    const headers: Record<string, string | string[]> = { ...added };
    const sent = new Set<string>();
    for (const [name, value] of Object.entries(own)) {
      const lower = name.toLowerCase();
      // One that is spelled in two ways is sent twice, as without a proxy and a user.
      headers[lower] = sent.has(lower) ? [headers[lower]!, value].flat() : value;
      sent.add(lower);
    }
    return base.dispatch({ ...options, origin, path: prefix + options.path, headers }, handler);
  };
  return new Proxy(base, { get: (target, name) => (name === 'dispatch' ? dispatch : Reflect.get(target, name)) });
}

/** The way to a server that speaks neither HTTP nor WebSocket. */
export interface Way {
  /** URL with user and password; undefined: there is none in between. */
  proxy: string | undefined;
  /** For TLS with the server itself. */
  tls: TlsOptions;
}

/**
 * @param address `host:port`
 * @param secure TLS is spoken there: a proxy for https is one for it
 */
export function wayTo(address: string, secure: boolean, wire: Wire): Way {
  return { proxy: proxyOf(wire, new URL(`${secure ? 'https' : 'http'}://${address}`)), tls: tlsOptions(wire) };
}

/**
 * What `ws` is to be told of the way to a URL; user and password it takes from the URL itself.
 * @param localAddress the address of this machine to connect from; default: the system's choice
 */
export function socketWay(url: URL, wire: Wire, localAddress?: string): object {
  const proxy = proxyOf(wire, url);
  const secureEndpoint = url.protocol === 'wss:';
  if (!proxy) return { ...tlsOptions(wire), localAddress };
  const agent = new HttpsProxyAgent(proxy, { ...trust(wire.insecure), localAddress });
  return { ...tlsOptions(wire), agent, secureEndpoint };
}

/**
 * The key of the certificate that a server shows and Node trusts, for a browser to trust it too.
 * @param url of https
 * @throws what Node has against it, or that it is not there
 */
export async function serverKey(url: URL, wire: Wire, timeoutMs: number): Promise<string> {
  const proxy = proxyOf(wire, url);
  const options: RequestOptions = { ...tlsOptions(wire), agent: proxy ? new HttpsProxyAgent(proxy) : false };
  const request = secureRequest(url.origin, { ...options, timeout: timeoutMs });
  // Its socket tells of the same.
  request.on('error', () => {});
  try {
    request.on('timeout', () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    const [socket] = (await once(request, 'socket')) as [TLSSocket];
    await once(socket, 'secureConnect');
    return keyHash(socket.getPeerX509Certificate()!);
  } finally {
    request.destroy();
  }
}
