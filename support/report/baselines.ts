/** The accepted runs that new ones are compared with: `baselines/`, a file for each kind of run. */

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { causeOf } from '../../scripts/writable.mjs';
import type { KeptRun } from '../judge/baseline.ts';
import { figuresOf } from '../judge/comparable.ts';
import type { Verdict } from '../judge/verdict.ts';
import { ownOf } from '../measure/own.ts';
import { folderOfRun, shownPath, streamFile, writeWhole } from './files.ts';
import type { Machine } from './origin.ts';
import type { RunRecord } from './record.ts';

// Every message is what is allowed: it ends the sentence that an error is.
const text = z.string('a text').min(1, 'a text that is not empty');
const number = z.number('a number');

const figure = z.strictObject({
  metric: text,
  stat: text,
  aspect: z.enum(['response-time', 'errors', 'throughput'], 'response-time, errors or throughput'),
  value: number.min(0, 'a number of at least 0'),
  blocks: z.array(number.nullable(), 'a list of numbers'),
});

const kept = z.strictObject({
  runId: text,
  startedAt: text,
  build: text.nullable(),
  figures: z.array(figure, 'a list of figures'),
});

const key = z.strictObject({
  profile: text,
  /** Of what the scenarios do and when; runs with another `LOAD_DURATION`, `LOAD_SCALE` or `-g` are of another kind. */
  load: text,
  target: text,
  machine: text,
  browser: text.nullable(),
  slices: number,
});

const version = z.literal(1, '1, which is what this version of Tandem reads');
const baseline = z.strictObject({ schemaVersion: version, key, runs: z.array(kept, 'a list of runs') });
const comparable = z.strictObject({
  schemaVersion: version,
  status: z.enum(['pass', 'fail', 'invalid'], 'pass, fail or invalid'),
  /** `1 of 3` for a part of a run, which is nothing to compare. */
  shard: text.nullable(),
  key,
  run: kept,
});

/** What runs must have in common to be compared: nothing else may make them differ than the build and chance. */
export type BaselineKey = z.infer<typeof key>;
export type Baseline = z.infer<typeof baseline>;
/** What `figures.json` of a finished run holds. */
export type ComparableRun = z.infer<typeof comparable>;

/** Newest runs that a baseline holds. */
const MOST_RUNS = 20;
export const figuresFile = 'figures.json';

/** What a run is compared by. */
export function comparableOf(verdict: Verdict, record: RunRecord): ComparableRun {
  const { runId, startedAt, status, profile, target, slices, partial } = verdict;
  const { machine, versions } = record.origin;
  const thresholds: Record<string, string[]> = {};
  for (const { metric, expression } of verdict.thresholds)
    thresholds[metric] = [...(ownOf(thresholds, metric) ?? []), expression];
  // A scenario of so many iterations may be done long before its time is up: how soon is its throughput.
  const scenarios = record.scenarios.map((scenario) => {
    const { startMs, endMs } = scenario;
    return { ...scenario, endMs: Math.max(startMs + 1, Math.min(endMs, verdict.durationMs)) };
  });
  return {
    schemaVersion: 1,
    status,
    shard: partial ? `${partial.shard} of ${partial.of}` : null,
    key: {
      profile,
      load: digest(record.load),
      target: target.name,
      machine: machine === null ? 'several machines' : machineClass(machine),
      browser: versions.browser,
      slices: slices.expected,
    },
    run: { runId, startedAt, build: versions.commit, figures: figuresOf({ ...record, scenarios, thresholds }) },
  };
}

/** Machines of one class are taken for equal: memory to the GB, and of the system's version what its updates keep. */
function machineClass({ cpu, cores, memoryBytes, os }: Machine): string {
  const system = os.replace(/(\d+\.\d+)\S*/, '$1');
  return `${cpu}, ${cores} cores, ${Math.round(memoryBytes / 2 ** 30)} GB, ${system}`;
}

function digest(data: unknown): string {
  return createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 12);
}

function fileOf(key: BaselineKey): string {
  const readable = `${key.profile}-${key.target}`.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80);
  return `${readable}-${digest(Object.values(key)).slice(0, 8)}.json`;
}

/** By its name it is found: one that was copied or renamed is of no run. */
async function readBaseline(file: string): Promise<Baseline> {
  const found = await parsed(file, baseline);
  if (fileOf(found.key) === basename(file)) return found;
  throw new Error(
    `${shownPath(file)}: key is that of other runs; allowed is what "npx tandem baseline accept" wrote there.`,
  );
}

export class Baselines {
  readonly #folder: string;

  /** @param folder made when the first run is accepted */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The accepted runs of a kind, the newest last. Throws one sentence when their file cannot be understood. */
  async runs(key: BaselineKey): Promise<KeptRun[]> {
    const found = await readBaseline(join(this.#folder, fileOf(key))).catch(unlessMissing);
    return found?.runs ?? [];
  }

  /**
   * Adds a run to those of its kind, in the place of an accepted one of the same id; the oldest make room.
   * @throws one sentence when the run is nothing to compare others with
   */
  async accept({ status, key, run }: ComparableRun): Promise<{ file: string; runs: KeptRun[] }> {
    if (status !== 'pass') {
      throw new Error(`Run ${run.runId} is not accepted: its verdict is ${status}; allowed is pass.`);
    }
    if (run.figures.every(({ blocks }) => blocks.length === 0)) {
      throw new Error(
        `Run ${run.runId} is not accepted: it is too short, none of its ${run.figures.length} figures has samples enough for time blocks; run it for longer.`,
      );
    }
    const others = (await this.runs(key)).filter(({ runId }) => runId !== run.runId);
    const runs = [...others, run].slice(-MOST_RUNS);
    const file = join(this.#folder, fileOf(key));
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeWhole(file, json({ schemaVersion: 1, key, runs } satisfies Baseline));
    } catch (error) {
      throw new Error(`Run ${run.runId} is not accepted: ${shownPath(file)} cannot be written: ${causeOf(error)}.`);
    }
    return { file: shownPath(file), runs };
  }

  /** All that there are, by file name; what cannot be understood is one sentence. */
  async all(): Promise<{ file: string; baseline: Baseline | Error }[]> {
    const names = await readdir(this.#folder).catch(unlessMissing);
    const files = (names ?? []).filter((name) => name.endsWith('.json')).map((name) => join(this.#folder, name));
    return Promise.all(
      files.sort().map(async (file) => ({
        file: shownPath(file),
        baseline: await readBaseline(file).catch((error: Error) => error),
      })),
    );
  }
}

/**
 * What a finished run is compared by.
 * @param run its id, its folder, or `latest`
 * @throws one sentence when there is no such run or it cannot be compared
 */
export async function readRun(reports: string, run: string): Promise<ComparableRun> {
  const folder = folderOfRun(reports, run);
  const entries = await readdir(folder).catch(unlessMissing);
  if (!entries)
    throw new Error(
      `There is no run "${run}": ${shownPath(folder)} does not exist; allowed is a run's id, its folder, or latest.`,
    );
  if (entries.includes(streamFile)) {
    throw new Error(
      `${shownPath(folder)} is of a run that has no verdict yet; allowed is to wait for it, or, where it was killed, npx tandem report <run> first.`,
    );
  }
  if (!entries.includes(figuresFile)) {
    throw new Error(
      `${shownPath(folder)} has no ${figuresFile}: it is no run, or one of an older Tandem; allowed is the folder of a finished run.`,
    );
  }
  const found = await parsed(join(folder, figuresFile), comparable);
  if (found.shard !== null) {
    throw new Error(
      `${shownPath(folder)} is shard ${found.shard} of a run; allowed is the whole run, as merge-reports writes it.`,
    );
  }
  return found;
}

/** A number a line would be thousands of lines: a list of numbers stays on one. */
export function json(data: Baseline | ComparableRun): string {
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);
  return `${JSON.stringify(data, rounded, 1).replace(/\[[\s\d.,eEnul+-]*\]/g, (list) => list.replace(/\s+/g, ' '))}\n`;
}

async function parsed<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw error;
    throw new Error(`${shownPath(file)} cannot be read (${error.code}).`);
  });
  let data: unknown;
  try {
    data = JSON.parse(content);
  } catch (error) {
    throw new Error(
      `${shownPath(file)}: is no JSON (${(error as Error).message}); allowed is the file as it was written.`,
    );
  }
  const result = schema.safeParse(data);
  if (!result.success) throw new Error(`${shownPath(file)}: ${sentence(result.error.issues[0]!, data)}.`);
  return result.data;
}

function sentence(issue: z.core.$ZodIssue, data: unknown): string {
  const field = z.core.toDotPath(issue.path) || 'the file';
  if (issue.code === 'unrecognized_keys')
    return `${field} has an unknown field "${issue.keys[0]}"; allowed is none such`;
  const found = issue.path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown>)?.[part], data);
  const is = (JSON.stringify(found) ?? 'missing').slice(0, 80);
  const isShape = issue.code === 'invalid_type' && issue.expected === 'object';
  return `${field} is ${is}; allowed is ${isShape ? 'an object, { … }' : issue.message}`;
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
