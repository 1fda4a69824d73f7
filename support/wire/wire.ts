import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';

/** How a target is reached: plain data, of which `connection.ts` and `browser.ts` make connections. */
export interface Wire {
  /** By the scheme of what is asked for; URLs with user and password, so secret. https goes through `http` when it has none. */
  proxies: { http?: string; https?: string };
  /** As in NO_PROXY. */
  noProxy: string;
  /** True: nobody looks whose certificate it is. */
  insecure: boolean;
  /** The keys of the authorities of NODE_EXTRA_CA_CERTS, which Node trusts by itself and browsers do not; see {@link keyHash}. */
  authorities: string[];
  /** PEM; the passphrase is secret. */
  certificate?: { cert: Buffer; key: Buffer; passphrase?: string };
}

/** Nothing in between. */
export const directWire: Wire = { proxies: {}, noProxy: '', insecure: false, authorities: [] };

/** What {@link wireOf} reads, from the environment or the file. */
export const wireFields = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'TLS_INSECURE',
  'TLS_CLIENT_CERT',
  'TLS_CLIENT_KEY',
  'TLS_CLIENT_KEY_PASSPHRASE',
] as const;

type WireValues = Partial<Record<string, string>>;

/** What Node reads itself as it starts: in a file, nobody would see it. */
const nodeFields = ['NODE_EXTRA_CA_CERTS', 'NODE_TLS_REJECT_UNAUTHORIZED'] as const;

/**
 * The settings of the wire: for the proxies, the lower-case spelling goes first, as everywhere.
 * @param file the settings of the file, which is called `name`
 * @throws one sentence when something stands there that does nothing
 */
export function wireValues(env: NodeJS.ProcessEnv, file: Record<string, string>, name: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const field of wireFields) {
    const lower = field.endsWith('_PROXY') ? field.toLowerCase() : field;
    const value = env[lower] || env[field] || file[lower] || file[field];
    if (value) values[field] = value;
  }
  for (const field of ['HTTP_PROXY', 'HTTPS_PROXY']) {
    const value = values[field];
    if (value && !/^\w+:\/\//.test(value)) values[field] = `http://${value}`;
  }
  const lost = nodeFields.find((field) => file[field]);
  if (lost) throw new Error(`${lost} stands in ${name}, but Node reads it before any file; set it in the environment.`);
  return values;
}

/**
 * @param values see {@link wireValues}
 * @param folder relative paths begin there
 * @throws one sentence for what can be used in no way
 */
export function wireOf(values: WireValues, env: NodeJS.ProcessEnv, folder: string): Wire {
  const { HTTP_PROXY: http, HTTPS_PROXY: https, NO_PROXY: noProxy = '', TLS_INSECURE: insecure } = values;
  for (const field of ['HTTP_PROXY', 'HTTPS_PROXY']) checkProxy(field, values[field]);
  if (insecure !== undefined && !/^[01]$/.test(insecure))
    throw new Error(`TLS_INSECURE is "${insecure}"; allowed is 1 or 0.`);
  return {
    proxies: { ...(http && { http: wellWritten(http) }), ...(https && { https: wellWritten(https) }) },
    noProxy,
    insecure: insecure === '1' || env.NODE_TLS_REJECT_UNAUTHORIZED === '0',
    authorities: env.NODE_EXTRA_CA_CERTS ? authorityKeys(env.NODE_EXTRA_CA_CERTS) : [],
    ...certificateOf(values, folder),
  };
}

/** A URL whose user and password everybody can decode: some of those who are given it break at a lone %. */
function wellWritten(proxy: string): string {
  const url = new URL(proxy);
  const { username, password } = userOf(url) ?? { username: '', password: '' };
  if (!/%(?![\da-f]{2})/i.test(url.username + url.password)) return proxy;
  url.username = encodeURIComponent(username);
  url.password = encodeURIComponent(password);
  return url.href;
}

function checkProxy(field: string, value: string | undefined): void {
  if (value === undefined) return;
  // A proxy's URL has no path: what looks like one is the rest of a password, and the user would be taken for the host.
  const isCut = /\/\/.*[/?#].*@/.test(value);
  if (!isCut && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return;
  const shown = value.replace(/\/\/.*@/, '//***@');
  const remedy = isCut ? ', with / as %2F, ? as %3F and # as %23 in its password' : '';
  throw new Error(`${field} is "${shown}"; allowed is a URL such as http://proxy.example.com:3128${remedy}.`);
}

function certificateOf(values: WireValues, folder: string): Pick<Wire, 'certificate'> {
  const { TLS_CLIENT_CERT: certFile, TLS_CLIENT_KEY: keyFile, TLS_CLIENT_KEY_PASSPHRASE: passphrase } = values;
  if (!certFile && !keyFile) {
    if (passphrase) throw new Error('TLS_CLIENT_KEY_PASSPHRASE is set without TLS_CLIENT_CERT and TLS_CLIENT_KEY.');
    return {};
  }
  if (!certFile || !keyFile) {
    const [there, missing] = certFile ? ['TLS_CLIENT_CERT', 'TLS_CLIENT_KEY'] : ['TLS_CLIENT_KEY', 'TLS_CLIENT_CERT'];
    throw new Error(`${there} is set without ${missing}; a client certificate needs both.`);
  }
  const certificate = {
    cert: fileOf('TLS_CLIENT_CERT', certFile, folder),
    key: fileOf('TLS_CLIENT_KEY', keyFile, folder),
    ...(passphrase && { passphrase }),
  };
  try {
    createSecureContext(certificate);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(
      `TLS_CLIENT_CERT ${certFile} and TLS_CLIENT_KEY ${keyFile} cannot be used (${code ?? message}); allowed are a certificate and its key as PEM, with TLS_CLIENT_KEY_PASSPHRASE when the key is encrypted.`,
    );
  }
  return { certificate };
}

function fileOf(field: string, path: string, folder = '.'): Buffer {
  try {
    return readFileSync(resolve(folder, path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${field} is "${path}", which cannot be read (${code}); allowed is a file of PEM.`);
  }
}

/** The keys of files that were read, by their text: those of a whole system take a tenth of a second. */
const keysIn = new Map<string, string[]>();

/** @throws one sentence when there is no certificate in the file: Node itself would only warn, and trust nothing more */
function authorityKeys(path: string): string[] {
  const field = 'NODE_EXTRA_CA_CERTS';
  const text = fileOf(field, path).toString();
  const known = keysIn.get(text);
  if (known) return known;
  const certificates = text.match(/-----BEGIN (TRUSTED )?CERTIFICATE-----[^-]+-----END \1?CERTIFICATE-----/g);
  try {
    if (certificates) {
      const keys = certificates.map((pem) => keyHash(new X509Certificate(pem)));
      keysIn.set(text, keys);
      return keys;
    }
  } catch {
    // The sentence below says it.
  }
  throw new Error(`${field} is "${path}", which holds no certificate that can be read; allowed is a file of PEM.`);
}

/** SHA-256 of a certificate's public key, in base64: how Chromium is told what to trust. */
export function keyHash({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

/**
 * The proxy through which a URL is reached; undefined for none. The rule is undici's EnvHttpProxyAgent's, which keeps it to itself,
 * with networks (`10.0.0.0/8`) as Go and browsers know them.
 * @param url of http, https, ws or wss
 */
export function proxyOf({ proxies, noProxy }: Wire, url: URL): string | undefined {
  const isSecure = isOfTls(url);
  const proxy = isSecure ? (proxies.https ?? proxies.http) : proxies.http;
  return proxy && !isExempt(url, isSecure, noProxy) ? proxy : undefined;
}

/** The variable that says {@link proxyOf} a URL. */
export function proxyVariable({ proxies }: Wire, url: URL): string {
  return isOfTls(url) && proxies.https ? 'HTTPS_PROXY' : 'HTTP_PROXY';
}

function isOfTls({ protocol }: URL): boolean {
  return protocol === 'https:' || protocol === 'wss:';
}

function isExempt({ hostname, port }: URL, isSecure: boolean, noProxy: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return entriesOf(noProxy).some((entry) => {
    if (entry.name === '*') return true;
    if (entry.port && entry.port !== (port || (isSecure ? '443' : '80'))) return false;
    if (entry.network) return isInside(host, entry.name, entry.network);
    return host === entry.name || host.endsWith(`.${entry.name}`);
  });
}

function isInside(host: string, network: string, bits: number): boolean {
  const [family, own] = [isIP(network), isIP(host)];
  if (family === 0 || family !== own) return false;
  const list = new BlockList();
  const type = family === 6 ? 'ipv6' : 'ipv4';
  list.addSubnet(network, bits, type);
  return list.check(host, type);
}

interface Exemption {
  /** Host or address; `*` for all. */
  name: string;
  port?: string;
  /** Bits of the network that the address stands for. */
  network?: number;
}

function entriesOf(noProxy: string): Exemption[] {
  return noProxy
    .toLowerCase()
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .map((entry) => {
      const network = /^([\d.]+|[\da-f:]+)\/(\d{1,3})$/.exec(entry);
      const bits = Number(network?.[2]);
      if (network && bits <= (isIP(network[1]!) === 4 ? 32 : 128)) return { name: network[1]!, network: bits };
      // An IPv6 address has colons of its own, unless it stands in brackets.
      const parts = /^(?:\[([^\]]+)\]|([^:]+)|(.+:.*:.+))(?::(\d+))?$/.exec(entry);
      const name = parts?.[1] ?? parts?.[2] ?? parts?.[3] ?? entry;
      return { name: name.replace(/^\*?\./, ''), ...(parts?.[4] && { port: parts[4] }) };
    });
}

/**
 * The same for a browser, which takes one proxy for all: that of its page's scheme.
 * @param baseUrl of the page
 * @param origins of the target: those that are exempt are named in full, too, since Playwright's own requests, and connections with a
 * client certificate, which it carries itself, know neither ports nor networks
 */
export function browserProxy(
  wire: Wire,
  baseUrl: string,
  origins: readonly string[] = [],
): { server: string; bypass: string; username?: string; password?: string } | undefined {
  const { proxies, noProxy } = wire;
  const proxy = baseUrl.startsWith('https:') ? (proxies.https ?? proxies.http) : (proxies.http ?? proxies.https);
  if (!proxy) return undefined;
  const { origin, username, password } = new URL(proxy);
  // Without this word, a browser goes to its own machine past every proxy.
  const bypass = ['<-loopback>', ...(proxies.http ? [] : ['http://*', 'ws://*']), ...entriesOf(noProxy).flatMap(rules)];
  const direct = exemptHosts(wire, origins).filter((host) => !bypass.includes(host));
  const user = username && { username: decoded(username), password: decoded(password) };
  return { server: origin, bypass: [...bypass, ...direct].join(','), ...user };
}

/** Hosts of which no origin is reached through a proxy that there is. */
function exemptHosts(wire: Wire, origins: readonly string[]): string[] {
  const urls = origins.map((origin) => new URL(origin));
  const proxied = urls.filter((url) => proxyOf(wire, url) !== undefined).map(({ hostname }) => hostname);
  const exempt = urls.filter((url) => proxyOf({ ...wire, noProxy: '' }, url) !== undefined);
  return [...new Set(exempt.map(({ hostname }) => hostname))].filter((host) => !proxied.includes(host));
}

function rules({ name, port, network }: Exemption): string[] {
  if (name === '*') return ['*'];
  if (network) return [`${name}/${network}`];
  const end = port ? `:${port}` : '';
  const host = isIP(name) === 6 ? `[${name}]` : name;
  return isIP(name) ? [host + end] : [host + end, `.${host}${end}`];
}

/** A user and password, as a URL holds them; undefined for none. */
export function userOf(url: string | URL): { username: string; password: string } | undefined {
  const { username, password } = new URL(url);
  return username || password ? { username: decoded(username), password: decoded(password) } : undefined;
}

/** What is sent for them: HTTP's Basic. */
export function basicAuthorization({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** A URL without its user and password. */
export function bareUrl(url: string): string {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return url.endsWith('/') ? bare.href : bare.href.replace(/\/$/, '');
}

/** A lone % stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
