import { inspect, stripVTControlCharacters } from 'node:util';
import { readSeriesKey } from '../measure/metrics.ts';
import type { TargetSettings } from '../target.ts';
import { credentialsOf } from './credentials.ts';
import { encodings } from './encodings.ts';
import { Needles } from './needles.ts';

const BLANK = '***';
/** Shorter, or nothing but lower-case letters and shorter than that, is a word. */
const SHORTEST = 6;
const SHORTEST_OF_LETTERS = 12;
/** Of a secret of several lines, such as a key: others may show one line of it. */
const SHORTEST_LINE = 16;
/** Of a longer secret, such as a document, every part of so many characters is looked for. */
const LONGEST = 10_000;

/** What looks like a secret, whether it is known or not: a header's value, a field's, a parameter's. */
const tokenLike = [
  /(\b(?:Bearer|Basic)\s+)[\w.~+/=-]{3,}/gi,
  // As Node shows what is no error and was thrown.
  /(\b(?:(?:access|refresh|id|session|auth)_?token|token|password|passwd|passphrase|(?:client_)?secret|api_?key): (['"`]))(?:(?!\2)[^\\\n]|\\.)+/gi,
  /("(?:(?:access|refresh|id|session|auth)_?token|token|password|passwd|passphrase|(?:client_)?secret|api_?key)\\*"\s*:\s*\\*")(?:[^"\\]+|\\(?!"))+/gi,
  /([?&#](?:(?:access|refresh|id|session|auth)_?token|token|password|passwd|passphrase|(?:client_)?secret|api_?key|sig|signature)=)[^&#"'\\\s]+/gi,
  /(\b(?:set-)?cookie:\s*)[^\n]+/gi,
  // Headers that have no scheme in their value: as Playwright lists those of a request that failed, and in JSON or as Node shows them.
  /((?:\s- |['"])(?:(?:proxy-)?authorization|x-(?:[\w-]*-)?(?:auth|token|key|secret|csrf|xsrf)(?:-[\w-]+)?)(?:\\*['"])?\s*:\s*(?:\\*['"])?)[^'"\\\p{Cc}]+/giu,
  /([{,]\s*authorization: ')[^'\n]+/gi,
];

/** A limit of the profile's, and no text: without its number, or the name of its figure, nobody could read it again. */
const limit = /^(p\(\d+(\.\d+)?\)|[a-z]{3,5})\s*(<=?|>=?|={2,3}|!=)\s*-?\d+(\.\d+)?(\s*\*\s*[A-Za-z]\w*|%)?$/;

/** A user and password, a query and a fragment are nobody's business but the server's. */
const address = /\b((?!file:)[a-z][a-z\d+.-]{0,30}:\/\/)(?:[^\s/?#"'`<>]*@)?([^\s?#"'`<>]*)(?:([?#])[^\s"'`<>]*)?/gi;

/**
 * Everything that no report, log, trace or attachment of this process may show, and the one way to keep it out of them.
 *
 * A secret is blanked wherever it stands, in each of its {@link encodings}, and also where it was cut off. One of fewer than
 * six characters, or of fewer than twelve lower-case letters, is a word as any other: it is blanked where it stands alone
 * among others in a text; a field's name, a metric's, or a whole value such as `pass`, stays. Below three characters nothing is done
 * beyond what looks like a secret by where it stands. Secrets must be blanked before digits are folded or texts are cut.
 */
export class Secrets {
  readonly #known = new Set<string>();
  readonly #words = new Set<string>();
  readonly #needles = new Needles();
  /** Known, and not yet made needles: most of those that a busy load obtains are never looked for. */
  #pending: string[] = [];
  #wordPattern: RegExp | undefined;

  /** Whatever the target's settings, the `.env` file and the environment give as a secret. */
  addGiven({ given = [], wire, declared = [] }: Pick<TargetSettings, 'given' | 'wire' | 'declared'>): void {
    const { secrets, users } = credentialsOf(given);
    for (const secret of secrets) this.add(secret);
    const ofFamilies = new Set(declared.flatMap(({ variable, secret }) => (secret ? [variable] : [])));
    for (const [name, value] of given) if (ofFamilies.has(name)) this.add(value);
    if (wire?.certificate) this.add(wire.certificate.key.toString());
    for (const user of users) if (!isWord(user)) this.add(user);
  }

  add(secret: string): void {
    const trimmed = secret.trim();
    if (this.#known.has(trimmed)) return;
    this.#known.add(trimmed);
    if (isWord(trimmed)) {
      if (trimmed.length < 3) return;
      this.#words.add(trimmed);
      this.#wordPattern = undefined;
      return;
    }
    for (let at = 0; at < trimmed.length; at += LONGEST) this.#pending.push(trimmed.slice(at, at + LONGEST));
    const lines = trimmed.split(/\r?\n/).map((line) => line.trim());
    if (lines.length > 1) {
      for (const line of lines) if (line.length >= SHORTEST_LINE && !line.startsWith('-----')) this.add(line);
    }
  }

  /** Those that stand in data, given as JSON. */
  within(json: string): string[] {
    return [...this.#known].filter((secret) => json.includes(JSON.stringify(secret).slice(1, -1)));
  }

  /** A message without secrets: its URLs also lose user and password, query and fragment. */
  clean(message: string): string {
    const clean = this.#cleanMessage(message);
    if (!clean.includes('\x1b')) return clean;
    // Colours may begin in the midst of a secret, as where Playwright marks what differs; whoever takes them away would show it.
    const bare = stripVTControlCharacters(clean);
    const cleanBare = this.#cleanMessage(bare);
    return cleanBare === bare ? clean : cleanBare;
  }

  /** A name without secrets; its author wrote its URLs, and they stay. */
  cleanName(text: string): string {
    if (limit.test(text)) return text;
    const clean = this.#withoutSecrets(text);
    if (this.#words.size === 0 || this.#words.has(text)) return clean;
    this.#wordPattern ??= new RegExp(`(?<!\\w)(?:${[...this.#words].map(literal).join('|')})(?!\\w)`, 'g');
    const metric = /^[A-Za-z_]\w*(?=\{)/.exec(clean)?.[0].length;
    const own = metric !== undefined && readSeriesKey(clean) ? metric : 0;
    return clean.slice(0, own) + clean.slice(own).replace(this.#wordPattern, BLANK);
  }

  /**
   * Data as JSON holds it with the secrets blanked in every text, names of fields included; a copy, where there were any. Counts of two
   * names that are one afterwards are added up.
   */
  cleanData<T>(data: T, clean = (text: string) => this.cleanName(text)): T {
    return this.#cleanData(data, clean) as T;
  }

  /** Data of which every text is a message: see {@link clean}. */
  cleanMessages<T>(data: T): T {
    return this.cleanData(data, (text) => this.clean(text));
  }

  /** What is thrown on: message, stack and cause. The same error; of what is none, and would show a secret, what would be shown. */
  cleanError<E>(error: E): E {
    return this.#cleanThrown(error, new Set()) as E;
  }

  /** Cleans the messages of an object that others hold too, such as an error that was serialized. */
  cleanInPlace(object: object): void {
    Object.assign(object, this.cleanMessages({ ...object }));
  }

  /** From now on nothing that is written to the streams shows a secret. Each is guarded once. */
  guard(streams: NodeJS.WriteStream[], clean = (text: string) => this.clean(text)): void {
    for (const stream of streams) {
      if (guarded.has(stream)) continue;
      guarded.add(stream);
      const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
      stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
        const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
        const cleaned = clean(text);
        return write(cleaned === text ? chunk : cleaned, ...rest);
      };
    }
  }

  /** @param known errors that are clean, or will be: one may be its own cause */
  #cleanThrown(thrown: unknown, known: Set<unknown>): unknown {
    if (known.has(thrown)) return thrown;
    if (!(thrown instanceof Error)) {
      const shown = typeof thrown === 'string' ? thrown : inspect(thrown);
      const clean = this.clean(shown);
      return clean === shown ? thrown : clean;
    }
    known.add(thrown);
    const set = (part: 'message' | 'stack' | 'cause', value: unknown) =>
      Object.defineProperty(thrown, part, { value, writable: true, configurable: true });
    for (const part of ['message', 'stack'] as const) {
      const text = thrown[part];
      if (text !== undefined) set(part, this.clean(text));
    }
    if (thrown.cause !== undefined) set('cause', this.#cleanThrown(thrown.cause, known));
    if (thrown instanceof AggregateError) thrown.errors = thrown.errors.map((one) => this.#cleanThrown(one, known));
    return thrown;
  }

  #cleanMessage(message: string): string {
    return this.cleanName(message).replace(address, (_all, scheme: string, rest: string, mark?: string) => {
      return `${scheme}${rest}${mark ? `${mark}…` : ''}`;
    });
  }

  #withoutSecrets(text: string): string {
    if (this.#pending.length > 0) {
      for (const secret of this.#pending) for (const needle of encodings(secret)) this.#needles.add(needle);
      this.#pending = [];
    }
    let clean = this.#needles.replace(text, BLANK);
    for (const pattern of tokenLike) clean = clean.replace(pattern, `$1${BLANK}`);
    return clean;
  }

  #cleanData(value: unknown, clean: (text: string) => string): unknown {
    if (typeof value === 'string') return clean(value);
    if (Array.isArray(value)) return value.map((one) => this.#cleanData(one, clean));
    if (typeof value !== 'object' || value === null) return value;
    // As JSON has it: an instant has no fields.
    if ('toJSON' in value && typeof value.toJSON === 'function') return this.#cleanData(value.toJSON(), clean);
    const entries = new Map<string, unknown>();
    for (const [name, one] of Object.entries(value)) {
      const clear = this.#withoutSecrets(name);
      const cleaned = this.#cleanData(one, clean);
      const other = entries.get(clear);
      entries.set(clear, typeof other === 'number' && typeof cleaned === 'number' ? other + cleaned : cleaned);
    }
    return Object.fromEntries(entries);
  }
}

const guarded = new WeakSet<NodeJS.WriteStream>();

/** Those of this process. */
export const secrets = new Secrets();

/** Makes a text known as a secret, such as a token that signing in brought: from now on nothing that a run leaves shows it. */
export function secret(text: string): string {
  secrets.add(text);
  return text;
}

function isWord(text: string): boolean {
  return text.length < SHORTEST || (text.length < SHORTEST_OF_LETTERS && /^[a-z]+$/.test(text));
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
