/** What a spec says by `test` while one of its tests is walked as a session. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { errors } from '@playwright/test';
import type { BrowserContext } from '../../browser.ts';
import { TimeIsUp, within } from '../../time-limit.ts';
import type { Visit } from '../journey.ts';

type Step = (title: string, body: (info: object) => unknown, options?: { timeout?: number }) => Promise<unknown>;

/** What of `test` is said while a test runs. */
type Words = Record<Interruption | 'slow' | 'setTimeout', (...said: unknown[]) => unknown> & {
  step: Step & { skip: Step };
  info(): object;
};

/** By these a test says that it is not to be run to its end, or that it fails. */
const interruptions = ['skip', 'fixme', 'fail', 'abort'] as const;
type Interruption = (typeof interruptions)[number];

export function isInterruption(word: string): word is Interruption {
  return (interruptions as readonly string[]).includes(word);
}

export interface CurrentSession {
  visit: Visit;
  info: object;
  title: string;
  /** Those that were opened in it besides its own. */
  contexts: BrowserContext[];
}

export const inSession = new AsyncLocalStorage<CurrentSession>();

const speaking = new WeakSet<object>();

/**
 * What a spec says by `test` in a session is about the session, and not about the slice, which is what Playwright runs: a step is
 * a measured one, and nobody skips the slice or limits its time.
 */
export function speakInSessions(test: object): void {
  if (speaking.has(test)) return;
  speaking.add(test);
  const words = test as Words;
  const { step, info, slow, setTimeout } = words;
  const measured: Step = (title, body, options) => {
    const session = inSession.getStore();
    return session ? stepOf(session.visit, title, body, options) : step(title, body, options);
  };
  const skipped: Step = async (...said) => (inSession.getStore() ? undefined : step.skip(...said));
  words.step = Object.assign(measured, { skip: skipped });
  words.info = () => inSession.getStore()?.info ?? info();
  words.slow = (...said) => (inSession.getStore() ? undefined : slow(...said));
  words.setTimeout = (...said) => (inSession.getStore() ? undefined : setTimeout(...said));
  for (const word of interruptions) {
    const theirs = words[word];
    const ours = (...said: unknown[]) => {
      const session = inSession.getStore();
      return session ? interrupt(session.title, word, said) : theirs(...said);
    };
    words[word] = Object.assign(ours, theirs);
  }
}

/** A step that says of itself that it is not to be done: it is not measured, and the test goes on. */
class StepSkipped extends Error {}

async function stepOf({ step }: Visit, ...[title, body, { timeout } = {}]: Parameters<Step>): Promise<unknown> {
  const info = {
    skip(...said: unknown[]) {
      if (said.length === 0 || said[0]) throw new StepSkipped();
    },
    attach: async () => {},
  };
  const limited = async () => {
    const work = (async () => body(info))();
    if (!timeout) return work;
    return within('a step', timeout, work).catch((error) => {
      throw error instanceof TimeIsUp ? new errors.TimeoutError(`Step timeout of ${timeout}ms exceeded.`) : error;
    });
  };
  try {
    return await step(title, limited);
  } catch (error) {
    if (!(error instanceof StepSkipped)) throw error;
  }
}

/** A session that was not walked to its end is none that succeeded. */
export function interrupt(title: string, word: Interruption, [first, second]: unknown[]): void {
  if (first !== undefined && !first) return;
  const why = typeof first === 'string' ? first : second;
  throw new Error(`test "${title}" called test.${word}()${why === undefined ? '' : `: ${why}`}`);
}
