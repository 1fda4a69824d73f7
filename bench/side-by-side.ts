/** Contenders that do the same work in turns, each in a process of its own, and what that costs each of them. */
import type { ChildProcess } from 'node:child_process';
import { originOf, reply, withChildren } from './child.ts';
import type { Round, RoundAnswer, RoundCost } from './contender.ts';
import { printTable } from './table.ts';

const ROUNDS = 5;

/** Module of a server, which tells its port; or where one is that runs already. */
type Place = { server: string; origin?: undefined } | { server?: undefined; origin: string };

export type SideBySide = Place & {
  /** By module; the first is what the others are compared with. Several `processes` share a round, at the same time; default 1. */
  contenders: { module: string; label: string; processes?: number }[];
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
  await withChildren(async (start) => {
    const round: Round = { origin: origin ?? (await originOf(start(`${server}.ts`))), connections, requests };
    const runners = contenders.map(({ module, label, processes = 1 }) => ({
      label,
      children: Array.from({ length: processes }, () => start(`contenders/${module}.ts`)),
      costs: [] as RoundCost[],
    }));
    for (const { children, label } of runners) await runRound(children, label, round);
    for (let count = 0; count < ROUNDS; count += 1) {
      for (const { children, label, costs } of runners) costs.push(await runRound(children, label, round));
    }
    printTable(
      ['contender', `CPU µs/${request}`, '× bare', `${request}s/s`, '× bare'],
      runners.map(({ label, costs }) => row(label, costs, runners[0]!.costs, requests)),
    );
    console.log(
      `median of ${ROUNDS} rounds of ${requests} ${what}, Node ${process.versions.node}; ratios are medians of the rounds’ own`,
    );
  });
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

async function runRound(children: ChildProcess[], label: string, round: Round): Promise<RoundCost> {
  const share = (of: number) => Math.ceil(of / children.length);
  const part = { ...round, requests: share(round.requests), connections: share(round.connections) };
  for (const child of children) child.send(part);
  const answers = await Promise.all(children.map((child) => reply<RoundAnswer>(child, label)));
  const costs = answers.map((answer) => {
    if ('error' in answer) throw new Error(`${label}: ${answer.error}`);
    return answer.cost;
  });
  const cpuMicros = costs.reduce((sum, cost) => sum + cost.cpuMicros, 0);
  const requests = costs.reduce((sum, cost) => sum + cost.requests, 0);
  return { cpuMicros, durationMs: Math.max(...costs.map(({ durationMs }) => durationMs)), requests };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
