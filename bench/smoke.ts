/** The first thing that a user runs, as often as it takes to see whether it can be relied on, also beside other work. */
import { join } from 'node:path';
import { withChildren } from './child.ts';
import { runProfile } from './scale.ts';
import { printTable } from './table.ts';

const ROOT = join(import.meta.dirname, '..');
const RUNS = 10;
const RUNS_BESIDE = 20;

export const name = 'smoke';
export const about = `${RUNS + RUNS_BESIDE} smokes, ${RUNS_BESIDE} of them while another process takes half a core: half an hour`;
export const long = true as const;

interface Seen {
  status: string;
  warnings: number;
  /** Of the machine's CPU, in the load window. */
  cpu: number;
  /** From the command to the start of the run. */
  startMs: number;
}

export async function run(): Promise<void> {
  const quiet = await smokes(RUNS);
  const beside = await withChildren((start) => {
    start('half-a-core.ts');
    return smokes(RUNS_BESIDE);
  });
  printTable(
    ['smokes', 'passed', 'warnings', 'machine CPU min %', 'max %', 'start to load min s', 'max s'],
    [row('on this machine', quiet), row('beside half a core', beside)],
  );
}

async function smokes(count: number): Promise<Seen[]> {
  const seen: Seen[] = [];
  while (seen.length < count) {
    const before = Date.now();
    const { status, warnings, startedAt, health } = await runProfile('smoke', {}, ROOT);
    const cpu = health.signals.find(({ signal, phase }) => signal === 'machine-cpu' && phase === undefined);
    seen.push({
      ...{ status, warnings: warnings.length },
      ...{ cpu: cpu?.observed ?? Number.NaN, startMs: Date.parse(startedAt) - before },
    });
  }
  return seen;
}

function row(label: string, seen: Seen[]): string[] {
  const range = (figure: (one: Seen) => number, digits: number) =>
    [Math.min, Math.max].map((of) => of(...seen.map(figure)).toFixed(digits));
  return [
    label,
    `${seen.filter(({ status }) => status === 'pass').length} of ${seen.length}`,
    String(seen.reduce((sum, { warnings }) => sum + warnings, 0)),
    ...range(({ cpu }) => cpu * 100, 0),
    ...range(({ startMs }) => startMs / 1_000, 1),
  ];
}
