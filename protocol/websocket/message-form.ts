import { createHash } from 'node:crypto';

/** Stands in a template for what {@link MessageForm} writes. */
export const PLACEHOLDER = '{message}';

const MARK = 'tandem-';
const TAG_DIGITS = 8;
/** Of the sender, and of an instant in microseconds since 1970. */
const WIDE_DIGITS = 16;
const SEQUENCE_DIGITS = 10;
/** `tandem-<run>-<sender>-<first due>-<sequence><end>`, of fixed width. */
const SENDER_AT = MARK.length + TAG_DIGITS + 1;
const FIRST_AT = SENDER_AT + WIDE_DIGITS + 1;
const SEQUENCE_AT = FIRST_AT + WIDE_DIGITS + 1;
const END_AT = SEQUENCE_AT + SEQUENCE_DIGITS;

/** A message has no room for less. */
export const LEAST_BYTES = 64;

const ZERO = 0x30;
const MORE = 0x2e;
const LAST = 0x21;

/**
 * How a load's messages are written, and found again in whatever a server sends: its own form around ours does not matter, as long
 * as it leaves letters, digits and hyphens alone. Writing and reading take no memory: it has room for one message each.
 */
export class MessageForm {
  /** Of the message that was read last. */
  sender = 0;
  /** When its sender's first was due, in microseconds since 1970. */
  firstMicros = 0;
  /** Counts from 0 for each sender. */
  sequence = 0;
  /** It says what its sender's last one was, and is none itself. */
  isLast = false;
  readonly #mark: Buffer;
  readonly #message: Buffer;
  /** What each message ends with. */
  readonly #filling: Buffer;
  /** Where ours begins. */
  readonly #at: number;

  /**
   * @param runId messages of other runs are not ours
   * @param size of what stands for the placeholder, in bytes
   */
  constructor(runId: string, size: number, template: string) {
    const tag = createHash('sha256').update(runId).digest('hex').slice(0, TAG_DIGITS);
    this.#mark = Buffer.from(`${MARK}${tag}-`);
    const [before, after] = template.split(PLACEHOLDER).map((text) => Buffer.from(text)) as [Buffer, Buffer];
    this.#at = before.length;
    this.#message = Buffer.concat([before, Buffer.alloc(size, 'x'), after]);
    this.#filling = Buffer.alloc(Math.max(0, size - END_AT - 1), 'x');
  }

  /** What all messages of a sender begin with. */
  head(sender: number, firstMicros: number): Buffer {
    const wide = (value: number) => String(value).padStart(WIDE_DIGITS, '0');
    return Buffer.from(`${this.#mark}${wide(sender)}-${wide(firstMicros)}-`);
  }

  /** The next call writes to the same memory. */
  write(head: Buffer, sequence: number, isLast = false): Buffer {
    const message = this.#message;
    const at = this.#at;
    message.set(head, at);
    let rest = sequence;
    for (let place = at + END_AT - 1; place >= at + SEQUENCE_AT; place--) {
      const tenth = Math.trunc(rest / 10);
      message[place] = ZERO + rest - 10 * tenth;
      rest = tenth;
    }
    message[at + END_AT] = isLast ? LAST : MORE;
    return message;
  }

  /** @returns whether it is a message of this run, from its begin to its end as it was written; the fields then say which */
  read(message: Buffer): boolean {
    const at = this.#find(message);
    const fillingAt = at + END_AT + 1;
    const end = fillingAt + this.#filling.length;
    if (at < 0 || message.length < end || this.#filling.compare(message, fillingAt, end) !== 0) return false;
    this.sender = number(message, at + SENDER_AT, WIDE_DIGITS);
    this.firstMicros = number(message, at + FIRST_AT, WIDE_DIGITS);
    this.sequence = number(message, at + SEQUENCE_AT, SEQUENCE_DIGITS);
    this.isLast = message[at + END_AT] === LAST;
    return this.sender >= 0 && this.firstMicros >= 0 && this.sequence >= 0;
  }

  /** Mostly it stands where it was written. */
  #find(message: Buffer): number {
    const mark = this.#mark;
    let same = 0;
    while (same < mark.length && message[this.#at + same] === mark[same]) same++;
    return same === mark.length ? this.#at : message.indexOf(mark);
  }
}

/** Negative when these are no digits. */
function number(message: Buffer, from: number, digits: number): number {
  let value = 0;
  for (let place = from; place < from + digits; place++) {
    const digit = message[place]! - ZERO;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = 10 * value + digit;
  }
  return value;
}
