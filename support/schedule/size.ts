import { most, type ScenarioSpec } from '../profile/schema.ts';
import { isOpen, type Plan } from './plan.ts';

/**
 * What the schema cannot say, since it follows from several fields, or from `LOAD_SCALE`.
 * @param scenario how it is named in the sentence
 * @param spec what the plan was made of
 * @throws one sentence when it is more than one could ever run
 */
export function checkSize(scenario: string, spec: ScenarioSpec, plan: Plan): void {
  for (const { field, value, atMost, unit = '' } of figuresOf(spec, plan)) {
    if (value <= atMost) continue;
    throw new Error(`${scenario}.${field} makes ${shown(value)}${unit}; allowed is at most ${shown(atMost)}${unit}.`);
  }
}

interface Figure {
  field: string;
  value: number;
  atMost: number;
  unit?: string;
}

function figuresOf(spec: ScenarioSpec, plan: Plan): Figure[] {
  if (isOpen(plan)) {
    const rates: [field: string, rate: number][] =
      plan.executor === 'constant-arrival-rate'
        ? [['rate', plan.rate]]
        : spec.executor === 'constant-arrival-rate'
          ? [['rate', Math.max(plan.startRate, ...plan.stages.map(({ target }) => target))]]
          : [['startRate', plan.startRate], ...ends(plan)];
    const pool = ['maxSessions', 'maxVUs', 'preAllocatedVUs'].find((field) => field in spec)!;
    return [
      ...rates.map(([field, rate]) => ({
        field,
        value: (rate * 1_000) / plan.timeUnitMs,
        atMost: most.arrivalsPerSecond,
        unit: ' arrivals a second',
      })),
      { field: pool, value: plan.maxVUs, atMost: most.vus },
    ];
  }
  if (plan.executor === 'ramping-vus') {
    const named = (name: string) => ('stages' in spec ? name : 'vus');
    const counts = [['startVUs', plan.startVUs] as const, ...ends(plan)].map(
      ([name, vus]) => [named(name), vus] as const,
    );
    const changes = counts.reduce((sum, [, vus], i) => sum + Math.abs(vus - counts[Math.max(0, i - 1)]![1]), 0);
    return [
      ...counts.map(([field, value]) => ({ field, value, atMost: most.vus })),
      { field: 'stages', value: changes, atMost: most.vuChanges, unit: ' changes of the number of VUs' },
    ];
  }
  const total = plan.executor === 'per-vu-iterations' ? plan.vus * plan.iterations : 0;
  return [
    { field: 'vus', value: plan.vus, atMost: most.vus },
    { field: 'iterations', value: total, atMost: most.iterations, unit: ' in all' },
  ];
}

function ends({ stages }: { stages: { target: number }[] }): [field: string, target: number][] {
  return stages.map(({ target }, i) => [`stages[${i}].target`, target]);
}

/** Without hundreds of digits. */
function shown(value: number): string {
  return value < 1e15 ? value.toLocaleString('en') : String(value);
}
