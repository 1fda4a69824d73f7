import { type SliceContext, unmeasured } from '../../support/test.ts';
import { bearer, userIn } from '../apis/auth.ts';
import { type PullAnswer, Pulling } from '../apis/relay/pulling.ts';
import { relaySettings } from '../apis/relay/settings.ts';
import { Stamps } from '../apis/relay/stamps.ts';
import { type Answer, Http, json } from '../transports/http.ts';
import { Absent, type Part, type Sighting, type View } from './part.ts';
import type { Rows } from './rows.ts';

const PROTOCOL_VERSION = '1.0.0';
const ENTITIES = 3;
const TIMEOUT_MS = 10_000;

/** The changes of a device of our own, as another device pulls them and the database has them. */
export class Replicas implements Part {
  readonly name = 'replicas';
  readonly #http: Http;
  readonly #token: string | undefined;
  readonly #writer: string;
  readonly #rows: Rows | undefined;
  readonly #stamps = new Stamps();
  /** The newest that were accepted, each of another entity: what came before them may be superseded. */
  #accepted = new Map<string, View>();
  /** Where the reader stood before they were pushed, and where it stands now. */
  #before = 0;
  #now = 0;
  #pushes = 0;

  /** @throws {Absent} when the target has no relay */
  static async open(slice: SliceContext, token: string, rows: Rows | undefined): Promise<Replicas> {
    const replicas = new Replicas(slice, token, rows);
    const { status, error } = await replicas.#pull(0);
    if (status === 200) return replicas;
    await replicas.close();
    const { syncUrl } = relaySettings(slice.target);
    const sentence = `replicas are not checked: POST ${new URL(syncUrl).pathname}/pull is ${status || error}.`;
    if (status >= 400 && status < 500) throw new Absent(sentence);
    throw new Error(sentence);
  }

  private constructor(slice: SliceContext, token: string, rows: Rows | undefined) {
    const { syncUrl } = relaySettings(slice.target);
    this.#http = new Http(unmeasured(slice), syncUrl, { connections: 1, timeoutMs: TIMEOUT_MS });
    this.#token = slice.target.token ?? (userIn(syncUrl) ? undefined : token);
    this.#writer = `${token}-writer`;
    this.#rows = rows;
  }

  async change(): Promise<void> {
    this.#pushes += 1;
    const before = this.#now;
    const changes = Array.from({ length: ENTITIES }, (_, n) => ({
      id: `${this.#writer}-${this.#pushes}-${n}`,
      entity_type: 'transaction',
      entity_id: `${this.#writer}-entity-${n}`,
      operation: this.#pushes === 1 ? 'CREATE' : 'UPDATE',
      encrypted_payload: Buffer.from(`${this.#pushes}`).toString('base64'),
      version_vector: { [this.#writer]: this.#pushes },
      timestamp: this.#stamps.next(),
      device_id: this.#writer,
    }));
    const answer = await this.#post('push', { device_id: this.#writer, timestamp: Date.now(), changes }, false);
    const accepted = json<{ accepted?: unknown }>(answer)?.accepted;
    if (answer.status !== 200 || !Array.isArray(accepted) || accepted.length === 0) return;
    const kept = changes.filter(({ id }) => accepted.includes(id));
    this.#accepted = new Map(kept.map(({ id, entity_id, device_id }) => [id, { id, entity_id, device_id }]));
    this.#before = before;
  }

  async look(): Promise<Sighting[]> {
    const [pulled, rows] = [await this.#pullAll(), await this.#rows?.read([...this.#accepted.keys()])];
    return [...this.#accepted].map(([id, acknowledged]) => ({
      id,
      views: { acknowledged, api: pulled.get(id) ?? null, ...(rows && { database: rows.get(id) ?? null }) },
    }));
  }

  forget(id: string): void {
    this.#accepted.delete(id);
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  /** All since before the newest were pushed. @throws when the relay does not answer */
  async #pullAll(): Promise<Map<string, View>> {
    const found = new Map<string, View>();
    const pulling = new Pulling(this.#before);
    for (;;) {
      const { since } = pulling;
      const answer = await this.#pull(since);
      const body = answer.status === 200 ? json<PullAnswer>(answer) : undefined;
      if (!Array.isArray(body?.changes)) throw new Error(answer.error ?? 'pull is no page of changes');
      for (const change of pulling.take(body)) {
        const { id, entity_id, device_id } = change;
        found.set(id, { id, entity_id, ...(device_id !== undefined && { device_id }) });
      }
      if (!body.has_more) break;
      if (pulling.since <= since) throw new Error('pull has_more, and nothing more comes');
    }
    this.#now = pulling.since;
    return found;
  }

  #pull(since: number): Promise<Answer> {
    return this.#post('pull', { device_id: `${this.#writer}-reader`, since_timestamp: since, sync_vector: {} }, true);
  }

  #post(op: 'push' | 'pull', content: object, readOnly: boolean): Promise<Answer> {
    const headers = { ...bearer(this.#token), 'content-type': 'application/json' };
    const body = JSON.stringify({ protocol_version: PROTOCOL_VERSION, ...content });
    return this.#http.request({ op, method: 'POST', path: `/${op}`, headers, body, readOnly });
  }
}
