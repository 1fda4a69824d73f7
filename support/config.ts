import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { checkTemporary, checkWritable } from '../scripts/writable.mjs';
import { checkBlobs } from './blobs.ts';
import { ACTION_TIMEOUT_MS, browserExecutable, contextOptions, launchOptions } from './browser.ts';
import { diskDrill, drillSocketVariable } from './embedded-drills.ts';
import { EmbeddedTarget, type TargetProgram } from './embedded-target.ts';
import { type Family, listFamilies } from './family.ts';
import { type CommandLine, checkSwitches, commandLine } from './input/command-line.ts';
import { checkEnvironment } from './input/environment.ts';
import { allowed } from './input/misspelling.ts';
import { profileNames, readProfile } from './profile.ts';
import { type ScenarioFiles, scenarioFiles, testFilesOf, writeTestFiles } from './scenario-files.ts';
import { type RunShape, runShape } from './schedule/run-shape.ts';
import { mostShards } from './schedule/slices.ts';
import { type Timeline, timeline } from './schedule/timeline.ts';
import { ciRunId, commonStart, type Shard, shardOf } from './shard.ts';
import { withSlo } from './slo.ts';
import {
  checkSomewhere,
  isEmbedded,
  portVariable,
  resolveTarget,
  settingNames,
  type TargetSettings,
  targetSettings,
} from './target.ts';
import { addExecution } from './worker/executions.ts';

/** More than any profile needs: every slice must run at the same time, or the start line would wait for ever. */
const WORKERS = 500;

/** By this environment variable workers, and who removes it, know the folder that Playwright works in. */
export const workingFolderVariable = 'TANDEM_WORKING_FOLDER';

/** By this environment variable workers know the profile that is run: they need not read the others. */
const profileVariable = 'TANDEM_PROFILE';

/** A profile as it would run, or what is wrong with it. */
type Profile = { name: string } & ({ timeline: Timeline } | { wrong: string });

/**
 * Playwright's configuration for a folder with `profiles/`, `journeys/`, `protocol/` and `.env` files: one project per
 * profile, its slices as repetitions. A profile with a mistake is none, and an error only where it is asked for.
 * @param root the folder
 * @param families whose settings its loads read
 * @param begin starts the embedded target
 * @throws one sentence (a string: Playwright prints it without a stack) for any bad input
 */
export function tandemConfig(
  root: string,
  families: readonly Family[] = [],
  env: NodeJS.ProcessEnv = process.env,
  argv: string[] = process.argv,
  begin: (program: TargetProgram, env: NodeJS.ProcessEnv) => void = EmbeddedTarget.begin,
) {
  try {
    listFamilies(families);
    const line = isWorker(env) ? undefined : commandLine(argv);
    const isRun = line?.command === 'test' && !line.list && !line.help;
    if (line?.command === 'test') checkSwitches(argv, env);
    if (line && !line.help) checkEnvironment(env, settingNames(families));
    const shard = shardOf(line && (line.shard === undefined ? [] : [line.shard]), env);
    const shape = { ...runShape(env), shards: shard?.total };
    const settings = targetSettings(env, root, families);
    const files = scenarioFiles(root, families);
    const profiles = profilesOf(root, files, shape, env, isRun ? line.projects : undefined);
    if (line?.command === 'merge-reports' && !line.help) {
      checkReporter(line, 'leave it out');
      checkBlobs(resolve(line.words[0] ?? '.'));
    }
    if (isRun) {
      checkReporter(line);
      checkSomewhere(settings);
      checkProject(line, profiles);
      commonStart(env);
      const chosen = timelineOf(profiles.find(({ name }) => name === line.projects[0])!);
      env[profileVariable] = chosen.profile;
      checkRepeats(line, chosen);
      if (line.headed) checkHeaded(env);
      if (shard) {
        checkShard(shard, mostShards(chosen), chosen.profile);
        checkApart(shard, settings, env);
      }
      checkFolders(root);
    } else if (line?.command === 'test' && !line.help) {
      checkListed(line, profiles);
    }
    const timelines = profiles.flatMap((profile) => ('timeline' in profile ? [profile.timeline] : []));
    if (line) for (const timeline of timelines) writeTestFiles(root, timeline.scenarios, files);
    // Nothing is wrong so far; it starts while Playwright reads the rest.
    if (isRun && isEmbedded(settings)) begin(embeddedTarget(settings, drillsOf(line, profiles, env)), env);
    return {
      testDir: root,
      outputDir: workingFolder(env),
      preserveOutput: 'never' as const,
      fullyParallel: true,
      workers: WORKERS,
      retries: 0,
      timeout: 0,
      use: {
        launchOptions: launchOptions(env, settings.wire),
        // Of the contexts that a journey opens besides its own: they reach the target as that does.
        actionTimeout: ACTION_TIMEOUT_MS,
        navigationTimeout: ACTION_TIMEOUT_MS,
        ...(isStarted(settings, env) && contextOptions(resolveTarget(settings, env))),
        trace: 'off' as const,
        screenshot: 'off' as const,
        video: 'off' as const,
      },
      // Of its own it goes on until the test's time is up, and a slice's never is.
      expect: { toPass: { timeout: ACTION_TIMEOUT_MS } },
      reportSlowTests: null,
      // Tandem's comes first: what it adds to the attachments is then in the blob.
      reporter: [
        [join(import.meta.dirname, 'run', `reporter${extname(import.meta.filename)}`), { root }],
        ...(shard && isRun ? [['blob', {}]] : []),
      ] as [string, object][],
      projects: timelines.map((metadata) => ({
        name: metadata.profile,
        repeatEach: metadata.slices,
        testMatch: testFilesOf(root, metadata.scenarios, files).map(exactly),
        metadata,
      })),
    };
  } catch (error) {
    throw error instanceof Error ? error.message : error;
  }
}

/** Of one path alone: a pattern that is a text would be a glob, made anew for every file there is. */
function exactly(path: string): RegExp {
  return new RegExp(`^${path.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`);
}

/** @param chosen those that are run, where some are: of the others the name is enough */
function profilesOf(
  root: string,
  files: ScenarioFiles,
  shape: RunShape,
  env: NodeJS.ProcessEnv,
  chosen?: string[],
): Profile[] {
  const known = { load: [...files.load.keys()].sort(), journey: [...files.journey.keys()].sort() };
  const read = (folder: string, name: string): Profile => {
    if (chosen && !chosen.includes(name)) return { name, wrong: 'another profile is run' };
    try {
      const target = env.TARGET ?? '';
      const made = timeline(withSlo(readProfile(folder, name, root, known), target, root, known), known, shape);
      for (const { name, kind, exec = name } of made.scenarios) addExecution(kind, exec, name);
      return { name, timeline: made };
    } catch (error) {
      return { name, wrong: (error as Error).message };
    }
  };
  const folder = join(root, 'profiles');
  const own = profileNames(folder, root);
  const further = env.LOAD_PROFILE ? [furtherProfile(env.LOAD_PROFILE, own)] : [];
  const isWanted = (name: string) => !isWorker(env) || (env[profileVariable] ?? name) === name;
  return [...own.map((name) => join(folder, `${name}.json`)), ...further].flatMap((path) => {
    const name = basename(path, '.json');
    return isWanted(name) ? [read(dirname(path), name)] : [];
  });
}

/** The path of one that lies elsewhere. */
function furtherProfile(given: string, own: string[]): string {
  const path = resolve(given);
  const name = basename(path, '.json');
  if (!path.endsWith('.json') || !existsSync(path)) {
    throw new Error(`LOAD_PROFILE is "${given}"; allowed is the path of a profile, a file <name>.json.`);
  }
  if (own.includes(name)) {
    throw new Error(`LOAD_PROFILE is "${given}", and there is a profiles/${name}.json; allowed is another name.`);
  }
  return path;
}

/** Playwright empties it when it begins: of runs side by side each has its own, for as long as it lasts. */
function workingFolder(env: NodeJS.ProcessEnv): string {
  if (!isWorker(env)) delete env[workingFolderVariable];
  env[workingFolderVariable] ??= join(tmpdir(), `tandem-${process.pid}-${randomBytes(4).toString('hex')}`);
  return env[workingFolderVariable];
}

/** @throws what is wrong with the profile */
function timelineOf(profile: Profile): Timeline {
  if ('wrong' in profile) throw new Error(profile.wrong);
  return profile.timeline;
}

function isWorker(env: NodeJS.ProcessEnv): boolean {
  return env.TEST_WORKER_INDEX !== undefined;
}

/** Whether it is known where the target is: an embedded one tells workers its port. */
function isStarted(settings: TargetSettings, env: NodeJS.ProcessEnv): boolean {
  return isWorker(env) && (!isEmbedded(settings) || env[portVariable] !== undefined);
}

/** Found out here and not by every slice: without Tandem's reporter there is nobody to start and judge them. */
function checkReporter({ reporter }: CommandLine, instead = `allowed is --add-reporter=${reporter}`): void {
  if (reporter === undefined) return;
  throw new Error(
    `--reporter=${reporter} would take the place of Tandem's reporter, and there would be no verdict; ${instead}.`,
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

function checkProject({ projects, words }: CommandLine, profiles: Profile[]): void {
  const names = profiles.map(({ name }) => name);
  if (projects.length === 0) {
    const meant = words.find((word) => names.includes(word));
    const example = `--project=${meant ?? names[0]}`;
    throw new Error(
      meant === undefined
        ? `--project is missing: name the profile to run, e.g. ${example}; allowed: ${names.join(', ')}.`
        : `--project is missing, and "${meant}" alone is a pattern of files; did you mean ${example}? Allowed: ${names.join(', ')}.`,
    );
  }
  const unknown = projects.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--project is "${unknown}"; ${allowed(unknown, names)}.`);
  if (projects.length > 1) {
    throw new Error(`--project is given ${projects.length} times; allowed is one profile a run.`);
  }
}

/** What is listed must be whole; without --project that is everything. */
function checkListed({ projects }: CommandLine, profiles: Profile[]): void {
  const names = profiles.map(({ name }) => name);
  const unknown = projects.find((name) => !name.includes('*') && !names.includes(name));
  if (unknown !== undefined) throw new Error(`--project is "${unknown}"; ${allowed(unknown, names)}.`);
  for (const profile of profiles) if (projects.length === 0 || projects.includes(profile.name)) timelineOf(profile);
}

/** Playwright would make them all first. */
function checkRepeats({ repeatEach }: CommandLine, { profile, slices }: Timeline): void {
  if (repeatEach === undefined || Number(repeatEach) === slices) return;
  const instead = Number(repeatEach) >= 1 ? `LOAD_SLICES=${repeatEach}` : 'to leave it out';
  throw new Error(
    `--repeat-each is ${repeatEach}, but slices are made by the profile, and ${profile} has ${slices}; allowed is ${instead}.`,
  );
}

/** Found out here and not when there is a verdict to write. */
function checkFolders(root: string): void {
  checkTemporary();
  checkWritable(join(root, 'reports'), 'the results of the run belong there');
}

function checkHeaded(env: NodeJS.ProcessEnv): void {
  const path = browserExecutable(env);
  if (/headless[-_]shell/.test(basename(path))) {
    throw new Error(
      `--headed needs a browser with a window, and ${path} has none; allowed is PLAYWRIGHT_CHROMIUM_EXECUTABLE=<path of a full Chromium>.`,
    );
  }
  if (process.platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY) {
    throw new Error('--headed needs a display, and DISPLAY is not set; allowed is one, such as that of xvfb-run.');
  }
}

/** What the embedded target has to be told, when the profile has drills of it. */
function drillsOf({ projects }: CommandLine, profiles: Profile[], env: NodeJS.ProcessEnv): Record<string, string> {
  const own = timelineOf(profiles.find(({ name }) => name === projects[0])!).drills.filter(
    ({ run }) => typeof run === 'string',
  );
  if (own.length === 0) return {};
  env[drillSocketVariable] ??= join(tmpdir(), `tandem-${process.pid}-${randomBytes(4).toString('hex')}.drills`);
  // Of several processes one can be killed, and the others go on.
  const processes = env.TARGET_PROCESSES || (own.some(({ run }) => run === 'kill-api') ? '2' : '1');
  const fills = own.some(({ run }) => run === diskDrill.name);
  if (fills && (process.platform !== 'linux' || process.getuid?.() !== 0))
    throw new Error(
      `--project=${projects[0]} has the drill ${diskDrill.name}, which needs Linux and root: a disk is mounted for the embedded target's database; allowed is to leave it out.`,
    );
  const disk = fills && { [diskDrill.variable]: env[diskDrill.variable] || diskDrill.defaultMb };
  return { [drillSocketVariable]: env[drillSocketVariable], TARGET_PROCESSES: processes, ...disk };
}

/** @throws one sentence when what the embedded target is made of is not installed: in a repository of one's own that is optional */
export function checkEmbedded(): void {
  const { resolve, manifest } = tandemPackage();
  const missing = Object.keys(manifest.peerDependenciesMeta).filter((name) => !resolve(name));
  if (missing.length === 0) return;
  throw new Error(
    `BASE_URL and API_URL are not set, and the embedded target that would be started needs ${missing.join(', ')}; set BASE_URL in .env to your own system, or "npm install -D ${missing.join(' ')}".`,
  );
}

function embeddedTarget({ values }: TargetSettings, drills: Record<string, string>): TargetProgram {
  checkEmbedded();
  return {
    module: 'target/start.mjs',
    folder: dirname(tandemPackage().resolve('tandem/package.json')!),
    // A port of the machine's choosing; what the person set for `npm run target` must not reach this one.
    env: {
      PORT: '0',
      HOST: '127.0.0.1',
      ...(values.DATABASE_URL ? { DATABASE_URL: values.DATABASE_URL } : {}),
      ...drills,
    },
  };
}

/** Tandem's own folder: the repository, or what was installed of it. */
function tandemPackage() {
  const require = createRequire(import.meta.url);
  const resolve = (name: string) => {
    try {
      return require.resolve(name);
    } catch {
      return undefined;
    }
  };
  return { resolve, manifest: require('tandem/package.json') as { peerDependenciesMeta: Record<string, object> } };
}
