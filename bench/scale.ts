/** Whole runs of `npx playwright test`, most in the project `bench/scale/`: what is measured there is what a user gets, verdict included. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Verdict } from '../support/judge/verdict.ts';

const FOLDER = join(import.meta.dirname, 'scale');
const PLAYWRIGHT = join(dirname(createRequire(import.meta.url).resolve('@playwright/test/package.json')), 'cli.js');

/**
 * Runs a profile of `bench/scale/profiles/`, or of another project.
 * @param env beside our own, such as `BASE_URL`; without it the embedded target is started
 * @throws with what was printed, when it ended without a verdict
 */
export async function runProfile(profile: string, env: Record<string, string> = {}, folder = FOLDER): Promise<Verdict> {
  const runId = `bench-${profile}-${Date.now().toString(36)}`;
  const child = spawn(process.execPath, [PLAYWRIGHT, 'test', `--project=${profile}`], {
    cwd: folder,
    env: { ...process.env, ...env, LOAD_RUN_ID: runId },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  await once(child, 'close');
  try {
    return JSON.parse(readFileSync(join(folder, 'reports', runId, 'verdict.json'), 'utf8')) as Verdict;
  } catch {
    throw new Error(`the run ended without a verdict:\n${output}`);
  }
}

/** The status, and the reasons when there are any. */
export function outcomeOf({ status, reasons }: Verdict): string {
  return [status, ...reasons.map(({ message }) => `  ${message}`)].join('\n');
}

/** A figure of a metric, such as `p(95)`; NaN when nothing was measured. */
export function figureOf({ metrics }: Verdict, key: string, figure: string): number {
  return metrics[key]?.values[figure] ?? Number.NaN;
}
