/** `stream.ndjson`: what the slices of a run streamed lies on disk while it lasts, so that the death of its runner loses no more than an interval. */
import {
  closeSync,
  createReadStream,
  existsSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { causeOf } from '../../scripts/writable.mjs';
import type { Part } from '../judge/shards.ts';
import { builtinMetrics, type MetricDefinition } from '../measure/metrics.ts';
import { followedOnly, type Interval } from '../measure/recorder.ts';
import { streamFile } from '../report/files.ts';
import type { Origin } from '../report/origin.ts';
import type { SliceId } from '../schedule/startline.ts';
import type { Timeline } from '../schedule/timeline.ts';
import { secrets } from '../secrets/secrets.ts';
import type { PlannedSlice } from './collector.ts';
import type { Observation } from './observation.ts';

/** The first line: all that it takes to judge a run, beside what it measured. */
export interface StreamHeader {
  format: 1;
  runId: string;
  /** Of the runner. */
  pid: number;
  /** When Playwright began, ISO 8601. */
  openedAt: string;
  /** `shard-1-of-2`; empty for a whole run. */
  shard: string;
  /** Of a shard. */
  part?: Part;
  timeline: Timeline;
  slices: PlannedSlice[];
  origin: Origin;
}

/** What an observation holds beside what comes interval by interval. */
export type Observed = Omit<Observation, 'gauges' | 'streamed'>;

/** How much of an interval was kept from some line on: of all series those that are followed over time, or nothing. */
type Kept = 'followed' | 'nothing';

type Line = { slice: SliceId; interval: Interval } | { gauges: Interval[] } | { observed: Observed } | { kept: Kept };

/** What a run that was not judged left behind. */
export interface StreamedRun {
  header: StreamHeader;
  observation: Observation;
  /** Absent when all of it was kept. */
  kept?: Kept;
}

const text = z.string();
const counted = z.int().min(0);
const series = z.record(text, z.looseObject({ t: z.enum(['trend', 'rate', 'counter', 'gauge']) }));
const interval = z.looseObject({ index: counted, series });
const slice = z.looseObject({ scenario: text, index: counted });

/** Of what a line must be as much as whoever judges the run leans on. */
const lineShape = z.union([
  z.object({ slice, interval }),
  z.object({ gauges: z.array(interval) }),
  z.object({ observed: z.looseObject({ format: z.literal(1), target: z.looseObject({ name: text, url: text }) }) }),
  z.object({ kept: z.enum(['followed', 'nothing']) }),
]);

const headerShape = z.looseObject({
  format: z.literal(1),
  runId: text,
  pid: z.number(),
  openedAt: z.iso.datetime(),
  shard: text.regex(/^(shard-\d+-of-\d+)?$/),
  slices: z.array(z.looseObject({ ...slice.shape, file: text })),
  timeline: z.looseObject({
    scenarios: z.array(z.looseObject({ name: text })),
    phases: z.array(z.looseObject({ name: text })),
    thresholds: z.record(text, z.unknown()),
  }),
  origin: z.looseObject({ versions: z.looseObject({}) }),
});

const MB = 1024 * 1024;
/** Bytes from which on less of an interval is kept, and no more at all. */
const LIMITS = { followed: 64 * MB, nothing: 128 * MB };

/** A runner whose id is that of a process, but who has not been heard of for so long, is another process. */
const SILENT_MS = 60_000;

/** Writes it: a line at a time, at its end. What cannot be written is told once, and ends no run. */
export class StreamWriter {
  readonly #path: string;
  readonly #warn: (line: string) => void;
  readonly #limits: typeof LIMITS;
  readonly #definitions: Record<string, MetricDefinition>;
  #file: number | undefined;
  #bytes = 0;
  #kept: Kept | 'all' = 'all';

  /**
   * @param folder where the run's results will be
   * @param header without secrets
   * @param warn is given the sentence that says why it cannot be written
   */
  constructor(folder: string, header: StreamHeader, warn: (line: string) => void, limits = LIMITS) {
    this.#path = join(folder, streamFile);
    this.#warn = warn;
    this.#limits = limits;
    const declared = header.slices.map(({ declaration }) => declaration?.metrics);
    this.#definitions = Object.assign({}, builtinMetrics, ...declared);
    this.#try(() => {
      mkdirSync(folder, { recursive: true });
      // That of an earlier run with the same id; whoever still writes to it keeps what is now nobody's.
      rmSync(this.#path, { force: true });
      this.#file = openSync(this.#path, 'ax');
    });
    this.#write(header);
  }

  /** An interval of a slice; its names are clean. */
  interval({ scenario, index }: SliceId, interval: Interval): void {
    if (this.#kept === 'all' && this.#bytes >= this.#limits.followed) this.#keepOnly('followed');
    if (this.#kept === 'followed' && this.#bytes >= this.#limits.nothing) this.#keepOnly('nothing');
    if (this.#kept === 'nothing') return;
    this.#write({
      slice: { scenario, index },
      interval: this.#kept === 'all' ? interval : followedOnly(interval, this.#definitions),
    } satisfies Line);
  }

  gauges(gauges: Interval[]): void {
    if (gauges.length > 0 && this.#kept !== 'nothing') this.#write({ gauges } satisfies Line);
  }

  /** Takes the place of what was observed before. */
  observed(observed: Observed): void {
    this.#write({ observed: secrets.cleanMessages(observed) } satisfies Line);
  }

  /** Says, once in a while, that the runner lives. */
  beat(): void {
    const now = new Date();
    if (this.#file !== undefined) this.#try(() => futimesSync(this.#file!, now, now));
  }

  close(): void {
    if (this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    closeSync(file);
  }

  #keepOnly(kept: Kept): void {
    this.#kept = kept;
    this.#write({ kept } satisfies Line);
  }

  #write(line: StreamHeader | Line): void {
    if (this.#file === undefined) return;
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    this.#try(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file!, bytes, at);
    });
    this.#bytes += bytes.length;
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#warn(
        `${this.#path} cannot be written to: ${causeOf(error)}; the run goes on, but what it measured is lost if it is killed.`,
      );
      try {
        this.close();
      } catch {} // what has failed has been told
    }
  }
}

/**
 * What a runner left in the folder of its results.
 * @throws one sentence when there is nothing, the runner lives, or the file is not one of this version
 */
export async function readStream(folder: string, now = Date.now()): Promise<StreamedRun> {
  const path = join(folder, streamFile);
  if (!existsSync(path)) {
    const why = existsSync(join(folder, 'verdict.json')) ? 'has its verdict already' : `has no ${streamFile}`;
    const killed = await unjudgedRuns(dirname(folder));
    const there = killed.length > 0 ? `, here ${killed.join(', ')}` : '; there is none here';
    throw new Error(
      `${folder} ${why}; allowed is the id or the folder of a run that was killed before it could be judged${there}.`,
    );
  }
  let header: StreamHeader | undefined;
  let observed: Observed | undefined;
  let kept: Kept | undefined;
  let unread: Error | undefined;
  let number = 0;
  const gauges = new Map<number, Interval>();
  const slices = new Map<string, Observation['streamed'][number]>();
  for await (const text of linesOf(path)) {
    // Only the last line may be cut off.
    if (unread) throw unread;
    number += 1;
    if (header === undefined) {
      header = headerIn(text, path);
      if (isAlive(header, path, now)) {
        throw new Error(
          `The run ${header.runId} is still under way: process ${header.pid} writes ${path}; wait for its verdict, or end it.`,
        );
      }
      continue;
    }
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch (error) {
      unread = new Error(`${path}, line ${number}, cannot be read: ${(error as Error).message}.`);
      continue;
    }
    if (!lineShape.safeParse(line).success) {
      throw new Error(`${path}, line ${number}, is not what this version of Tandem writes there.`);
    }
    if ('kept' in line) kept = line.kept;
    else if ('observed' in line) observed = line.observed;
    else if ('gauges' in line) for (const one of line.gauges) gauges.set(one.index, one);
    else {
      const { slice, interval } = line;
      const name = `${slice.scenario}#${slice.index}`;
      const known = slices.get(name) ?? { ...slice, intervals: [] };
      slices.set(name, known);
      known.intervals.push(interval);
    }
  }
  if (!header || !observed) throw new Error(`${path} ends before its run began: there is nothing to judge.`);
  const observation = { ...observed, gauges: [...gauges.values()], streamed: [...slices.values()] };
  return { header, observation, ...(kept && { kept }) };
}

/** Folders of those runs whose runners are gone and that nobody judged, in order. */
export async function unjudgedRuns(reports: string): Promise<string[]> {
  if (!existsSync(reports)) return [];
  const folders = readdirSync(reports, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const found = await Promise.all(
    folders.map(async ({ name }) => {
      const path = join(reports, name, streamFile);
      const header = await headerOf(path);
      return header && !isAlive(header, path, Date.now()) ? [name] : [];
    }),
  );
  return found.flat().sort();
}

/** The process of the run that is under way and will have its results in this folder; undefined where there is none. */
export async function runnerOf(folder: string): Promise<number | undefined> {
  const path = join(folder, streamFile);
  const header = await headerOf(path);
  const isOther = header && header.pid !== process.pid && isAlive(header, path, Date.now());
  return isOther ? header.pid : undefined;
}

/** Undefined of what is no stream of ours: whoever asks for its verdict is told. */
async function headerOf(path: string): Promise<StreamHeader | undefined> {
  if (!existsSync(path)) return undefined;
  try {
    return headerIn(await firstLine(path), path);
  } catch {
    return undefined;
  }
}

/** @throws one sentence when it cannot be read */
async function* linesOf(path: string): AsyncGenerator<string> {
  const input = createReadStream(path);
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw new Error(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  } finally {
    input.destroy();
  }
}

async function firstLine(path: string): Promise<string> {
  for await (const line of linesOf(path)) return line;
  return '';
}

function headerIn(text: string, path: string): StreamHeader {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {} // it is none
  if (!headerShape.safeParse(header).success) {
    throw new Error(`${path} is no stream of a run, or one of another version of Tandem.`);
  }
  return header as StreamHeader;
}

/** Process ids are given again, on the same machine and sooner still in another container. */
function isAlive({ pid }: StreamHeader, path: string, now: number): boolean {
  if (now - statSync(path).mtimeMs > SILENT_MS) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
