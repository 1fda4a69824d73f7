import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import {
  DeliveryHistory,
  type SetEvidence,
  SetHistory,
  type SliceContext,
  type Subscription,
  type Vu,
} from '../../support/test.ts';
import type { Grpc } from '../transports/grpc.ts';
import { type GrpcOptions, methodsOf, openGrpc } from './service.ts';

export const kernelService = 'kernel.v1.Kernel';

interface Execution {
  execution_id: string;
  code: string;
  status: string;
}
interface KernelEvent {
  sequence: string;
  type: string;
}
interface KernelStatus {
  state: string;
  executions: string;
}

/** What a history should hold, and what it does; evidence for the oracle `executions`. */
export interface ExecutionsEvidence {
  written: SetEvidence;
  read: SetEvidence;
  /** Names of cells that stood in it more than once; the first of them. */
  repeated: string[];
  /** Cells that stood in it out of their turn, whether it begins with the oldest or the newest; the first of them. */
  misplaced: string[];
}

/** A kernel's stream of events. */
interface Watch {
  /** Cells that had run before it. */
  readonly cellsBefore: number;
  /** Since its first message. */
  subscription: Subscription | undefined;
  /** An event has come. */
  tells: boolean;
}

const MAX_NAMED = 10;
/** How long events may be under way when the load is over. */
const LAST_EVENTS_MS = 5_000;
const LOOK_MS = 50;

/** The kernels of a slice, one a VU, and what they share. */
export class Kernels {
  readonly grpc: Grpc;
  readonly slice: SliceContext;
  readonly methods = methodsOf('kernel.proto', kernelService, ['Execute', 'GetStatus', 'History', 'Watch']);
  readonly events: DeliveryHistory;
  /** Ends the streams that last as long as their kernels. */
  readonly end = new AbortController();

  static async open(slice: SliceContext<GrpcOptions>): Promise<Kernels> {
    return new Kernels(slice, await openGrpc(slice));
  }

  private constructor(slice: SliceContext, grpc: Grpc) {
    this.slice = slice;
    this.grpc = grpc;
    // Each kernel's stream hears it.
    setMaxListeners(0, this.end.signal);
    this.events = new DeliveryHistory(() => slice.elapsedMs());
  }

  /** The kernel of a VU. */
  join(vu: Vu): Kernel {
    return new Kernel(this, vu);
  }

  /** Of the events of all kernels, when each has brought its own evidence. */
  evidence(): object {
    return { 'kernel-events': this.events.evidence() };
  }

  close(): void {
    this.end.abort();
    this.grpc.close();
  }
}

/** The kernel of a VU: the only one who runs cells in it. */
export class Kernel {
  readonly #kernels: Kernels;
  readonly #vu: Vu;
  readonly #id: string;
  readonly #history: SetHistory;
  readonly #reader: SetHistory;
  readonly #repeated: string[] = [];
  readonly #misplaced: string[] = [];
  #acknowledged = 0;
  #isReadWhole = false;
  #watch: Watch | undefined;
  /** The cell under way: one that was given up at the end of the load goes on for a while. */
  #working: Promise<void> = Promise.resolve();

  constructor(kernels: Kernels, vu: Vu) {
    this.#kernels = kernels;
    this.#vu = vu;
    this.#id = `tandem-${vu.slice.runId}-${vu.slice.scenario}-${vu.id}`;
    const now = () => vu.slice.elapsedMs();
    this.#history = new SetHistory({ set: this.#id, by: this.#id, now });
    this.#reader = new SetHistory({ set: this.#id, by: `reader of ${this.#id}`, now });
  }

  /** Runs a cell. */
  execute(): Promise<void> {
    this.#working = this.#execute();
    return this.#working;
  }

  async status(): Promise<void> {
    const { value } = await this.#call<KernelStatus>('GetStatus', { kernel_id: this.#id });
    if (value) this.#vu.check('status: no cell is missing', Number(value.executions) >= this.#acknowledged);
  }

  async history(): Promise<void> {
    let found = 0;
    const { outcome } = await this.#call<Execution>('History', { kernel_id: this.#id }, true, () => {
      found += 1;
    });
    if (outcome === 'ok') this.#vu.check('history: no cell is missing', found >= this.#acknowledged);
  }

  /** The last look: the whole history, and all events. */
  async settle(): Promise<void> {
    await this.#working.catch(() => {});
    let last: string | undefined;
    let direction = 0;
    const { outcome } = await this.#call<Execution>('History', { kernel_id: this.#id }, true, ({ code }) => {
      const name = nameIn(code);
      if (!this.#reader.found(name)) {
        if (this.#repeated.length < MAX_NAMED) this.#repeated.push(name);
        return;
      }
      // Of one without an answer nobody knows when it ran, if at all.
      if (!this.#history.isAcknowledged(name)) return;
      const step = last === undefined ? 0 : Math.sign(placeOf(name) - placeOf(last));
      direction ||= step;
      if (step !== direction && this.#misplaced.length < MAX_NAMED) this.#misplaced.push(name);
      last = name;
    });
    this.#isReadWhole = outcome === 'ok';
    if (this.#watch) await this.#settleWatch(this.#watch);
  }

  /** Of its cells; events that come from now on are no more of interest. */
  evidence(): object {
    this.#watch?.subscription?.end();
    this.#watch = undefined;
    const executions: ExecutionsEvidence = {
      written: this.#history.evidence(false),
      read: this.#reader.evidence(this.#isReadWhole),
      repeated: this.#repeated,
      misplaced: this.#misplaced,
    };
    return { executions };
  }

  async #execute(): Promise<void> {
    this.#listen();
    const name = this.#history.next();
    const request = { kernel_id: this.#id, code: codeOf(name) };
    const answer = await this.#call<{ status: string }>('Execute', request, false);
    if (answer.outcome === 'failed') this.#history.refused(name);
    if (!answer.value) return;
    this.#history.acknowledged(name);
    this.#acknowledged += 1;
    this.#vu.check('execute: the cell ran', answer.value.status === 'ok');
  }

  #call<Response extends object>(
    name: 'Execute' | 'GetStatus' | 'History',
    request: object,
    readOnly = true,
    onMessage?: (message: Response) => void,
  ) {
    const { grpc, methods } = this.#kernels;
    const vu = this.#vu;
    return grpc.call<Response>({ op: name, method: methods[name], request, readOnly, onMessage }).then((answer) => {
      if (answer.outcome !== 'ok') vu.fail(answer.outcome);
      return answer;
    });
  }

  /** Watches the kernel, unless it does: one stream for as long as it lasts. */
  #listen(): void {
    if (this.#watch) return;
    const watch: Watch = { cellsBefore: this.#acknowledged, subscription: undefined, tells: false };
    this.#watch = watch;
    const { grpc, methods, events, end } = this.#kernels;
    void grpc
      .call<KernelEvent>({
        op: 'Watch',
        method: methods.Watch,
        request: { kernel_id: this.#id },
        readOnly: true,
        signal: end.signal,
        deadlineMs: NO_DEADLINE_MS,
        onMessage: ({ sequence, type }) => {
          const isAnswer = type === 'subscribed';
          watch.subscription ??= events.subscribed(this.#vu.id, 'kernel', isAnswer ? Number(sequence) : undefined);
          if (isAnswer) return;
          watch.tells = true;
          watch.subscription.take(Number(sequence));
        },
      })
      .then(({ outcome }) => {
        if (end.signal.aborted) return;
        // That a server ends a long stream is no failure, and of one that breaks its status tells.
        if (outcome === 'ok') this.#vu.check('watch: the stream tells of its kernel before it ends', watch.tells);
        // It broke: what comes from here on is another stream's.
        watch.subscription?.end();
        this.#watch = undefined;
      });
  }

  /** Waits for what is under way, as far as the server tells what that is. */
  async #settleWatch(watch: Watch): Promise<void> {
    const last = await this.#lastSequence();
    if (last === undefined && !watch.subscription) return;
    const deadline = performance.now() + LAST_EVENTS_MS;
    await until(() => watch.subscription !== undefined, deadline);
    // It broke meanwhile.
    if (this.#watch !== watch) return;
    if (last !== undefined) {
      watch.subscription ??= this.#unheard(watch, last);
      watch.subscription.confirm(last);
    }
    await until(() => watch.subscription!.isComplete, deadline);
  }

  /** A stream that said nothing, though another was answered: it lacks what happened since, but for the cell that ran beside its beginning. */
  #unheard({ cellsBefore }: Watch, last: number): Subscription {
    const lacking = Math.max(0, this.#acknowledged - cellsBefore - 1);
    return this.#kernels.events.subscribed(this.#vu.id, 'kernel', Math.max(0, last - lacking));
  }

  /** Number of the kernel's last event; undefined when the server does not tell. */
  async #lastSequence(): Promise<number | undefined> {
    const { grpc, methods } = this.#kernels;
    const enough = new AbortController();
    const timer = setTimeout(() => enough.abort(), LAST_EVENTS_MS);
    let last: number | undefined;
    await grpc.call<KernelEvent>({
      op: 'Watch',
      method: methods.Watch,
      request: { kernel_id: this.#id },
      readOnly: true,
      signal: enough.signal,
      onMessage: ({ sequence, type }) => {
        if (type === 'subscribed') last = Number(sequence);
        enough.abort();
      },
    });
    clearTimeout(timer);
    return last;
  }
}

async function until(isSo: () => boolean, deadline: number): Promise<void> {
  while (!isSo() && performance.now() < deadline) await wait(LOOK_MS);
}

/** Longer than any run. */
const NO_DEADLINE_MS = 15 * 24 * 3_600_000;

/** A cell that says its own name. */
function codeOf(name: string): string {
  return `# ${name}\n1 + 1`;
}

/** What is no such cell, be it cut off, is of nobody's name. */
function nameIn(code: string): string {
  const name = code.split('\n')[0]!.replace(/^# /, '');
  return code.trimEnd() === codeOf(name) ? name : code;
}

function placeOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('-') + 1));
}
