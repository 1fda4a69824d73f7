import cluster from 'node:cluster';
import { readOptions } from './core/options.ts';
import { serveAsWorker, startProcesses } from './core/processes.ts';
import { startServer } from './core/server.ts';
import { StartError } from './core/start-error.ts';
import { families } from './families/index.ts';

const PARENT_CHECK_MS = 1_000;

function fail(error: unknown): never {
  console.error(error instanceof StartError ? error.message : error);
  process.exit(1);
}

async function main(): Promise<void> {
  const options = readOptions(process.env, families);
  let stopping = false;
  const stop = async (exitCode: number) => {
    if (stopping) return;
    stopping = true;
    // What did not start, perhaps since its processes got the signal as well, has left nothing to stop.
    const target = await starting.catch(() => undefined);
    await target?.stop();
    process.exit(exitCode);
  };
  const onDeath = (sentence: string) => {
    console.error(sentence);
    stop(1).catch(fail);
  };
  const starting =
    options.processes === 1 && options.drillSocket === undefined
      ? startServer(families, options)
      : startProcesses(families, options, onDeath);
  // A signal comes twice when a launcher passes on what the whole process group got, so the second is no order to hurry.
  process.on('SIGTERM', () => stop(0).catch(fail));
  process.on('SIGINT', () => stop(0).catch(fail));
  // What it says to a launcher that is gone is heard by nobody, and is no reason to leave anything behind.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

  // Nobody would ever stop a target whose launcher was killed.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop(0).catch(fail);
  }, PARENT_CHECK_MS).unref();
  // Where a shell stands between, the launcher is no parent, but may hold the other end of standard input.
  if (process.env.TARGET_STOP_WITH_STDIN === '1') {
    const leave = () => stop(0).catch(fail);
    process.stdin.on('end', leave).on('error', leave).resume();
  }

  const target = await starting.catch((error) => {
    if (!stopping) throw error;
  });
  if (!target) return;
  // As they stand in an .env file; the last line says that all of it listens.
  const lines = Object.entries(target.addresses).map(([variable, address]) => `${variable}=${address}\n`);
  console.log(`${lines.join('')}listening on ${target.url}`);
}

(cluster.isPrimary ? main() : serveAsWorker(families, readOptions(process.env, families))).catch(fail);
