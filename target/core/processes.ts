import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { openDatabase } from './database.ts';
import { type Event, Events, type Publication } from './events.ts';
import type { AnyFamily } from './family.ts';
import type { ProcessFigures } from './figures.ts';
import type { Options } from './options.ts';
import { METRICS_EVERY_MS, recover, schemaOf, startServer, type Target, targetFigures } from './server.ts';
import { StartError } from './start-error.ts';

/** Connections to the database of all processes together; PostgreSQL admits 100. */
const POOL_SIZE = 40;
const PRIMARY_POOL_SIZE = 2;
const WORKER_POOL_SIZE = { min: 2, max: 10 };

interface Numbered {
  event: Event;
  account: string | undefined;
}

type Listening = Pick<Target, 'url' | 'addresses'>;

type FromWorker =
  | ({ kind: 'listening' } & Listening)
  | { kind: 'failed'; sentence: string }
  | { kind: 'published'; publications: Publication[] }
  | { kind: 'figures'; figures: ProcessFigures };

type ToWorker = { kind: 'events'; numbered: Numbered[] } | { kind: 'stop' };

/**
 * Starts a target whose port several processes serve. This one, the primary, has the PostgreSQL, gives new connections to
 * the workers in turns, and numbers their events, so that everybody sees the same numbers.
 * @param onDeath called with a sentence when a worker is gone that was not told to; the rest goes on
 * @throws {StartError} when it cannot; nothing is left running then.
 */
export async function startProcesses(
  families: readonly AnyFamily[],
  options: Options,
  onDeath: (sentence: string) => void,
): Promise<Target> {
  const { databaseUrl, processes, metricsEveryMs = METRICS_EVERY_MS } = options;
  const database = await openDatabase(databaseUrl, { poolSize: PRIMARY_POOL_SIZE, schema: schemaOf(families) });
  const events = new Events();
  const figures = targetFigures(families, { pool: database.pool, events }, metricsEveryMs);
  const workers: Worker[] = [];
  let stopping = false;
  const stop = async () => {
    stopping = true;
    await Promise.all(workers.map(stopWorker));
    await figures.stop();
    await database.stop();
  };

  try {
    await recover(families, database);
    const broadcast = inBatches<Numbered>((numbered) => {
      for (const worker of workers) send(worker, { kind: 'events', numbered });
    });
    events.listen((event, account) => broadcast({ event, account }));

    cluster.schedulingPolicy = cluster.SCHED_RR;
    const listening = Array.from({ length: processes }, () => {
      const worker = cluster.fork({ DATABASE_URL: database.url });
      workers.push(worker);
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'figures') figures.report(message.figures, worker.id);
        if (message.kind !== 'published') return;
        for (const { channel, account, type, fields } of message.publications) {
          events.publish(channel, account, type, fields);
        }
      });
      return listeningAt(worker, processes);
    });
    // They share their ports.
    const [first] = await Promise.all(listening);
    for (const worker of workers) {
      worker.on('exit', () => {
        if (!stopping) onDeath(deathOf(worker, processes));
      });
    }
    return { ...first!, database, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Serves as one process of a target that `startProcesses` has started, until it is told to stop. */
export async function serveAsWorker(families: readonly AnyFamily[], options: Options): Promise<void> {
  // A signal to the process group is the primary's business, which stops everybody in its order.
  process.on('SIGTERM', () => {});
  process.on('SIGINT', () => {});
  const submit = inBatches<Publication>((publications) => tell({ kind: 'published', publications }));
  const events = new Events(submit);
  const poolSize = Math.floor(POOL_SIZE / options.processes);
  const link = {
    events,
    report: (figures: ProcessFigures) => tell({ kind: 'figures', figures }),
    poolSize: Math.min(Math.max(poolSize, WORKER_POOL_SIZE.min), WORKER_POOL_SIZE.max),
  };
  const starting = startServer(families, { ...options, link });
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'events') for (const { event, account } of message.numbered) events.deliver(event, account);
    else
      starting
        .then((target) => target.stop())
        .then(
          () => process.exit(0),
          () => process.exit(1),
        );
  });
  try {
    const { url, addresses } = await starting;
    tell({ kind: 'listening', url, addresses });
  } catch (error) {
    if (!(error instanceof StartError)) console.error(error);
    const sentence = error instanceof StartError ? error.message : 'A process of the target failed as it started.';
    tell({ kind: 'failed', sentence }, () => process.exit(1));
  }
}

/** Where a worker listens, once it does. */
function listeningAt(worker: Worker, processes: number): Promise<Listening> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'listening') resolve({ url: message.url, addresses: message.addresses });
      if (message.kind === 'failed') reject(new StartError(message.sentence));
    });
    worker.on('exit', () => reject(new StartError(deathOf(worker, processes))));
  });
}

async function stopWorker(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const exit = once(worker, 'exit');
  send(worker, { kind: 'stop' });
  await exit;
}

function deathOf({ id, process: { exitCode, signalCode } }: Worker, processes: number): string {
  const how = signalCode ? `was ended by ${signalCode}` : `ended with exit code ${exitCode}`;
  return `Process ${id} of the target's ${processes} ${how}; the target stops.`;
}

// A process that is just ending cannot be told anything any more, and need not be.

function send(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => {});
}

function tell(message: FromWorker, then: () => void = () => {}): void {
  if (process.connected) process.send!(message, undefined, undefined, then);
}

/** Collects what comes in one turn of the event loop: a message between processes costs more than what is in it. */
function inBatches<T>(handOver: (batch: T[]) => void): (one: T) => void {
  let batch: T[] = [];
  return (one) => {
    if (batch.push(one) > 1) return;
    setImmediate(() => {
      const full = batch;
      batch = [];
      handOver(full);
    });
  };
}
