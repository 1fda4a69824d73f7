import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { textUpTo } from '../measure/body.ts';

/** One of the machines over which a run is spread; counts from 1, as Playwright's `--shard`. */
export interface Shard {
  current: number;
  total: number;
}

/**
 * Where shards wait for one another: before the load, and after it, before anybody looks at what has become of it; and of a scenario,
 * for what one of them has set up for all, and before that is taken down.
 */
export type MeetingPoint = 'start' | 'rest' | SharedPoint;
export type SharedPoint = `setup/${string}` | `end/${string}`;

/** What the first slice of a scenario has set up for all of them. */
export interface Given {
  /** As JSON takes it; absent for nothing. */
  data?: unknown;
  /** What of it no report may show. */
  secrets: string[];
}

/** What a shard says when it comes; those of one run must agree on `total`, `profile` and `seed`. */
export interface Arrival extends Shard {
  profile: string;
  seed: string;
}

/** Between the last shard's arrival and the instant that all are given: the word has to reach everybody. */
const LEAD_MS = 2_000;
/** Meetings that are remembered: those that are over, and those to which nobody has come, are forgotten first, no other is. */
const MAX_MEETINGS = 1_000;
const MAX_BODY_BYTES = 10_000;
/** Of what was set up. */
const MAX_GIVEN_BYTES = 4_000_000;
/** Of all that waits to be given. */
const MAX_HELD_BYTES = 64_000_000;
/** For what a shard has to say; that it then waits is another thing. */
const REQUEST_MS = 10_000;

/** Clocks that are further apart know of no common instant. */
const MAX_CLOCK_MS = 30_000;

interface Meeting {
  first: Arrival;
  waiting: Map<number, ServerResponse>;
  /** What one of them has brought, until it is given. */
  brought?: { by: number; given: Given };
  /** Epoch ms; undefined while somebody is missing. */
  at: number | undefined;
}

/**
 * The place where the shards of a run meet: a small HTTP server, `POST /<run id>/<point>` answers once all of them are there,
 * with the instant (epoch ms) at which they go on; `GET` of the same says who waits. Everything is in memory.
 */
export class Rendezvous {
  readonly #server: Server;
  readonly #meetings = new Map<string, Meeting>();
  #heldBytes = 0;

  private constructor() {
    const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 };
    this.#server = createServer(limits, (incoming, answer) => {
      this.#arrive(incoming, answer).catch(() => answer.destroy());
    });
  }

  /** @param port 0: any free one */
  static async listen(port: number, host: string): Promise<Rendezvous> {
    const rendezvous = new Rendezvous();
    await new Promise<void>((resolve, reject) => {
      rendezvous.#server.once('error', reject).listen(port, host, resolve);
    });
    return rendezvous;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #arrive(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    if (incoming.method === 'GET' && incoming.url === '/health') return respond(answer, 200, { status: 'ok' });
    const [place, point = ''] = /^\/[^/]+\/(start|rest|(?:setup|end)\/[^/]+)$/.exec(incoming.url ?? '') ?? [];
    if (place && incoming.method === 'GET') {
      const { first, waiting } = this.#meetings.get(place) ?? {};
      return respond(answer, 200, { total: first?.total ?? null, waiting: [...(waiting?.keys() ?? [])].sort() });
    }
    if (!place || incoming.method !== 'POST') {
      return respond(answer, 404, {
        error:
          'allowed is POST or GET /<run id>/start, /<run id>/rest, /<run id>/setup/<scenario> or /<run id>/end/<scenario>, and GET /health',
      });
    }
    // A page of whatever origin can make a browser send text; a shard is no browser.
    if (incoming.headers.origin !== undefined) return respond(answer, 403, { error: 'browsers have no part in a run' });
    if (!/^application\/json\b/.test(incoming.headers['content-type'] ?? '')) {
      return respond(answer, 415, { error: 'allowed is application/json' });
    }
    const bytes = Number(incoming.headers['content-length'] ?? 0);
    const mostBytes = point.startsWith('setup/') ? MAX_GIVEN_BYTES : MAX_BODY_BYTES;
    const isLarge = bytes > mostBytes;
    if (!isLarge && bytes > MAX_BODY_BYTES && !this.#hold(bytes, answer)) {
      return respond(answer, 503, { error: 'other runs have brought too much to wait for' });
    }
    const limit = Math.max(MAX_BODY_BYTES, bytes);
    const said = isLarge ? undefined : await textUpTo(incoming.iterator({ destroyOnReturn: false }), limit);
    if (said === undefined) {
      // The rest of it is not waited for.
      answer.once('finish', () => incoming.socket.destroySoon());
      return respond(answer.setHeader('connection', 'close'), 413, { error: 'too large' });
    }
    const { arrival, brought } = arrivalOf(said) ?? {};
    if (!arrival) return respond(answer, 400, { error: 'allowed is {current, total, profile, seed}' });
    const meeting = this.#meetingOf(place, arrival);
    if (!meeting) return respond(answer, 503, { error: `${MAX_MEETINGS} other runs wait here` });
    const quarrel = quarrelOf(meeting, arrival);
    if (quarrel) return respond(answer, 409, { error: quarrel });
    meeting.waiting.set(arrival.current, answer);
    if (brought) meeting.brought = { by: arrival.current, given: brought };
    // A shard that is gone is no longer there; it may come again.
    answer.once('close', () => {
      if (meeting.at === undefined && meeting.waiting.get(arrival.current) === answer) {
        meeting.waiting.delete(arrival.current);
        if (meeting.brought?.by === arrival.current) meeting.brought = undefined;
      }
    });
    if (meeting.waiting.size < arrival.total) return;
    meeting.at = Date.now() + LEAD_MS;
    const given = meeting.brought?.given;
    meeting.brought = undefined;
    for (const waiting of meeting.waiting.values()) respond(waiting, 200, { at: meeting.at, given });
  }

  /** Until it is answered; false when there is no room for it. */
  #hold(bytes: number, answer: ServerResponse): boolean {
    if (this.#heldBytes + bytes > MAX_HELD_BYTES) return false;
    this.#heldBytes += bytes;
    answer.once('close', () => {
      this.#heldBytes -= bytes;
    });
    return true;
  }

  /** Undefined when there is no room for another one. */
  #meetingOf(place: string, first: Arrival): Meeting | undefined {
    let meeting = this.#meetings.get(place);
    if (!meeting) {
      if (this.#meetings.size >= MAX_MEETINGS) {
        const all = [...this.#meetings];
        const idle = all.find(([, { at, waiting }]) => at !== undefined || waiting.size === 0);
        if (!idle) return undefined;
        this.#meetings.delete(idle[0]);
      }
      meeting = { first, waiting: new Map(), at: undefined };
      this.#meetings.set(place, meeting);
    }
    return meeting;
  }
}

function respond(answer: ServerResponse, status: number, body: object): void {
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function arrivalOf(body: string): { arrival: Arrival; brought?: Given } | undefined {
  try {
    const { current, total, profile, seed, brought } = JSON.parse(body) as Arrival & { brought?: Given };
    const numbered = Number.isInteger(current) && Number.isInteger(total) && current >= 1 && current <= total;
    return numbered && typeof profile === 'string' && typeof seed === 'string'
      ? { arrival: { current, total, profile, seed }, brought }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Why this shard does not belong to the others; undefined when it does. */
function quarrelOf({ first, waiting, at }: Meeting, { current, total, profile, seed }: Arrival): string | undefined {
  if (at !== undefined) return `the shards of this run have met already; a new run needs a new LOAD_RUN_ID`;
  if (waiting.has(current)) return `shard ${current} of ${total} is there already`;
  for (const [what, own, other] of [
    ['shards', total, first.total],
    ['profile', profile, first.profile],
    ['seed', seed, first.seed],
  ]) {
    if (own !== other) return `${what} is ${own}, but ${other} for the shard that came first`;
  }
  return undefined;
}

/** Of whoever answers there: the names that a rendezvous would have said. */
function answerIn(text: string): { at?: number; given?: Given; error?: string } {
  try {
    const { at, given, error } = JSON.parse(text);
    return { at, given, ...(typeof error === 'string' && { error }) };
  } catch {
    return {};
  }
}

/**
 * Comes to the meeting and waits for the others.
 * @param url of the rendezvous, such as `http://10.0.0.7:4100`
 * @param brought what this one has set up for all
 * @returns the common instant, epoch ms, and what one of them has brought
 * @throws one sentence: it cannot be reached, this shard is not one of the others, or they did not come in time
 */
export async function meet(
  url: string,
  runId: string,
  point: MeetingPoint,
  arrival: Arrival,
  { timeoutMs, signal, brought }: { timeoutMs: number; signal?: AbortSignal; brought?: Given },
): Promise<{ at: number; given?: Given }> {
  const place = [url.replace(/\/+$/, ''), ...[runId, ...point.split('/')].map(encodeURIComponent)].join('/');
  // Node 20 forgets an AbortSignal.timeout of which only AbortSignal.any knows.
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  const failed = (why: string) => new Error(`LOAD_RENDEZVOUS ${new URL(url).origin}: ${why}.`);
  try {
    const { statusCode, body } = await request(place, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...arrival, brought }),
      headersTimeout: 0,
      bodyTimeout: 0,
      signal: signal ? AbortSignal.any([timeout.signal, signal]) : timeout.signal,
    });
    // Somebody else's may have no end.
    const said = await textUpTo(body, MAX_GIVEN_BYTES + MAX_BODY_BYTES);
    const { at, given, error } = answerIn(said ?? '');
    if (statusCode !== 200 || typeof at !== 'number')
      throw failed(error ?? `something else answers there (HTTP ${statusCode}); allowed is a rendezvous`);
    const awayMs = at - LEAD_MS - Date.now();
    if (!(Math.abs(awayMs) <= MAX_CLOCK_MS))
      throw failed(
        `its clock and that of this machine are ${Math.abs(awayMs) / 1_000} s apart; allowed is NTP for both`,
      );
    return { at, given };
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('LOAD_RENDEZVOUS')) throw error;
    signal?.throwIfAborted();
    if (timeout.signal.aborted) throw failed(`not all ${arrival.total} shards came within ${timeoutMs / 1_000} s`);
    throw failed(`cannot be reached (${(error as NodeJS.ErrnoException).code ?? (error as Error).name})`);
  } finally {
    clearTimeout(timer);
  }
}
