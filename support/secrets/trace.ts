import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { secrets as known, Secrets } from './secrets.ts';

const BLANK = '***';

/** Content that is no text and holds nothing typed or sent. */
const picture = /\.(png|jpe?g|webp|gif|avif|woff2?|ttf|otf|ico|mp4|webm)$/i;
/** What a page is made of: the viewer finds it by its address, query included. */
const part = /\.(css|m?js|png|jpe?g|webp|gif|avif|svg|woff2?|ttf|otf|ico|map)$/i;

/** Names of headers, fields and inputs that hold what nobody may see. */
const telling =
  /(?<!(?:page|next|sync|continuation)[_-]?)token|secret|passw|passphrase|credential|authori[sz]ation|api[-_]?key|private[-_]?key|access[-_]?key|csrf|xsrf|otp\b/i;
const tellingHeader = /token|secret|key|auth|session|cookie/i;
/** Of headers those whose names only sound like it. */
const harmlessHeader = /^(:authority|sec-websocket-key|sec-websocket-accept|access-control-.*|host-key)$/i;
/** Fields that hold a browser's storage. */
const storage = /^(localStorage|sessionStorage|indexedDB)$/;

/** An address that a text is, and those in a text: path, query, fragment. */
const wholeUrl = /^([^?#]*)(\?[^#]*)?(#.*)?$/s;
const anyUrl = /\b((?:https?|wss?):\/\/[^\s?#"'<>]+)(\?[^\s#"'<>]*)?(#[^\s"'<>]*)?/g;
const userInfo = /\b([a-z][a-z\d+.-]{0,30}:\/\/)([^\s/?#"'`<>@:]*):([^\s/?#"'`<>@]+)@/gi;

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type Fields = { [name: string]: Json };

/**
 * A Playwright trace without secrets. By where they stand in it: cookies, storage, headers that authorise, credentials of a
 * context, what was typed into password fields, values in the queries of pages and calls, and the bodies of requests that
 * carried a password and of answers that brought a token. What was found in these places, and the secrets that are known, is
 * then blanked in every other part.
 * @param trace as `tracing.stop({ path })` writes it (zip)
 */
export function redactTrace(trace: Uint8Array, secrets: Secrets = known): Uint8Array {
  return zipSync(new Redaction(unzipSync(trace), secrets).parts(), { level: 6 });
}

class Redaction {
  readonly #parts: Record<string, Uint8Array>;
  readonly #secrets: Secrets;
  /** What this trace alone gives away. */
  readonly #found = new Secrets();
  /** Calls that filled a password field. */
  readonly #typing = new Set<string>();
  /** Bodies that are blanked as a whole. */
  readonly #bodies = new Set<string>();

  constructor(parts: Record<string, Uint8Array>, secrets: Secrets) {
    this.#parts = parts;
    this.#secrets = secrets;
  }

  parts(): Record<string, Uint8Array> {
    const records = new Map<string, Json[]>();
    for (const [name, content] of Object.entries(this.#parts)) {
      const lines = /\.(trace|network)$/.test(name) && recordsOf(strFromU8(content));
      if (lines) records.set(name, lines);
    }
    for (const lines of records.values()) for (const line of lines) this.#note(line);
    // All of it must be found before any of it is written.
    const blanked = [...records].map(([name, lines]) => [name, lines.map((line) => this.#blank(line, ''))] as const);
    const clean: Record<string, Uint8Array> = {};
    for (const [name, lines] of blanked) {
      clean[name] = strToU8(lines.map((line) => `${JSON.stringify(this.#clean(line))}\n`).join(''));
    }
    for (const [name, content] of Object.entries(this.#parts)) {
      if (records.has(name)) continue;
      if (this.#bodies.has(name)) clean[name] = strToU8(BLANK);
      else clean[name] = picture.test(name) ? content : this.#cleanBytes(content);
    }
    return clean;
  }

  /** What must be known of a record before others can be read. */
  #note(record: Json): void {
    if (!isFields(record)) return;
    const { type, callId, message } = record;
    const filled = typeof message === 'string' && /resolved to <input\b[^>]*\btype="password"/i.test(message);
    if (type === 'log' && filled && typeof callId === 'string') this.#typing.add(callId);
    if (type === 'resource-snapshot' && isFields(record.snapshot)) this.#noteExchange(record.snapshot);
  }

  /** A request that signs in, and its answer. Of a WebSocket the messages: they are many, and most have nothing to do with that. */
  #noteExchange({ request, response, _resourceType }: Fields): void {
    const sent = isFields(request) && isFields(request.postData) ? request.postData : {};
    const came = isFields(response) && isFields(response.content) ? response.content : {};
    const sentText = this.#bodyOf(sent);
    const cameText = this.#bodyOf(came);
    const carries = this.#noteFields(sentText);
    const brings = this.#noteFields(cameText);
    if (_resourceType === 'websocket') return;
    // By the known secrets too: who sends one signs in, whatever the field is called.
    const isSignIn = carries || this.#secrets.cleanName(sentText) !== sentText;
    for (const [body, isSecret] of [
      [sent, isSignIn],
      [came, isSignIn || brings],
    ] as const) {
      if (!isSecret) continue;
      if (typeof body._file === 'string') this.#bodies.add(body._file);
      if (typeof body.text === 'string' && body.text) body.text = BLANK;
      if (Array.isArray(body.params)) body.params = [];
    }
  }

  #bodyOf({ _file, text }: Fields): string {
    const body = typeof _file === 'string' ? this.#parts[_file] : undefined;
    return body ? strFromU8(body, !isUtf8(body)) : typeof text === 'string' ? text : '';
  }

  /** Finds what fields with a telling name hold. @returns whether there is one */
  #noteFields(body: string): boolean {
    let found = false;
    const note = (name: string, value: unknown): void => {
      if (typeof value === 'string' && value !== '' && telling.test(name)) {
        found = true;
        this.#found.add(value);
      } else if (typeof value === 'string' && telling.test(value)) {
        for (const [key, one] of fieldsOf(value)) note(key, one);
      } else if (typeof value === 'object' && value !== null) {
        for (const [key, one] of Object.entries(value)) note(Array.isArray(value) ? name : key, one);
      }
    };
    note('', body);
    return found;
  }

  /** A record without what stands in a telling place. */
  #blank(value: Json, name: string): Json {
    if (typeof value === 'string') return this.#blankText(value, name);
    if (Array.isArray(value)) {
      if (name === 'cookies' || name === 'queryString' || storage.test(name)) {
        return value.map((one) => this.#hidden(one, ['value'], isTelling(one)));
      }
      if (/headers$/i.test(name)) return value.map((one) => this.#blankHeader(one));
      const [tag, attributes] = value;
      if (typeof tag === 'string' && isFields(attributes ?? null) && /^(input|textarea)$/i.test(tag)) {
        return [tag, this.#blankInput(attributes as Fields), ...value.slice(2)];
      }
      return value.map((one) => this.#blank(one, ''));
    }
    if (!isFields(value)) return value;
    if (/^(httpCredentials|proxy)$/.test(name)) return this.#hidden(value, ['username', 'password']);
    if (name === 'clientCertificates') return {};
    if (/headers$/i.test(name)) return this.#blankHeaders(value);
    return this.#blankCall(Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#blank(one, key)])));
  }

  /** What a call was given to type, when that went into a password field, or nobody knows where. */
  #blankCall(record: Fields): Fields {
    const { type, callId, method, params, message } = record;
    const secret = typeof callId === 'string' && this.#typing.has(callId);
    if (type === 'log' && secret && typeof message === 'string' && /^\s*\w+\(".*"\)/s.test(message)) {
      return { ...record, message: message.replace(/\(.*\)/s, `("${BLANK}")`) };
    }
    if (type !== 'before' || !isFields(params ?? null)) return record;
    const blind = typeof method === 'string' && /^keyboard(Type|InsertText|Press|Down|Up)$/.test(method);
    return secret || blind ? { ...record, params: this.#hidden(params!, ['value', 'text', 'key'], secret) } : record;
  }

  #blankText(text: string, name: string): string {
    if (telling.test(name) && text !== '') {
      this.#found.add(text);
      return BLANK;
    }
    const values = (query = '') => query.replace(/=[^&]*/g, `=${BLANK}`);
    return text
      .replace(userInfo, (_all, scheme: string, user: string, password: string) => {
        this.#found.add(decoded(password));
        return `${scheme}${user}:${BLANK}@`;
      })
      .replace(/url$/i.test(name) ? wholeUrl : anyUrl, (_all, path: string, query?: string, fragment?: string) => {
        return `${path}${part.test(path) ? (query ?? '') : values(query)}${values(fragment)}`;
      });
  }

  #blankHeader(header: Json): Json {
    if (!isFields(header) || typeof header.name !== 'string') return this.#blank(header, '');
    if (isTellingHeader(header.name)) return this.#hidden(header, ['value']);
    return { ...header, value: this.#blankHeaderValue(header.name, header.value ?? '') };
  }

  #blankHeaders(headers: Fields): Fields {
    const all = Object.entries(headers).map(([name, value]) => [name, this.#blankHeaderValue(name, value)] as const);
    return this.#hidden(Object.fromEntries(all), Object.keys(headers).filter(isTellingHeader)) as Fields;
  }

  /** Of a header that has another use. */
  #blankHeaderValue(name: string, value: Json): Json {
    if (typeof value !== 'string' || isTellingHeader(name)) return value;
    // A page cannot give a WebSocket any other header.
    if (/^sec-websocket-protocol$/i.test(name))
      return value
        .split(/,\s*/)
        .map((one) => this.#blankMadeUp(one))
        .join(', ');
    return this.#blank(value, /^(content-)?location$/i.test(name) ? 'url' : '');
  }

  /** Not `graphql-transport-ws`. */
  #blankMadeUp(text: string): string {
    if (text.length < 16 || !isRandom(text)) return text;
    this.#found.add(text);
    return BLANK;
  }

  /** As a snapshot holds it. */
  #blankInput(attributes: Fields): Fields {
    const says = (name: string) => (typeof attributes[name] === 'string' ? attributes[name] : '');
    const secret =
      /password/i.test(says('type')) || ['name', 'id', 'autocomplete'].some((name) => telling.test(says(name)));
    if (!secret) return attributes;
    return this.#hidden(attributes, ['value', '__playwright_value_']) as Fields;
  }

  /** Fields of it are blanked, and what they held is looked for elsewhere: of a mere setting only what looks made up. */
  #hidden(value: Json, names: string[], isSecret = true): Json {
    if (!isFields(value)) return value;
    const hidden = { ...value };
    for (const name of names) {
      const held = hidden[name];
      if (typeof held !== 'string' || held === '') continue;
      for (const one of valuesIn(held)) if (isSecret || isRandom(one)) this.#found.add(one);
      hidden[name] = BLANK;
    }
    return hidden;
  }

  #clean<T>(data: T): T {
    return this.#secrets.cleanData(this.#found.cleanData(data));
  }

  #cleanBytes(content: Uint8Array): Uint8Array {
    // Latin-1 keeps every byte, so that what is not text survives as it was.
    const latin1 = !isUtf8(content);
    const text = strFromU8(content, latin1);
    const clean = this.#secrets.cleanName(this.#found.cleanName(text));
    return clean === text ? content : strToU8(clean, latin1);
  }
}

function isTellingHeader(name: string): boolean {
  return tellingHeader.test(name) && !harmlessHeader.test(name);
}

/** A header, cookie or parameter whose name says it. */
function isTelling(entry: Json): boolean {
  return isFields(entry) && typeof entry.name === 'string' && telling.test(entry.name);
}

/** Not `dark-mode`, which stands in many a place. */
function isRandom(text: string): boolean {
  return text.length >= 8 && /\d/.test(text) && /[a-z]/i.test(text);
}

/** `Bearer abc`, `session=abc; Path=/`: others show the value alone. */
function valuesIn(held: string): string[] {
  return [held, ...held.split(/;\s*/).map((one) => one.replace(/^(?:[\w.-]+=|\w+\s+)/, ''))].filter(
    (one) => one !== '/',
  );
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What a text holds under names: JSON, lines of it, a message of Socket.IO, a form of either kind, XML, what GraphQL is asked. Empty for
 * any other text.
 */
function fieldsOf(text: string): [name: string, value: unknown][] {
  const [, json] = /^\s*(?:\d+\s*)?([[{].*)$/s.exec(text) ?? [];
  if (json !== undefined) {
    const records = recordsOf(json.replace(/\n\s*/g, ' ')) ?? recordsOf(json);
    return records ? [['', records]] : [];
  }
  const named = (pattern: RegExp) =>
    [...text.matchAll(pattern)].map(([, name = '', value]): [string, unknown] => [name, value]);
  const [, boundary] = /^(--\S+)\r?\n/.exec(text) ?? [];
  if (boundary !== undefined) return text.split(boundary).map(partOf);
  if (/^\s*<(\?xml|[\w-]+:Envelope)\b/.test(text)) return named(/<(?:[\w-]+:)?([\w.-]+)(?:\s[^<>]*)?>([^<]+)</g);
  if (/^\s*(query|mutation|subscription)\b/.test(text)) return named(/\b(\w+)\s*:\s*"([^"\\]*(?:\\.[^"\\]*)*)"/g);
  return /^[\w.%+-]+=[^\n<]*$/.test(text) ? [...new URLSearchParams(text)] : [];
}

/** Of a form in several parts one: its headers, an empty line, what the field holds. */
function partOf(part: string): [name: string, value: string] {
  const end = Math.max(0, part.search(/\r?\n\r?\n/));
  return [/\bname="([^"]*)"/.exec(part.slice(0, end))?.[1] ?? '', part.slice(end).trim()];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Undefined when it is none: it is then cleaned as a text. */
function recordsOf(text: string): Json[] | undefined {
  try {
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Json);
  } catch {
    return undefined;
  }
}

function isUtf8(content: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(content);
    return true;
  } catch {
    return false;
  }
}
