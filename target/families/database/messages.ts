/** PostgreSQL's frontend and backend messages, version 3 of its protocol: https://www.postgresql.org/docs/current/protocol.html */

const LENGTH_BYTES = 4;

/** Cuts a stream into messages: a type byte, but for a connection's first ones, a length and what it is about. */
export class Messages {
  #rest: Buffer = Buffer.alloc(0);
  /** Messages have a type from here on. */
  typed: boolean;

  constructor(typed: boolean) {
    this.typed = typed;
  }

  /** Those that are whole by now. */
  *take(chunk: Buffer): Generator<Buffer> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const head = this.typed ? 1 : 0;
      if (this.#rest.length < head + LENGTH_BYTES) return;
      const end = head + this.#rest.readInt32BE(head);
      if (this.#rest.length < end) return;
      const message = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      yield message;
    }
  }
}

export function typeOf(message: Buffer): string {
  return String.fromCharCode(message[0]!);
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(1 + LENGTH_BYTES, type);
  head.writeInt32BE(LENGTH_BYTES + body.length, 1);
  return Buffer.concat([head, body]);
}

/** A statement without parameters. */
export function simpleQuery(text: string): Buffer {
  return message('Q', Buffer.from(`${text}\0`));
}

export function commandComplete(tag: string): Buffer {
  return message('C', Buffer.from(`${tag}\0`));
}

/** What PostgreSQL says to a connection for which it has no room. */
export function tooManyConnections(): Buffer {
  const fields = { S: 'FATAL', V: 'FATAL', C: '53300', M: 'sorry, too many clients already' };
  const text = Object.entries(fields).map(([field, value]) => `${field}${value}\0`);
  return message('E', Buffer.from(`${text.join('')}\0`));
}

/** The texts that a message begins with. */
function texts(body: Buffer, count: number): string[] {
  return body.toString('utf8').split('\0', count);
}

/** Of a simple query. */
export function queryText(query: Buffer): string {
  return texts(query.subarray(1 + LENGTH_BYTES), 1)[0]!;
}

/** Of Parse: a statement's name, empty for the unnamed one, and its text. */
export function parsed(parse: Buffer): [name: string, text: string] {
  return texts(parse.subarray(1 + LENGTH_BYTES), 2) as [string, string];
}

/** Of Bind: the name of the statement. */
export function boundStatement(bind: Buffer): string {
  return texts(bind.subarray(1 + LENGTH_BYTES), 2)[1]!;
}
