import type { Course } from '../profile/executors/executor.ts';
import { most } from '../profile/fields.ts';
import { isOpen, type Plan, valuesOf, vusOf } from './plan.ts';

/**
 * What the schema cannot say, since it follows from several fields, or from `LOAD_SCALE`.
 * @param scenario how it is named in the sentence
 * @param spec what the plan was made of
 * @param fields those that say how much
 * @throws one sentence when it is more than one could ever run
 */
export function checkSize(scenario: string, spec: object, fields: Course['fields'], plan: Plan): void {
  for (const { field, value, atMost, unit = '' } of figuresOf(spec, fields, plan)) {
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

function figuresOf(spec: object, fields: Course['fields'], plan: Plan): Figure[] {
  const all = greatest(spec, fields, plan);
  if (isOpen(plan)) {
    const pool = ['maxSessions', 'maxVUs', 'preAllocatedVUs'].find((field) => field in spec)!;
    return [
      ...all.map(([field, rate]) => ({
        field,
        value: (rate * 1_000) / plan.timeUnitMs,
        atMost: most.arrivalsPerSecond,
        unit: ' arrivals a second',
      })),
      { field: pool, value: plan.maxVUs, atMost: most.vus },
    ];
  }
  const values = valuesOf(plan.line);
  const changes = values.reduce((sum, value, i) => sum + Math.abs(value - values[Math.max(0, i - 1)]!), 0);
  const { iterations } = plan;
  const total = iterations && 'perVu' in iterations ? vusOf(plan) * iterations.perVu : 0;
  return [
    ...all.map(([field, value]) => ({ field, value, atMost: most.vus })),
    {
      field: fields.stages,
      value: changes,
      atMost: most.vuChanges,
      unit: ' changes of the number of VUs',
    },
    { field: 'iterations', value: total, atMost: most.iterations, unit: ' in all' },
  ];
}

/** Of each field that says how much, the most that it comes to. */
function greatest(spec: object, fields: Course['fields'], plan: Plan): [field: string, value: number][] {
  const { start, stages } = plan.line;
  const list = (spec as Record<string, unknown>)[fields.stages];
  // Of stages that phases have cut up, or that calm has one more of, nobody would find one by its number.
  const isOwn = Array.isArray(list) && list.length === stages.length;
  const all = new Map([[fields.start, start]]);
  for (const [i, { target }] of stages.entries()) {
    const field = isOwn ? `${fields.stages}[${i}].target` : fields.stages;
    all.set(field, Math.max(target, all.get(field) ?? 0));
  }
  return [...all];
}

/** Without hundreds of digits. */
function shown(value: number): string {
  return value < 1e15 ? value.toLocaleString('en') : String(value);
}
