/** `reports/history.jsonl`: a line for each finished run, in the order in which they ended. */
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { KeptRun } from '../judge/baseline.ts';
import type { Verdict } from '../judge/verdict.ts';
import { explainWrite } from './files.ts';

const line = z.object({
  schemaVersion: z.literal(1),
  runId: z.string(),
  startedAt: z.iso.datetime(),
  status: z.enum(['pass', 'fail', 'invalid']),
  profile: z.string(),
  target: z.string(),
  build: z.string().nullable(),
  /** A figure without its time blocks. */
  figures: z.array(
    z.object({
      metric: z.string(),
      stat: z.string(),
      aspect: z.enum(['response-time', 'errors', 'throughput']),
      value: z.number(),
    }),
  ),
});

export type HistoryLine = z.infer<typeof line>;

export function historyLine(
  { status, profile, target }: Verdict,
  { runId, startedAt, build, figures }: KeptRun,
): HistoryLine {
  return {
    schemaVersion: 1,
    runId,
    startedAt,
    status,
    profile,
    target: target.name,
    build,
    figures: figures.map(({ metric, stat, aspect, value }) => ({
      metric,
      stat,
      aspect,
      value: Number(value.toPrecision(6)),
    })),
  };
}

/**
 * Adds a line in one write at the file's end, so that runs that end at the same time do not mix theirs.
 * @throws Error with one sentence naming the file and the cause
 */
export async function appendHistory(file: string, entry: HistoryLine): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(file, 'a+');
    try {
      const { size } = await handle.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await handle.read(last, 0, 1, size - 1);
      // What a crash or a hand left without its end must not swallow this line.
      const begin = size > 0 && last.toString() !== '\n' ? '\n' : '';
      await handle.write(`${begin}${JSON.stringify(entry)}\n`);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explainWrite(file, error);
  }
}

/** The lines that can be understood, and a sentence for each that cannot. No file is no line. */
export async function readHistory(file: string): Promise<{ lines: HistoryLine[]; skipped: string[] }> {
  const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines: HistoryLine[] = [];
  const skipped: string[] = [];
  for (const [index, source] of content.split('\n').entries()) {
    if (source.trim() === '') continue;
    const why = parse(source, lines);
    if (why) skipped.push(`Line ${index + 1} of the history is skipped: ${why}.`);
  }
  return { lines, skipped };
}

function parse(source: string, lines: HistoryLine[]): string | undefined {
  let data: unknown;
  try {
    data = JSON.parse(source);
  } catch {
    return 'it is no JSON';
  }
  const { success, data: entry, error } = line.safeParse(data);
  if (success) lines.push(entry);
  return error && `${z.core.toDotPath(error.issues[0]!.path) || 'it'} is not what Tandem writes there`;
}
