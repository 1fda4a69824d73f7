import type { LossListener, Subscription, Vu } from '../../support/test.ts';
import { type Holdup, Socket, type SocketOptions } from '../transports/socket.ts';
import type { MessageAccess } from './access.ts';
import type { Pace } from './pace.ts';

/** Between a connection that could not be made, or broke, and the next attempt. */
const RETRY_MS = 1_000;
/** A client is to be visited so often in the time that what is missing has to come. */
export const LOOKS_A_TIMEOUT = 4;
/** From its opening on: servers take a moment until a connection hears what is sent to all, and clocks of two machines differ. */
const JOINING_MS = 1_000;
/** A VU's number has room below this. */
const VU_IDS = 2 ** 24;

/**
 * What a connection is at. `ending`: nothing is due any more, and what was sent may still come. `resting`: it could not be made, or
 * broke, and the iteration waits so that the next one is no onslaught.
 */
type Phase = 'idle' | 'connecting' | 'open' | 'ending' | 'closing' | 'resting';

/** Who else is heard, in fan-out. */
class Publisher implements LossListener {
  readonly subscription: Subscription;
  readonly #access: MessageAccess;
  /** When its first message was due, by our clock. */
  readonly #firstAt: number;
  /** It has said what its last message is. */
  #isConfirmed = false;

  /**
   * Of the message that was read last.
   * @param promisedFrom what is sent from then on is promised: it is missing when a later one is the first that comes
   */
  constructor(access: MessageAccess, vuId: number, promisedFrom: number, now: number) {
    const { sequence, firstMicros, isLast } = access.form;
    this.#access = access;
    this.#firstAt = firstMicros / 1_000 - performance.timeOrigin;
    // What comes before it was due is from a machine whose clock is ahead.
    const aheadMs = Math.max(0, this.dueAt(sequence) - now);
    const promised = Math.max(0, Math.ceil((promisedFrom + aheadMs - this.#firstAt) / access.periodMs));
    const first = Math.min(isLast ? sequence + 1 : sequence, promised);
    this.subscription = access.history.subscribed(vuId, 'fan-out', first - 1, this);
  }

  get isComplete(): boolean {
    return this.#isConfirmed && this.subscription.isComplete;
  }

  /** It says what its last message was. */
  confirm(sequence: number): void {
    if (!this.#isConfirmed) this.subscription.confirm(sequence);
    this.#isConfirmed = true;
  }

  dueAt(sequence: number): number {
    return this.#firstAt + sequence * this.#access.periodMs;
  }

  lost(first: number, last: number): void {
    const now = performance.now();
    this.#access.lost(last - first + 1);
    for (let sequence = first; sequence <= last; sequence++) this.#access.missed(this.dueAt(sequence), now);
  }
}

/**
 * A VU's connection: one life of it after the other. Message n is due a period after the one before, whatever becomes of that: what
 * cannot be sent at its time waits, and its wait counts. Somebody has to tell it what is `due`, and to `visit` it now and then.
 */
export class MessageClient implements SocketOptions, LossListener {
  readonly #access: MessageAccess;
  readonly #vu: Vu;
  readonly #pace: Pace<MessageClient>;
  #phase: Phase = 'idle';
  #socket: Socket | undefined;
  #done: (() => void) | undefined;
  #leavePace: (() => void) | undefined;
  #lives = 0;
  /** What others send from then on it has to hear. */
  #promisedFrom = 0;
  /** When its life, or its rest, comes to its end. */
  #until = 0;
  /** In `ending`: when something came or left last, and how often somebody has looked since: a process that stood still hears late. */
  #heardAt = 0;
  #quietLooks = 0;
  /** Of the first message; further ones follow from it. */
  #firstAt = 0;
  #head: Buffer | undefined;
  /** Messages so far that were due, and of these those that were sent. */
  #due = 0;
  #sent = 0;
  #heldSince: number | undefined;
  #heldBy: Holdup = 'target';
  #sentAt = 0;
  /** It is told when the target has read. */
  #drains = false;
  /** All that was due was sent, and nothing will be due. */
  #saidAll = false;
  /** In echo: of its own messages. */
  #echoes: Subscription | undefined;
  readonly #publishers = new Map<number, Publisher>();
  /** In fan-out: a message has come. */
  #hears = false;

  constructor(access: MessageAccess, vu: Vu, pace: Pace<MessageClient>) {
    this.#access = access;
    this.#vu = vu;
    this.#pace = pace;
  }

  get messages(): 'text' | 'binary' {
    return this.#access.options.frames;
  }

  get connectTimeoutMs(): number {
    return this.#access.options.timeoutMs;
  }

  get subprotocols(): readonly string[] {
    return this.#access.options.subprotocols;
  }

  get compress(): boolean {
    return this.#access.options.compress;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#access.headers;
  }

  get localAddress(): string | undefined {
    const { localAddresses } = this.#access.options;
    return localAddresses[this.#vu.id % localAddresses.length];
  }

  get unsentBytes(): number {
    return this.#socket?.unsentBytes ?? 0;
  }

  /** Connects, and resolves when the connection has had its life, or was lost. */
  live(): Promise<void> {
    const { slice, url } = this.#access;
    if (slice.isOver()) return Promise.resolve();
    this.#phase = 'connecting';
    return new Promise((resolve) => {
      this.#done = resolve;
      void Socket.open(slice, url, this).then((opened) => {
        if (!opened) this.#rest();
      });
    });
  }

  onOpen(socket: Socket): void {
    const { lifeMs, mode, publishers, timeoutMs } = this.#access.options;
    const now = performance.now();
    this.#access.opened(this);
    this.#socket = socket;
    this.#phase = 'open';
    this.#lives += 1;
    this.#promisedFrom = now + Math.min(JOINING_MS, timeoutMs);
    this.#until = lifeMs ? now + this.#vu.random.int(lifeMs[0], lifeMs[1]) : Number.POSITIVE_INFINITY;
    if (mode === 'echo') this.#echoes = this.#access.history.subscribed(this.#vu.id, 'echo', -1, this);
    if (mode === 'echo' || this.#vu.id < publishers) this.#leavePace = this.#pace.join(this);
  }

  /** The next message is due. */
  due(dueAt: number): void {
    if (this.#due === 0) {
      this.#firstAt = dueAt;
      this.#head = this.#access.form.head(this.#sender, Math.round(1_000 * (performance.timeOrigin + dueAt)));
    }
    this.#due += 1;
    this.#send();
  }

  /** Does what else has to be done. */
  visit(): void {
    const now = performance.now();
    const { slice, options } = this.#access;
    if (this.#phase === 'resting') {
      if (now >= this.#until || slice.isOver()) this.#finish();
      return;
    }
    if (this.#phase !== 'open' && this.#phase !== 'ending') return;
    if (slice.signal.aborted) {
      this.#close();
      return;
    }
    this.#send();
    if (this.#heldSince !== undefined && now - Math.max(this.#heldSince, this.#sentAt) >= options.timeoutMs) {
      const isTarget = this.#heldBy === 'target';
      this.#socket!.fail(isTarget ? 'the target does not read' : 'generator: compressing does not keep up');
    } else if (this.#phase === 'open') {
      if (now >= this.#until || slice.isOver()) this.#end(now);
    } else {
      this.#quietLooks += 1;
      const isQuiet = now - Math.max(this.#heardAt, this.#sentAt) >= options.timeoutMs;
      if (isQuiet && this.#quietLooks >= LOOKS_A_TIMEOUT) this.#close();
    }
  }

  onMessage(message: Buffer): void {
    const now = performance.now();
    const { form, options } = this.#access;
    if (!form.read(message)) this.#access.other();
    else if (options.mode === 'echo') this.#echoed(now);
    else this.#heard(now);
    if (this.#phase !== 'ending') return;
    this.#heardAt = now;
    this.#quietLooks = 0;
    if (this.#isComplete) this.#close();
  }

  onEnd(): void {
    this.#leavePace?.();
    this.#access.closed(this);
    if (this.#phase === 'closing') {
      this.#finish();
      return;
    }
    this.#settle();
    this.#rest();
  }

  /** Of its own messages, in echo. */
  lost(first: number, last: number): void {
    this.#access.lost(last - first + 1);
    this.#miss(first, last);
  }

  cutOff(): void {
    if (this.#phase === 'open' || this.#phase === 'ending') this.#settle();
    this.#phase = 'closing';
  }

  get #sender(): number {
    return this.#lives * VU_IDS + this.#vu.id;
  }

  #dueAt(sequence: number): number {
    return this.#firstAt + sequence * this.#access.periodMs;
  }

  /** Sends what is due, unless what was sent before has not left. */
  #send(): void {
    const access = this.#access;
    const socket = this.#socket!;
    while (this.#sent < this.#due) {
      if (!socket.isOpen) return;
      const heldBy = socket.heldUpBy;
      const now = performance.now();
      if (heldBy !== undefined) {
        this.#hold(now, heldBy);
        return;
      }
      access.sends(this.#dueAt(this.#sent), now, this.#heldSince, this.#heldBy);
      socket.send(this.#write(this.#sent));
      this.#sent += 1;
      this.#sentAt = now;
    }
    this.#heldSince = undefined;
    if (this.#phase === 'ending' && !this.#saidAll) this.#sayAll();
  }

  #write(sequence: number, isLast = false): Buffer {
    const { form, options } = this.#access;
    const message = form.write(this.#head!, sequence, isLast);
    // A compressor has it for longer than until the next one is written.
    return options.compress ? Buffer.from(message) : message;
  }

  #hold(now: number, by: Holdup): void {
    if (by === 'target' && !this.#drains) {
      this.#drains = true;
      this.#socket!.onDrain(() => {
        this.#drains = false;
        if (this.#phase === 'open' || this.#phase === 'ending') this.#send();
      });
    }
    this.#heldSince ??= now;
    this.#heldBy = by;
  }

  #echoed(now: number): void {
    const { form } = this.#access;
    const { sequence } = form;
    if (form.sender !== this.#sender || sequence >= this.#sent) {
      this.#access.other();
      return;
    }
    this.#access.arrived(this.#echoes!.take(sequence), this.#dueAt(sequence), now);
  }

  #heard(now: number): void {
    const { sender, sequence, isLast } = this.#access.form;
    let publisher = this.#publishers.get(sender);
    if (publisher === undefined) {
      publisher = new Publisher(this.#access, this.#vu.id, this.#promisedFrom, now);
      this.#publishers.set(sender, publisher);
    }
    if (isLast) {
      publisher.confirm(sequence);
      return;
    }
    this.#hears = true;
    this.#access.arrived(publisher.subscription.take(sequence), publisher.dueAt(sequence), now);
  }

  /** Nothing is due any more; what was due by then is. */
  #end(now: number): void {
    this.#phase = 'ending';
    this.#heardAt = now;
    this.#quietLooks = 0;
    this.#leavePace?.();
    if (this.#due > 0) {
      const endsAt = Math.min(now, this.#access.endsAt(), this.#until);
      this.#due = Math.max(this.#due, Math.ceil((endsAt - this.#firstAt) / this.#access.periodMs - 0.001));
    }
    this.#send();
  }

  #sayAll(): void {
    this.#saidAll = true;
    const { mode } = this.#access.options;
    if (mode === 'fan-out' && this.#sent > 0) this.#socket!.send(this.#write(this.#sent - 1, true));
    if (this.#isComplete) this.#close();
  }

  /** Nothing more will come that was promised. In fan-out the others say so, at the end of the schedule, when all of them are there. */
  get #isComplete(): boolean {
    if (!this.#saidAll) return false;
    if (this.#echoes) return this.#echoes.isComplete && this.#echoes.next === this.#sent;
    if (!this.#access.slice.isOver()) return true;
    const publishers = [...this.#publishers.values()];
    return publishers.length > 0 && publishers.every((one) => one.isComplete);
  }

  #close(): void {
    this.#phase = 'closing';
    this.#settle();
    void this.#socket!.close();
  }

  /**
   * What has not come by now has failed. It is lost when a later one has come, or it had its time: not when the connection breaks, or
   * measuring ends. Of a run that was stopped nobody knows.
   */
  #settle(): void {
    const access = this.#access;
    const { slice, options, periodMs } = access;
    this.#leavePace?.();
    if (slice.signal.aborted) return;
    const now = performance.now();
    if (this.#echoes) {
      const hadTime = this.#saidAll && this.#phase === 'closing';
      if (hadTime) this.#echoes.confirm(this.#sent - 1);
      this.#echoes.end();
      if (!hadTime) this.#miss(this.#echoes.next, this.#sent - 1);
      this.#miss(this.#sent, this.#due - 1);
      return;
    }
    for (const { subscription } of this.#publishers.values()) subscription.end();
    const epoch = (at: number) => Math.round(performance.timeOrigin + at);
    const own = { sender: this.#sender, vuId: this.#vu.id };
    if (!this.#hears) {
      access.heardNothing({ ...own, from: epoch(this.#promisedFrom), until: epoch(now - options.timeoutMs) });
    }
    if (this.#sent === 0) return;
    const until = epoch(this.#dueAt(this.#sent - 1));
    access.hasPublished({ ...own, from: epoch(this.#firstAt), until, periodMs });
  }

  #miss(first: number, last: number): void {
    const now = performance.now();
    for (let sequence = first; sequence <= last; sequence++) this.#access.missed(this.#dueAt(sequence), now);
  }

  /** It could not be made, or ended too early; what it is called among the errors the socket has said. */
  #rest(): void {
    this.#vu.fail();
    this.#phase = 'resting';
    this.#until = performance.now() + RETRY_MS;
  }

  #finish(): void {
    this.#phase = 'idle';
    this.#socket = undefined;
    this.#leavePace = undefined;
    this.#head = undefined;
    this.#due = 0;
    this.#sent = 0;
    this.#heldSince = undefined;
    this.#drains = false;
    this.#saidAll = false;
    this.#echoes = undefined;
    this.#hears = false;
    this.#publishers.clear();
    this.#done?.();
  }
}
