/** Contenders that do the same work in turns, each in a process of its own, and what that costs each of them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Round, RoundAnswer, RoundCost } from './contender.ts';
import { printTable } from './table.ts';

const ROUNDS = 5;
const ROUND_TIMEOUT_MS = 60_000;

/** Module of a server, which tells its port; or where one is that runs already. */
type Place = { server: string; origin?: undefined } | { server?: undefined; origin: string };

export type SideBySide = Place & {
  /** By module; the first is what the others are compared with. */
  contenders: { module: string; label: string }[];
  connections: number;
  requests: number;
  /** What a request is called, and what all of them are. */
  request: string;
  what: string;
};

/** Runs every contender once a round, round after round, so that a drift of the machine meets all of them alike. */
export async function sideBySide({
  server,
  origin,
  contenders,
  connections,
  requests,
  request,
  what,
}: SideBySide): Promise<void> {
  const children: ChildProcess[] = [];
  const start = (file: string) => {
    const child = fork(file, { execArgv: ['--import', 'tsx'] });
    children.push(child);
    return child;
  };
  try {
    const startServer = async () => {
      const { port } = await reply<{ port: number }>(start(join(import.meta.dirname, `${server}.ts`)), 'the server');
      return `http://127.0.0.1:${port}`;
    };
    const round: Round = { origin: origin ?? (await startServer()), connections, requests };
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
      ['contender', `CPU µs/${request}`, '× bare', `${request}s/s`, '× bare'],
      runners.map(({ label, costs }) => row(label, costs, runners[0]!.costs, requests)),
    );
    console.log(
      `median of ${ROUNDS} rounds of ${requests} ${what}, Node ${process.versions.node}; ratios are medians of the rounds’ own`,
    );
  } finally {
    for (const child of children) child.kill();
  }
}

function row(label: string, costs: RoundCost[], bare: RoundCost[], requests: number): string[] {
  const cpuMicros = costs.map((cost) => cost.cpuMicros / requests);
  const perSecond = costs.map((cost) => requests / (cost.durationMs / 1000));
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
