/** The first second of a fast load in a process that has done nothing yet, with what is done before the start and without. */
import { originOf, reply, withChildren } from './child.ts';
import type { Round } from './contender.ts';
import { printTable } from './table.ts';

export const name = 'cold';
export const about = 'the first second at 5,000/s of a process that has sent nothing yet, prepared and not';

const ROUNDS = 3;

/** Of the requests that were due in the first second and in the one after it. */
export interface Seconds {
  responseP95Ms: [first: number, second: number];
  /** Of this process, before the start and in the first second. */
  cpuMs: [before: number, first: number];
}

export async function run(): Promise<void> {
  await withChildren(async (start) => {
    const round: Round = { origin: await originOf(start('server.ts')), connections: 200, requests: 10_000 };
    const warm = start('contenders/bare.ts');
    warm.send(round);
    await reply(warm, 'the warm-up of the server');
    const rows: string[][] = [];
    for (let count = 0; count < ROUNDS; count++) {
      for (const isPrepared of [false, true]) {
        const child = start('cold-start.ts');
        child.send({ ...round, isPrepared });
        const { responseP95Ms, cpuMs } = await reply<Seconds>(child, 'the load');
        child.kill();
        rows.push([
          isPrepared ? 'prepared' : 'not',
          ...responseP95Ms.map((ms) => ms.toFixed(1)),
          ...cpuMs.map((ms) => ms.toFixed(0)),
        ]);
      }
    }
    printTable(
      [
        'before the start',
        'response p95 ms, first second',
        'second one',
        'CPU ms before the start',
        'in the first second',
      ],
      rows,
    );
  });
}
