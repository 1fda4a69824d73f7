/** What a WebSocket message costs the generator, side by side with the loop that anyone would write, at rising rates. */
import { originOf, reply, withChildren } from './child.ts';
import type { Round, RoundAnswer, RoundCost } from './contender.ts';
import { printTable } from './table.ts';
import { MESSAGE_BYTES, ROUND_MS } from './websocket-round.ts';

export const name = 'websocket';
export const about = 'CPU per echoed message of the generator beside a bare ws loop, until a process is full';

const CONNECTIONS = 100;
/** Messages a second; the first warms up as well. */
const RATES = [2_500, 5_000, 10_000, 20_000, 40_000, 80_000];
const CORES = 2;

interface Measured {
  cost: RoundCost;
  /** CPU time of the server meanwhile. */
  serverMicros: number;
}

export async function run(): Promise<void> {
  await withChildren(async (start) => {
    const server = start('websocket-server.ts');
    const origin = await originOf(server);
    const cpuOfServer = async () => {
      server.send('cpu');
      return (await reply<{ cpuMicros: number }>(server, 'the server')).cpuMicros;
    };
    const contenders = {
      bare: start('contenders/bare-ws.ts'),
      tandem: start('contenders/tandem-ws.ts'),
    };
    const measure = async (label: keyof typeof contenders, perSecond: number): Promise<Measured> => {
      const before = await cpuOfServer();
      const requests = (perSecond * ROUND_MS) / 1_000;
      const round: Round = { origin, connections: CONNECTIONS, requests };
      contenders[label].send(round);
      const answer = await reply<RoundAnswer>(contenders[label], label);
      if ('error' in answer) throw new Error(`${label}: ${answer.error}`);
      return { cost: answer.cost, serverMicros: (await cpuOfServer()) - before };
    };
    const both = async (perSecond: number) => ({
      bare: await measure('bare', perSecond),
      tandem: await measure('tandem', perSecond),
    });
    await both(RATES[0]!);
    const rows: string[][] = [];
    for (const perSecond of RATES) {
      const { bare, tandem } = await both(perSecond);
      rows.push(rowOf(perSecond, bare, tandem));
      if (coreOf(tandem, perSecond) >= 1) break;
    }
    printTable(
      [
        'messages/s',
        'bare µs each',
        'tandem µs each',
        '× bare',
        'server µs each',
        'tandem’s core',
        `${CORES} cores full at`,
      ],
      rows,
    );
    console.log(
      `${CONNECTIONS} connections, messages of ${MESSAGE_BYTES} bytes, ${ROUND_MS / 1_000} s a round, Node ${process.versions.node}; ` +
        'a message is sent and comes back, and connecting is part of it; full are the cores with the server beside tandem',
    );
  });
}

function rowOf(perSecond: number, bare: Measured, tandem: Measured): string[] {
  const [bareEach, each] = [eachOf(bare), eachOf(tandem)];
  const serverEach = tandem.serverMicros / tandem.cost.requests;
  return [
    String(perSecond),
    bareEach.toFixed(1),
    each.toFixed(1),
    (each / bareEach).toFixed(2),
    serverEach.toFixed(1),
    `${(100 * coreOf(tandem, perSecond)).toFixed(0)} %`,
    `${((CORES * 1e6) / (each + serverEach)).toFixed(0)}/s`,
  ];
}

function eachOf({ cost }: Measured): number {
  return cost.cpuMicros / cost.requests;
}

/** How much of a core it would take at that rate: more than there is, where messages were late. */
function coreOf(measured: Measured, perSecond: number): number {
  return (eachOf(measured) * perSecond) / 1e6;
}
