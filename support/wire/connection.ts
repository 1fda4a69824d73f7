import { once } from 'node:events';
import type { ClientRequest } from 'node:http';
import { type RequestOptions, request as secureRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { buildConnector, Client, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { certificateRemedy } from './certificate-remedy.ts';
import { ProxyError } from './proxy-error.ts';
import { ReadyConnections } from './ready-connections.ts';
import { basicAuthorization, keyHash, proxyOf, userOf, type Wire } from './wire.ts';

export { certificateRemedy, ReadyConnections };

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
      let first: NodeJS.ErrnoException | undefined;
      made[1]?.on('error', (error: NodeJS.ErrnoException) => {
        endings.add(error);
        // Of what the other side says before it closes, such as that it wants a certificate, undici tells only that it has closed.
        if (first?.code && error.code === 'UND_ERR_SOCKET') error.code = first.code;
        first ??= error;
      });
      callback(...made);
    });
}

/** What it fails by is the proxy's. */
function toProxy(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...made) => (made[0] ? callback(ProxyError.of(made[0]), null) : callback(...made)));
}

/**
 * A pool of connections to a proxy, of which tunnels are asked. What a tunnel fails by is the proxy's, and ends the wait for it: one that
 * is closed before it stands undici would ask for again and again, and for one that is never answered it would wait five minutes.
 */
function tunnels(proxy: URL, options: Pool.Options, timeoutMs: number): Pool {
  const pool = new Pool(proxy, { ...options, headersTimeout: timeoutMs });
  const ask = pool.connect.bind(pool) as (how: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData>;
  const connect = async (how: Dispatcher.ConnectOptions) => {
    const made = await ask(how).catch((error) => {
      throw ProxyError.of(error);
    });
    if (made.statusCode === 200) return made;
    made.socket.on('error', () => {}).destroy();
    throw ProxyError.refused(made.statusCode);
  };
  return Object.assign(pool, { connect });
}

function tokenFor(proxy: string): string | undefined {
  const owner = userOf(proxy);
  return owner && basicAuthorization(owner);
}

/**
 * Asks a proxy for a tunnel that nobody uses, where who uses them does not tell what it answers.
 * @param address `host:port`
 * @throws ProxyError
 */
export async function checkTunnel(proxy: string, address: string, timeoutMs: number): Promise<void> {
  const pool = tunnels(new URL(new URL(proxy).origin), { connect: { timeout: timeoutMs } }, timeoutMs);
  const token = tokenFor(proxy);
  try {
    const { socket } = await pool.connect({
      path: address,
      headers: { ...(token && { 'proxy-authorization': token }) },
    });
    socket.on('error', () => {}).destroy();
  } finally {
    await pool.destroy();
  }
}

/** The same of connections that `ws` and Node's own clients make. */
class TunnelAgent extends HttpsProxyAgent<string> {
  override async connect(request: ClientRequest, options: Parameters<HttpsProxyAgent<string>['connect']>[1]) {
    let status = 200;
    request.once('proxyConnect', ({ statusCode }) => {
      status = statusCode;
    });
    const socket = await super.connect(request, options).catch((error) => {
      throw ProxyError.of(error);
    });
    if (status === 200) return socket;
    socket.destroy();
    throw ProxyError.refused(status);
  }
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
  const token = tokenFor(proxy);
  if (url.protocol === 'https:') {
    const requestTls = { ...tlsOptions(wire), timeout };
    const agent: ProxyAgent = new ProxyAgent({
      ...{ ...options, uri: proxy, requestTls, proxyTls },
      // By itself it knows no user without a password.
      ...(token && { token }),
      clientFactory: (to, how) => tunnels(to, how, timeout),
      // By itself it tells of no connections.
      factory: (to, how) =>
        new Pool(to, { ...how, ...steady }).on('connect', (...made) => agent.emit('connect', ...made)),
    });
    return prefixed(agent, origin, '', headers);
  }
  // Plain HTTP is asked of the proxy itself: many allow no tunnel for it.
  const asked = { host, ...(token && { 'proxy-authorization': token }), ...headers };
  const { origin: proxyOrigin } = new URL(proxy);
  const connect = toProxy(noting(buildConnector(proxyTls)));
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
  /** Who asks the proxy. */
  owner: { username: string; password: string } | undefined;
  /** For TLS with the server itself. */
  tls: TlsOptions;
}

/**
 * @param address `host:port`
 * @param secure TLS is spoken there: a proxy for https is one for it
 */
export function wayTo(address: string, secure: boolean, wire: Wire): Way {
  const proxy = proxyOf(wire, new URL(`${secure ? 'https' : 'http'}://${address}`));
  return { proxy, owner: proxy === undefined ? undefined : userOf(proxy), tls: tlsOptions(wire) };
}

/**
 * What `ws` is to be told of the way to a URL; user and password it takes from the URL itself.
 * @param localAddress the address of this machine to connect from; default: the system's choice
 */
export function socketWay(url: URL, wire: Wire, localAddress?: string): object {
  const proxy = proxyOf(wire, url);
  const secureEndpoint = url.protocol === 'wss:';
  if (!proxy) return { ...tlsOptions(wire), localAddress };
  const agent = new TunnelAgent(proxy, { ...trust(wire.insecure), localAddress });
  return { ...tlsOptions(wire), agent, secureEndpoint };
}

/**
 * The key of the certificate that a server shows and Node trusts, for a browser to trust it too.
 * @param url of https
 * @throws what Node has against it, or that it is not there
 */
export async function serverKey(url: URL, wire: Wire, timeoutMs: number): Promise<string> {
  const proxy = proxyOf(wire, url);
  const options: RequestOptions = { ...tlsOptions(wire), agent: proxy ? new TunnelAgent(proxy) : false };
  const request = secureRequest(url.origin, options);
  // Its socket tells of the same.
  request.on('error', () => {});
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const [socket] = (await once(request, 'socket', { signal })) as [TLSSocket];
    await once(socket, 'secureConnect', { signal });
    return keyHash(socket.getPeerX509Certificate()!);
  } finally {
    request.destroy();
  }
}
