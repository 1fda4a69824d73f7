/** What a browser session costs the machine that generates it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedTarget } from './embedded-target.ts';
import { ProcessTree } from './process-tree.ts';
import { printTable } from './table.ts';

export const name = 'browser';
export const about = 'CPU-seconds per browser session of the light persona, through Playwright as in any run';

const ROOT = join(import.meta.dirname, '..');
/** About 21 sessions of the profile's 16 a minute. */
const SHAPE = { LOAD_DURATION: '40s', LOAD_SCALE: '2', LOAD_SLICES: '1' };
const RUN_TIMEOUT_MS = 180_000;

interface Verdict {
  startedAt: string;
  metrics: Record<string, { values: Record<string, number> } | undefined>;
}

/** Runs the light journey against the embedded target, which is not counted. */
export async function run(): Promise<void> {
  if (process.platform !== 'linux') {
    console.log('left out: CPU time of a process tree is read from /proc, which only Linux has');
    return;
  }
  const target = await startEmbeddedTarget();
  try {
    const runId = `bench-browser-${process.pid}`;
    const { tree, output } = await runJourney(target.url, runId);
    const verdict = readVerdict(runId, output);
    const sessions = verdict.metrics['browser_sessions{journey:light}']?.values.count ?? 0;
    const failed = verdict.metrics['browser_session_failed{journey:light}']?.values.passes ?? 0;
    if (sessions === 0 || failed > 0) {
      throw new Error(`${sessions} sessions, ${failed} of them failed: see reports/${runId}`);
    }
    const { runner, worker, browser } = tree.secondsSince(Date.parse(verdict.startedAt));
    const row = (label: string, seconds: number) => [label, (seconds / sessions).toFixed(2), seconds.toFixed(1)];
    printTable(
      ['processes', 'CPU s/session', 'CPU s in all'],
      [
        row('browser', browser),
        row('worker (Node)', worker),
        row('together', browser + worker),
        row('Playwright and reporter', runner),
      ],
    );
    console.log(`${sessions} sessions from the run’s start on; the browser was up and warm by then`);
  } finally {
    await target.stop();
  }
}

async function runJourney(url: string, runId: string): Promise<{ tree: ProcessTree; output: string }> {
  const cli = join(ROOT, 'node_modules', '@playwright', 'test', 'cli.js');
  // Whatever an .env file names stays untouched: this loads 127.0.0.1 only.
  const urls = { BASE_URL: url, API_URL: url, SYNC_API_URL: `${url}/sync`, WS_URL: url.replace('http', 'ws') };
  const child = spawn(process.execPath, [cli, 'test', '--project=prerelease', '-g', 'light'], {
    cwd: ROOT,
    env: { ...process.env, ...SHAPE, ...urls, TARGET: '', LOAD_RUN_ID: runId },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const tree = new ProcessTree(child.pid!);
  const timeout = setTimeout(() => child.kill(), RUN_TIMEOUT_MS);
  await once(child, 'exit');
  clearTimeout(timeout);
  tree.stop();
  return { tree, output };
}

/** The verdict itself does not matter here: one journey alone leaves thresholds without data. */
function readVerdict(runId: string, output: string): Verdict {
  try {
    return JSON.parse(readFileSync(join(ROOT, 'reports', runId, 'verdict.json'), 'utf8'));
  } catch {
    throw new Error(`the run left no verdict:\n${output}`);
  }
}
