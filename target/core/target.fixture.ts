import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import pg from 'pg';
import { startTarget, type Target, type TargetOptions } from '../target.ts';
import { clusterUrl, startCluster } from './postgres.ts';

/** A database for the targets of a test file, which no other file uses. */
export interface TestDatabase {
  url: string;
  stop(): Promise<void>;
}

/**
 * Makes one in the PostgreSQL that `npm test` shares among the files, since a start of PostgreSQL is a second of work; a
 * file that is run by itself has a PostgreSQL of its own.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const shared = process.env.TEST_POSTGRES_FOLDER;
  if (!shared) {
    const cluster = await startCluster();
    return { url: clusterUrl(cluster.folder), stop: () => cluster.stop() };
  }
  const name = `test_${randomBytes(8).toString('hex')}`;
  const client = new pg.Client(clusterUrl(shared));
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name} STRATEGY file_copy`);
  } finally {
    await client.end();
  }
  // It goes with the PostgreSQL that it is in.
  return { url: clusterUrl(shared, name), stop: async () => {} };
}

/** A target without a page, and with cheap passwords, that is stopped when the test is over, if the test has not stopped it. */
export async function testTarget(t: TestContext, options: TargetOptions): Promise<Target> {
  const target = await startTarget({ webFolder: 'none', scryptN: 1_024, ...options });
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= target.stop();
    return stopping;
  };
  t.after(stop);
  return { ...target, stop };
}
