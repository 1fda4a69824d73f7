import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  boundStatement,
  commandComplete,
  Messages,
  parsed,
  queryText,
  simpleQuery,
  tooManyConnections,
  typeOf,
} from './messages.ts';

/** What decides over a session. */
interface Rules {
  delayMs(): number;
  losesCommit(): boolean;
  tears(): boolean;
}

/** What becomes of the answer to what was sent up to a Sync, or in a simple query: message by message; undefined: it is kept back. */
type Answer = (message: Buffer) => Buffer | undefined;

/** Codes of a connection's first message. */
const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const SAVEPOINT = 'tandem_torn';

const asItIs: Answer = (message) => message;
const keptBack: Answer = () => undefined;

/** A client's connection, passed on to PostgreSQL. */
export class Session {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #rules: Rules;
  readonly #fromClient = new Messages(false);
  readonly #fromUpstream = new Messages(true);
  /** Prepared statements, by name. */
  readonly #statements = new Map<string, string>();
  /** One for each ReadyForQuery that is to come. */
  readonly #answers: Answer[] = [asItIs];
  /** What the client sent since its last Sync. */
  #batch: Buffer[] = [];
  /** What it has sent is passed on in its order. */
  #sending: Promise<void> = Promise.resolve();
  #inTransaction = false;
  #updates = 0;
  #isTorn = false;

  /** @param admitted false: it is told that there is no room */
  constructor(client: Socket, upstream: Socket, admitted: boolean, rules: Rules) {
    this.#client = client;
    this.#upstream = upstream;
    this.#rules = rules;
    client.on('data', (chunk: Buffer) => {
      for (const message of this.#fromClient.take(chunk)) {
        if (this.#fromClient.typed) this.#take(message);
        else this.#begin(message, admitted);
      }
    });
    upstream.on('data', (chunk: Buffer) => {
      for (const message of this.#fromUpstream.take(chunk)) this.#answer(message);
    });
  }

  #begin(message: Buffer, admitted: boolean): void {
    const code = message.readInt32BE(4);
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      this.#client.write('N');
    } else if (admitted || code === CANCEL_REQUEST) {
      this.#fromClient.typed = true;
      this.#upstream.write(message);
    } else {
      this.#client.end(tooManyConnections());
    }
  }

  #take(message: Buffer): void {
    const type = typeOf(message);
    this.#batch.push(message);
    // Parse, Bind, Describe, Execute and Close come to their Sync.
    if ('PBDEC'.includes(type)) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#sending = this.#sending.then(() => this.#send(batch, type));
  }

  async #send(batch: Buffer[], type: string): Promise<void> {
    const text = this.#textOf(batch);
    const [, verb = ''] = /^\s*(\w+)/.exec(text.toUpperCase()) ?? [];
    const delayMs = /^(SELECT|INSERT|UPDATE|DELETE|WITH)$/.test(verb) ? this.#rules.delayMs() : 0;
    // It outlives neither the target nor, to any effect, the connection.
    if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
    const isCommit = verb === 'COMMIT' && type === 'Q' && this.#inTransaction;
    if (isCommit && this.#isTorn) {
      this.#pass([simpleQuery(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; COMMIT`)], withoutFirstCompletion());
    } else if (isCommit && this.#rules.losesCommit()) {
      this.#pass([simpleQuery('ROLLBACK')], (message) =>
        typeOf(message) === 'C' ? commandComplete('COMMIT') : message,
      );
    } else {
      if (verb === 'UPDATE' && this.#inTransaction) this.#countUpdate();
      // A Sync or a simple query is answered with ReadyForQuery, and nothing else is.
      this.#pass(batch, type === 'S' || type === 'Q' ? asItIs : undefined);
    }
  }

  #countUpdate(): void {
    this.#updates += 1;
    if (this.#updates !== 2 || !this.#rules.tears()) return;
    this.#isTorn = true;
    this.#pass([simpleQuery(`SAVEPOINT ${SAVEPOINT}`)], keptBack);
  }

  #pass(messages: Buffer[], answer: Answer | undefined): void {
    if (answer) this.#answers.push(answer);
    this.#upstream.write(Buffer.concat(messages));
  }

  #answer(message: Buffer): void {
    const [answer = asItIs] = this.#answers;
    const shown = answer(message);
    if (shown) this.#client.write(shown);
    if (typeOf(message) !== 'Z') return;
    this.#answers.shift();
    // T: in a transaction; E: in one that has failed, of which there is nothing to take away.
    this.#inTransaction = message.toString('latin1', 5, 6) === 'T';
    if (this.#inTransaction) return;
    this.#updates = 0;
    this.#isTorn = false;
  }

  /** What is to be executed; empty when that is no statement. */
  #textOf(batch: Buffer[]): string {
    let text = '';
    for (const message of batch) {
      const type = typeOf(message);
      if (type === 'Q') text = queryText(message);
      if (type === 'P') this.#statements.set(...parsed(message));
      if (type === 'B') text = this.#statements.get(boundStatement(message)) ?? '';
    }
    return text;
  }
}

/** The answer to two statements, of which the client sent the second one. */
function withoutFirstCompletion(): Answer {
  let isFirst = true;
  return (message) => {
    if (!isFirst || typeOf(message) !== 'C') return message;
    isFirst = false;
    return undefined;
  };
}
