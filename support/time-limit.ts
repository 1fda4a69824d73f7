import timers from 'node:timers/promises';

/** How long what is done once a run may take, in ms. */
export interface RunLimits {
  /** Default 2 min. */
  setupRun?: number;
  /** Default 30 s. */
  teardownRun?: number;
}

export const defaultRunLimits: Required<RunLimits> = { setupRun: 120_000, teardownRun: 30_000 };

/** How long a scenario's own code may take, in ms, outside of its iterations. */
export interface TimeLimits extends RunLimits {
  /** Default 2 min. */
  setup?: number;
  /** Of one VU; default 2 min. All of them must be ready within 3 min of the start of the run. */
  vu?: number;
  /** Of all VUs together; default 1 min. What was not looked at by then stays unknown. */
  settle?: number;
  /** Default 30 s. */
  teardown?: number;
}

export const defaultTimeLimits: Required<TimeLimits> = {
  ...defaultRunLimits,
  setup: 120_000,
  vu: 120_000,
  settle: 60_000,
  teardown: 30_000,
};

/** How long a session of a journey may take, in ms: what hangs in one must not hold its place for the rest of the run. */
export interface SessionLimits extends RunLimits {
  /** Default 10 min. */
  session?: number;
}

export const defaultSessionLimits: Required<SessionLimits> = { ...defaultRunLimits, session: 600_000 };

/** Timers know no longer ones, and would end at once; so is no limit at all. */
const LONGEST_MS = 2 ** 31 - 1;

/** @param refuse hears of the first that is no limit: its field, what it is, and what is allowed */
export function checkLimits(
  limits: object = {},
  refuse: (field: string, value: unknown, allowed: string) => void,
): void {
  for (const [name, limitMs] of Object.entries(limits)) {
    if (limitMs === undefined || (typeof limitMs === 'number' && limitMs > 0)) continue;
    refuse(`timeLimitsMs.${name}`, limitMs, 'a number of ms above 0');
  }
}

/** Something of the user's or of a browser's never came to its end. */
export class TimeIsUp extends Error {
  constructor(what: string, limitMs: number) {
    super(`${what} did not end within ${limitMs / 1_000} s`);
  }
}

/**
 * What `work` gives, if that is in time: whatever hangs is left where it is.
 * @param what names it: `setup of <scenario>`
 * @param signal aborting it ends the wait too, with its reason
 * @throws TimeIsUp
 */
export async function within<T>(what: string, limitMs: number, work: T | Promise<T>, signal?: AbortSignal): Promise<T> {
  // Also what only can be waited for, such as a query that begins then.
  if (typeof (Object(work) as Promise<T>).then !== 'function') return work;
  const waited = Promise.resolve(work);
  const over = new AbortController();
  const either = AbortSignal.any([over.signal, ...(signal ? [signal] : [])]);
  const limit = timers.setTimeout(Math.min(limitMs, LONGEST_MS), undefined, { signal: either }).then(
    () => Promise.reject(new TimeIsUp(what, limitMs)),
    () => Promise.reject(signal?.reason),
  );
  try {
    return await Promise.race([waited, limit]);
  } finally {
    over.abort();
    limit.catch(() => {});
    waited.catch(() => {});
  }
}

/** That what Playwright waited for did not come in its time: an action, a navigation, an assertion that waits, `toPass` and `poll`. */
export function isTimeUp(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { matcherResult } = error as { matcherResult?: { timeout?: number } };
  return (
    error.name === 'TimeoutError' ||
    matcherResult?.timeout !== undefined ||
    /\bTimeout \d+ms exceeded\b/.test(error.message)
  );
}
