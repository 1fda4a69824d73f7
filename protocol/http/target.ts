import { METHODS } from 'node:http';
import { shownText } from '../../support/family.ts';

/** Values by name; of a name that stands there several times, a list. */
export type Headers = Record<string, string | string[]>;

/** A request as a targets file has it. */
export interface Target {
  method: string;
  /** Such as `https://api.example.com`, with user and password if the file has them; undefined for the API's own. */
  origin: string | undefined;
  /** With the query, as it stands there: begins with `/`. */
  path: string;
  headers: Headers;
  /** The bytes, or the file that holds them; undefined for what every target without a body of its own is sent. */
  body?: Buffer | BodyFile;
  /** It had a body when it was saved, which the file does not have. */
  lacksBody?: true;
  /** Counts from 1; of a HAR the entry. */
  line: number;
}

export interface BodyFile {
  /** Absolute, or relative to the folder that the run is started in; of a HAR beside it. */
  path: string;
  /** Where the target's file names it. */
  line: number;
  isOfHar?: true;
}

/** What is wrong with a line, in a sentence that the file's name and the line go before. */
export class TargetError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const urlHelp = 'a URL such as https://example.com/users, or a path such as /users of the API';

/**
 * A target without headers and body.
 * @throws TargetError
 */
export function targetOf(method: string, url: string, line: number): Target {
  if (!methods.has(method)) {
    throw new TargetError(
      line,
      `method is "${method}"; allowed is one of HTTP in capital letters, such as GET or POST.`,
    );
  }
  const [, start, rest = ''] = /^(https?:\/\/[^/?#]+)?(.*)$/is.exec(url)!;
  const origin = start === undefined ? undefined : originOf(start);
  const isRight = start === undefined ? /^\/(?!\/)/.test(url) : origin !== undefined;
  if (!isRight || /\s/.test(url)) {
    throw new TargetError(line, `URL is "${shownText(url)}"; allowed is ${urlHelp}.`);
  }
  return { method, origin, path: pathOf(rest), headers: {}, line };
}

const methods = new Set(METHODS.filter((method) => method !== 'CONNECT'));

/** Of the beginnings of URLs, what they mean: a file has a few of them, and a great many lines. */
const origins = new Map<string, string | undefined>();
const MAX_ORIGINS = 1_000;

/** With user and password; undefined when it is none. */
function originOf(start: string): string | undefined {
  if (origins.has(start)) return origins.get(start);
  if (origins.size === MAX_ORIGINS) origins.clear();
  let found: string | undefined;
  if (URL.canParse(start)) {
    const { origin, username, password } = new URL(start);
    if (isDecodable(username + password))
      found = username || password ? origin.replace('://', `://${username}:${password}@`) : origin;
  }
  origins.set(start, found);
  return found;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** As it was written, which a server may tell from what it means, where it can be sent so. */
function pathOf(rest: string): string {
  const [own = ''] = rest.split('#', 1);
  const path = own.startsWith('/') ? own : `/${own}`;
  if (/^[\x21-\x7e]*$/.test(path)) return path;
  const { pathname, search } = new URL(`http://api${path}`);
  return pathname + search;
}

/** Written by the client, which knows them better. */
const ofClient = /^(content-length|transfer-encoding|trailer)$/i;
/** Of a connection, which is not the target's to say. */
const ofConnection = /^(keep-alive|upgrade|expect|proxy-connection)$/i;

/**
 * Adds a header, beside those of the same name.
 * @throws TargetError
 */
export function addHeader(headers: Headers, name: string, value: string, line: number): void {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    throw new TargetError(
      line,
      `"${name}" is no header's name; allowed is <name>: <value>, with an empty line before the next target.`,
    );
  }
  if (ofConnection.test(name)) {
    throw new TargetError(line, `header ${name} is the connection's, and cannot be sent; leave it out.`);
  }
  if (/^connection$/i.test(name) && !/^(close|keep-alive)$/i.test(value)) {
    throw new TargetError(line, 'header Connection has a value that cannot be sent; allowed are close and keep-alive.');
  }
  // Its value may be a secret.
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
    throw new TargetError(
      line,
      `header ${name} has a value that cannot be sent; allowed are letters, digits and signs of Latin-1.`,
    );
  }
  if (ofClient.test(name)) return;
  if (isHost(name) && Object.keys(headers).some(isHost))
    throw new TargetError(line, 'header Host is there a second time; allowed is one.');
  const there = Object.hasOwn(headers, name) ? headers[name] : undefined;
  headers[name] = there === undefined ? value : [...[there].flat(), value];
}

export function isHost(name: string): boolean {
  return name.toLowerCase() === 'host';
}

/** A header may stand alone for itself: it is a browser's to say, and not the person's who saved it. */
export function isSent(name: string): boolean {
  return (
    !name.startsWith(':') && !ofClient.test(name) && !ofConnection.test(name) && !/^(host|connection)$/i.test(name)
  );
}
