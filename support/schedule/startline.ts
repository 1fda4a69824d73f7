import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Interval } from '../measure/recorder.ts';
import type { HungHook, SliceId } from '../measure/slice.ts';
import type { LoadStep } from './model.ts';

export type { HungHook, LoadStep, SliceId };

/**
 * The start line: slices live in processes of their own and must begin at one instant. Each says when it is ready; once
 * all are, the coordinator names the instant. Afterwards the same connection carries what the slices measured, so that a
 * slice that dies takes nothing but its last interval with it, and the word to stop.
 */

/** Workers find the start line by this environment variable. */
export const startLineVariable = 'TANDEM_START_LINE';

/** Between the end of all load and the word to settle: time for what is under way between the target's own parts. */
const QUIET_MS = 500;

/** Between the last slice's readiness and the start: time for the word to arrive everywhere. */
const LEAD_MS = 250;

/** The machine's monotonic clock in ms: the same in all of its processes, whatever happens to the time of day. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** How often a slice shows that it lives. */
const ALIVE_EVERY_MS = 1_000;

export type SliceMessage =
  | { type: 'hello'; id: SliceId; pid: number }
  | { type: 'ready'; id: SliceId }
  | { type: 'rest'; id: SliceId }
  | { type: 'interval'; id: SliceId; interval: Interval }
  | ({ type: 'hung' } & HungHook)
  | { type: 'alive' };

type CoordinatorMessage =
  | { type: 'start'; startAt: number }
  | { type: 'steer'; step: LoadStep }
  | { type: 'end'; phases: number }
  | { type: 'settle' }
  | { type: 'stop'; reason: string };

/** Where the slices of this machine wait for those of others: gives the instant (monotonic ms) at which all go on. */
export type Meet = (point: 'start' | 'rest', signal: AbortSignal) => Promise<number>;

export interface StartLineEvents {
  ready(count: number): void;
  start(startAt: number): void;
  interval(id: SliceId, interval: Interval): void;
  hung(hook: HungHook): void;
}

/** The coordinator's side; lives in the process of the reporter. */
export class StartLine {
  readonly #server: Server;
  readonly #sockets = new Map<Socket, { id: SliceId; pid: number; heard: boolean } | undefined>();
  readonly #events: StartLineEvents;
  readonly #readyIds = new Set<string>();
  /** Slices that load the target: they have started, and are neither at rest nor gone. */
  readonly #loading = new Set<string>();
  readonly #meet: Meet | undefined;
  readonly #stopping = new AbortController();
  #meeting = false;
  #expected = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  /** Monotonic ms; undefined until all slices were ready. */
  startAt: number | undefined;
  /** Why the run was stopped, if it was. */
  stopReason: string | undefined;

  private constructor(events: StartLineEvents, meet: Meet | undefined) {
    this.#events = events;
    this.#meet = meet;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /**
   * Listens; {@link address} is then what workers need.
   * @param meet when the slices are a part of the run only; what it rejects with stops the run
   */
  static async open(events: StartLineEvents, meet?: Meet): Promise<StartLine> {
    const line = new StartLine(events, meet);
    const name = `tandem-${process.pid}-${randomBytes(4).toString('hex')}`;
    const path = process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
    await new Promise<void>((resolve, reject) => {
      line.#server.once('error', reject).listen(path, resolve);
    });
    line.#server.unref();
    return line;
  }

  get address(): string {
    return this.#server.address() as string;
  }

  /** Starts the run once `count` slices are ready; stops it when they are not within `timeoutMs`. */
  expect(count: number, timeoutMs: number): void {
    this.#expected = count;
    this.#timer = setTimeout(() => {
      this.stop(`only ${this.#readyIds.size} of ${count} slices were ready within ${timeoutMs / 1000} s`);
    }, timeoutMs);
    this.#startWhenReady();
  }

  /** Tells every slice, also those that come later, to stop; the first reason stays. */
  stop(reason: string): void {
    if (this.stopReason !== undefined) return;
    this.stopReason = reason;
    clearTimeout(this.#timer);
    this.#stopping.abort(new Error(reason));
    for (const socket of this.#sockets.keys()) send(socket, { type: 'stop', reason });
  }

  /** A search has chosen a step of the load. */
  steer(step: LoadStep): void {
    for (const socket of this.#sockets.keys()) send(socket, { type: 'steer', step });
  }

  /** The schedule is over: the run has had so many of its phases. */
  end(phases: number): void {
    for (const socket of this.#sockets.keys()) send(socket, { type: 'end', phases });
  }

  /** Process ids of the slices that are connected. */
  get pids(): number[] {
    return [...this.#sockets.values()].flatMap((slice) => slice?.pid ?? []);
  }

  /** The slices that are connected, and whether each has said something since this was last asked. */
  takeHeard(): { id: SliceId; pid: number; heard: boolean }[] {
    return [...this.#sockets.values()].flatMap((slice) => {
      if (!slice) return [];
      const shown = { ...slice };
      slice.heard = false;
      return [shown];
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopping.abort(new Error('the run is over'));
    const path = this.#server.listening ? this.address : undefined;
    for (const socket of this.#sockets.keys()) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (path && process.platform !== 'win32') rmSync(path, { force: true });
  }

  #accept(socket: Socket): void {
    this.#sockets.set(socket, undefined);
    socket.on('error', () => {});
    socket.on('close', () => {
      const id = this.#sockets.get(socket)?.id;
      this.#sockets.delete(socket);
      if (id) this.#rest(id);
      if (id && this.startAt === undefined) this.stop(`slice ${id.index} of ${id.scenario} ended before the start`);
    });
    if (this.stopReason !== undefined) send(socket, { type: 'stop', reason: this.stopReason });
    readMessages<SliceMessage>(socket, (message) => {
      if (message.type === 'hello') this.#sockets.set(socket, { id: message.id, pid: message.pid, heard: true });
      const slice = this.#sockets.get(socket);
      if (slice) slice.heard = true;
      if (message.type === 'ready') this.#ready(message.id, socket);
      if (message.type === 'rest') this.#rest(message.id);
      if (message.type === 'interval') this.#events.interval(message.id, message.interval);
      if (message.type === 'hung') this.#events.hung(message);
    });
  }

  #ready(id: SliceId, socket: Socket): void {
    if (this.startAt !== undefined) {
      // A retried test, say: half a schedule would be no measurement.
      send(socket, { type: 'stop', reason: 'the run has already begun' });
      return;
    }
    this.#readyIds.add(sliceName(id));
    this.#events.ready(this.#readyIds.size);
    this.#startWhenReady();
  }

  /** Once no slice loads the target any more, all may look at what has become of their work. */
  #rest(id: SliceId): void {
    if (!this.#loading.delete(sliceName(id)) || this.#loading.size > 0) return;
    this.#together('rest', 0, (at) => {
      this.#timer = setTimeout(
        () => {
          for (const socket of this.#sockets.keys()) send(socket, { type: 'settle' });
        },
        at - monotonicMs() + QUIET_MS,
      );
    });
  }

  #startWhenReady(): void {
    if (this.#readyIds.size < this.#expected || this.#meeting || this.stopReason !== undefined) return;
    this.#meeting = true;
    clearTimeout(this.#timer);
    this.#together('start', LEAD_MS, (startAt) => {
      this.startAt = startAt;
      for (const name of this.#readyIds) this.#loading.add(name);
      for (const socket of this.#sockets.keys()) send(socket, { type: 'start', startAt });
      this.#events.start(startAt);
    });
  }

  /** Goes on at an instant that is the same on all machines of the run; on this one alone `leadMs` from now. */
  #together(point: 'start' | 'rest', leadMs: number, goOn: (at: number) => void): void {
    if (!this.#meet) {
      goOn(monotonicMs() + leadMs);
      return;
    }
    this.#meet(point, this.#stopping.signal).then(
      (at) => {
        if (this.stopReason === undefined) goOn(at);
      },
      (error: Error) => this.stop(error.message),
    );
  }
}

/** Something that the coordinator will say once, or never. */
class Word<T> {
  resolve!: (value: T) => void;
  reject!: (reason: unknown) => void;
  readonly heard = new Promise<T>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });

  constructor() {
    // A slice that is stopped while nobody waits for the word has no error to handle.
    this.heard.catch(() => {});
  }
}

/** A slice's side. */
export class StartLineRunner {
  readonly #socket: Socket;
  readonly #id: SliceId;
  readonly #stopping = new AbortController();
  readonly #started = new Word<number>();
  readonly #settled = new Word<void>();
  #alive: NodeJS.Timeout | undefined;
  /** Told of each step of the load that a search has chosen. */
  onSteer: (step: LoadStep) => void = () => {};
  /** Told when the schedule is over before its time, after so many phases. */
  onEnd: (phases: number) => void = () => {};

  private constructor(socket: Socket, id: SliceId) {
    this.#socket = socket;
    this.#id = id;
    readMessages<CoordinatorMessage>(socket, (message) => {
      if (message.type === 'start') this.#started.resolve(message.startAt);
      if (message.type === 'steer') this.onSteer(message.step);
      if (message.type === 'end') this.onEnd(message.phases);
      if (message.type === 'settle') this.#settled.resolve();
      if (message.type === 'stop') this.#stopping.abort(new Error(message.reason));
    });
    this.signal.addEventListener('abort', () => {
      this.#started.reject(this.signal.reason);
      this.#settled.reject(this.signal.reason);
    });
    socket.on('error', () => {});
    // Without its coordinator a slice would load the target for nobody.
    socket.on('close', () => this.#stopping.abort(new Error('the coordinator is gone')));
    this.#send({ type: 'hello', id, pid: process.pid });
    this.#alive = setInterval(() => this.#send({ type: 'alive' }), ALIVE_EVERY_MS).unref();
    socket.once('close', () => this.#fallSilent());
  }

  /** Rejects when nobody listens at `address`. */
  static async connect(address: string, id: SliceId): Promise<StartLineRunner> {
    const socket = connect(address);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
    return new StartLineRunner(socket, id);
  }

  /** Aborted, with the reason, when the run is to stop. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Says that this slice is ready; resolves with the start instant (monotonic ms), rejects when the run is stopped before. */
  async ready(): Promise<number> {
    this.#send({ type: 'ready', id: this.#id });
    return this.#started.heard;
  }

  /** Says that this slice no longer loads the target; resolves when none does, rejects when the run is stopped before. */
  async rest(): Promise<void> {
    this.#send({ type: 'rest', id: this.#id });
    return this.#settled.heard;
  }

  interval(interval: Interval): void {
    this.#send({ type: 'interval', id: this.#id, interval });
  }

  /** Says that a hook was left where it hung. */
  hung(hook: HungHook['hook'], limitMs: number): void {
    this.#send({ type: 'hung', id: this.#id, hook, limitMs });
  }

  #fallSilent(): void {
    if (this.#alive) clearInterval(this.#alive);
    this.#alive = undefined;
  }

  async end(): Promise<void> {
    this.#fallSilent();
    await new Promise<void>((resolve) => this.#socket.end(resolve));
  }

  #send(message: SliceMessage): void {
    if (!this.#socket.destroyed) send(this.#socket, message);
  }
}

/** Of a slice, in its run. */
export function sliceName({ scenario, index }: SliceId): string {
  return `${scenario}#${index}`;
}

function send(socket: Socket, message: SliceMessage | CoordinatorMessage): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

function readMessages<T>(socket: Socket, receive: (message: T) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) receive(JSON.parse(line) as T);
  });
}
