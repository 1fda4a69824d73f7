/** 10,000 VM reads a second for a minute, from one slice of a real run. */
import { originOf, withChildren } from './child.ts';
import { figureOf, outcomeOf, runProfile } from './scale.ts';
import { printTable } from './table.ts';

export const name = 'reads';
export const about = '10,000 VM reads a second for a minute from one slice, against a trivial server';
export const long = true as const;

export async function run(): Promise<void> {
  await withChildren(async (start) => {
    const verdict = await runProfile('reads', { BASE_URL: await originOf(start('vm-server.ts')) });
    const figure = (metric: string, of: string) => figureOf(verdict, metric, of);
    const ms = (value: number) => value.toFixed(2);
    const iterations = figure('iterations{scenario:vm-crud}', 'count');
    printTable(
      ['reads', 'a second', 'response p95 ms', 'p99 ms', 'lateness p99 ms', 'generator µs a read', 'failed checks'],
      [
        [
          String(iterations),
          figure('iterations{scenario:vm-crud}', 'rate').toFixed(0),
          ms(figure('iteration_response_time{scenario:vm-crud}', 'p(95)')),
          ms(figure('iteration_response_time{scenario:vm-crud}', 'p(99)')),
          ms(figure('generator_lateness{scenario:vm-crud}', 'p(99)')),
          ((verdict.health.generatorCpuSeconds * 1e6) / iterations).toFixed(1),
          String(figure('checks{scenario:vm-crud}', 'fails')),
        ],
      ],
    );
    console.log(`verdict: ${outcomeOf(verdict)}`);
  });
}
