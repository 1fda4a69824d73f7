/** The page that follows a run, and what it is told once a second. */

import { bytes, count, ms, NONE, rate } from '../../judge/words/figures.ts';
import { printable } from '../../judge/words/text.ts';
import { drain } from '../../measure/time-axis.ts';
import { doing, errors, type LiveScenario, type LiveSnapshot, timeLeft, troubles } from '../live.ts';
import { type Chart, ERRORS_CHART, TARGET_CHARTS } from './charts.ts';
import { MEGABYTE, rounded } from './columns.ts';
import { html } from './markup.ts';
import { pageOf } from './page.ts';

/** A snapshot as it is read: texts that are ready to be shown, and in which nothing from outside can hide. */
export interface LiveView {
  runId: string;
  profile: string;
  target: { name: string; url: string };
  phase: LiveSnapshot['phase'];
  doing: string;
  /** Why the run is being stopped; empty while it is not. */
  stopped: string;
  /** What goes wrong, a line each. */
  troubles: string[];
  timeLeft: string;
  /** Of the time of the run, 0 to 1. */
  share: number;
  /** In the order of {@link FIGURES}. */
  figures: string[];
  /** Figures in the order of {@link LivePayload.titles}. */
  scenarios: { name: string; figures: string[] }[];
  /** What the charts can be about. */
  scopes: string[];
}

/** A moment of the charts. What is counted is counted since the start: of moments that are left out nothing is lost. */
export interface LivePoint {
  atMs: number;
  window: string;
  isQuiet: boolean;
  /** By {@link LiveView.scopes}. */
  scopes: LiveScopePoint[];
  latenessMs: number | null;
  targetCpuPercent: number | null;
  targetMemoryMB: number | null;
}

/** p95 in ms, failed and dropped since the start. An array, since there are thousands. */
export type LiveScopePoint = [
  ratePerSecond: number,
  p95Ms: number | null,
  failed: number,
  dropped: number,
  activeVUs: number,
  maxVUs: number,
];

/** What the page is told when it is opened, and when there are fewer points than before. */
export interface LiveCourse {
  /** Null before the first snapshot. */
  view: LiveView | null;
  points: LivePoint[];
}

/** What the page is told once a second; not all seconds are points. */
export interface LiveSecond {
  view: LiveView;
  point: LivePoint | null;
}

export interface LivePayload {
  /** Of the figures of a scenario. */
  titles: string[];
  charts: Chart[];
}

/** Of the run; without a word beside them they are about all protocol work. */
const FIGURES = [
  ['Rate', ({ all }) => rate(all.ratePerSecond)],
  ['Response time, p95', ({ all }) => ms(all.p95Ms)],
  ['Errors', ({ all }) => errors(all)],
  ['Dropped', ({ all }) => count(all.dropped)],
  ['VUs', ({ all }) => `${count(all.activeVUs)} of ${count(all.maxVUs)}`],
  [
    'Browser sessions',
    ({ sessions: { active, done, failed } }) => `${count(active)} active, ${count(done)} done, ${count(failed)} failed`,
  ],
  ['Generator late, p99', ({ latenessP99Ms }) => ms(latenessP99Ms)],
  ['Machine CPU', ({ machineCpuPercent: percent }) => (percent === null ? NONE : `${Math.round(percent)} %`)],
  ['Target CPU', ({ targetCpuPercent: percent }) => (percent === null ? NONE : `${Math.round(percent)} %`)],
  ['Target memory', ({ targetMemoryBytes }) => bytes(targetMemoryBytes)],
] as const satisfies [string, (snapshot: LiveSnapshot & { all: LiveScenario }) => string][];

const SCENARIO_FIGURES = [
  ['kind', ({ kind }) => (kind === 'journey' ? 'browser' : 'protocol')],
  ['iterations', ({ iterations }) => count(iterations)],
  ['rate', ({ ratePerSecond }) => rate(ratePerSecond)],
  ['p95', ({ p95Ms }) => ms(p95Ms)],
  ['errors', (scenario) => errors(scenario)],
  ['VUs', ({ activeVUs, maxVUs }) => `${count(activeVUs)} of ${count(maxVUs)}`],
  ['dropped', ({ dropped }) => count(dropped)],
] as const satisfies [string, (scenario: LiveScenario) => string][];

const CHARTS: Chart[] = [
  {
    id: 'rate',
    title: 'Rate',
    note: 'iterations finished',
    unit: 'per second',
    scoped: true,
    lines: [{ column: 'done', label: 'done', look: 'strong' }],
  },
  {
    id: 'response',
    title: 'Response time',
    note: 'p95 from when work was due; of a journey its steps',
    unit: 'ms',
    scoped: true,
    lines: [{ column: 'p95', label: 'p95', look: 'middle' }],
  },
  ERRORS_CHART,
  {
    id: 'vus',
    title: 'VUs',
    note: 'busy, of the most that there may be',
    unit: '',
    scoped: true,
    lines: [
      { column: 'most', label: 'most', look: 'plan' },
      { column: 'busy', label: 'busy', look: 'strong' },
    ],
  },
  {
    id: 'lateness',
    title: 'Lateness',
    note: 'p99 of what is the generator’s own, over all scenarios',
    unit: 'ms',
    scoped: false,
    lines: [{ column: 'lateness', label: 'the generator’s own', look: 'strong' }],
  },
  ...TARGET_CHARTS,
];

export function liveView(snapshot: LiveSnapshot): LiveView {
  const { runId, profile, target, phase, stopReason, elapsedMs, totalMs } = snapshot;
  const withAll = { ...snapshot, all: protocolOf(snapshot) };
  return {
    runId: printable(runId),
    profile: printable(profile),
    target: { name: printable(target.name), url: printable(target.url) },
    phase,
    doing: doing(snapshot),
    stopped: stopReason === null ? '' : printable(stopReason),
    troubles: troubles(snapshot),
    timeLeft: timeLeft(snapshot),
    share: totalMs > 0 ? Math.min(1, elapsedMs / totalMs) : 0,
    figures: FIGURES.map(([, read]) => read(withAll)),
    scenarios: snapshot.scenarios.map((scenario) => ({
      name: printable(scenario.name),
      figures: SCENARIO_FIGURES.map(([, read]) => read(scenario)),
    })),
    scopes: scopesOf(snapshot).map(({ name }) => printable(name)),
  };
}

/** Undefined before the start, when there is nothing to draw. */
export function livePoint(snapshot: LiveSnapshot): LivePoint | undefined {
  const { phase, isQuiet = false, elapsedMs, latenessP99Ms, targetCpuPercent, targetMemoryBytes } = snapshot;
  if (phase === 'preparing') return undefined;
  const isOver = phase === 'draining' || phase === 'done';
  const brief = (value: number | null) => value && rounded(value);
  return {
    atMs: Math.round(elapsedMs),
    window: isOver ? drain : phase,
    isQuiet: isOver || isQuiet,
    scopes: scopesOf(snapshot).map(({ ratePerSecond, p95Ms, failed, dropped, activeVUs, maxVUs }) => [
      rounded(ratePerSecond),
      brief(p95Ms),
      failed,
      dropped,
      activeVUs,
      maxVUs,
    ]),
    latenessMs: brief(latenessP99Ms),
    targetCpuPercent: brief(targetCpuPercent),
    targetMemoryMB: targetMemoryBytes && rounded(targetMemoryBytes / MEGABYTE),
  };
}

/** As in the final report: all loads in one where there are several, then loads, then journeys. */
function scopesOf(snapshot: LiveSnapshot): LiveScenario[] {
  const loads = snapshot.scenarios.filter(({ kind }) => kind === 'load');
  const journeys = snapshot.scenarios.filter(({ kind }) => kind === 'journey');
  return [...(loads.length > 1 ? [protocolOf(snapshot)] : []), ...loads, ...journeys];
}

function protocolOf({ scenarios, p95Ms }: LiveSnapshot): LiveScenario {
  const loads = scenarios.filter(({ kind }) => kind === 'load');
  const sum = (of: 'ratePerSecond' | 'iterations' | 'failed' | 'dropped' | 'activeVUs' | 'maxVUs') =>
    loads.reduce((all, load) => all + load[of], 0);
  return {
    name: 'All protocol work',
    kind: 'load',
    ratePerSecond: sum('ratePerSecond'),
    p95Ms,
    iterations: sum('iterations'),
    failed: sum('failed'),
    dropped: sum('dropped'),
    activeVUs: sum('activeVUs'),
    maxVUs: sum('maxVUs'),
  };
}

/** The page; it asks for `/events`, a stream of {@link LiveCourse} and {@link LiveSecond}. */
export function livePage(): string {
  const payload: LivePayload = { titles: SCENARIO_FIGURES.map(([title]) => title), charts: CHARTS };
  return pageOf({
    title: 'Tandem',
    // Whoever listens to the page is told of the phase, and not of every second.
    body: html`<header class="verdict">
<p class="brand">Tandem</p>
<h1 id="name">A run</h1>
<p class="quiet" id="run"></p>
<p class="headline"><strong id="phase" role="status"></strong> <span id="doing" class="quiet"></span></p>
<p class="headline" id="stopped" role="status"></p>
<p class="progress"><progress id="share" aria-label="Time of the run" value="0"></progress> <span id="time-left"></span></p>
<ul class="findings" id="troubles" hidden></ul>
<dl class="tiles" id="figures">${FIGURES.map(([name]) => html`<div><dt>${name}</dt><dd>${NONE}</dd></div>`)}</dl>
<noscript><p>This page needs JavaScript.</p></noscript>
</header>
<main id="content">
<section id="scenarios" aria-labelledby="scenarios-title"><h2 id="scenarios-title">Scenarios</h2></section>
<section id="time" aria-labelledby="time-title"><h2 id="time-title">Over time</h2><div id="charts"></div></section>
</main>`,
    payload: { type: 'application/json', text: JSON.stringify(payload) },
    isServed: true,
    modules: ['look', 'time', 'live'],
  });
}
