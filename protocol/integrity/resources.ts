import { type SliceContext, unmeasured } from '../../support/test.ts';
import { bearer } from '../apis/auth.ts';
import { type Answer, Http, json, type Method, mayHaveHappened } from '../transports/http.ts';
import { Absent, type Part, type Sighting, type View } from './part.ts';
import type { Rows } from './rows.ts';
import type { VmStream } from './vm-stream.ts';

/** How many there are at one time, and of those that were deleted how many are looked for. */
const KEPT = 3;
const GONE = 5;
const TIMEOUT_MS = 10_000;

type Content = Readonly<Record<string, unknown>>;

/** Resources of an API that are made, changed and deleted alike, each at a path of its own. */
export interface ResourceKind {
  name: 'vms' | 'agents';
  baseUrl: string;
  path: string;
  /** What the n-th is made with. */
  made(n: number): Content;
  /** What the n-th change writes. */
  changed(n: number): Content;
  changeMethod: Method;
  token: string | undefined;
  /** A token for one that is refused; absent: there is no other. */
  signIn?(http: Http): Promise<string | undefined>;
}

interface Resource {
  id: string;
  /** What it must be by all that was answered; undefined: an answer is missing. */
  acknowledged: View | undefined;
  /** When the last change was begun that was answered, and so is told of by events. */
  toldSince?: number | undefined;
}

/** VMs or agents of our own, as the API, its events and the database see them. */
export class Resources implements Part {
  readonly #kind: ResourceKind;
  readonly #http: Http;
  readonly #rows: Rows | undefined;
  readonly #stream: VmStream | undefined;
  #token: string | undefined;
  #there: Resource[] = [];
  #gone: Resource[] = [];
  #count = 0;

  /** @throws {Absent} when the target has none */
  static async open(
    slice: SliceContext,
    kind: ResourceKind,
    rows: Rows | undefined,
    stream?: VmStream,
  ): Promise<Resources> {
    const resources = new Resources(slice, kind, rows, stream);
    const { status, error } = await resources.#request('GET', kind.path);
    if (status === 200) return resources;
    await resources.close();
    const sentence = `${kind.name} are not checked: GET ${new URL(kind.baseUrl).pathname}${kind.path} is ${status || error}.`;
    if (status >= 400 && status < 500) throw new Absent(sentence);
    throw new Error(sentence);
  }

  private constructor(slice: SliceContext, kind: ResourceKind, rows: Rows | undefined, stream: VmStream | undefined) {
    this.#kind = kind;
    this.#http = new Http(unmeasured(slice), kind.baseUrl, { connections: 1, timeoutMs: TIMEOUT_MS });
    this.#rows = rows;
    this.#stream = stream;
    this.#token = kind.token;
  }

  get name(): string {
    return this.#kind.name;
  }

  async change(): Promise<void> {
    if (this.#there.length === KEPT) await this.#delete(this.#there[0]!);
    for (const resource of [...this.#there]) await this.#update(resource);
    // What is new may yet change by itself: it is left alone until the next time.
    while (this.#there.length < KEPT && (await this.#create()));
  }

  async look(): Promise<Sighting[]> {
    await this.#stream?.connect();
    const all = [...this.#there, ...this.#gone];
    const rows = await this.#rows?.read(all.map(({ id }) => id));
    const sightings: Sighting[] = [];
    for (const { id, acknowledged, toldSince } of all) {
      const api = await this.#get(id);
      const stream = toldSince === undefined ? undefined : this.#stream?.viewOf(id, toldSince);
      sightings.push({
        id,
        views: {
          ...(acknowledged !== undefined && { acknowledged }),
          api,
          ...(stream !== undefined && { stream }),
          ...(rows && { database: rows.get(id) ?? null }),
        },
      });
    }
    return sightings;
  }

  forget(id: string): void {
    this.#there = this.#there.filter((one) => one.id !== id);
    this.#gone = this.#gone.filter((one) => one.id !== id);
  }

  async close(): Promise<void> {
    for (const { id } of this.#there) await this.#request('DELETE', this.#pathOf(id));
    await Promise.all([this.#http.close(), this.#stream?.close()]);
  }

  /** @returns whether there is one more */
  async #create(): Promise<boolean> {
    this.#count += 1;
    const content = this.#kind.made(this.#count);
    const answer = await this.#request('POST', this.#kind.path, content);
    const id = resultOf(answer) === 'done' ? json<{ id?: unknown }>(answer)?.id : undefined;
    if (typeof id !== 'string' && typeof id !== 'number') return false;
    this.#there.push({ id: String(id), acknowledged: { id, ...content } });
    return true;
  }

  async #update(resource: Resource): Promise<void> {
    this.#count += 1;
    const content = this.#kind.changed(this.#count);
    const begunAt = performance.now();
    const answer = await this.#request(this.#kind.changeMethod, this.#pathOf(resource.id), content);
    const result = resultOf(answer);
    if (result === 'done') {
      resource.acknowledged = { ...resource.acknowledged, ...content };
      resource.toldSince = begunAt;
    } else if (result === 'unknown') this.#unsure(resource);
    // A deletion that was never answered was carried out.
    else if (answer.status === 404 && resource.acknowledged === undefined) this.forget(resource.id);
  }

  async #delete(resource: Resource): Promise<void> {
    const begunAt = performance.now();
    const result = resultOf(await this.#request('DELETE', this.#pathOf(resource.id)));
    if (result === 'unknown') this.#unsure(resource);
    if (result !== 'done') return;
    this.forget(resource.id);
    this.#gone = [...this.#gone.slice(1 - GONE), { id: resource.id, acknowledged: null, toldSince: begunAt }];
  }

  #unsure(resource: Resource): void {
    resource.acknowledged = undefined;
    resource.toldSince = undefined;
  }

  async #get(id: string): Promise<View> {
    const answer = await this.#request('GET', this.#pathOf(id));
    if (answer.status === 404) return null;
    const found = answer.status === 200 ? json<Content>(answer) : undefined;
    if (typeof found !== 'object') throw new Error(answer.error ?? `GET of ${this.name} is no JSON`);
    // Some systems go on to tell of what was deleted.
    return found?.status === 'deleted' ? null : found;
  }

  #pathOf(id: string): string {
    return `${this.#kind.path}/${encodeURIComponent(id)}`;
  }

  async #request(method: Method, path: string, content?: Content): Promise<Answer> {
    const send = () =>
      this.#http.request({
        ...{ op: this.name, method, path },
        headers: { ...bearer(this.#token), ...(content && { 'content-type': 'application/json' }) },
        ...(content && { body: JSON.stringify(content) }),
      });
    const answer = await send();
    const token = answer.status === 401 ? await this.#kind.signIn?.(this.#http) : undefined;
    if (token === undefined) return answer;
    this.#token = token;
    return send();
  }
}

/** `unknown`: it may have been carried out. */
function resultOf(answer: Answer): 'done' | 'refused' | 'unknown' {
  if (answer.status >= 200 && answer.status < 300) return 'done';
  return answer.status === 0 || mayHaveHappened(answer) ? 'unknown' : 'refused';
}
