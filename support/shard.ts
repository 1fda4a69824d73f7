/** A run that is spread over machines: which of them this is, and how they begin together. */
import { randomBytes } from 'node:crypto';
import { safeName } from './input/safe-name.ts';
import type { meet as meetOthers, Shard } from './schedule/rendezvous.ts';
import { slicesOfShard } from './schedule/slices.ts';
import { type Meet, monotonicMs, type Sharing } from './schedule/startline.ts';
import type { Timeline } from './schedule/timeline.ts';

export type { Shard };

/** Every worker reads which shard it is of, and brings no HTTP client along for that. */
const meet: typeof meetOthers = async (...given) => (await import('./schedule/rendezvous.ts')).meet(...given);

/** Workers learn by this environment variable what {@link attemptOf} said. */
const attemptVariable = 'TANDEM_ATTEMPT';

/** Workers find out by this environment variable what `--shard` was. */
const shardVariable = 'TANDEM_SHARD';

/** Machines of a CI come one by one, as they become free. */
const START_TIMEOUT_MS = 30 * 60_000;
/** All machines started together: they also end together, but for what still runs when the schedule is over. */
const REST_TIMEOUT_MS = 60_000;
/** Of the last look at the target and what each slice takes down by itself. */
const END_TIMEOUT_MS = 3 * 60_000;
/** An instant further ahead is a mistake. */
const FARTHEST_START_MS = 24 * 60 * 60_000;

/**
 * Of `--shard`, for the process of the run and for its workers; undefined without it. What Playwright refuses is none.
 * @param given values of `--shard` on the command line; undefined in workers, which have none of their own
 */
export function shardOf(given: string[] | undefined, env: NodeJS.ProcessEnv): Shard | undefined {
  const text = given ? given.at(-1) : env[shardVariable];
  if (given && text === undefined) delete env[shardVariable];
  else if (text !== undefined) env[shardVariable] = text;
  const [, current, total] = /^(\d+)\/(\d+)$/.exec(text ?? '') ?? [];
  return total === undefined ? undefined : { current: Number(current), total: Number(total) };
}

/** The CI's own run id, on which its shards agree. */
export function ciRunId(env: NodeJS.ProcessEnv): string | undefined {
  const github = env.GITHUB_RUN_ID && `github-${env.GITHUB_RUN_ID}-${env.GITHUB_RUN_ATTEMPT ?? '1'}`;
  const other = env.CI_PIPELINE_ID ?? env.BUILDKITE_BUILD_ID ?? env.CIRCLE_WORKFLOW_ID ?? env.BUILD_TAG;
  return github || other || undefined;
}

/**
 * What tells this attempt at a run from the others under its run id, and is the same on all of its machines. Empty where
 * shards have nothing in common that an earlier attempt had not; at a rendezvous a run id can be used once only.
 */
export function attemptOf({ at }: CommonStart, shard: Shard | undefined, env: NodeJS.ProcessEnv): string {
  if (!shard) return randomBytes(3).toString('hex');
  return at?.toString(36) ?? env.GITHUB_RUN_ATTEMPT ?? '';
}

/** Tells this process and its workers which attempt at the run this is. */
export function setAttempt(attempt: string, env: NodeJS.ProcessEnv): void {
  env[attemptVariable] = attempt;
}

const LONGEST_DATA_ID = 100;

/**
 * Begins the names of all that a run writes into the target: with the run id alone a second attempt would find the first one's. It is
 * part of tokens, headers and paths, in which a blank of a CI's job would be refused, or end them.
 */
export function dataIdOf(runId: string, env: NodeJS.ProcessEnv): string {
  const isWord = /^[\w.-]+$/.test(runId) && runId.length <= LONGEST_DATA_ID;
  return [isWord ? runId : safeName(runId, LONGEST_DATA_ID), env[attemptVariable]].filter(Boolean).join('-');
}

/** How the machines of a run begin together; neither: each when it is ready. */
export interface CommonStart {
  /** Epoch ms. */
  at?: number;
  /** URL of a rendezvous. */
  rendezvous?: string;
}

/**
 * Reads `LOAD_START_AT` and `LOAD_RENDEZVOUS`. Throws one sentence for what they may not be.
 * @param now epoch ms
 */
export function commonStart({ LOAD_START_AT, LOAD_RENDEZVOUS }: NodeJS.ProcessEnv, now = Date.now()): CommonStart {
  if (LOAD_START_AT && LOAD_RENDEZVOUS) {
    throw new Error('LOAD_START_AT and LOAD_RENDEZVOUS are both given; allowed is one of them.');
  }
  const start: CommonStart = {};
  if (LOAD_START_AT) {
    const isNumber = /^\d+$/.test(LOAD_START_AT);
    // Without a zone a machine would take it for its own time of day.
    const isInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)$/.test(LOAD_START_AT);
    start.at = isNumber ? Number(LOAD_START_AT) : isInstant ? Date.parse(LOAD_START_AT) : Number.NaN;
    if (Number.isNaN(start.at) || start.at - now > FARTHEST_START_MS) {
      throw new Error(
        `LOAD_START_AT is "${LOAD_START_AT}"; allowed is an instant within a day, such as 2026-01-31T02:00:00Z or milliseconds since 1970.`,
      );
    }
  }
  if (start.at !== undefined && start.at <= now) {
    const [given, current] = [start.at, now].map((at) => new Date(at).toISOString());
    throw new Error(
      `LOAD_START_AT is ${given}, and it is ${current} already; allowed is an instant to come, within a day.`,
    );
  }
  if (LOAD_RENDEZVOUS) {
    const isUrl = URL.canParse(LOAD_RENDEZVOUS) && /^https?:$/.test(new URL(LOAD_RENDEZVOUS).protocol);
    if (!isUrl) {
      throw new Error(`LOAD_RENDEZVOUS is "${LOAD_RENDEZVOUS}"; allowed is a URL such as http://10.0.0.7:4100.`);
    }
    start.rendezvous = LOAD_RENDEZVOUS;
  }
  return start;
}

/**
 * How this machine's slices meet those of the others; undefined when they wait for nobody.
 * @param say tells a person what is waited for
 */
export function meetingOf(
  { at, rendezvous }: CommonStart,
  shard: Shard | undefined,
  runId: string,
  { profile, seed, scenarios }: Timeline,
  say: (line: string) => void,
): Meet | undefined {
  if (at !== undefined) {
    return async (point) => {
      if (point === 'rest') return monotonicMs();
      const aheadMs = at - Date.now();
      if (aheadMs < 0) {
        const lateS = (-aheadMs / 1_000).toFixed(1);
        throw new Error(`LOAD_START_AT was ${lateS} s ago when the slices were ready: give them more time`);
      }
      say(`Ready: starting at ${new Date(at).toISOString()}.`);
      return monotonicMs() + aheadMs;
    };
  }
  if (rendezvous === undefined || !shard) return undefined;
  const gracefulStopMs = Math.max(...scenarios.map(({ plan }) => plan.gracefulStopMs));
  const arrival = { ...shard, profile, seed };
  return async (point, signal) => {
    if (point === 'start') {
      say(`Ready: waiting for the other ${shard.total - 1} shards.`);
      const { at } = await meet(rendezvous, runId, point, arrival, { timeoutMs: START_TIMEOUT_MS, signal });
      return monotonicMs() + at - Date.now();
    }
    try {
      const timeoutMs = REST_TIMEOUT_MS + gracefulStopMs;
      const { at } = await meet(rendezvous, runId, point, arrival, { timeoutMs, signal });
      return monotonicMs() + at - Date.now();
    } catch (error) {
      // Another shard is gone. What this one has done can be looked at all the same: oracles know who looked when.
      if (!signal.aborted) say((error as Error).message);
      return monotonicMs();
    }
  };
}

/**
 * A machine that starts when it is ready knows the instant of a drill by no clock of the others, and takes it for an outage.
 * @throws one sentence
 */
export function checkDrilled(
  { at, rendezvous }: CommonStart,
  shard: Shard | undefined,
  [drill]: Timeline['drills'],
  path: string,
): void {
  if (drill === undefined || !shard || shard.total === 1 || at !== undefined || rendezvous !== undefined) return;
  throw new Error(
    `--shard: ${path} has drills (${drill.name}), whose instant is the same for all machines only if they start together; allowed is LOAD_START_AT, or LOAD_RENDEZVOUS, where they meet.`,
  );
}

/**
 * How the machines of a run share what `setupRun` gives; undefined where no scenario has it, or one machine has all of its slices.
 * @param scenarios those that have it
 * @param say tells a person what is waited for
 * @throws one sentence when they cannot
 */
export function sharingOf(
  { rendezvous }: CommonStart,
  shard: Shard | undefined,
  runId: string,
  timeline: Timeline,
  scenarios: string[],
  say: (line: string) => void,
): Sharing | undefined {
  if (!shard) return undefined;
  const { profile, seed } = timeline;
  const isSpread = (name: string) => timeline.scenarios.some((one) => one.name === name && one.slices > 1);
  const shared = scenarios.filter(isSpread);
  const [first] = shared;
  if (first === undefined) return undefined;
  if (rendezvous === undefined) {
    throw new Error(
      `--shard: ${first} is set up once a run (setupRun, teardownRun), for slices on several machines; allowed is LOAD_RENDEZVOUS, where they meet, or "slices": 1 in scenarios.${first} of ${timeline.path}.`,
    );
  }
  return {
    scenarios: shared.map((scenario) => ({
      scenario,
      isHere: slicesOfShard(timeline, scenario, shard.current).includes(0),
    })),
    async meet(point, signal, brought) {
      const timeoutMs = point.startsWith('end/') ? END_TIMEOUT_MS : START_TIMEOUT_MS;
      const arrival = { ...shard, profile, seed };
      try {
        return (await meet(rendezvous, runId, point, arrival, { timeoutMs, signal, brought })).given;
      } catch (error) {
        if (!signal.aborted && point.startsWith('end/')) say((error as Error).message);
        throw error;
      }
    },
  };
}
