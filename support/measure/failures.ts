import { dirname } from 'node:path';
import { inspect, stripVTControlCharacters } from 'node:util';

/** The first failure of its name, in full. */
export interface Failure {
  scenario: string;
  /** Of a journey: the step in which its session failed. */
  step?: string;
  /** Of a load. */
  operation?: string;
  /** Under which all of its like are counted among the errors. */
  name: string;
  /** What it said, with its line breaks: of an expectation the locator, what was expected and received, and the call log. */
  error: string;
  /** `path:line` in the author's own code. */
  at?: string;
  /** Names of files beside the report. */
  screenshot?: string;
  trace?: string;
}

/** System errors that say what the generator's own machine ran out of: files, disk, memory, ports. */
export const exhaustedCodes: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOSPC', 'ENOMEM', 'EADDRNOTAVAIL']);

/** How errors begin that tell of a value which is none of a metric's. */
export function aboutMetric(metric: string): string {
  return `metric "${metric}": `;
}

/** What a VU's last look is called among operations, of which it is none. */
export const SETTLE = 'settle';

/** Whose files are not an author's. */
const SUPPORT = dirname(import.meta.dirname);
/** Of so many names a slice keeps an example; a run shows those that are most frequent. */
const MAX_NAMES = 10;
const LONGEST = 4_096;
/** Of an error, and one after another. */
const MOST_CAUSES = 3;
/** Of what is too long: an expectation says first what it expected, and last what it tried. */
const TAIL = 1_024;

/** Keeps the first failure of each name, up to a bound: what is counted by name can then be read in full. */
export class FailureExamples {
  readonly all: Failure[] = [];

  /** Whether one of this name would be new, and kept. */
  wants(name: string): boolean {
    return this.all.length < MAX_NAMES && this.#find(name) === undefined;
  }

  /** Keeps it when it is the first of its name; else takes from it the pictures that the first one lacks. */
  add(failure: Failure): void {
    const known = this.#find(failure.name);
    if (known) {
      known.screenshot ??= failure.screenshot;
      known.trace ??= failure.trace;
    } else if (this.all.length < MAX_NAMES) {
      this.all.push({ ...failure, error: bounded(failure.error) });
    }
  }

  #find(name: string): Failure | undefined {
    return this.all.find((one) => one.name === name);
  }
}

function bounded(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - TAIL - 3)}\n…\n${text.slice(-TAIL)}`;
}

/** Of whatever an author's code hands over: some of it, such as an object without a prototype, is no text and becomes none. */
export function textOf(value: () => unknown): string {
  try {
    return `${value()}`;
  } catch {
    return 'what cannot be shown';
  }
}

/**
 * Of what was thrown and is no error: of an object what it holds, and not that it is one; not what lies deeper, as the headers of an
 * answer do, in which there may be secrets that nobody else knows.
 */
export function thrownText(value: unknown): string {
  const shown = textOf(() => value);
  const held = () => inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY });
  return `thrown: ${shown === '[object Object]' ? textOf(held) : shown}`;
}

/** An error, or what Playwright makes of one: its name stands before its message then. */
interface ErrorLike {
  name?: string;
  message?: string;
  stack?: string;
  value?: string;
  cause?: unknown;
}

function errorText(error: ErrorLike): string {
  // Playwright colours its messages, also in the midst of what it shows.
  const message = stripVTControlCharacters(textOf(() => error.message));
  const name = textOf(() => error.name ?? '');
  return message.startsWith(name) ? message : `${name}: ${message}`;
}

/** What an error says of where it comes from: that a `fetch` failed tells nobody why. */
function causesOf(error: ErrorLike, depth = 1): string {
  const { cause, errors } = error as { cause?: unknown; errors?: unknown };
  const isError = (one: unknown): one is ErrorLike => typeof (one as ErrorLike | undefined)?.message === 'string';
  const all = [cause, ...(Array.isArray(errors) ? errors : [])].filter(isError);
  if (all.length === 0 || depth > MOST_CAUSES) return '';
  const texts = all.slice(0, MOST_CAUSES).map((one) => errorText(one) + causesOf(one, depth + 1));
  return ` (because of ${texts.join('; ')})`;
}

/** The stack of an error, with what it comes from behind its first line; what there is of one that has none. */
export function stackOf(error: ErrorLike): string | undefined {
  const [first, ...rest] = (error.stack ?? error.message ?? error.value)?.split('\n') ?? [];
  return first && [first + causesOf(error), ...rest].join('\n');
}

/**
 * What was thrown, as a person reads it: `TypeError: x is not a function`, without its stack, and the first place of the
 * stack in the author's own code.
 */
export function thrown(error: unknown): Pick<Failure, 'error' | 'at'> {
  if (!(error instanceof Error)) return { error: thrownText(error) };
  const text = errorText(error) + causesOf(error);
  for (const line of textOf(() => error.stack).split('\n')) {
    const [, url, at] = /^\s+at (?:.*\()?((?:file:\/\/)?\/.+):(\d+):\d+\)?$/.exec(line) ?? [];
    const file = url?.replace(/^file:\/\//, '');
    if (!file || file.startsWith(`${SUPPORT}/`) || file.includes('/node_modules/')) continue;
    return { error: text, at: `${file}:${at}` };
  }
  return { error: text };
}
