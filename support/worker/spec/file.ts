/** Tests of an ordinary project, taken out of the file that is being loaded. */
import { basename } from 'node:path';
import { test as playwrightTest } from '@playwright/test';
import { allowed } from '../../input/misspelling.ts';
import type { Hook, SpecCase, TestSuite } from './internals.ts';
import { speakInSessions } from './words.ts';

/** A test with what surrounds it in its file. */
export interface Spec {
  title: string;
  test: SpecCase;
  /** From the file inwards. */
  hooks: Hook[];
  use: object[];
}

/** By its place. A file is evaluated once in a process, and several journeys may be of its tests. */
const taken = new Map<string, TakenSpec>();

interface TakenSpec extends Spec {
  /** The titles of its groups and its own. */
  path: string;
  /** Without its folder. */
  file: string;
}

/**
 * Takes the tests that were declared so far, out of the file that Playwright is loading: they are not its own any more.
 * @param suite of the file
 * @param title of the one that is asked for, or those of its file and its groups before it, with " › " between them
 * @throws one sentence when there is not exactly one
 */
export function takeSpec(suite: TestSuite, title: string): Spec {
  speakInSessions(playwrightTest);
  const fresh = suite._entries.splice(0).flatMap((entry) => takeAll(entry, suite._hooks, suite._use));
  // They were the spec's, and would be those of whatever else this file declares.
  const lists = [suite._hooks, suite._use, suite._modifiers, suite._staticAnnotations, suite._locks];
  for (const list of lists) list.length = 0;
  Object.assign(suite, { _retries: undefined, _timeout: undefined, _parallelMode: 'none' });
  const all = [...taken.values()];
  // Of what is imported here for the first time others know nothing.
  const found = [fresh, all].map((specs) => called(specs, title)).find(({ length }) => length > 0) ?? [];
  if (found.length === 1) return found[0]!;
  const isOfSeveral = ({ path }: { path: string }) => all.filter((spec) => spec.path === path).length > 1;
  const paths = all.map((spec) => (isOfSeveral(spec) ? `${spec.file} › ${spec.path}` : spec.path));
  if (found.length > 1) throw new Error(`${found.length} tests are called "${title}"; ${allowed(title, paths)}.`);
  throw new Error(
    paths.length === 0
      ? `No test is called "${title}"; allowed is one of a spec that this file imports.`
      : `No test is called "${title}"; ${allowed(title, paths)}.`,
  );
}

function takeAll(entry: TestSuite | SpecCase, hooks: Hook[], use: object[], groups: string[] = []): TakenSpec[] {
  const path = entry.title === '' ? groups : [...groups, entry.title];
  if ('_entries' in entry) {
    return entry._entries.flatMap((one) => takeAll(one, [...hooks, ...entry._hooks], [...use, ...entry._use], path));
  }
  speakInSessions(entry._testType.test);
  const { title, location } = entry;
  const titles = { title, path: path.join(' › '), file: basename(location.file) };
  const spec = { ...titles, test: entry, hooks: [...hooks], use: [...use] };
  taken.set(`${location.file} › ${spec.path}`, spec);
  return [spec];
}

/** Those that a title can mean: by it alone where no path is that. */
function called(specs: TakenSpec[], title: string): TakenSpec[] {
  const exact = specs.filter(({ path, file }) => [path, `${file} › ${path}`].includes(title));
  return exact.length > 0 ? exact : specs.filter((spec) => spec.title === title);
}
