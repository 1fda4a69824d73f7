import { durationHelp, parseDuration, type SliceContext } from '../../support/test.ts';

export const follows = ['both', 'poll', 'stream'] as const;

export interface MigrationOptions {
  /** By what a migration is followed. */
  follow: (typeof follows)[number];
  /** Between two looks at a migration under way. */
  pollIntervalMs: number;
  /** A migration that has not ended by then is stuck. */
  timeoutMs: number;
  /** Of the migrations: those whose VM is asked all the time whether it answers. */
  probeShare: number;
  /** Between two such questions; what the blackout can be told to. */
  probeIntervalMs: number;
  /** Of each VM; with the bandwidth it decides how long a migration takes. */
  memoryMb: number;
  bandwidthMbps: number;
}

const defaults = {
  follow: 'both',
  pollInterval: '1s',
  timeout: '1m',
  probeShare: 0.1,
  probeInterval: '10ms',
  memoryMb: 4_096,
  bandwidthMbps: 1_000,
};

/** Reads `scenarios.<name>.options` of the profile. @throws one sentence when an option or its value is not known */
export function migrationOptions({ scenario, options }: SliceContext): MigrationOptions {
  const where = `scenarios.${scenario}.options`;
  const known = Object.keys(defaults).sort();
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new Error(`${where}.${name} is not known; allowed: ${known.join(', ')}.`);
  }
  const given: Record<string, unknown> = { ...defaults, ...options };
  const wrong = (name: string, allowed: string) =>
    new Error(`${where}.${name} is ${JSON.stringify(given[name])}; allowed is ${allowed}.`);
  const duration = (name: string): number => {
    const value = given[name];
    const durationMs = typeof value === 'string' ? parseDuration(value) : undefined;
    if (!durationMs) throw wrong(name, `${durationHelp}, above 0`);
    return durationMs;
  };
  const number = (name: string, fits: (value: number) => boolean, allowed: string): number => {
    const value = given[name];
    if (typeof value !== 'number' || !fits(value)) throw wrong(name, allowed);
    return value;
  };
  const follow = follows.find((one) => one === given.follow);
  if (!follow) throw wrong('follow', follows.join(', '));
  const isCount = (value: number) => Number.isInteger(value) && value > 0;
  return {
    follow,
    pollIntervalMs: duration('pollInterval'),
    timeoutMs: duration('timeout'),
    probeShare: number('probeShare', (value) => value >= 0 && value <= 1, 'a number from 0 to 1'),
    probeIntervalMs: duration('probeInterval'),
    memoryMb: number('memoryMb', isCount, 'a whole number above 0'),
    bandwidthMbps: number('bandwidthMbps', isCount, 'a whole number above 0'),
  };
}
