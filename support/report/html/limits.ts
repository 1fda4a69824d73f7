/** What thresholds ask of the lines of charts. */
import { parseSelector, statName } from '../../judge/expression.ts';
import type { Verdict } from '../../judge/verdict.ts';
import { printable } from '../../judge/words/text.ts';
import type { RunRecord } from '../record.ts';
import { waitedIn } from '../tables.ts';
import { CHARTS, FELT_LINES, PAGE_LINES, TIMES } from './charts.ts';
import { rounded, type Scope } from './columns.ts';

/** What a threshold asks of a line of a chart. */
export interface Limit {
  /** A chart’s id. */
  chart: string;
  /** A scope’s name; null for a chart that does not change with the scenario, or a limit of all scenarios. */
  scope: string | null;
  /** In the unit of the chart. */
  value: number;
  label: string;
  isMissed: boolean;
  startMs: number;
  endMs: number;
}

/** Thresholds on what a chart shows, where a line can say what they ask for. */
export function limitsOf(
  { thresholds, phases, metrics }: Verdict,
  windows: RunRecord['windows'],
  scopes: Scope[],
): Limit[] {
  const endMs = windows.at(-1)?.endMs ?? 0;
  const waited = waitedIn(metrics);
  return thresholds.flatMap((threshold): Limit[] => {
    const selector = parseSelector(threshold.metric);
    if (!selector) return [];
    const { metric, tags } = selector;
    const { limit, unit, windows: inWindows, expression } = threshold;
    const stat = statName(expression);
    const line = [...FELT_LINES, ...PAGE_LINES].find(([column]) => column === metric && stat === 'p(75)');
    const response = waited.get(tags.scenario ?? '') ?? TIMES.response;
    const isOfResponse = metric === response && ['med', 'p(50)', 'p(95)', 'p(99)'].includes(stat);
    const chart = CHARTS.find(({ id, lines }) =>
      isOfResponse ? id === 'response' : line && lines.some(({ column }) => column === metric),
    );
    const others = Object.keys(tags).filter((tag) => tag !== 'phase' && tag !== 'scenario');
    const scope = tags.scenario === undefined ? null : printable(tags.scenario);
    const isKnown = scope === null || (chart?.scoped && scopes.some(({ name }) => name === scope));
    if (!chart || limit === null || unit !== 'ms' || inWindows || others.length > 0 || !isKnown) return [];
    const phase = phases.find(({ name }) => name === tags.phase);
    // That of all scenarios together stands in the chart of each.
    const of = line ? line[1] : scope === null && scopes.length > 1 ? 'all' : undefined;
    const isMissed = threshold.decided && !threshold.ok;
    const at = { startMs: phase?.startMs ?? 0, endMs: phase?.endMs ?? endMs };
    return [
      {
        chart: chart.id,
        scope,
        value: rounded(limit),
        label: printable(of ? `${of}: ${expression}` : expression),
        isMissed,
        ...at,
      },
    ];
  });
}
