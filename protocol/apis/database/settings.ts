import { connect } from 'node:net';
import { type EndpointKind, type Setting, settings, WrongService } from '../../../support/family.ts';

const VARIABLE = 'LOAD_DATABASE_URL';
export const databaseUrlHelp = 'a URL such as postgres://user:password@127.0.0.1:5432/ledger';

/** Asks for TLS, which every PostgreSQL answers with one letter, whether it has any or not, before it wants to know who asks. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

interface Place {
  host: string;
  port: number;
  /** Of a Unix socket; undefined over TCP. */
  path: string | undefined;
  database: string;
}

/** As pg reads it: a sign of percent that encodes nothing is one. */
function decoded(text: string): string {
  return decodeURIComponent(text.replace(/%(?![\da-f]{2})/gi, '%25'));
}

/** libpq's rules, as far as one server goes. */
function placeOf(text: string): Place {
  const url = new URL(text);
  const host = url.searchParams.get('host') ?? (decoded(url.hostname) || 'localhost');
  const port = Number(url.port || url.searchParams.get('port') || 5432);
  const path = host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : undefined;
  const named = decoded(url.pathname.slice(1));
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port, path, database: named || decoded(url.username) };
}

/** Server and database: what may be shown of a URL. */
export function shownDatabase(url: string): string {
  const { host, port, path, database } = placeOf(url);
  return `${path ?? `${host.includes(':') ? `[${host}]` : host}:${port}`}/${database}`;
}

const endpoint: EndpointKind<string | undefined> = {
  shown: (url) => shownDatabase(url!),
  reach: (url, _target, timeoutMs) =>
    new Promise((resolve, reject) => {
      const { host, port, path } = placeOf(url!);
      const socket = path === undefined ? connect(port, host) : connect(path);
      const settle = (error?: Error) => {
        socket.destroy();
        if (error) reject(error);
        else resolve();
      };
      const wrong = () =>
        new WrongService(
          `${VARIABLE} ${shownDatabase(url!)} is no PostgreSQL: something else answers there; allowed is ${databaseUrlHelp}.`,
        );
      socket.setTimeout(timeoutMs, () => settle(new Error(`no answer within ${timeoutMs / 1_000} s`)));
      socket.on('connect', () => socket.write(SSL_REQUEST));
      socket.on('data', ([letter = 0]) => settle('SN'.includes(String.fromCharCode(letter)) ? undefined : wrong()));
      socket.on('error', settle).on('end', () => settle(new Error('the connection was closed')));
    }),
};

/** Where a password has a slash and an @ that nobody encoded, its second half would be the name of the database, which is shown. */
function isDatabase(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text) && URL.canParse(text) && !new URL(text).pathname.includes('@');
}

const databaseUrl: Setting<string | undefined> = {
  variable: VARIABLE,
  allowed: databaseUrlHelp,
  parse: (text) => (isDatabase(text) ? text : undefined),
  byDefault: () => undefined,
  endpoint,
  secret: true,
};

export const databaseSettings = settings({
  /** What is loaded; undefined where nothing says it. */
  databaseUrl,
});
