import type { AnyFamily } from './family.ts';
import { parseFaults } from './faults.ts';
import { RateLimit } from './rate-limit.ts';
import { DEFAULT_SCRYPT_N, DEFAULT_TOKEN_SECONDS, type TargetOptions } from './server.ts';
import { StartError } from './start-error.ts';

const MAX_PROCESSES = 16;
const DEFAULT_TIME_SCALE = 0.05;
const MAX_TIME_SCALE = 10;
const SCRYPT_N = { min: 1_024, max: 131_072 };
const MAX_TOKEN_SECONDS = 86_400;
const DISK_MB = { min: 256, max: 65_536 };

export interface Options extends TargetOptions {
  /** How many serve the port together; 1: this one alone. */
  processes: number;
  /** Where it is told to break itself, the path of a socket; undefined: nowhere. */
  drillSocket: string | undefined;
  /** With drills: the size of a disk of its own for PostgreSQL's data; undefined: it has none. */
  diskMb: number | undefined;
}

/** The options in the environment. An empty variable counts as none. @throws {StartError} */
export function readOptions(env: NodeJS.ProcessEnv, families: readonly AnyFamily[]): Options {
  return {
    drillSocket: env.TARGET_DRILLS || undefined,
    diskMb: readDisk(env.TARGET_DISK_MB || undefined),
    processes: readProcesses(env.TARGET_PROCESSES || '1'),
    port: readPort(env.PORT || '0'),
    host: env.HOST || '127.0.0.1',
    databaseUrl: env.DATABASE_URL || undefined,
    faults: parseFaults(env.TARGET_FAULTS ?? '', families),
    faultsSeed: readSeed(env.TARGET_FAULTS_SEED || '1'),
    rateLimit: readRateLimit(env.RATE_LIMIT || undefined),
    scryptN: readScryptN(env.TARGET_SCRYPT_N || String(DEFAULT_SCRYPT_N)),
    tokenSeconds: readTokenSeconds(env.TARGET_TOKEN_SECONDS || String(DEFAULT_TOKEN_SECONDS)),
    timeScale: readTimeScale(env.TARGET_TIME_SCALE || String(DEFAULT_TIME_SCALE)),
  };
}

function readPort(value: string): number {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) {
    throw new StartError(`PORT is ${JSON.stringify(value)}; allowed is a number from 0 (any free port) to 65535.`);
  }
  return Number(value);
}

function readDisk(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,5}$/.test(value) || Number(value) < DISK_MB.min || Number(value) > DISK_MB.max) {
    throw new StartError(
      `TARGET_DISK_MB is ${JSON.stringify(value)}; allowed is a whole number from ${DISK_MB.min} to ${DISK_MB.max}.`,
    );
  }
  return Number(value);
}

function readProcesses(value: string): number {
  if (!/^\d{1,2}$/.test(value) || Number(value) < 1 || Number(value) > MAX_PROCESSES) {
    throw new StartError(
      `TARGET_PROCESSES is ${JSON.stringify(value)}; allowed is a whole number from 1 to ${MAX_PROCESSES}.`,
    );
  }
  return Number(value);
}

function readTimeScale(value: string): number {
  if (!/^\d+(\.\d+)?$/.test(value) || Number(value) === 0 || Number(value) > MAX_TIME_SCALE) {
    throw new StartError(
      `TARGET_TIME_SCALE is ${JSON.stringify(value)}; allowed is a number above 0, up to ${MAX_TIME_SCALE} ` +
        '(1: migrations take as long as they would).',
    );
  }
  return Number(value);
}

function readScryptN(value: string): number {
  const n = Number(value);
  if (!/^\d{1,6}$/.test(value) || n < SCRYPT_N.min || n > SCRYPT_N.max || !Number.isInteger(Math.log2(n))) {
    throw new StartError(
      `TARGET_SCRYPT_N is ${JSON.stringify(value)}; allowed is a power of two from ${SCRYPT_N.min} to ${SCRYPT_N.max}.`,
    );
  }
  return n;
}

function readTokenSeconds(value: string): number {
  const seconds = Number(value);
  if (!/^\d{1,5}$/.test(value) || seconds < 1 || seconds > MAX_TOKEN_SECONDS) {
    throw new StartError(
      `TARGET_TOKEN_SECONDS is ${JSON.stringify(value)}; allowed is a whole number from 1 to ${MAX_TOKEN_SECONDS}.`,
    );
  }
  return seconds;
}

function readSeed(value: string): number {
  if (!/^\d{1,9}$/.test(value)) {
    throw new StartError(
      `TARGET_FAULTS_SEED is ${JSON.stringify(value)}; allowed is a whole number from 0 to 999999999.`,
    );
  }
  return Number(value);
}

function readRateLimit(value: string | undefined): RateLimit | undefined {
  const limit = value === undefined ? undefined : RateLimit.parse(value);
  if (value !== undefined && !limit) {
    throw new StartError(`RATE_LIMIT is ${JSON.stringify(value)}; allowed is <requests>/<s, min or h>, as in 60/min.`);
  }
  return limit;
}
