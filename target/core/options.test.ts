import assert from 'node:assert/strict';
import { test } from 'node:test';
import { families } from '../families/index.ts';
import { readOptions } from './options.ts';

test('an empty environment, or one of empty variables, is a target with its own PostgreSQL on any port', () => {
  const defaults = {
    port: 0,
    host: '127.0.0.1',
    databaseUrl: undefined,
    faults: [],
    faultsSeed: 1,
    rateLimit: undefined,
    scryptN: 4_096,
    tokenSeconds: 3_600,
    timeScale: 0.05,
    drillSocket: undefined,
    diskMb: undefined,
    processes: 1,
  };
  assert.deepEqual(readOptions({}, families), defaults);
  const empty = { PORT: '', HOST: '', DATABASE_URL: '', TARGET_FAULTS: '', TARGET_FAULTS_SEED: '', RATE_LIMIT: '' };
  assert.deepEqual(
    readOptions(
      { ...empty, TARGET_TIME_SCALE: '', TARGET_PROCESSES: '', TARGET_SCRYPT_N: '', TARGET_TOKEN_SECONDS: '' },
      families,
    ),
    defaults,
  );
});

test('every variable is read', () => {
  const options = readOptions(
    {
      PORT: '4000',
      HOST: '0.0.0.0',
      DATABASE_URL: 'postgres://localhost/db',
      TARGET_FAULTS: 'crash@10s',
      TARGET_FAULTS_SEED: '7',
      RATE_LIMIT: '60/min',
      TARGET_TIME_SCALE: '0.5',
      TARGET_PROCESSES: '7',
      TARGET_DISK_MB: '512',
      TARGET_SCRYPT_N: '16384',
      TARGET_TOKEN_SECONDS: '60',
    },
    families,
  );
  assert.equal(options.port, 4_000);
  assert.equal(options.host, '0.0.0.0');
  assert.equal(options.databaseUrl, 'postgres://localhost/db');
  assert.equal(options.faults?.[0]?.beginsAfterMs, 10_000);
  assert.equal(options.faultsSeed, 7);
  assert.ok(options.rateLimit);
  assert.equal(options.timeScale, 0.5);
  assert.equal(options.processes, 7);
  assert.equal(options.diskMb, 512);
  assert.equal(options.scryptN, 16_384);
  assert.equal(options.tokenSeconds, 60);
});

test('a variable that cannot be read is named with what was found and what is allowed', () => {
  const cases: [NodeJS.ProcessEnv, RegExp][] = [
    [{ PORT: 'http' }, /^PORT is "http"; allowed is a number from 0 \(any free port\) to 65535\.$/],
    [{ PORT: '70000' }, /^PORT is "70000"/],
    [{ PORT: '-1' }, /^PORT is "-1"/],
    [{ TARGET_FAULTS: 'latncy=80ms' }, /^TARGET_FAULTS: "latncy=80ms" is not a fault; known are /],
    [{ TARGET_FAULTS_SEED: 'x' }, /^TARGET_FAULTS_SEED is "x"; allowed is a whole number from 0 to 999999999\.$/],
    [{ RATE_LIMIT: 'often' }, /^RATE_LIMIT is "often"; allowed is/],
    [{ TARGET_TIME_SCALE: '0' }, /^TARGET_TIME_SCALE is "0"; allowed is a number above 0, up to 10 \(1: /],
    [{ TARGET_TIME_SCALE: '11' }, /^TARGET_TIME_SCALE is "11"/],
    [{ TARGET_TIME_SCALE: 'fast' }, /^TARGET_TIME_SCALE is "fast"/],
    [{ TARGET_SCRYPT_N: '5000' }, /^TARGET_SCRYPT_N is "5000"; allowed is a power of two from 1024 to 131072\.$/],
    [{ TARGET_SCRYPT_N: '512' }, /^TARGET_SCRYPT_N is "512"/],
    [{ TARGET_SCRYPT_N: '262144' }, /^TARGET_SCRYPT_N is "262144"/],
    [{ TARGET_SCRYPT_N: 'dear' }, /^TARGET_SCRYPT_N is "dear"/],
    [{ TARGET_TOKEN_SECONDS: '0' }, /^TARGET_TOKEN_SECONDS is "0"; allowed is a whole number from 1 to 86400\.$/],
    [{ TARGET_TOKEN_SECONDS: '1h' }, /^TARGET_TOKEN_SECONDS is "1h"/],
    [{ TARGET_DISK_MB: '100' }, /^TARGET_DISK_MB is "100"; allowed is a whole number from 256 to 65536\.$/],
    [{ TARGET_DISK_MB: '1g' }, /^TARGET_DISK_MB is "1g"/],
    [{ TARGET_PROCESSES: '0' }, /^TARGET_PROCESSES is "0"; allowed is a whole number from 1 to 16\.$/],
    [{ TARGET_PROCESSES: '17' }, /^TARGET_PROCESSES is "17"/],
    [{ TARGET_PROCESSES: 'all' }, /^TARGET_PROCESSES is "all"/],
  ];
  for (const [env, message] of cases) assert.throws(() => readOptions(env, families), { name: 'StartError', message });
});
