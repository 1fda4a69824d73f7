import { readOptions } from './options.ts';
import { startTarget } from './server.ts';
import { StartError } from './start-error.ts';

const PARENT_CHECK_MS = 1_000;

function fail(error: unknown): never {
  console.error(error instanceof StartError ? error.message : error);
  process.exit(1);
}

async function main(): Promise<void> {
  const starting = startTarget(readOptions(process.env));
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    const target = await starting;
    await target.stop();
    process.exit(0);
  };
  // A signal comes twice when a launcher passes on what the whole process group got, so the second is no order to hurry.
  process.on('SIGTERM', () => stop().catch(fail));
  process.on('SIGINT', () => stop().catch(fail));

  // Nobody would ever stop a target whose launcher was killed.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop().catch(fail);
  }, PARENT_CHECK_MS).unref();

  const target = await starting;
  console.log(`listening on ${target.url}`);
}

main().catch(fail);
