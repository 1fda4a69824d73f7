/** `reports/trend.html`: how the figures of a profile went from run to run. */
import { join } from 'node:path';
import type { Aspect, Status } from '../../judge/verdict.ts';
import { comparedFigure, comparedName } from '../../judge/words/compared.ts';
import { counted, NONE } from '../../judge/words/figures.ts';
import { runFolder, writeWhole } from '../files.ts';
import { appendHistory, type HistoryLine, readHistory } from '../history.ts';
import { html, type Markup } from './markup.ts';
import { pageOf } from './page.ts';
import { table } from './table.ts';

/** What the page's script draws: a chart for each aspect of a profile on a target, of the figure that is chosen. */
export interface TrendPayload {
  groups: {
    /** Of each run, seconds since 1970, in the order of time. */
    times: number[];
    statuses: Status[];
    /** `column` is the one of its figures in the table of runs. */
    charts: { id: string; column: number; unit: string; figures: { name: string; values: (number | null)[] }[] }[];
  }[];
}

/** Newest runs of a profile on a target that are shown. */
const MOST_RUNS = 300;
const MOST_ROWS = 50;
/** In the table of runs, after when they started, their verdicts and builds. */
const FIRST_FIGURE = 3;

const ASPECTS: Record<Aspect, { title: string; unit: string; scale: number }> = {
  'response-time': { title: 'Response time', unit: 'ms', scale: 1 },
  errors: { title: 'Errors', unit: '%', scale: 100 },
  throughput: { title: 'Throughput', unit: 'per second', scale: 1 },
};

interface Group {
  name: string;
  runs: HistoryLine[];
}

/**
 * Adds a finished run to the history, and the history to its page.
 * @throws Error with one sentence naming the file that could not be written, and the cause
 */
export async function addToTrend(reports: string, entry: HistoryLine): Promise<void> {
  const history = join(reports, 'history.jsonl');
  await appendHistory(history, entry);
  const { lines, skipped } = await readHistory(history);
  await writeWhole(join(reports, 'trend.html'), trendHtml(lines, skipped));
}

/** @param skipped a sentence for each line of the history that could not be understood */
export function trendHtml(lines: HistoryLine[], skipped: string[]): string {
  const runs = lastOfEach(lines);
  const groups = groupsOf(runs);
  const payload: TrendPayload = { groups: groups.map(chartsOf) };
  const body = html`<header><p class="brand">Tandem</p><h1>Trend</h1>
<p class="headline">${counted(runs.length, 'run')}, by profile and target. Red points: runs that did not pass.</p>
${skipped.length > 0 && html`<ul class="notes">${skipped.map((sentence) => html`<li>${sentence}</li>`)}</ul>`}</header>
<main id="content">
${groups.map((group, index) => section(group, index, payload.groups[index]!))}
</main>`;
  return pageOf({
    title: 'Trend · Tandem',
    body,
    payload: { type: 'application/json', text: JSON.stringify(payload).replaceAll('<', '\\u003c') },
    modules: ['look', 'trend'],
  });
}

/** A run that was judged again, as with the shard that was missing, has the verdict of its report. */
function lastOfEach(lines: HistoryLine[]): HistoryLine[] {
  const nameOf = ({ profile, target, runId, startedAt }: HistoryLine) =>
    JSON.stringify([profile, target, runId, startedAt]);
  return [...new Map(lines.map((line) => [nameOf(line), line])).values()];
}

function groupsOf(lines: HistoryLine[]): Group[] {
  const groups = new Map<string, HistoryLine[]>();
  for (const line of lines) {
    const name = `${line.profile} → ${line.target}`;
    groups.set(name, [...(groups.get(name) ?? []), line]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, runs]) => ({
      name,
      runs: runs.sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt)).slice(-MOST_RUNS),
    }));
}

function chartsOf({ runs }: Group, group: number): TrendPayload['groups'][number] {
  return {
    times: runs.map(({ startedAt }) => Date.parse(startedAt) / 1_000),
    statuses: runs.map(({ status }) => status),
    charts: (Object.keys(ASPECTS) as Aspect[]).flatMap((aspect, at) => {
      const { unit, scale } = ASPECTS[aspect];
      const byRun = runs.map(({ figures }) => {
        const own = figures.filter((figure) => figure.aspect === aspect);
        return new Map(own.map((figure) => [comparedName(figure), figure.value * scale]));
      });
      // First those of the newest run: what was asked long ago may be in no other.
      const names = new Set(byRun.toReversed().flatMap((run) => [...run.keys()]));
      const figures = [...names].map((name) => ({ name, values: byRun.map((run) => run.get(name) ?? null) }));
      return figures.length > 0 ? [{ id: `${aspect}-${group}`, column: FIRST_FIGURE + at, unit, figures }] : [];
    }),
  };
}

function section({ name, runs }: Group, index: number, drawn: TrendPayload['groups'][number]): Markup {
  const id = `group-${index}`;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${name}</h2>
${(Object.keys(ASPECTS) as Aspect[]).map((aspect) => {
  const chart = drawn.charts.find((one) => one.id === `${aspect}-${index}`);
  return (
    chart &&
    html`<h3>${ASPECTS[aspect].title}, <span class="quiet">${chart.unit}</span></h3>
<p class="toolbar"><label>Figure <select id="${chart.id}-figure">${chart.figures.map((figure, at) => html`<option value="${at}">${figure.name}</option>`)}</select></label></p>
<div id="${chart.id}" role="img" aria-label="${ASPECTS[aspect].title} of ${name} from run to run; the table below has those of the newest."></div>
`
  );
})}
${runsTable(name, runs, index, drawn)}
</section>`;
}

/** The newest first, with the figure of each aspect that its chart begins with; the page's script puts the chosen one there. */
function runsTable(
  name: string,
  runs: HistoryLine[],
  group: number,
  { charts }: TrendPayload['groups'][number],
): Markup {
  const aspects = (Object.keys(ASPECTS) as Aspect[]).map((aspect) => {
    const chart = charts.find(({ id }) => id === `${aspect}-${group}`);
    return { aspect, ...ASPECTS[aspect], first: chart?.figures[0] };
  });
  const columns = [
    { title: 'started, UTC' },
    { title: 'verdict' },
    { title: 'build' },
    ...aspects.map(({ title, first }) => ({
      title: html`${title.toLowerCase()}${first && html`<span class="figure">${first.name}</span>`}`,
      side: 'right' as const,
    })),
  ];
  const rows = runs
    .map(({ runId, startedAt, status, build }, at) => ({
      cells: [
        html`<a href="${encodeURIComponent(runFolder(runId))}/index.html">${startedAt.slice(0, 19).replace('T', ' ')}</a>`,
        html`<span class="state ${status === 'invalid' ? 'warning' : status}">${status}</span>`,
        build ?? NONE,
        ...aspects.map(({ aspect, scale, first }) => {
          const value = first?.values[at] ?? null;
          return value === null ? NONE : comparedFigure(aspect, value / scale);
        }),
      ],
    }))
    .slice(-MOST_ROWS)
    .reverse();
  return table(`Newest runs of ${name}`, columns, rows);
}
