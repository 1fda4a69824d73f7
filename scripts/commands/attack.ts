// npx tandem attack -targets=… -rate=… -duration=…: one attack with Vegeta's flags, without a profile; a run like any other.
import {
  closeSync,
  createReadStream,
  createWriteStream,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { checkTargets, unreadable } from '../../protocol/http/check.ts';
import { type Format, TargetsFile } from '../../protocol/http/targets-file.ts';
import { parseDuration } from '../../support/input/duration.ts';
import type { Verdict } from '../../support/judge/verdict.ts';
import { runFolder } from '../../support/report/files.ts';
import { targetSettings } from '../../support/target.ts';
import { type Attack, attackOf } from '../attack/flags.ts';
import { histogramReport, jsonReport, latenciesIn, textReport, vegetaMetrics } from '../attack/report.ts';
import { firstTargets } from '../attack/stream.ts';
import { runInForeground } from '../child.mjs';
import { assertProject } from '../surroundings.ts';
import { causeOf } from '../writable.mjs';

export async function run(args: string[], root: string): Promise<void> {
  const attack = attackOf(args, process.env);
  assertProject(root);
  const folder = mkdtempSync(join(tmpdir(), 'tandem-attack-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // Until there is a run, which hears signals by itself: targets may hold secrets, and be waited for.
  const leave = (signal: NodeJS.Signals) => {
    remove();
    process.kill(process.pid, signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, leave);
  try {
    const targets = await keptTargets(attack, folder);
    await check(attack, targets, root);
    const profile = join(folder, 'attack.json');
    writeFileSync(profile, JSON.stringify(attack.profile));
    const LOAD_RUN_ID = attack.env.LOAD_RUN_ID ?? process.env.LOAD_RUN_ID ?? newRunId();
    const given = { ...attack.env, ...fromHere(attack.env) };
    const env = { ...process.env, ...given, LOAD_RUN_ID, LOAD_TARGETS: targets, LOAD_PROFILE: profile };
    const playwright = playwrightOf(root);
    // A report is all that whoever reads standard output wants.
    const out = attack.report ? 'stderr' : 'stdout';
    const command = [playwright, 'test', '--project=attack', '-c', relative(process.cwd(), root) || '.'];
    for (const signal of signals) process.off(signal, leave);
    const beganAt = Date.now();
    process.exitCode = await runInForeground(process.execPath, command, env, out);
    if (attack.report) tell(attack, join(root, 'reports', runFolder(LOAD_RUN_ID)), beganAt);
  } finally {
    remove();
  }
}

/** @throws one sentence where it is not installed */
function playwrightOf(root: string): string {
  try {
    return createRequire(join(root, 'package.json')).resolve('@playwright/test/cli');
  } catch {
    throw new Error(
      '@playwright/test is not installed; allowed is a folder in which it is: npm install -D @playwright/test.',
    );
  }
}

/** Files that a setting names are found from the project's folder, and those of flags from where one is. */
function fromHere({ TLS_CLIENT_CERT: cert, TLS_CLIENT_KEY: key }: Attack['env']): Record<string, string> {
  return {
    ...(cert !== undefined && { TLS_CLIENT_CERT: resolve(cert) }),
    ...(key !== undefined && { TLS_CLIENT_KEY: resolve(key) }),
  };
}

/** Attacks go through their targets again and again: what comes once is kept for that, as far as it is sent. */
async function keptTargets({ targets: path, profile }: Attack, folder: string): Promise<string> {
  if (path !== undefined && !isStream(path)) return resolve(path);
  if (path === undefined && process.stdin.isTTY) {
    throw new Error(
      '-targets is missing; allowed is a file, or targets from standard input: echo "GET https://…" | npx tandem attack …',
    );
  }
  const kept = join(folder, 'stdin');
  const { rate, duration } = profile.scenarios.attack;
  const most = rate === undefined ? undefined : Math.ceil((rate * parseDuration(duration)!) / 1_000);
  const stream = (path === undefined ? process.stdin : createReadStream(path)).setEncoding('latin1');
  await pipeline(firstTargets(stream, most), createWriteStream(kept));
  return kept;
}

/** Such as a shell's `<(…)`: it can be read once. */
function isStream(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

/** Found out here, and not after a browserful of seconds. */
async function check({ env, targets, output }: Attack, path: string, root: string): Promise<void> {
  const format = (env.LOAD_TARGETS_FORMAT ?? process.env.LOAD_TARGETS_FORMAT) as Format | undefined;
  const named = targets === undefined ? 'stdin' : isStream(targets) ? targets : undefined;
  const file = new TargetsFile(path, format || undefined, named);
  const { name, values } = targetSettings(process.env, root);
  const hasApi = Boolean(values.BASE_URL || values.API_URL || name === 'local' || file.firstOrigin());
  await checkTargets(file, hasApi);
  const files = {
    body: env.LOAD_BODY,
    cert: env.TLS_CLIENT_CERT,
    key: env.TLS_CLIENT_KEY,
    'root-certs': env.NODE_EXTRA_CA_CERTS,
  };
  for (const [flag, given] of Object.entries(files)) {
    const why = given === undefined ? undefined : await unreadable(given);
    if (why !== undefined)
      throw new Error(`-${flag} is "${given}", which cannot be read (${why}); allowed is the path of a file.`);
  }
  const why = output === undefined || output === 'stdout' ? undefined : unwritable(output);
  if (why !== undefined)
    throw new Error(`-output is "${output}", which cannot be written (${why}); allowed is the path of a file.`);
}

/** Found out by opening it, which leaves what it holds. */
function unwritable(path: string): string | undefined {
  try {
    closeSync(openSync(path, 'a'));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

function newRunId(): string {
  return `attack-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}-${process.pid.toString(36)}`;
}

/**
 * What Vegeta's report would say; nothing where there is no verdict.
 * @param beganAt epoch ms: what is older is the verdict of an earlier run of that id
 */
function tell({ profile, report, output }: Attack, results: string, beganAt: number): void {
  const read = (name: string): string => readFileSync(join(results, name), 'utf8');
  let verdict: Verdict;
  try {
    verdict = JSON.parse(read('verdict.json'));
  } catch {
    return;
  }
  if (Date.parse(verdict.startedAt) < beganAt) return;
  const text = reportText(verdict, report!, profile.scenarios.attack, results, () => read('histograms.hlog'));
  if (output === undefined || output === 'stdout') process.stdout.write(text);
  else writeReport(output, text);
}

/** @throws one sentence; it could be opened before the run */
function writeReport(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new Error(`-output ${path} was not written: ${causeOf(error)}.`);
  }
}

function reportText(
  verdict: Verdict,
  report: NonNullable<Attack['report']>,
  { rate, duration }: Attack['profile']['scenarios']['attack'],
  results: string,
  log: () => string,
): string {
  if (report.type === 'plot') return `${relative(process.cwd(), join(results, 'index.html'))}\n`;
  const latencies = latenciesIn(log(), 'attack');
  if (report.type === 'hist') return histogramReport(latencies, report.bucketsMs);
  const metrics = vegetaMetrics(verdict, latencies, 'attack', rate, parseDuration(duration)!);
  return report.type === 'json' ? jsonReport(metrics) : textReport(metrics);
}
