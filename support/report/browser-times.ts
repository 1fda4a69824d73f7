/** What a person in a browser waits for, before the load beside under it. */
import type { MetricSummary, Unit, Verdict } from '../judge/verdict.ts';
import { count, figure, times } from '../judge/words/figures.ts';
import { groupOf, isOfBrowser } from '../measure/metrics.ts';
import { cut, seriesOf } from './series.ts';
import { statTitle } from './words.ts';

/** One thing a person in a browser waits for, before the load and in it. */
export interface BrowserRow {
  label: string;
  unit: Unit;
  calm: MetricSummary | null;
  load: MetricSummary | null;
}

export interface BrowserTable {
  title: string;
  rows: BrowserRow[];
}

const VITALS: Record<string, string> = {
  browser_web_vital_lcp: 'LCP, main content shown',
  browser_web_vital_inp: 'INP, answer to input',
  browser_web_vital_cls: 'CLS, layout jumps',
  browser_web_vital_fcp: 'FCP, first content',
  browser_web_vital_ttfb: 'TTFB, first byte',
  browser_backend_time: 'back end, request to answer',
  browser_frontend_time: 'front end, answer to loaded',
};

/** Groups in reading order: the first whose test a metric passes takes it. `tags` is the cut to show, best first. */
const BROWSER_TABLES: { title: string; tags: string[][]; takes: (name: string) => boolean }[] = [
  {
    title: 'A change by others, until seen',
    tags: [[], ['journey'], ['scenario']],
    takes: (n) => n === 'browser_remote_change_to_paint',
  },
  {
    title: 'Steps',
    tags: [['journey', 'step'], ['scenario', 'step'], ['step']],
    takes: (n) => n === 'browser_step_duration',
  },
  {
    title: 'Interaction to paint',
    tags: [['journey', 'step'], ['scenario', 'step'], ['step'], []],
    takes: (n) => n === 'browser_interaction_to_paint',
  },
  { title: 'Page vitals', tags: [[], ['journey'], ['scenario']], takes: (n) => n in VITALS },
  // The control page is not the target's: it belongs to the generator's health.
  {
    title: 'Other',
    tags: [[], ['journey'], ['scenario']],
    takes: (n) => isOfBrowser(n) && groupOf(n) !== 'generator',
  },
];

/** The phases whose times in the browser stand beside each other: the first without load, or the first of all, and the one with the most. */
export function browserPhases({ phases }: Verdict): { before?: string; under: string } {
  const most = Math.max(...phases.map(({ load }) => load));
  const under = phases.find(({ load }) => load === most)?.name ?? 'load';
  const before = (phases.find(({ load }) => load === 0) ?? phases[0])?.name;
  return before === undefined || before === under ? { under } : { before, under };
}

/** Times in the browser: every browser metric, before the load beside under it. Empty without journeys. */
export function browserTables(verdict: Verdict): BrowserTable[] {
  const { before, under } = browserPhases(verdict);
  const trends = seriesOf(verdict).filter((s) => s.summary.type === 'trend' && isOfBrowser(s.name));
  const names = [...new Set(trends.map((s) => s.name))];
  const vitals = Object.keys(VITALS);
  names.sort((a, b) => vitals.indexOf(a) - vitals.indexOf(b));
  return BROWSER_TABLES.map((group) => {
    const rows = new Map<string, BrowserRow>();
    for (const name of names.filter((n) => BROWSER_TABLES.find((g) => g.takes(n)) === group)) {
      for (const { tags, summary } of cut(
        trends.filter((s) => s.name === name),
        group.tags,
      )) {
        const where = [tags.journey ?? tags.scenario, tags.step].filter(Boolean).join(' · ');
        const what =
          VITALS[name] ?? (group.title === 'Other' ? name.slice('browser_'.length).replaceAll('_', ' ') : '');
        const label = [what, where].filter(Boolean).join(' · ') || 'all journeys';
        const unit = summary.contains === 'time' ? 'ms' : summary.contains === 'data' ? 'bytes' : 'none';
        const row = rows.get(label) ?? { label, unit, calm: null, load: null };
        if (tags.phase !== undefined && tags.phase !== before && tags.phase !== under) continue;
        row[tags.phase === before && before !== undefined ? 'calm' : 'load'] = summary;
        rows.set(label, row);
      }
    }
    return { title: group.title, rows: [...rows.values()] };
  }).filter((group) => group.rows.length > 0);
}

/** The percentile that stands for "typical": p(75), by which vitals are judged, or the median where it is missing. */
export function typicalStat(groups: BrowserTable[]): 'p(75)' | 'med' {
  const summaries = groups.flatMap((g) => g.rows.flatMap((r) => [r.calm, r.load])).filter((s) => s !== null);
  return summaries.length > 0 && summaries.every((s) => 'p(75)' in s.values) ? 'p(75)' : 'med';
}

/** Load over calm; null when a half is missing or calm is 0. */
export function slowdown(row: BrowserRow, stat: string): number | null {
  const calm = row.calm?.values[stat];
  const load = row.load?.values[stat];
  return calm && load !== undefined ? load / calm : null;
}

/** From here on a slowdown stands out; whether it is too much, thresholds say. */
const NOTABLE_SLOWDOWN = 1.5;
/** Figures of fewer samples tell more of chance than of a difference. */
const NOTABLE_SAMPLES = 10;

/** Whether the slowdown of a row stands out. */
export function isNotable(row: BrowserRow, stat: string): boolean {
  const least = Math.min(row.calm?.count ?? 0, row.load?.count ?? 0);
  return least >= NOTABLE_SAMPLES && (slowdown(row, stat) ?? 0) >= NOTABLE_SLOWDOWN;
}

/** The table of them, as text. */
export interface BrowserTimes {
  /** The phases that stand beside each other. */
  before: string;
  under: string;
  /** What of them does. */
  stat: string;
  /** Heads of the figures, which stand behind the label. */
  columns: string[];
  groups: { title: string; rows: { row: BrowserRow; figures: BrowserFigures; isNotable: boolean }[] }[];
}

type BrowserFigures = [calm: string, load: string, slowdown: string, calmP95: string, loadP95: string, samples: string];

/** Null without journeys. */
export function browserTimes(verdict: Verdict): BrowserTimes | null {
  const tables = browserTables(verdict);
  if (tables.length === 0) return null;
  const stat = typicalStat(tables);
  const { before = 'before', under } = browserPhases(verdict);
  const heads = [stat, 'p(95)'].map(statTitle).map((name) => [`${before} ${name}`, `${under} ${name}`]);
  const figuresOf = (row: BrowserRow): BrowserFigures => {
    const half = (one: MetricSummary | null, key: string) => figure(one?.values[key], row.unit);
    return [
      half(row.calm, stat),
      half(row.load, stat),
      times(slowdown(row, stat)),
      half(row.calm, 'p(95)'),
      half(row.load, 'p(95)'),
      `${count(row.calm?.count)}/${count(row.load?.count)}`,
    ];
  };
  return {
    ...{ before, under, stat },
    columns: [...heads[0]!, `${under}/${before}`, ...heads[1]!, 'samples'],
    groups: tables.map(({ title, rows }) => ({
      title,
      rows: rows.map((row) => ({ row, figures: figuresOf(row), isNotable: isNotable(row, stat) })),
    })),
  };
}
