import { definitionOf, isOfBrowser, ownerOf } from '../measure/metrics.ts';
import type { Answers, AvailabilitySpec } from '../profile/answers.ts';
import type { Drill } from '../profile/drills.ts';
import { asksForAll, parseExpression, parseSelector } from './expression.ts';
import type { Case } from './judge.ts';
import type { ThresholdSpec } from './thresholds.ts';
import type { Finding } from './verdict.ts';

interface Scenario {
  name: string;
  kind: 'load' | 'journey';
}

/** What a profile asks. */
interface Asked {
  thresholds: Case['thresholds'];
  answers: Answers;
  drills: Drill[];
}

/**
 * What of a profile's questions a run can tell something about, and a warning about the others: a filter (-g) takes these away with
 * their scenarios.
 * @param all the profile's scenarios
 * @param running those of them that take part
 * @param ownMetrics what these declare beside the built-in metrics
 */
export function scope(
  { thresholds, answers, drills }: Asked,
  all: readonly Scenario[],
  running: readonly Scenario[],
  ownMetrics: ReadonlySet<string>,
): Asked & { leftOut: Finding[] } {
  const names = new Set(running.map(({ name }) => name));
  const kinds = new Set(running.map(({ kind }) => kind));
  const missing = all.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  if (missing.length === 0) return { thresholds, answers, drills, leftOut: [] };
  const isTold = (source: string) => {
    const { metric, tags } = parseSelector(source)!;
    const scenario = ownerOf(tags);
    if (scenario !== undefined && !names.has(scenario)) return false;
    if (isOfBrowser(metric)) return kinds.has('journey');
    return definitionOf(metric)?.ofLoads ? kinds.has('load') : !!definitionOf(metric) || ownMetrics.has(metric);
  };
  const told = <T>(by: Record<string, T[]>) => Object.fromEntries(Object.entries(by).filter(([one]) => isTold(one)));
  const gone = all.filter(({ name }) => !names.has(name));
  const asked = <T extends ThresholdSpec>(by: Record<string, T[]>) => {
    const possible = Object.entries(told(by)).map(([source, specs]): [string, T[]] => [
      source,
      specs.filter((spec) => !isOfAll(source, spec, gone)),
    ]);
    return Object.fromEntries(possible.filter(([, specs]) => specs.length > 0));
  };
  const kept = asked(thresholds);
  const objectives = asked(answers.objectives);
  const limits = told(answers.drift?.limits ?? {});
  const fewer = numberIn(thresholds) - numberIn(kept);
  const others = numberIn(answers.objectives) - numberIn(objectives);
  const drifts = numberIn(answers.drift?.limits ?? {}) - numberIn(limits);
  const leftOut = {
    scenarios: missing,
    thresholds: fewer,
    ...(others + drifts > 0 && { objectives: others + drifts }),
  };
  const hasAny = Object.keys(objectives).length > 0 || Object.keys(answers.objectives).length === 0;
  return {
    thresholds: kept,
    answers: answersBy(objectives, limits, answers, hasAny),
    drills: hasAny ? drills : drills.map(withoutRecovery),
    leftOut: [{ kind: 'left-out', severity: 'warning', ...leftOut }],
  };
}

/** Whether so much is asked for of what all of them do together, those that are gone included: a part does less. */
function isOfAll(source: string, spec: ThresholdSpec, gone: readonly Scenario[]): boolean {
  const { metric, tags } = parseSelector(source)!;
  const expression = typeof spec === 'string' ? spec : spec.threshold;
  // What one of them declares itself may be its own alone.
  const isCount =
    definitionOf(metric)?.type === 'counter' || parseExpression(expression)!.aggregation.method === 'count';
  if (!definitionOf(metric) || !isCount || tags.scenario !== undefined || tags.journey !== undefined) return false;
  const kind = isOfBrowser(metric) ? 'journey' : definitionOf(metric)!.ofLoads ? 'load' : undefined;
  const isTheirs = gone.some((one) => kind === undefined || one.kind === kind);
  return isTheirs && asksForAll(expression) && parseExpression(expression)!.value > 0;
}

function numberIn(by: Record<string, unknown[]>): number {
  return Object.values(by).reduce((sum, { length }) => sum + length, 0);
}

function byWork({ windows: _, ...work }: AvailabilitySpec): AvailabilitySpec | undefined {
  return work.requests === undefined ? undefined : work;
}

/** Without an objective nobody asks for more than a share of the work; but a search has to go on. */
function answersBy(
  objectives: Answers['objectives'],
  limits: Answers['objectives'],
  asked: Answers,
  hasAny: boolean,
): Answers {
  const { availability, recovery, capacity, drift } = asked;
  const uptime = hasAny ? availability : availability && byWork(availability);
  return {
    objectives,
    ...(uptime && { availability: uptime }),
    ...(hasAny && recovery && { recovery }),
    ...((hasAny || capacity?.search) && capacity && { capacity }),
    ...(drift && Object.keys(limits).length > 0 && { drift: { ...drift, limits } }),
  };
}

/** What objectives alone can tell is not expected of a drill without them. */
function withoutRecovery({ expect: { recoveryMs: _, outageMs: __, ...expect }, ...drill }: Drill): Drill {
  return { ...drill, expect };
}
