import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type RecordedSeries, type SliceContext, secret, type Vu, workDueAt } from '../../support/test.ts';
import { bearer } from '../apis/auth.ts';
import { acceptedEncodings } from '../transports/encoding.ts';
import { type Call, Http } from '../transports/http.ts';
import type { AttackOptions } from './options.ts';
import { attackSettings } from './settings.ts';
import { type Headers, isHost, type Target } from './target.ts';
import { TargetLoop } from './target-loop.ts';
import { TargetsFile } from './targets-file.ts';

export const attackMetrics = {
  /** Of all targets, by their `status`; 0: there was none. */
  attack_answers: 'counter',
} as const;

/** Of a thousand targets each has a row of its own; by a few more the metrics see, and the run tells, that there are others. */
const MAX_NAMES = 1_005;
const OTHER = 'other';
/** Bytes of body files that are kept for the next target that names them. */
const MAX_KEPT = 64 * 1024 ** 2;
/** Values of headers that are made known as secrets. */
const MAX_SECRETS = 1_000;
/** Headers that say who somebody is. */
const telling = /auth|cookie|token|secret|passw|key|session|signature/i;

/** A target, ready to be sent. */
interface Hit {
  http: Http;
  call: Call;
  bytes: number;
}

/** Where targets are: the API, or an origin that they name. */
interface Place {
  http: Http;
  /** What names of targets have of it; the API's is ''. */
  name: string;
}

/** What a slice attacks: the targets of the file in turns, over connections of its own to each of their origins. */
export class Attack {
  readonly #slice: SliceContext<AttackOptions>;
  readonly #headers: Headers;
  readonly #body: Buffer | undefined;
  /** By origin; the API's is undefined. */
  readonly #places = new Map<string | undefined, Place>();
  readonly #names = new Set<string>();
  readonly #files = new Map<string, Buffer>();
  #keptBytes = 0;
  #secrets = 0;
  readonly #answers = new Map<number, RecordedSeries>();
  #loop!: TargetLoop<Hit>;

  private constructor(slice: SliceContext<AttackOptions>, headers: Headers, body: Buffer | undefined) {
    this.#slice = slice;
    this.#headers = headers;
    this.#body = body;
  }

  static async open(slice: SliceContext<AttackOptions>): Promise<Attack> {
    const { body, headers } = attackSettings(slice.target);
    const attack = new Attack(slice, headers, body === undefined ? undefined : await readFile(body));
    const file = targetsFile(slice.target);
    const hits = async function* () {
      for await (const batch of file.batches()) yield await Promise.all(batch.map((target) => attack.#hitOf(target)));
    };
    const stalled = () => slice.recorder.error('generator: targets were read too slowly');
    attack.#loop = await TargetLoop.open(hits, slice, stalled);
    return attack;
  }

  /** Sends the next target's request. */
  async hit(vu: Vu): Promise<void> {
    const dueAt = workDueAt();
    const next = this.#loop.next();
    const { http, call } = next instanceof Promise ? await next : next;
    const { status, error, outcome } = await http.request(call);
    this.#answersOf(status).add(1, dueAt);
    if (error !== undefined) vu.fail(outcome === 'indeterminate' ? outcome : 'failed');
  }

  async close(): Promise<void> {
    await this.#loop.close();
    await Promise.all([...this.#places.values()].map(({ http }) => http.close()));
  }

  async #hitOf({ method, origin, path, headers: own, body: given }: Target): Promise<Hit> {
    const { http, name } = this.#placeOf(origin);
    // Without a query, which may hold an id or a secret.
    const op = this.#nameOf(`${method} ${name}${path.replace(/\?.*$/s, '')}`);
    const headers = this.#headersOf(own, origin === undefined);
    const { body, bytes } = await this.#bodyOf(given);
    return { http, call: { op, method, path, headers, body }, bytes: path.length + bytes };
  }

  /** @returns its bytes, and how many of them are held for this target alone */
  async #bodyOf(given: Target['body']): Promise<{ body: Buffer | undefined; bytes: number }> {
    if (given === undefined) return { body: this.#body, bytes: 0 };
    if (Buffer.isBuffer(given)) return { body: given, bytes: given.length };
    const known = this.#files.get(given.path);
    if (known) return { body: known, bytes: 0 };
    const body = await readFile(given.path);
    // A few that come often, or all of a few: which of very many come again soon, nobody can tell.
    if (this.#keptBytes + body.length > MAX_KEPT) return { body, bytes: body.length };
    this.#files.set(given.path, body);
    this.#keptBytes += body.length;
    return { body, bytes: 0 };
  }

  #headersOf(own: Headers, isOfApi: boolean): Headers {
    const headers: Headers = { ...this.#headers };
    // A request has one.
    if (Object.keys(own).some(isHost)) for (const name of Object.keys(headers).filter(isHost)) delete headers[name];
    for (const [name, value] of Object.entries(own)) {
      headers[name] = Object.hasOwn(headers, name) ? [headers[name]!, value].flat() : value;
    }
    for (const [name, value] of Object.entries(headers)) if (telling.test(name)) this.#hide([value].flat());
    const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
    if (!names.has('accept-encoding')) headers['accept-encoding'] = acceptedEncodings;
    if (isOfApi && !names.has('authorization')) Object.assign(headers, bearer(this.#slice.target.token));
    return headers;
  }

  #hide(values: string[]): void {
    if (this.#secrets >= MAX_SECRETS) return;
    this.#secrets += values.length;
    for (const value of values) secret(value.replace(/^(bearer|basic|token|digest)\s+/i, ''));
  }

  #nameOf(name: string): string {
    if (this.#names.has(name)) return name;
    if (this.#names.size === MAX_NAMES) return OTHER;
    this.#names.add(name);
    return name;
  }

  #placeOf(origin: string | undefined): Place {
    const known = this.#places.get(origin);
    if (known) return known;
    const { apiUrl } = this.#slice.target;
    const url = new URL(origin ?? apiUrl);
    const { timeoutMs, redirects, keepAlive, connections } = this.#slice.options;
    const options = { timeoutMs, redirects, keepAlive, connections, keepsBodies: false };
    if (origin !== undefined) this.#hide([decodeURIComponent(url.password)]);
    const name = url.origin === new URL(apiUrl).origin ? '' : url.origin;
    const made = { http: new Http(this.#slice, url.href, options), name };
    this.#places.set(origin, made);
    return made;
  }

  #answersOf(status: number): RecordedSeries {
    let series = this.#answers.get(status);
    if (!series) {
      series = this.#slice.recorder.counter('attack_answers', { status: String(status) });
      this.#answers.set(status, series);
    }
    return series;
  }
}

/** What is attacked: the file that was named, else the embedded target's own. */
export function targetsFile(target: Parameters<typeof attackSettings>[0]): TargetsFile {
  const { targets, format } = attackSettings(target);
  if (targets !== undefined) return new TargetsFile(resolve(targets), format);
  return new TargetsFile(resolve(import.meta.dirname, 'embedded-targets.txt'));
}
