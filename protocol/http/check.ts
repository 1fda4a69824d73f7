import { access, constants, stat } from 'node:fs/promises';
import type { BodyFile, Target } from './target.ts';
import type { TargetsFile } from './targets-file.ts';

/** Origins that one file may name. */
const MAX_ORIGINS = 100;
/** Body files that are known to be there; of more, each is looked for each time. */
const MAX_KNOWN = 10_000;

export interface CheckedTargets {
  count: number;
  /** Each once, in the order of the file; without those of the API, which have none. With user and password if they have them. */
  origins: string[];
  /** Of those that are sent without the body that they had: the first, and how many there are. */
  bodiless?: { place: string; count: number };
}

/**
 * Reads the whole file once: what is wrong with it is known before anything is sent.
 * @param hasApi whether there is an API that targets without a host can belong to
 * @throws one sentence with file and line
 */
export async function checkTargets(file: TargetsFile, hasApi: boolean): Promise<CheckedTargets> {
  const origins = new Set<string>();
  const known = new Set<string>();
  let count = 0;
  let bodiless: CheckedTargets['bodiless'];
  const fail = (line: number, what: string): never => {
    throw new Error(`${file.placeOf(line)}: ${what}`);
  };
  const checkUrl = ({ origin, path, line }: Target): void => {
    if (origin !== undefined) origins.add(origin);
    else if (!hasApi) {
      fail(
        line,
        `URL "${path.replace(/\?.*$/s, '?…')}" has no host; allowed is a whole URL, or API_URL for all that have none (TARGET=local: the embedded target).`,
      );
    }
    if (origins.size > MAX_ORIGINS)
      fail(line, `this is the ${MAX_ORIGINS + 1}st origin; allowed are ${MAX_ORIGINS} in a file.`);
  };
  const checkBody = async ({ path, line, isOfHar }: BodyFile): Promise<void> => {
    if (known.has(path)) return;
    const why = await unreadable(path);
    if (why !== undefined) {
      const allowed = isOfHar
        ? 'are the files that were saved beside the HAR'
        : 'is @<file>, from the folder that the run is started in';
      fail(line, `body file "${path}" cannot be read (${why}); allowed ${allowed}.`);
    }
    if (known.size < MAX_KNOWN) known.add(path);
  };
  for await (const batch of file.batches()) {
    count += batch.length;
    for (const target of batch) {
      checkUrl(target);
      if (target.lacksBody)
        bodiless = { place: file.placeOf(target.line), ...bodiless, count: (bodiless?.count ?? 0) + 1 };
      if (target.body !== undefined && !Buffer.isBuffer(target.body)) await checkBody(target.body);
    }
  }
  if (count === 0)
    throw new Error(`${file.name} has no target; allowed is at least one, such as GET https://example.com/users.`);
  return { count, origins: [...origins], ...(bodiless && { bodiless }) };
}

/** Why a file cannot be read; undefined when it can. */
export async function unreadable(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isFile()) return 'it is no file';
    await access(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'it is not there';
  }
}
