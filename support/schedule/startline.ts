import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Interval } from '../measure/recorder.ts';
import { type HungHook, type SliceId, sliceName } from '../measure/slice.ts';
import type { LoadStep } from './model.ts';
import type { Given, SharedPoint } from './rendezvous.ts';

export type { Given, HungHook, LoadStep, SharedPoint, SliceId };

/**
 * The start line: slices live in several processes and must begin at one instant. Each says when it is ready; once
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
  | { type: 'interval'; id: SliceId; interval: Interval; steps: number }
  | ({ type: 'hung' } & HungHook)
  | { type: 'given'; id: SliceId; given: Given }
  | { type: 'leaving'; id: SliceId }
  | { type: 'alive' };

type CoordinatorMessage =
  | { type: 'start'; startAt: number }
  | { type: 'steer'; step: LoadStep }
  | { type: 'end'; phases: number }
  | { type: 'settle' }
  | { type: 'given'; given: Given }
  | { type: 'alone' }
  | { type: 'stop'; reason: string };

/** Where the slices of this machine wait for those of others: gives the instant (monotonic ms) at which all go on. */
export type Meet = (point: 'start' | 'rest', signal: AbortSignal) => Promise<number>;

/** How the machines of a run share what the first slice of a scenario has set up. */
export interface Sharing {
  /** Whether that slice is one of this machine's. */
  scenarios: { scenario: string; isHere: boolean }[];
  /** Waits for the other machines; gives what one of them has brought. */
  meet(point: SharedPoint, signal: AbortSignal, brought?: Given): Promise<Given | undefined>;
}

export interface StartLineEvents {
  ready(count: number): void;
  start(startAt: number): void;
  /** @param steps of a search that the slice has been told of when it was over */
  interval(id: SliceId, interval: Interval, steps: number): void;
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
  /** What the first slice has set up, by scenario. */
  readonly #given = new Map<string, Given>();
  /** Scenarios whose first slice has only that to take down. */
  readonly #leaving = new Set<string>();
  /** Until all other machines have no slice of a scenario any more. */
  readonly #endings = new Map<string, Promise<unknown>>();
  #sharing: Sharing | undefined;
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

  /**
   * Starts the run once `count` slices are ready; stops it when they are not within `timeoutMs`, of what they need of other machines.
   * @param sharing where other machines have slices of the same scenarios
   */
  expect(count: number, timeoutMs: number, sharing?: Sharing): void {
    this.#expected = count;
    this.#sharing = sharing;
    const limit = () => {
      if (this.#meeting || this.stopReason !== undefined) return;
      this.#timer = setTimeout(() => {
        this.stop(`only ${this.#readyIds.size} of ${count} slices were ready within ${timeoutMs / 1000} s`);
      }, timeoutMs);
    };
    const elsewhere = sharing?.scenarios.filter(({ isHere }) => !isHere) ?? [];
    if (elsewhere.length === 0) limit();
    else Promise.all(elsewhere.map(({ scenario }) => this.#fetch(scenario))).then(limit, this.#fail);
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

  /** @param isInterrupted whoever ended the run is waiting */
  async close(isInterrupted = false): Promise<void> {
    clearTimeout(this.#timer);
    // Another machine waits for the word that there is no slice here any more.
    if (!isInterrupted) await Promise.all(this.#endings.values());
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
      if (id) this.#release(id.scenario);
      if (id && this.startAt === undefined) this.stop(`slice ${id.index} of ${id.scenario} ended before the start`);
    });
    if (this.stopReason !== undefined) send(socket, { type: 'stop', reason: this.stopReason });
    readMessages<SliceMessage>(socket, (message) => {
      if (message.type === 'hello') {
        this.#sockets.set(socket, { id: message.id, pid: message.pid, heard: true });
        const given = this.#given.get(message.id.scenario);
        if (given) send(socket, { type: 'given', given });
      }
      const slice = this.#sockets.get(socket);
      if (slice) slice.heard = true;
      if (message.type === 'ready') this.#ready(message.id, socket);
      if (message.type === 'rest') this.#rest(message.id);
      if (message.type === 'interval') this.#events.interval(message.id, message.interval, message.steps);
      if (message.type === 'hung') this.#events.hung(message);
      if (message.type === 'given') this.#bring(message.id.scenario, message.given);
      if (message.type === 'leaving') {
        this.#leaving.add(message.id.scenario);
        this.#release(message.id.scenario);
      }
    });
  }

  readonly #fail = (error: Error): void => this.stop(error.message);

  /** What a slice here has set up is for all of its scenario, on all machines. */
  #bring(scenario: string, given: Given): void {
    this.#give(scenario, given);
    if (!this.#isShared(scenario)) return;
    this.#sharing!.meet(`setup/${scenario}`, this.#stopping.signal, given).catch(this.#fail);
  }

  async #fetch(scenario: string): Promise<void> {
    const given = await this.#sharing!.meet(`setup/${scenario}`, this.#stopping.signal);
    this.#give(scenario, given ?? { secrets: [] });
  }

  #give(scenario: string, given: Given): void {
    this.#given.set(scenario, given);
    for (const [socket] of this.#socketsOf(scenario)) send(socket, { type: 'given', given });
  }

  /** Once no other slice of a scenario is there, on this machine and the others, its first may take down what it has set up. */
  #release(scenario: string): void {
    const here = this.#socketsOf(scenario);
    const isLast = here.every(([, { id }]) => id.index === 0 && this.#leaving.has(scenario));
    if (!isLast) return;
    const release = () => {
      for (const [socket] of here) send(socket, { type: 'alone' });
    };
    if (!this.#isShared(scenario) || this.stopReason !== undefined || this.startAt === undefined) {
      release();
      return;
    }
    let ending = this.#endings.get(scenario);
    if (!ending) {
      // Whoever does not come is not waited for any longer.
      ending = this.#sharing!.meet(`end/${scenario}`, this.#stopping.signal).catch(() => {});
      this.#endings.set(scenario, ending);
    }
    ending.then(release);
  }

  #isShared(scenario: string): boolean {
    return this.#sharing?.scenarios.some((one) => one.scenario === scenario) ?? false;
  }

  #socketsOf(scenario: string) {
    return [...this.#sockets].flatMap(([socket, slice]) =>
      slice?.id.scenario === scenario ? [[socket, slice] as const] : [],
    );
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
      for (const { scenario } of this.#sharing?.scenarios ?? []) this.#release(scenario);
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
  readonly #given = new Word<Given>();
  readonly #alone = new Word<void>();
  #alive: NodeJS.Timeout | undefined;
  /** Of a search, that were heard of so far. */
  #steps = 0;
  /** Told of each step of the load that a search has chosen. */
  onSteer: (step: LoadStep) => void = () => {};
  /** Told when the schedule is over before its time, after so many phases. */
  onEnd: (phases: number) => void = () => {};

  private constructor(socket: Socket, id: SliceId) {
    this.#socket = socket;
    this.#id = id;
    readMessages<CoordinatorMessage>(socket, (message) => {
      if (message.type === 'start') this.#started.resolve(message.startAt);
      if (message.type === 'steer') {
        this.#steps += 1;
        this.onSteer(message.step);
      }
      if (message.type === 'end') this.onEnd(message.phases);
      if (message.type === 'settle') this.#settled.resolve();
      if (message.type === 'given') this.#given.resolve(message.given);
      if (message.type === 'alone') this.#alone.resolve();
      if (message.type === 'stop') this.#stopping.abort(new Error(message.reason));
    });
    this.signal.addEventListener('abort', () => {
      this.#started.reject(this.signal.reason);
      this.#settled.reject(this.signal.reason);
      this.#given.reject(this.signal.reason);
    });
    socket.on('error', () => {});
    // Without its coordinator a slice would load the target for nobody.
    socket.on('close', () => this.#stopping.abort(new Error('the coordinator is gone')));
    this.#send({ type: 'hello', id, pid: process.pid });
    this.#alive = setInterval(() => this.#send({ type: 'alive' }), ALIVE_EVERY_MS).unref();
    socket.once('close', () => {
      this.#fallSilent();
      this.#alone.resolve();
    });
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

  /** Says what this slice, the scenario's first, has set up for all of them. */
  give(given: Given): void {
    this.#send({ type: 'given', id: this.#id, given });
  }

  /** What the scenario's first slice has set up; rejects when the run is stopped before. */
  given(): Promise<Given> {
    return this.#given.heard;
  }

  /** Resolves when this slice is the only one of its scenario that is left, on all machines, as far as they can be waited for. */
  alone(): Promise<void> {
    this.#send({ type: 'leaving', id: this.#id });
    return this.#alone.heard;
  }

  interval(interval: Interval): void {
    this.#send({ type: 'interval', id: this.#id, interval, steps: this.#steps });
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
