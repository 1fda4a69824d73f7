/** What a run ends in: its verdict, judged, compared, written, told and published. */
import { dirname, join, relative } from 'node:path';
import type { Verdict } from '../judge/verdict.ts';
import { Baselines, type ComparableRun, comparableOf, figuresFile, json } from '../report/baselines.ts';
import { withBaseline } from '../report/comparison.ts';
import { boundedExample, boundedReason } from '../report/examples.ts';
import { k6Summary } from '../report/exports/k6.ts';
import { outputs, publish } from '../report/exports/outputs.ts';
import { runFolder, streamFile, writeRun } from '../report/files.ts';
import { historyLine } from '../report/history.ts';
import type { Files } from '../report/html/dashboard.ts';
import { reportHtml } from '../report/html/report.ts';
import { addToTrend } from '../report/html/trend.ts';
import { annotations, withoutCommands } from '../report/markdown/github.ts';
import { summaryMarkdown } from '../report/markdown/summary.ts';
import type { Origin } from '../report/origin.ts';
import type { RunRecord } from '../report/record.ts';
import { wantsColor } from '../report/text/ansi.ts';
import { renderVerdict } from '../report/text/terminal.ts';
import { secrets } from '../secrets/secrets.ts';
import type { Collector, Ending } from './collector.ts';
import { loadOracles } from './oracle-files.ts';

/** `shard-1-of-2`; empty for a whole run. */
export function shardName(shard: { current: number; total: number } | null | undefined): string {
  return shard ? `shard-${shard.current}-of-${shard.total}` : '';
}

/** Folder of a run's results below the project's. @param shard `shard-1-of-2`; empty for a whole run */
export function resultsFolder(root: string, runId: string, shard: string): string {
  return join(root, 'reports', [runFolder(runId), shard].filter(Boolean).join('-'));
}

export class Results {
  readonly #root: string;
  readonly #shard: string;
  readonly #print: (line: string) => void;
  /** The page, with what it links to. */
  page: Files = {};

  /**
   * @param root the project's folder
   * @param shard `shard-1-of-2`; empty for a whole run
   */
  constructor(root: string, shard: string, print: (line: string) => void) {
    this.#root = root;
    this.#shard = shard;
    this.#print = print;
  }

  /**
   * Once, when everything has been collected.
   * @param pictures what failed sessions left behind, by name
   * @returns the status, and whether the results are where they belong
   */
  async conclude(
    collector: Collector,
    ending: Ending,
    pictures: Record<string, Buffer>,
    origin: Origin,
  ): Promise<{ status: Verdict['status']; written: boolean }> {
    // Error texts come from anywhere: nothing that is written may hold a token.
    const oracles = await loadOracles(this.#root, collector.promised, this.#print);
    const judged = judgedWithoutSecrets(collector.verdict(ending, oracles));
    const record = collector.record(judged, Object.keys(pictures), origin);
    const comparable = comparableOf(judged, record);
    const baselines = new Baselines(join(this.#root, 'baselines'));
    const verdict = await withBaseline(judged, comparable, baselines, record.store);
    const { status } = verdict;
    return { status, written: await this.#write(verdict, record, { ...comparable, status }, pictures) };
  }

  /** @returns whether the results are where they belong */
  async #write(
    verdict: Verdict,
    record: RunRecord,
    comparable: ComparableRun,
    pictures: Record<string, Buffer>,
  ): Promise<boolean> {
    const { stdout, stderr } = process;
    const color = wantsColor(stdout);
    const dir = resultsFolder(this.#root, verdict.runId, this.#shard);
    const k6 = k6Summary(verdict, record, {
      isStdOutTTY: !!stdout.isTTY,
      isStdErrTTY: !!stderr.isTTY,
      noColor: !color,
    });
    const page = this.#unlessItFails('index.html', () => ({ 'index.html': reportHtml(verdict, record) }));
    this.page = { ...page, ...pictures };
    // The verdict is told even where it cannot be kept.
    const files = {
      'verdict.json': `${JSON.stringify(verdict, null, 2)}\n`,
      'metrics.json': `${JSON.stringify(k6, null, 2)}\n`,
      'summary.md': summaryMarkdown(verdict),
      [figuresFile]: json(comparable),
      ...this.#unlessItFails('The files for other tools', () => outputs(verdict, record)),
      ...this.page,
    };
    const unwritten = await writeRun(dir, files, streamFile).then(
      () => undefined,
      (error: Error) => error.message,
    );
    const onGitHub = process.env.GITHUB_ACTIONS === 'true';
    // A part of a run is told of by what merges it.
    if (!this.#shard) {
      const trend = addToTrend(dirname(dir), historyLine(verdict, comparable.run));
      await trend.catch((error: Error) => stdout.write(`${error.message}\n`));
      for (const warning of await publish(verdict, record)) stdout.write(`${secrets.clean(warning)}\n`);
      if (onGitHub) stdout.write(annotations(verdict));
    }
    const shown = relative(process.cwd(), dir) || '.';
    const text = renderVerdict(verdict, {
      columns: stdout.columns || 100,
      color,
      full: process.env.LOAD_SUMMARY === 'full',
      report:
        unwritten === undefined ? join(shown, this.page['index.html'] ? 'index.html' : 'verdict.json') : undefined,
    });
    // Last of all, so that the end of a log says it.
    stdout.write(onGitHub ? withoutCommands(text) : text);
    if (unwritten !== undefined) stdout.write(`${unwritten}\n`);
    return unwritten === undefined;
  }

  /** What shows a verdict must not lose it: without these files the others are written all the same. */
  #unlessItFails(what: string, make: () => Record<string, string>): Record<string, string> {
    try {
      return make();
    } catch (error) {
      this.#print(secrets.clean(`${what} could not be made: ${(error as Error).message}.`));
      return {};
    }
  }
}

/** Names are their author's, also where they are addresses; what the target or an error said may hold anything. */
function judgedWithoutSecrets(verdict: Verdict): Verdict {
  const clean = (reasons: Verdict['reasons']) =>
    reasons.map((reason) =>
      'metric' in reason ? secrets.cleanData(reason) : boundedReason(secrets.cleanMessages(reason)),
    );
  return {
    ...secrets.cleanData(verdict),
    ...(verdict.drills && { drills: secrets.cleanMessages(verdict.drills) }),
    oracles: secrets
      .cleanMessages(verdict.oracles)
      .map((one) => ({ ...one, examples: one.examples.map(boundedExample) })),
    reasons: clean(verdict.reasons),
    warnings: clean(verdict.warnings),
  };
}
