// What .github/workflows/load.yml runs for the event that started it; its outputs are what the other jobs read.
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './setup.mjs';

/** @type {Record<string, { profile: string, shards: number }>} by event, where nobody chooses */
const PLANS = {
  pull_request: { profile: 'light', shards: 1 },
  schedule: { profile: 'medium', shards: 1 },
  push: { profile: 'prerelease', shards: 1 },
  release: { profile: 'heavy', shards: 4 },
};

/** GitHub runs no more jobs of one matrix. */
const MOST_SHARDS = 256;
/** Machines are ready one after the other; whoever is later than this makes the run invalid. */
const START_AHEAD_MS = 5 * 60_000;

try {
  const outputs = Object.entries(plan(process.env)).map(([name, value]) => `${name}=${value}\n`);
  if (process.env.GITHUB_OUTPUT) appendFileSync(process.env.GITHUB_OUTPUT, outputs.join(''));
  process.stdout.write(outputs.join(''));
} catch (error) {
  console.log(`::error::${/** @type {Error} */ (error).message}`);
  process.exitCode = 1;
}

/**
 * @param {NodeJS.ProcessEnv} env PROFILE and SHARDS as a person chose them, TARGET_URL when a target is configured, and
 *   GitHub's own variables
 * @throws {Error} with one sentence that says what is wrong and what is allowed
 */
function plan({ PROFILE, SHARDS, TARGET_URL, GITHUB_EVENT_NAME = '', GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT }) {
  const usual = PLANS[GITHUB_EVENT_NAME];
  const profile = PROFILE || usual?.profile;
  if (!profile) throw new Error(`PROFILE is missing: on ${GITHUB_EVENT_NAME || 'no event'} no profile is usual.`);
  if (!/^[\w-]+$/.test(profile) || !existsSync(join(ROOT, 'profiles', `${profile}.json`))) {
    throw new Error(`PROFILE is "${profile}"; allowed is the name of a file in profiles/, without .json.`);
  }
  const total = Number(SHARDS || usual?.shards || 1);
  if (!Number.isInteger(total) || total < 1 || total > MOST_SHARDS) {
    throw new Error(`SHARDS is "${SHARDS}"; allowed is a whole number from 1 to ${MOST_SHARDS}.`);
  }
  // A pull request is code that nobody has read yet: it loads its own machine, and no system of anybody's.
  const target = TARGET_URL && GITHUB_EVENT_NAME !== 'pull_request' ? 'configured' : 'embedded';
  if (total > 1 && target === 'embedded') {
    throw new Error(
      `SHARDS is ${total}, but there is no target that ${total} machines could load together: set the repository variable BASE_URL or API_URL, or choose 1 shard, which starts a target of its own.`,
    );
  }
  return {
    profile,
    total,
    shards: JSON.stringify(Array.from({ length: total }, (_, i) => i + 1)),
    target,
    'run-id': `${profile}-github-${GITHUB_RUN_ID}-${GITHUB_RUN_ATTEMPT}`,
    'start-at': total > 1 ? new Date(Date.now() + START_AHEAD_MS).toISOString() : '',
  };
}
