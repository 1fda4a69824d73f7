/** 1,000 live migrations at once for a minute, each followed to its end, on the embedded target. */
import { figureOf, outcomeOf, runProfile } from './scale.ts';
import { printTable } from './table.ts';

export const name = 'migrations';
export const about =
  '1,000 live migrations at once for a minute, followed by REST and by the stream, on the embedded target';
export const long = true as const;

export async function run(): Promise<void> {
  const verdict = await runProfile('migrations');
  const figure = (metric: string, of: string) => figureOf(verdict, metric, of);
  const seconds = (of: string) => (figure('migration_duration{scenario:migrations}', of) / 1_000).toFixed(2);
  const oracle = verdict.oracles.find(({ name: of }) => of === 'migration-continuity');
  printTable(
    [
      'at once',
      'completed',
      'a minute',
      'med s',
      'p95 s',
      'p99 s',
      'success',
      'checked',
      'violations',
      'generator CPU s',
    ],
    [
      [
        String(figure('migrations_active{scenario:migrations}', 'max')),
        String(figure('migrations_completed{scenario:migrations}', 'count')),
        (figure('migrations_completed{scenario:migrations}', 'rate') * 60).toFixed(0),
        ...['med', 'p(95)', 'p(99)'].map(seconds),
        `${(figure('migration_success{scenario:migrations}', 'rate') * 100).toFixed(1)} %`,
        String(oracle?.checked ?? 0),
        String(oracle?.violations ?? 0),
        verdict.health.generatorCpuSeconds.toFixed(1),
      ],
    ],
  );
  console.log(`verdict: ${outcomeOf(verdict)}`);
}
