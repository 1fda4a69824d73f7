import { definitionOf, isOfBrowser } from '../measure/metrics.ts';
import { parseSelector } from './expression.ts';
import type { Case } from './judge.ts';
import type { Finding } from './verdict.ts';

interface Scenario {
  name: string;
  kind: 'load' | 'journey';
}

/**
 * The thresholds that a run can tell something about, and a warning about the others: a filter (-g) takes these away with
 * their scenarios.
 * @param all the profile's scenarios
 * @param running those of them that take part
 * @param ownMetrics what these declare beside the built-in metrics
 */
export function scope(
  thresholds: Case['thresholds'],
  all: Scenario[],
  running: Scenario[],
  ownMetrics: Set<string>,
): { kept: Case['thresholds']; leftOut: Finding[] } {
  const names = new Set(running.map(({ name }) => name));
  const kinds = new Set(running.map(({ kind }) => kind));
  const missing = all.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  if (missing.length === 0) return { kept: thresholds, leftOut: [] };
  const kept: Case['thresholds'] = {};
  let gone = 0;
  for (const [source, specs] of Object.entries(thresholds)) {
    const { metric, tags } = parseSelector(source)!;
    const scenario = tags.scenario ?? tags.journey;
    const here = scenario === undefined || names.has(scenario);
    const recorded = isOfBrowser(metric)
      ? kinds.has('journey')
      : definitionOf(metric)?.ofLoads
        ? kinds.has('load')
        : definitionOf(metric) !== undefined || ownMetrics.has(metric);
    if (here && recorded) kept[source] = specs;
    else gone += specs.length;
  }
  return { kept, leftOut: [{ kind: 'left-out', severity: 'warning', scenarios: missing, thresholds: gone }] };
}
