import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { type Browser, type BrowserContextOptions, closeContext, contextOptions, newContext } from '../browser.ts';
import { parseJson } from '../input/json.ts';
import { textOf } from '../measure/failures.ts';
import type { Target } from '../target.ts';
import { TimeIsUp, within } from '../time-limit.ts';

/** Of a browser context what does not say how the target is reached: that are the settings of the target. */
export type JourneyUse = Omit<
  BrowserContextOptions,
  | 'baseURL'
  | 'clientCertificates'
  | 'httpCredentials'
  | 'ignoreHTTPSErrors'
  | 'logger'
  | 'proxy'
  | 'recordHar'
  | 'recordVideo'
>;

/** What Playwright's `test.use` may say of them too. */
export const contextOptionNames = [
  ...[
    'acceptDownloads',
    'bypassCSP',
    'colorScheme',
    'contrast',
    'deviceScaleFactor',
    'extraHTTPHeaders',
    'forcedColors',
    'geolocation',
    'hasTouch',
  ],
  ...[
    'isMobile',
    'javaScriptEnabled',
    'locale',
    'offline',
    'permissions',
    'reducedMotion',
    'screen',
    'serviceWorkers',
    'storageState',
    'strictSelectors',
    'timezoneId',
  ],
  ...['userAgent', 'viewport'],
] as const satisfies (keyof JourneyUse)[];

/** A browser opens a context in much less; whether it takes what is said is not worth a longer wait. */
const TRY_MS = 10_000;

/**
 * What a journey says of its sessions' context, with the path of its `storageState` from the project's folder.
 * @throws one sentence when it says nothing of the kind
 */
export function sessionUse(root: string, use: unknown): JourneyUse {
  if (typeof use !== 'object' || use === null || use instanceof Promise)
    throw new Error(
      `use gave ${use instanceof Promise ? 'a Promise' : textOf(() => use)}; allowed is an object, at once: what takes time is done by setupRun, whose data it gets.`,
    );
  const { storageState, ...rest } = use as JourneyUse;
  if (typeof storageState !== 'string') return { ...rest, storageState };
  return { ...rest, storageState: resolve(root, storageState) };
}

/**
 * What is wrong with it is found before the start, where it is the same for everybody.
 * @throws one sentence
 */
export async function checkUse(root: string, use: unknown, browser: Browser, target: Target): Promise<void> {
  const said = sessionUse(root, use);
  if (typeof said.storageState === 'string') checkState(said.storageState, Date.now());
  try {
    const context = await newContext(browser, { ...contextOptions(target), ...said }, TRY_MS);
    await within('trying what a journey uses', TRY_MS, context.newPage()).finally(() => closeContext(context));
  } catch (error) {
    if (error instanceof TimeIsUp) return;
    const [message] = textOf(() => (error as Error).message).split('\nCall log:');
    throw new Error(`use is refused by the browser: ${message!.replace(/^[\w.]+: /, '').replace(/\s+/g, ' ')}`, {
      cause: error,
    });
  }
}

/**
 * @param now ms since 1970; default: whatever may have expired since the start
 * @throws one sentence when nobody is signed in by the file
 */
export function checkState(file: string, now = 0): void {
  const name = `storageState ${relative(process.cwd(), file)}`;
  const allowed =
    'allowed is a file that Playwright’s context.storageState({ path }) wrote, as a setup project of your tests does.';
  let state: unknown;
  try {
    state = parseJson(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === undefined ? `is no JSON: ${message}` : `cannot be read (${code})`;
    const what = code === 'ENOENT' ? 'is not there' : code === 'EISDIR' ? 'is a folder' : why;
    throw new Error(`${name} ${what}; ${allowed}`);
  }
  const { cookies, origins = [] } = (state ?? {}) as { cookies?: { expires?: number }[]; origins?: unknown[] };
  if (!Array.isArray(cookies) || !Array.isArray(origins))
    throw new Error(`${name} has no cookies and origins; ${allowed}`);
  const ends = cookies.map(({ expires = -1 }) => (expires < 0 ? Number.POSITIVE_INFINITY : expires * 1_000));
  const last = Math.max(...ends);
  if (cookies.length > 0 && origins.length === 0 && last < now)
    throw new Error(
      `${name}: all of its cookies have expired, the last on ${new Date(last).toISOString()}; sign in again, by what wrote it.`,
    );
}
