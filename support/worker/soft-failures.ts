import { AsyncLocalStorage } from 'node:async_hooks';

/** What stands in Playwright's list of a test's errors. */
interface TestError {
  message?: string;
  stack?: string;
  value?: string;
}

/** Of Playwright's `TestInfo` what tells that a test failed without that anything was thrown. */
export interface FailingTest {
  errors: TestError[];
  status?: string;
  expectedStatus: string;
}

/** What an iteration has asked for: how many requests it has begun, and how many of these have ended. */
export interface Requests {
  begun: number;
  ended: number;
}

/** Of an iteration that ended before any of its requests did. */
export class NotAwaited extends Error {
  override name = 'not awaited';
}

interface Ear {
  hear(error: unknown): void;
  /** The work in words. */
  what(): string;
  dueAt: number | undefined;
  requests: Requests | undefined;
  isOver: boolean;
  /** What fails in it when all is over is ignored: see {@link asHandlers}. */
  isOfHandlers?: true;
}

const ears = new AsyncLocalStorage<Ear | undefined>();

/** Under the symbol of this name whoever looks into a process that is blocked finds what says which work it is in. */
export const workUnderWay = 'tandem.workUnderWay';
Object.assign(globalThis, { [Symbol.for(workUnderWay)]: () => ears.getStore()?.what() });

/** When the iteration was due that the code that asks is part of, on the clock of `performance.now()`; undefined outside of one. */
export function workDueAt(): number | undefined {
  const ear = ears.getStore();
  return ear?.isOver ? undefined : ear?.dueAt;
}

/**
 * Of the iteration that the code which asks is part of; undefined outside of one. A client of one's own adds to `begun` and, however it
 * ends, to `ended`: an iteration that ends with some begun and none ended did not await them, and has failed.
 */
export function ownRequests(): Requests | undefined {
  const ear = ears.getStore();
  return ear?.isOver ? undefined : ear?.requests;
}

/**
 * Does work; each `expect.soft` that fails in it is told to `hear`, as an error that was not thrown, and so is what nobody awaits.
 * @param what the work is called while it lasts: `operation get`
 * @param dueAt of an iteration, for {@link workDueAt}: where none of its requests has ended when it does, they were not awaited, and its
 *   time is none
 */
export async function hearingSoftFailures<T>(
  hear: Ear['hear'],
  what: Ear['what'],
  work: () => Promise<T>,
  dueAt?: number,
): Promise<T> {
  const requests = dueAt === undefined ? undefined : { begun: 0, ended: 0 };
  const ear = { hear, what, dueAt, requests, isOver: false };
  try {
    const done = await ears.run(ear, work);
    if (requests && requests.begun > 0 && requests.ended === 0)
      hear(new NotAwaited(`${what()} ended before any of its requests did`));
    return done;
  } finally {
    ear.isOver = true;
  }
}

/**
 * What is begun in `adopt` is that of handlers, whenever they are called: they are part of the work that this is called in. Once that is
 * over they hear of its end too, or ask a page that is gone, as who reads each answer of a page that goes on asking; that is nobody's failure.
 */
export function asHandlers(adopt: () => void): void {
  const ear = ears.getStore();
  // Whether that is over, they know as the work does.
  const own: Ear | undefined = ear && Object.create(ear, { isOfHandlers: { value: true } });
  ears.run(own, adopt);
}

/**
 * Playwright fails the whole test for an `expect.soft`: here that is a slice of the load, of which one session or iteration
 * failed. What is told to nobody, as its work is over, still fails the test.
 */
export function divertSoftFailures(test: FailingTest): void {
  const { errors } = test;
  const push = (...added: TestError[]): number => {
    const ear = ears.getStore();
    // After an unhandled rejection Playwright ends the worker, whoever's it was.
    const isLost = (test as { _hasUnhandledError?: boolean })._hasUnhandledError;
    const isHeard = ear && !isLost && (!ear.isOver || ear.isOfHandlers);
    if (!isHeard) return Array.prototype.push.apply(errors, added);
    if (errors.length === 0 && test.status === 'failed') test.status = test.expectedStatus;
    if (!ear.isOver) for (const error of added) ear.hear(errorOf(error));
    return errors.length;
  };
  Object.defineProperty(errors, 'push', { value: push });
}

/** What a session may leave to itself when it ends: waiting for what did not come, a request that was on its way. */
const left = /\.waitFor\w+: |while running route callback/;

let areDiverted = false;

/**
 * Playwright ends the worker for what fails and is not awaited, or not yet: `const answer = page.waitForResponse(…)`, and then a click
 * that waits too. Here that is a slice of the load, of which one session or iteration failed. What else nobody hears of still ends the
 * worker: something that was to be done, and was not.
 */
export function divertRejections(): void {
  if (areDiverted) return;
  areDiverted = true;
  const theirs = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (reason, promise) => {
    const ear = ears.getStore();
    if (ear && !ear.isOver) return ear.hear(reason);
    if (ear?.isOfHandlers || (ear && reason instanceof Error && left.test(reason.message))) return;
    for (const listener of theirs) listener(reason, promise);
  });
  // Node would warn of what is awaited later.
  process.on('rejectionHandled', () => {});
}

/** Playwright puts an error's name before its message. */
function errorOf({ message, stack, value }: TestError): Error {
  return Object.assign(new Error((message ?? value ?? 'no message').replace(/^Error: /, '')), { stack });
}
