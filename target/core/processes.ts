import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { openDatabase } from './database.ts';
import { setClockAhead } from './drills/clock.ts';
import { DrillControl } from './drills/control.ts';
import { Forgetting } from './drills/forgetting.ts';
import { TcpProxy } from './drills/proxy.ts';
import { type Event, Events, type Publication } from './events.ts';
import type { AnyFamily } from './family.ts';
import type { Supervision } from './faults/fault.ts';
import type { ProcessFigures } from './figures.ts';
import type { Options } from './options.ts';
import { METRICS_EVERY_MS, recover, schemaOf, startServer, type Target, targetFigures } from './server.ts';
import { StartError } from './start-error.ts';

/** Connections to the database of all processes together; PostgreSQL admits 100. */
const POOL_SIZE = 40;
const PRIMARY_POOL_SIZE = 2;
const WORKER_POOL_SIZE = { min: 2, max: 10 };
const RESTART_AFTER_MS = 200;
/** Workers that have begun to listen to this process. */
const hearing = new WeakSet<Worker>();

interface Numbered {
  event: Event;
  account: string | undefined;
}

type Listening = Pick<Target, 'url' | 'addresses'>;

type FromWorker =
  /** It hears from now on what it is told. */
  | { kind: 'ready' }
  | ({ kind: 'listening' } & Listening)
  | { kind: 'failed'; sentence: string }
  | { kind: 'published'; publications: Publication[] }
  | { kind: 'figures'; figures: ProcessFigures };

type ToWorker =
  | { kind: 'events'; numbered: Numbered[] }
  | { kind: 'sequences'; sequences: Events['sequences'] }
  | { kind: 'hold'; bytes: number }
  | { kind: 'clock'; aheadMs: number }
  | { kind: 'stop' };

/**
 * Starts a target whose port several processes serve. This one, the primary, has the PostgreSQL, gives new connections to
 * the workers in turns, and numbers their events, so that everybody sees the same numbers.
 * With drills it keeps them alive as well: what dies is started again, and between them and their clients stands a proxy.
 * @param onDeath called with a sentence when a worker is gone that was not told to, and is not started again; the rest goes on
 * @throws {StartError} when it cannot; nothing is left running then.
 */
export async function startProcesses(
  families: readonly AnyFamily[],
  options: Options,
  onDeath: (sentence: string) => void,
): Promise<Target> {
  const { databaseUrl, processes, drillSocket, diskMb, metricsEveryMs = METRICS_EVERY_MS } = options;
  const asked = (options.faults ?? []).map(({ supervision }) => supervision ?? {});
  const supervision: Supervision = Object.assign({ restarts: true, keepsCommits: true, keepsRows: true }, ...asked);
  const database = await openDatabase(databaseUrl, {
    poolSize: PRIMARY_POOL_SIZE,
    schema: schemaOf(families),
    durability: drillSocket === undefined ? undefined : { ...supervision, diskMb },
  });
  const events = new Events();
  const figures = targetFigures(families, { pool: database.pool, events }, metricsEveryMs);
  const workers = new Set<Worker>();
  let control: DrillControl | undefined;
  let proxy: TcpProxy | undefined;
  let forgetting: Forgetting | undefined;
  let stopping = false;
  const stop = async () => {
    stopping = true;
    forgetting?.stop();
    await control?.stop();
    await proxy?.stop();
    await Promise.all([...workers].map(stopWorker));
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
    const env = {
      DATABASE_URL: database.url,
      ...(drillSocket !== undefined && { PORT: '0', HOST: '127.0.0.1' }),
    };
    const start = () => {
      const worker = cluster.fork(env);
      workers.add(worker);
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') {
          hearing.add(worker);
          send(worker, { kind: 'sequences', sequences: events.sequences });
        }
        if (message.kind === 'figures') figures.report(message.figures, worker.id);
        if (message.kind !== 'published') return;
        for (const { channel, account, type, fields } of message.publications) {
          events.publish(channel, account, type, fields);
        }
      });
      worker.on('exit', () => {
        workers.delete(worker);
        figures.forget(worker.id);
      });
      return { worker, listening: listeningAt(worker, processes) };
    };
    /** From when all are there. */
    const watch = (worker: Worker) => {
      worker.on('exit', () => {
        if (stopping) return;
        if (drillSocket === undefined) onDeath(deathOf(worker, processes));
        else if (supervision.restarts) restart();
      });
    };
    const restart = () => {
      setTimeout(() => {
        if (stopping) return;
        // What the dead one had at work is nobody's any more; where the database is away too, this is tried again.
        recover(families, database).then(() => {
          if (stopping) return;
          const started = start();
          watch(started.worker);
          leadTo(started).catch(() => {}); // its end is heard of as well
        }, restart);
      }, RESTART_AFTER_MS);
    };
    /** Of workers that share a port, the first would still take connections for one that was just killed, which nobody ever answers. */
    const leadTo = async ({ worker, listening }: ReturnType<typeof start>) => {
      const port = Number(new URL((await listening).url).port);
      proxy?.ports.add(port);
      worker.on('exit', () => proxy?.ports.delete(port));
    };
    const started = Array.from({ length: processes }, start);
    const [first] = await Promise.all(started.map(({ listening }) => listening));
    for (const { worker } of started) watch(worker);
    if (drillSocket === undefined) return { ...first!, database, stop };
    const { port = 0, host = '127.0.0.1' } = options;
    proxy = await TcpProxy.listen(port, host);
    await Promise.all(started.map(leadTo));
    if (!supervision.keepsRows) forgetting = new Forgetting(database.pool);
    control = await DrillControl.listen(drillSocket, {
      ...{ pool: database.pool, cluster: database.cluster, proxy },
      apiPids: () => [...workers].flatMap((worker) => worker.process.pid ?? []),
      holdBytes(bytes) {
        for (const worker of workers) send(worker, { kind: 'hold', bytes });
      },
      setClocksAhead(aheadMs) {
        for (const worker of workers) send(worker, { kind: 'clock', aheadMs });
      },
    });
    return { ...first!, url: `http://${host}:${proxy.port}`, database, stop };
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
    hasOwnPort: options.drillSocket !== undefined,
  };
  const starting = startServer(families, { ...options, link });
  const held: Buffer[] = [];
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'events') for (const { event, account } of message.numbered) events.deliver(event, account);
    else if (message.kind === 'sequences') events.adopt(message.sequences);
    else if (message.kind === 'hold') {
      held.length = 0;
      if (message.bytes > 0) held.push(Buffer.alloc(message.bytes, 1));
    } else if (message.kind === 'clock') setClockAhead(message.aheadMs);
    else
      starting
        .then((target) => target.stop())
        .then(
          () => process.exit(0),
          () => process.exit(1),
        );
  });
  tell({ kind: 'ready' });
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
  // One that is only starting would not hear it.
  if (!hearing.has(worker)) worker.process.kill('SIGKILL');
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
