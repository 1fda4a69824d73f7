/** PostgreSQL: what a point read costs the generator beside bare clients and pgbench, and 5,000 queries a second in a whole run. */
import { spawnSync } from 'node:child_process';
import pg from 'pg';
import { startEmbeddedTarget } from './embedded-target.ts';
import { figureOf, outcomeOf, runProfile } from './scale.ts';
import { sideBySide } from './side-by-side.ts';
import { printTable } from './table.ts';

export const name = 'database';
export const about = 'CPU per query of PostgreSQL beside bare clients and pgbench -S; 5,000 queries a second in a run';
export const long = true as const;

const CONNECTIONS = 20;
const QUERIES = 10_000;

export async function run(): Promise<void> {
  const target = await startEmbeddedTarget();
  try {
    const url = target.addresses.LOAD_DATABASE_URL!;
    const client = new pg.Client(url);
    await client.connect();
    await client.query(
      "CREATE TABLE bench_items (id int PRIMARY KEY, value text NOT NULL); INSERT INTO bench_items SELECT i, 'item ' || i FROM generate_series(0, 999) i",
    );
    await client.end();
    await sideBySide({
      origin: url,
      contenders: [
        { module: 'pg', label: 'bare pg pool' },
        { module: 'tandem-postgres', label: 'tandem load' },
        { module: 'postgres-js', label: 'bare postgres.js' },
        { module: 'pg-pipelined', label: 'pg, pipelined onto two connections' },
      ],
      connections: CONNECTIONS,
      requests: QUERIES,
      request: 'read',
      what: `prepared point reads over ${CONNECTIONS} connections`,
    });
    printPgbench(url);
  } finally {
    await target.stop();
  }
  await runWhole();
}

/** PostgreSQL's own load generator, where it is installed: a program in C that does nothing but send. */
function printPgbench(url: string): void {
  const pgbench = (args: string) =>
    spawnSync('sh', ['-c', `pgbench ${args} "$1" && times`, 'sh', url], { encoding: 'utf8' });
  if (pgbench('-i -q').status !== 0) {
    console.log('pgbench is not here: Debian has it in postgresql-contrib');
    return;
  }
  const transactions = QUERIES / CONNECTIONS;
  const { stdout } = pgbench(`-S -n -M prepared -c ${CONNECTIONS} -j 1 -t ${transactions}`);
  // The second line of `times` is of the shell's children.
  const [, user, system] = /^(\d+m[\d.]+)s (\d+m[\d.]+)s\n*$/m.exec(stdout.trimEnd().split('\n').at(-1)!) ?? [];
  const seconds = [user, system].reduce((sum, text) => {
    const [minutes, rest] = text!.split('m');
    return sum + 60 * Number(minutes) + Number(rest);
  }, 0);
  const micros = (seconds * 1e6) / QUERIES;
  const [, perSecond] = /tps = ([\d.]+)/.exec(stdout) ?? [];
  console.log(
    `pgbench -S -M prepared, as many: ${micros.toFixed(1)} CPU µs/read, ${Number(perSecond).toFixed(0)} reads/s`,
  );
}

async function runWhole(): Promise<void> {
  const verdict = await runProfile('database');
  const figure = (metric: string, of: string) => figureOf(verdict, metric, of);
  const queries = figure('db_queries', 'count');
  printTable(
    ['whole run', 'a second', 'read p95 ms', 'write p95 ms', 'wait p95 ms', 'lateness p99 ms', 'generator µs a query'],
    [
      [
        `${queries} queries`,
        figure('db_queries', 'rate').toFixed(0),
        figure('db_read_duration', 'p(95)').toFixed(2),
        figure('db_write_duration', 'p(95)').toFixed(2),
        figure('db_connection_wait', 'p(95)').toFixed(2),
        figure('generator_lateness', 'p(99)').toFixed(2),
        ((verdict.health.generatorCpuSeconds * 1e6) / queries).toFixed(1),
      ],
    ],
  );
  console.log(`verdict: ${outcomeOf(verdict)}`);
}
