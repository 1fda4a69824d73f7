import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkBlobs } from './blobs.ts';
import { launchOptions } from './browser.ts';
import { allowed, type ProfileFile, readProfiles, type ScenarioKind } from './profile.ts';
import { mostShards, runShape, timeline } from './schedule/timeline.ts';
import { ciRunId, commonStart, type Shard, shardOf } from './shard.ts';
import { isEmbedded, type TargetSettings, targetSettings } from './target.ts';

/** More than any profile needs: every slice must run at the same time, or the start line would wait for ever. */
const WORKERS = 500;

/**
 * Playwright's configuration for a folder with `profiles/`, `journeys/`, `protocol/` and `.env` files: one project per
 * profile, its slices as repetitions.
 * @param root the folder
 * @throws one sentence (a string: Playwright prints it without a stack) for any bad input
 */
export function tandemConfig(root: string, env: NodeJS.ProcessEnv = process.env, argv: string[] = process.argv) {
  try {
    const known = knownScenarios(root);
    const files = readProfiles(join(root, 'profiles'), root, known);
    const shard = shardOf(isWorker(env) ? undefined : valuesOf('--shard', argv), env);
    const shape = { ...runShape(env), shards: shard?.total };
    const settings = targetSettings(env, root);
    if (isMerge(env, argv)) {
      checkReporter(argv, 'leave it out');
      checkBlobs(blobFolder(argv));
    }
    if (isRun(env, argv)) {
      checkReporter(argv);
      checkProject(argv, files);
      commonStart(env);
      if (shard) {
        const [name] = valuesOf('--project', argv);
        checkShard(shard, mostShards(timeline(files.find((file) => file.name === name)!, known, shape)), name!);
        checkApart(shard, settings, env);
      }
    }
    return {
      testDir: root,
      // Shards may run side by side in one folder.
      outputDir: join(root, 'reports', shard ? `.playwright-${shard.current}-of-${shard.total}` : '.playwright'),
      preserveOutput: 'never' as const,
      fullyParallel: true,
      workers: WORKERS,
      retries: 0,
      timeout: 0,
      use: {
        launchOptions: launchOptions(env, settings.wire),
        trace: 'off' as const,
        screenshot: 'off' as const,
        video: 'off' as const,
      },
      reportSlowTests: null,
      // Tandem's comes first: what it adds to the attachments is then in the blob.
      reporter: [
        [join(import.meta.dirname, 'report', 'reporter.ts'), { root }],
        ...(shard && isRun(env, argv) ? [['blob', {}]] : []),
      ] as [string, object][],
      webServer: isEmbedded(settings) ? embeddedTarget(settings) : undefined,
      projects: files.map((file) => {
        const metadata = timeline(file, known, shape);
        return {
          name: file.name,
          repeatEach: metadata.slices,
          testMatch: metadata.scenarios.map(({ name, kind }) => join(root, scenarioFile(kind, name))),
          metadata,
        };
      }),
    };
  } catch (error) {
    throw error instanceof Error ? error.message : error;
  }
}

function scenarioFile(kind: ScenarioKind, name: string): string {
  return kind === 'load' ? join('protocol', `${name}.load.ts`) : join('journeys', `${name}.journey.ts`);
}

/** A scenario is a file: its name is the scenario's. */
function knownScenarios(root: string): Record<ScenarioKind, string[]> {
  const names = (folder: string, ending: string): string[] =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder)).flatMap((file) =>
          file.endsWith(ending) ? [file.slice(0, -ending.length)] : [],
        )
      : [];
  return { load: names('protocol', '.load.ts').sort(), journey: names('journeys', '.journey.ts').sort() };
}

/** Workers, listings, UI mode and merge-reports evaluate the same file; only a run must name its profile. */
function isRun(env: NodeJS.ProcessEnv, argv: string[]): boolean {
  const elsewhere = ['--list', '--ui', '--help', '-h'];
  return !isWorker(env) && argv[2] === 'test' && !argv.some((arg) => elsewhere.includes(arg));
}

function isWorker(env: NodeJS.ProcessEnv): boolean {
  return env.TEST_WORKER_INDEX !== undefined;
}

function isMerge(env: NodeJS.ProcessEnv, argv: string[]): boolean {
  return !isWorker(env) && argv[2] === 'merge-reports' && !argv.some((arg) => arg === '--help' || arg === '-h');
}

/** Of `playwright merge-reports [options] [dir]`. */
function blobFolder(argv: string[]): string {
  const takesValue = /^(-c|--config|--reporter)$/;
  return resolve(argv.find((arg, i) => i > 2 && !arg.startsWith('-') && !takesValue.test(argv[i - 1]!)) ?? '.');
}

function valuesOf(option: string, argv: string[]): string[] {
  return argv.flatMap((arg, i) => {
    if (arg.startsWith(`${option}=`)) return [arg.slice(option.length + 1)];
    return arg === option && argv[i + 1] !== undefined ? [argv[i + 1]!] : [];
  });
}

/** Found out here and not by every slice: without Tandem's reporter there is nobody to start and judge them. */
function checkReporter(argv: string[], instead?: string): void {
  const [given] = valuesOf('--reporter', argv);
  if (given === undefined) return;
  throw new Error(
    `--reporter=${given} would take the place of Tandem's reporter, and there would be no verdict; ${instead ?? `allowed is --add-reporter=${given}`}.`,
  );
}

/** @param most shards that all have a part of the profile's load */
function checkShard({ current, total }: Shard, most: number, profile: string): void {
  if (total <= most) return;
  throw new Error(
    `--shard is ${current}/${total}, but profile ${profile} has VUs for ${most} at most; allowed are 1 to ${most} shards.`,
  );
}

/** What several machines have to agree on, and no one of them can make up. */
function checkApart({ total }: Shard, settings: TargetSettings, env: NodeJS.ProcessEnv): void {
  if (total === 1) return;
  if (isEmbedded(settings)) {
    throw new Error(
      `--shard names ${total} shards, and each would start an embedded target of its own; set BASE_URL or API_URL to one that all reach.`,
    );
  }
  if (!ciRunId(env) && !env.LOAD_RUN_ID) {
    throw new Error(`--shard names ${total} shards, but LOAD_RUN_ID is missing: all shards of a run have the same.`);
  }
}

function checkProject(argv: string[], files: ProfileFile[]): void {
  const names = files.map(({ name }) => name);
  const given = valuesOf('--project', argv);
  if (given.length === 0) {
    throw new Error(
      `--project is missing: name the profile to run, e.g. --project=${names[0]}; allowed: ${names.join(', ')}.`,
    );
  }
  if (given.length > 1) throw new Error(`--project is given ${given.length} times; allowed is one profile a run.`);
  if (!names.includes(given[0]!)) throw new Error(`--project is "${given[0]}"; ${allowed(given[0]!, names)}.`);
}

function embeddedTarget({ values }: TargetSettings) {
  const tandem = join(import.meta.dirname, '..');
  return {
    name: 'target',
    command: 'node --import tsx target/main.ts',
    cwd: tandem,
    // A port of the machine's choosing; what the person set for `npm run target` must not reach this one.
    env: { PORT: '0', HOST: '127.0.0.1', ...(values.DATABASE_URL ? { DATABASE_URL: values.DATABASE_URL } : {}) },
    wait: { stdout: /listening on http:\/\/127\.0\.0\.1:(?<target_port>\d+)/ },
    stderr: 'pipe' as const,
    timeout: 60_000,
    // It takes less than a second. One that crashed may leave a zombie, for which Playwright would wait as long as this.
    gracefulShutdown: { signal: 'SIGTERM' as const, timeout: 5_000 },
  };
}
