import {
  type Account,
  accountOf,
  epochMs,
  markText,
  type SetEvidence,
  SetHistory,
  type Vu,
} from '../../support/test.ts';
import { type Session, signIn } from '../apis/auth.ts';
import { type Change, RelayApi } from '../apis/relay/api.ts';
import { Cipher } from '../apis/relay/cipher.ts';
import { Pulling } from '../apis/relay/pulling.ts';
import { Replica } from '../apis/relay/replica.ts';
import { Stamps } from '../apis/relay/stamps.ts';
import type { Http } from '../transports/http.ts';
import type { HeldTransaction, ScreenEvidence } from './screen.oracle.ts';

/** Between two attempts to sign in to an account that is not there yet. */
const RETRY_MS = 1_000;
/** Yjs numbers its clients with up to 32 bits. */
const MAX_CLIENT = 2 ** 32 - 1;
/** A relay whose `has_more` never ends must not hold the run for ever. */
const MAX_PAGES = 1_000;

/** As in the ledger's document. */
interface Transaction {
  id: string;
  date: string;
  payee: string;
  amount_cents: number;
  account_id: string;
}

export interface MarkerEvidence {
  'acknowledged-writes': SetEvidence[];
  screen: ScreenEvidence[];
}

/**
 * Another device of a person who has the ledger open in a browser: adds transactions that carry a mark, by which the page
 * tells how long they took to appear. At the end it reads the ledger back with a device that never pulled before.
 */
export class Marker {
  readonly #vu: Vu;
  readonly #relay: Http;
  readonly #auth: Http;
  readonly #account: Account;
  readonly #device: string;
  readonly #replica: Replica;
  readonly #stamps = new Stamps();
  readonly #history: SetHistory;
  readonly #acknowledged: Record<string, number> = {};
  #update: Uint8Array = new Uint8Array();
  #counter = 0;
  #cipher: Cipher | undefined;
  #session: Session | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;
  /** The push under way: one that was given up at the end of the load goes on for a while. */
  #working: Promise<void> = Promise.resolve();
  #readBack: { history: SetEvidence; readFrom: number; transactions: HeldTransaction[] } | undefined;

  /**
   * @param journey whose sessions watch: VU n is a device of its slot n
   * @param relay of the relay's base URL
   * @param auth of the API's base URL, unmeasured: nobody counts how often an account was not there yet
   */
  constructor(vu: Vu, journey: string, relay: Http, auth: Http) {
    const { runId, scenario } = vu.slice;
    this.#vu = vu;
    this.#relay = relay;
    this.#auth = auth;
    this.#account = accountOf(runId, journey, vu.id);
    this.#device = `${runId}-${scenario}-${vu.id}`;
    this.#history = this.#historyOf(this.#device);
    this.#replica = new Replica(this.#device, vu.random.int(1, MAX_CLIENT));
    this.#replica.onLocal = (update) => {
      this.#update = update;
    };
  }

  /** Adds a marked transaction and pushes it. Nothing as long as the person has not made the account. */
  push(): Promise<void> {
    this.#working = this.#push();
    return this.#working;
  }

  /** Pulls the whole ledger with a fresh device, once the load has come to rest. */
  async readBack(): Promise<void> {
    await this.#working.catch(() => {});
    const session = await this.#signedIn();
    if (!session) return;
    const device = `${this.#device}-reader`;
    const api = new RelayApi(this.#relay, this.#vu, device, session.token);
    const history = this.#historyOf(device);
    const replica = new Replica(device, MAX_CLIENT);
    const madeAt = new Map<string, number>();
    const readFrom = epochMs();
    const pulling = new Pulling(0);
    for (let page = 1; page <= MAX_PAGES; page++) {
      const pulled = await api.pull(pulling, {});
      if (!pulled) return;
      for (const change of pulled.changes) {
        history.found(change.id);
        const update = this.#cipher!.decrypt(change.encrypted_payload);
        this.#vu.check('read back: payload is a change of the ledger', update !== undefined && replica.apply(update));
        if (change.timestamp !== undefined) madeAt.set(change.entity_id, change.timestamp);
      }
      if (!pulled.hasMore) {
        const transactions = Object.values(replica.doc.getMap<Transaction>('transactions').toJSON());
        this.#readBack = {
          history: history.evidence(true),
          readFrom,
          transactions: transactions.map((one) => held(one, madeAt)),
        };
        return;
      }
    }
    this.#vu.check('read back: has_more comes to an end', false);
  }

  evidence(): MarkerEvidence {
    const account = this.#account.email;
    const written: MarkerEvidence = {
      'acknowledged-writes': [this.#history.evidence(false)],
      screen: [{ kind: 'acknowledged', account, at: this.#acknowledged }],
    };
    if (this.#readBack) {
      const { history, readFrom, transactions } = this.#readBack;
      written['acknowledged-writes'].push(history);
      written.screen.push({ kind: 'held', account, device: history.by, readFrom, transactions });
    }
    return written;
  }

  async #push(): Promise<void> {
    const session = await this.#signedIn();
    if (!session) return;
    const api = new RelayApi(this.#relay, this.#vu, this.#device, session.token);
    const { change, transactionId } = this.#mark();
    const { accepted, rejected } = await api.push([change]);
    this.#history.told([...accepted, ...rejected]);
    if (accepted.has(change.id)) {
      this.#acknowledged[transactionId] = epochMs();
      this.#history.acknowledged(change.id);
    } else if (rejected.has(change.id)) {
      this.#history.refused(change.id);
    }
    this.#vu.check('push: no change is rejected', rejected.size === 0);
  }

  /** Undefined when the account is not there (yet). */
  async #signedIn(): Promise<Session | undefined> {
    const now = performance.now();
    if (this.#session && this.#session.renewAt > now) return this.#session;
    if (now - this.#triedAt < RETRY_MS) return undefined;
    this.#triedAt = now;
    this.#session = await signIn(this.#auth, this.#account);
    if (this.#session) this.#cipher ??= await Cipher.ofPassword(this.#account.email, this.#account.password);
    return this.#session;
  }

  #historyOf(by: string): SetHistory {
    const { runId, scenario, elapsedMs } = this.#vu.slice;
    // What the person enters on the page is not of this scenario.
    const isOthers = (name: string) => !name.startsWith(`${runId}-${scenario}-`);
    return new SetHistory({ set: this.#account.email, by, now: elapsedMs, isOthers });
  }

  #mark(): { change: Change; transactionId: string } {
    this.#counter += 1;
    // Lists sort a day's transactions by id: with its time in front the newest is on top, where a person sees it come.
    const transactionId = `${Date.now().toString(36).padStart(9, '0')}-r${this.#vu.id}-${this.#counter}`;
    const amountCents = this.#vu.random.int(-50_000, -100);
    const transaction: Transaction = {
      id: transactionId,
      date: today(),
      payee: markText({ id: transactionId, pushedAt: epochMs() }),
      amount_cents: amountCents,
      account_id: 'checking',
    };
    this.#replica.change(transactionId, transaction);
    const change: Change = {
      id: this.#history.next(),
      entity_type: 'transaction',
      entity_id: transactionId,
      operation: 'CREATE',
      encrypted_payload: this.#cipher!.encrypt(this.#update),
      version_vector: { [this.#device]: this.#counter },
      timestamp: this.#stamps.next(),
      device_id: this.#device,
    };
    return { change, transactionId };
  }
}

function held({ id, date, payee, amount_cents }: Transaction, madeAt: Map<string, number>): HeldTransaction {
  return { id, date, payee, amountCents: amount_cents, madeAt: madeAt.get(id) };
}

/** Today on the calendar of this machine, as a person would enter it. */
function today(): string {
  const now = new Date();
  const two = (n: number) => String(n).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
