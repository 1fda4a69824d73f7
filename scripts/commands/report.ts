// npx tandem report <run>: the verdict of a run whose runner was killed, from what it streamed. A run is its id or its folder.
import { join } from 'node:path';
import { folderOfRun, shownPath, streamFile } from '../../support/report/files.ts';
import { Collector } from '../../support/run/collector.ts';
import { Results } from '../../support/run/results.ts';
import { readStream } from '../../support/run/stream.ts';
import { secrets } from '../../support/secrets/secrets.ts';
import { targetSettings } from '../../support/target.ts';
import { Misunderstood } from '../command.ts';

const KILLED = 'the runner was killed before it could judge';

/** What the stream lacks beside its end, for the sentence that says so. */
const LACKS = {
  followed: '; of the later part only rates and response times were kept, for its size',
  nothing: '; the last part was not kept, for its size',
};

/** Writes and tells the verdict, which cannot be a pass. */
export async function run(args: string[], root: string): Promise<void> {
  const [run] = args;
  if (run === undefined || args.length > 1) throw new Misunderstood();
  secrets.addGiven(targetSettings(process.env, root));
  secrets.guard([process.stdout, process.stderr], (text) => secrets.cleanName(text));
  const folder = shownPath(folderOfRun(join(root, 'reports'), run));
  const { header, observation, kept } = await readStream(folder);
  const { timeline, slices, shard, part, origin, openedAt } = header;
  const by = `${observation.interruptedBy ?? KILLED}${kept ? LACKS[kept] : ''}`;
  const collector = new Collector(timeline, slices, part && { part }, root);
  collector.observe({ ...observation, interruptedBy: by });
  for (const slice of slices) collector.fail(slice, KILLED);
  const results = new Results(root, shard, (line) => console.log(line));
  try {
    await results.conclude(collector, { status: 'interrupted', startTime: new Date(openedAt) }, {}, origin);
  } catch (error) {
    throw new Error(`${join(folder, streamFile)} cannot be judged: ${(error as Error).message}.`);
  }
  process.exitCode = 1;
}
