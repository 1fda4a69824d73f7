// What the pods of deploy/kubernetes run: "node scripts/pod.mjs shard" runs one shard and lays its blob on the common volume,
// "node scripts/pod.mjs merge" waits for all of them and makes the verdict.
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runInForeground } from './child.mjs';

const PLAYWRIGHT = join('node_modules', '@playwright', 'test', 'cli.js');
/** A network volume tells nobody of new files. */
const LOOK_EVERY_MS = 1_000;
/** A rendezvous that was applied together with the Jobs may still have to be pulled and started. */
const RENDEZVOUS_WITHIN_MS = 5 * 60_000;

/** @type {Record<string, () => Promise<number>>} */
const roles = { shard, merge };
const [role = ''] = process.argv.slice(2);

try {
  if (!Object.hasOwn(roles, role)) throw new Error(`The role is "${role}"; allowed: ${Object.keys(roles).join(', ')}.`);
  process.exitCode = await roles[role]?.();
} catch (error) {
  console.error(/** @type {Error} */ (error).message);
  process.exitCode = 1;
}

/** @returns {Promise<number>} the shard's own exit code */
async function shard() {
  const { runId, profile, shards, folder, blobs } = run();
  const number = whole('JOB_COMPLETION_INDEX', 0) + 1;
  if (!process.env.BASE_URL && !process.env.API_URL) {
    throw new Error('BASE_URL and API_URL are missing: the pods of a cluster need a target that all of them reach.');
  }
  mkdirSync(blobs, { recursive: true });
  claim(
    join(folder, `shard-${number}.started`),
    `Run ${runId} has had its shard ${number}: every run needs a new RUN.`,
  );
  const own = resolve(tmpdir(), `blob-${number}`);
  try {
    if (process.env.LOAD_RENDEZVOUS) await reachable(process.env.LOAD_RENDEZVOUS);
    return await playwright(['test', `--project=${profile}`, `--shard=${number}/${shards}`], {
      LOAD_RUN_ID: runId,
      PLAYWRIGHT_BLOB_OUTPUT_DIR: own,
    });
  } finally {
    try {
      for (const name of existsSync(own) ? readdirSync(own) : []) layDown(join(own, name), blobs, name);
    } finally {
      writeFileSync(join(folder, `shard-${number}.ended`), '');
    }
  }
}

/** @returns {Promise<number>} 0 when the verdict is pass */
async function merge() {
  const { runId, shards, folder, blobs } = run();
  const deadlineS = whole('DEADLINE_SECONDS', 1);
  const until = performance.now() + deadlineS * 1_000;
  const numbers = Array.from({ length: shards }, (_, i) => i + 1);
  const running = () => numbers.filter((number) => !existsSync(join(folder, `shard-${number}.ended`)));
  console.log(`Waiting for ${shards} shards of ${runId}, at most ${deadlineS} s.`);
  while (running().length > 0 && performance.now() < until) await wait(LOOK_EVERY_MS);
  const late = running();
  if (late.length > 0) console.error(`Not ended within ${deadlineS} s: shard ${late.join(', ')}; merging the others.`);
  mkdirSync(blobs, { recursive: true });
  return playwright(['merge-reports', '--config=playwright.config.ts', blobs], { LOAD_RUN_ID: runId });
}

/** What the two Jobs of a run agree on. Theirs are the names "<role>-<run>", whether kustomize or a CronJob made them. */
function run() {
  const [, name] = /^[^-]+-(.+)$/.exec(process.env.JOB_NAME ?? '') ?? [];
  if (!name)
    throw new Error(`JOB_NAME is "${process.env.JOB_NAME ?? ''}"; allowed is <role>-<run>, as in shards-first.`);
  const profile = process.env.PROFILE;
  if (!profile) throw new Error('PROFILE is missing: name the profile to run.');
  const runId = `${profile}-${name}`;
  const folder = resolve(process.env.REPORTS ?? '/reports', 'blobs', runId);
  return { runId, profile, shards: whole('SHARDS', 1), folder, blobs: join(folder, 'blobs') };
}

/**
 * @param {string} name of an environment variable
 * @param {number} least
 */
function whole(name, least) {
  const text = process.env[name] ?? '';
  const number = text === '' ? Number.NaN : Number(text);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new Error(`${name} is "${text}"; allowed is a whole number from ${least}.`);
}

/**
 * A pod that comes a second time, or a run id that is used again, would mix two runs.
 *
 * @param {string} file
 * @param {string} refusal
 */
function claim(file, refusal) {
  try {
    writeFileSync(file, '', { flag: 'wx' });
  } catch (error) {
    throw /** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST' ? new Error(refusal) : error;
  }
}

/**
 * Copied under another name, then renamed: nobody merges half a blob.
 *
 * @param {string} file
 * @param {string} folder
 * @param {string} name
 */
function layDown(file, folder, name) {
  const unfinished = join(folder, `.${name}.tmp`);
  copyFileSync(file, unfinished);
  renameSync(unfinished, join(folder, name));
}

/** @param {string} rendezvous */
async function reachable(rendezvous) {
  const until = performance.now() + RENDEZVOUS_WITHIN_MS;
  const health = `${rendezvous.replace(/\/+$/, '')}/health`;
  const answers = () =>
    fetch(health, { signal: AbortSignal.timeout(LOOK_EVERY_MS) }).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await answers())) {
    if (performance.now() > until) {
      throw new Error(`LOAD_RENDEZVOUS ${rendezvous} did not answer within ${RENDEZVOUS_WITHIN_MS / 1_000} s.`);
    }
    await wait(LOOK_EVERY_MS);
  }
}

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function playwright(args, env) {
  return runInForeground(process.execPath, [PLAYWRIGHT, ...args], { ...process.env, ...env });
}
