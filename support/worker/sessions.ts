import type { BrowserSession } from '../browser.ts';
import type { Evidence } from '../measure/evidence.ts';
import type { Failure } from '../measure/failures.ts';
import { random } from '../schedule/random.ts';
import type { Work } from '../schedule/scenario.ts';
import type { JourneyDefinition } from './journey.ts';
import { atOnce } from './load.ts';
import { type JourneySlice, type Person, Session } from './session.ts';
import { accountOf } from './user.ts';

/** One session in so many is traced, and none of its times count: tracing is not free. */
const TRACE_EVERY = 10;
/** After a failure this many sessions are traced, since what fails once tends to fail again. */
const TRACE_AFTER_FAILURE = 2;
/** A target that fails every session would otherwise fill the disk with the same picture. */
const MAX_FAILED_SESSIONS_KEPT = 3;

interface Slot extends Person {
  /** The session it is in. */
  session?: Session;
}

/** The work of a journey's slice: each iteration is a session. */
export function journeyWork(definition: JourneyDefinition, context: JourneySlice): Work<Slot> {
  const sessions = new Sessions(definition, context);
  return {
    operations: [''],
    operationOf: () => 0,
    createVu: (id) => sessions.slot(id),
    run: (slot, _operation, iteration) => sessions.visit(slot, iteration.index),
    cutOff: ({ session }) => session?.cutOff(),
    evidence: () => sessions.evidence,
  };
}

/** Those of a slice: which of them are traced, and what is kept of those that fail. */
class Sessions {
  /** What they have handed in so far. */
  readonly #evidence = new Map<string, unknown[]>();
  readonly #definition: JourneyDefinition;
  readonly #context: JourneySlice;
  #count = 0;
  #traceNext = 0;
  #kept = 0;

  constructor(definition: JourneyDefinition, context: JourneySlice) {
    this.#definition = definition;
    this.#context = context;
  }

  get evidence(): Evidence {
    return Object.fromEntries(this.#evidence);
  }

  slot(id: number): Slot {
    const { slice, seed } = this.#context;
    const user = { ...accountOf(slice.runId, slice.scenario, id), sessions: 0 };
    return { id, random: random(seed, slice.scenario, 'user', id), user };
  }

  /** `ok` when the journey went through. */
  visit(slot: Slot, index: number): Promise<'ok' | 'failed' | 'stopped'> {
    const session = new Session(this.#definition, this.#context, slot, {
      isTraced: this.#isTraced(),
      handIn: (oracle, piece) => this.#handIn(oracle, piece),
      keepFiles: (page) => this.#keepFiles(page, index),
    });
    slot.session = session;
    return session.run();
  }

  #isTraced(): boolean {
    // A trace that would not be kept would only take times away.
    const isKept = this.#kept < MAX_FAILED_SESSIONS_KEPT;
    const isTraced = isKept && (this.#traceNext > 0 || this.#count % TRACE_EVERY === TRACE_EVERY - 1);
    if (this.#traceNext > 0) this.#traceNext -= 1;
    this.#count += 1;
    return isTraced;
  }

  #handIn(oracle: string, piece: unknown): void {
    const pieces = this.#evidence.get(oracle) ?? [];
    this.#evidence.set(oracle, pieces);
    pieces.push(atOnce(piece, `evidence of ${this.#context.slice.scenario} for ${oracle}`));
  }

  /** Of one that has failed. @returns the names of the files */
  async #keepFiles(page: BrowserSession, index: number): Promise<Pick<Failure, 'screenshot' | 'trace'>> {
    this.#traceNext = TRACE_AFTER_FAILURE;
    if (this.#kept >= MAX_FAILED_SESSIONS_KEPT) return {};
    this.#kept += 1;
    const { slice, keep } = this.#context;
    const name = `${slice.scenario}-session-${index}`;
    const { screenshot, trace } = await page.evidence();
    if (screenshot) await keep(`${name}.png`, screenshot, 'image/png');
    if (trace) await keep(`${name}-trace.zip`, trace, 'application/zip');
    return {
      ...(screenshot ? { screenshot: `${name}.png` } : {}),
      ...(trace ? { trace: `${name}-trace.zip` } : {}),
    };
  }
}
