/** What a run leaves for other tools: files beside the report, and what is told to other systems. */
import { appendFile } from 'node:fs/promises';
import { causeOf } from '../../../scripts/writable.mjs';
import type { Verdict } from '../../judge/verdict.ts';
import { ms } from '../../judge/words/figures.ts';
import { writeWhole } from '../files.ts';
import { summaryMarkdown } from '../markdown/summary.ts';
import { checkEndpoint, recipientsOf } from '../recipients.ts';
import type { RunRecord } from '../record.ts';
import { histogramLog } from './hlog.ts';
import { junitXml } from './junit.ts';
import { pointLines } from './points.ts';

/** No system that is told of a run may keep its verdict waiting for longer. */
const TIMEOUT_MS = 5_000;

type Measured = Pick<RunRecord, 'store' | 'axis' | 'intervals'>;

/** The files for other tools by name; `points.ndjson` only with `LOAD_POINTS=1`, for it is large. */
export function outputs(
  verdict: Verdict,
  record: Measured,
  { LOAD_POINTS }: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  return {
    'junit.xml': junitXml(verdict),
    'histograms.hlog': histogramLog(verdict, record),
    ...(LOAD_POINTS === '1' ? { 'points.ndjson': pointLines(verdict, record) } : {}),
  };
}

/**
 * Tells other systems of the run; see `recipients.ts`.
 * @returns a sentence for each that could not be told; it changes no verdict, and holds no credentials
 */
export async function publish(verdict: Verdict, record: Measured, timeoutMs = TIMEOUT_MS): Promise<string[]> {
  const { stepSummary, prometheusFile, otlpEndpoint } = recipientsOf(process.env);
  const told: [what: string, work: () => Promise<void>][] = [];
  if (stepSummary) {
    told.push(['The step summary was not written', () => appendFile(stepSummary, summaryMarkdown(verdict))]);
  }
  if (prometheusFile) {
    told.push([
      `PROMETHEUS_TEXTFILE ${prometheusFile} was not written`,
      async () => {
        // Most runs need none of the packages behind these.
        const { prometheusText } = await import('./prometheus.ts');
        await writeWhole(prometheusFile, await prometheusText(verdict, record));
      },
    ]);
  }
  if (otlpEndpoint) {
    told.push([
      'The metrics were not exported over OTLP',
      async () => {
        // Nobody has looked at it before a merge.
        checkEndpoint(process.env);
        const { exportOtlp, otlpMetrics } = await import('./otlp.ts');
        await exportOtlp(otlpMetrics(verdict, record), timeoutMs);
      },
    ]);
  }
  const failures = await Promise.all(told.map(([what, work]) => attempt(what, work, timeoutMs)));
  return failures.filter((sentence) => sentence !== undefined);
}

/** What went wrong, in a sentence; undefined when nothing did. */
async function attempt(what: string, work: () => Promise<void>, timeoutMs: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, `no answer within ${ms(timeoutMs)}`);
  });
  try {
    const cause = await Promise.race([work().then(() => undefined, reasonOf), late]);
    return cause === undefined ? undefined : `${what}: ${cause.replace(/\.$/, '')}.`;
  } finally {
    clearTimeout(timer);
  }
}

/** Of an answer its status alone: what else it says may quote what it was sent. */
function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? `it was answered with ${code}` : causeOf(error);
}
