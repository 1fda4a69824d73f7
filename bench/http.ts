/** CPU time and throughput of the HTTP hot path, side by side with what else one could have used. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Round, RoundAnswer, RoundCost } from './contender.ts';
import { printTable } from './table.ts';

export const name = 'http';
export const about = 'CPU per request of the generator beside a bare undici loop and autocannon';

const CONNECTIONS = 50;
const REQUESTS = 20_000;
const ROUNDS = 5;
const ROUND_TIMEOUT_MS = 30_000;

/** Contenders by module; the first is what the others are compared with. */
const contenders = [
  { module: 'bare', label: 'bare undici loop' },
  { module: 'tandem', label: 'tandem load' },
  { module: 'tandem-scheduled', label: 'tandem load, 20,000 a second' },
  { module: 'autocannon', label: 'autocannon' },
  { module: 'dispatch', label: 'undici dispatch (floor)' },
];

/** Runs every contender once a round, round after round, so that a drift of the machine meets all of them alike. */
export async function run(): Promise<void> {
  const children: ChildProcess[] = [];
  const start = (file: string) => {
    const child = fork(file, { execArgv: ['--import', 'tsx'] });
    children.push(child);
    return child;
  };
  try {
    const server = start(join(import.meta.dirname, 'server.ts'));
    const { port } = await reply<{ port: number }>(server, 'the server');
    const round: Round = { origin: `http://127.0.0.1:${port}`, connections: CONNECTIONS, requests: REQUESTS };
    const runners = contenders.map(({ module, label }) => ({
      label,
      child: start(fileOf(module)),
      costs: [] as RoundCost[],
    }));
    for (const { child, label } of runners) await runRound(child, label, round);
    for (let count = 0; count < ROUNDS; count += 1) {
      for (const { child, label, costs } of runners) costs.push(await runRound(child, label, round));
    }
    printTable(
      ['contender', 'CPU µs/request', '× bare', 'requests/s', '× bare'],
      runners.map(({ label, costs }) => row(label, costs, runners[0]!.costs)),
    );
    console.log(
      `median of ${ROUNDS} rounds of ${REQUESTS} GETs over ${CONNECTIONS} connections, Node ${process.versions.node}; ` +
        'ratios are medians of the rounds’ own',
    );
  } finally {
    for (const child of children) child.kill();
  }
}

function row(label: string, costs: RoundCost[], bare: RoundCost[]): string[] {
  const cpuMicros = costs.map((cost) => cost.cpuMicros / REQUESTS);
  const perSecond = costs.map((cost) => REQUESTS / (cost.durationMs / 1000));
  const cpuRatio = costs.map((cost, index) => cost.cpuMicros / bare[index]!.cpuMicros);
  const speedRatio = costs.map((cost, index) => bare[index]!.durationMs / cost.durationMs);
  return [
    label,
    median(cpuMicros).toFixed(1),
    median(cpuRatio).toFixed(2),
    median(perSecond).toFixed(0),
    median(speedRatio).toFixed(2),
  ];
}

async function runRound(child: ChildProcess, label: string, round: Round): Promise<RoundCost> {
  child.send(round);
  const answer = await reply<RoundAnswer>(child, label);
  if ('error' in answer) throw new Error(`${label}: ${answer.error}`);
  return answer.cost;
}

/** The child's next message; an error when it exits or keeps silent. */
async function reply<Message>(child: ChildProcess, label: string): Promise<Message> {
  const settled = new AbortController();
  const exit = once(child, 'exit', { signal: settled.signal }).then(([code]) => {
    throw new Error(`${label} ended with exit code ${code} before it answered`);
  });
  const timeout = AbortSignal.timeout(ROUND_TIMEOUT_MS);
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: timeout }), exit]);
    return message;
  } catch (error) {
    if (timeout.aborted) throw new Error(`${label} did not answer within ${ROUND_TIMEOUT_MS / 1000} s`);
    throw error;
  } finally {
    exit.catch(() => undefined);
    settled.abort();
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function fileOf(module: string): string {
  return join(import.meta.dirname, 'contenders', `${module}.ts`);
}
