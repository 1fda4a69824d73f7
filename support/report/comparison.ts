/** A run beside others of its kind: in its verdict, and as `npx tandem` tells it. */
import {
  againstBaseline,
  type Compared,
  compare,
  type KeptRun,
  LEAST_RUNS,
  noiseFloor,
  referenceOf,
} from '../judge/baseline.ts';
import type { Figure } from '../judge/comparable.ts';
import { statusOf } from '../judge/judge.ts';
import { worstFirst } from '../judge/order.ts';
import { isComparable, withRegressions } from '../judge/regressions.ts';
import type { Finding, Regression, Severity, Verdict } from '../judge/verdict.ts';
import { chanceText, changeText, comparedFigure, comparedName } from '../judge/words/compared.ts';
import { counted, NONE } from '../judge/words/figures.ts';
import { printable } from '../judge/words/text.ts';
import type { MetricStore } from '../measure/store.ts';
import type { Baseline, BaselineKey, Baselines, ComparableRun } from './baselines.ts';
import { say } from './messages.ts';
import { type Column, paint, type Row, table, wantsColor } from './text/ansi.ts';

export interface Shape {
  columns: number;
  color: boolean;
}

/** What a text that goes there may take. */
export function shapeOf(stream: NodeJS.WriteStream): Shape {
  return { columns: stream.columns || 100, color: wantsColor(stream) };
}

const left = (title: string): Column => ({ title, side: 'left' });
const right = (title: string): Column => ({ title, side: 'right' });

const KEY_WORDS: Record<keyof BaselineKey, string> = {
  profile: 'profile',
  load: 'load (what runs, when, how much)',
  target: 'target',
  machine: 'machine',
  browser: 'browser',
  slices: 'slices',
};

/**
 * The verdict with what its baseline adds to it, if there is one: a critical regression fails a run, unless the generator may
 * have caused it. What was cut short, or is a part of a run, is not compared.
 * @param store what was measured
 */
export async function withBaseline(
  verdict: Verdict,
  { key, run, shard }: ComparableRun,
  baselines: Baselines,
  store: MetricStore,
): Promise<Verdict> {
  const before = [...verdict.reasons, ...verdict.warnings];
  if (shard !== null || !isComparable(before)) return verdict;
  const compared = await baselines.runs(key).then(
    (runs) => (runs.length > 0 ? againstBaseline(run, runs) : []),
    (error: Error): Finding[] => [{ kind: 'baseline-unreadable', severity: 'warning', error: error.message }],
  );
  const { kept, added } = withRegressions(compared, {
    findings: before,
    health: verdict.health,
    phases: verdict.phases,
    store,
  });
  const all = worstFirst([...kept, ...added.map((finding) => ({ ...finding, message: say(finding) }))]);
  const isWarning = ({ severity }: { severity: Severity }) => severity === 'warning';
  return {
    ...verdict,
    status: statusOf(all),
    reasons: all.filter((reason) => !isWarning(reason)),
    warnings: all.filter(isWarning),
    regressions: added.flatMap(regressionOf),
  };
}

function regressionOf(finding: Finding): Regression[] {
  if (finding.kind !== 'regression') return [];
  const { kind: _, ...regression } = finding;
  return [regression];
}

/** What became of an accepted run. */
export function acceptedText({ run }: ComparableRun, file: string, runs: KeptRun[]): string {
  const same = runs.filter(({ build }) => build === run.build).length;
  const lacking = LEAST_RUNS - runs.length;
  const next =
    lacking > 0
      ? `Runs are compared with it once it holds ${LEAST_RUNS}: accept ${counted(lacking, 'more run')}.`
      : `The next run of its kind is compared with ${counted(referenceOf(runs).length, 'run')}.`;
  const holds = `${counted(runs.length, 'run')}, ${same} of build ${run.build ?? 'unknown'}`;
  return printable(`Accepted run ${run.runId}: ${file} now holds ${holds}. ${next}`);
}

/** A baseline's kind, runs, and figures with the noise between its runs. */
export function baselineText(file: string, { key, runs }: Baseline, shape: Shape): string {
  const p = paint(shape.color);
  const reference = referenceOf(runs);
  const figures = reference.at(-1)?.figures ?? [];
  const rows = figures.map((figure): Row => {
    const alike = reference.flatMap((run) => run.figures.filter((one) => isSame(one, figure)));
    const noise = noiseFloor(alike, alike.length, figures.length);
    const mean = alike.reduce((sum, { value }) => sum + value / alike.length, 0);
    return [
      comparedName(figure),
      comparedFigure(figure.aspect, mean),
      noise === null ? NONE : changeText(figure.aspect, noise),
      figure.blocks.length === 0 ? NONE : String(figure.blocks.length),
    ];
  });
  const columns = [left(''), right('mean'), right('noise'), right('blocks')];
  return lines([
    p.bold(`${printable(file)}: ${counted(runs.length, 'run')}`),
    ...Object.entries(key).map(([name, value]) => `  ${name.padEnd(8)} ${printable(String(value ?? 'none'))}`),
    ...runs.map(
      ({ runId, startedAt, build }) =>
        `  ${startedAt.slice(0, 16)}Z  ${printable(`${runId}, build ${build ?? 'unknown'}`)}`,
    ),
    '',
    ...drawn(columns, rows, shape),
    '',
  ]);
}

const RESULTS: Record<Compared['result'], string> = {
  critical: 'critical',
  warning: 'warning',
  noise: 'by chance',
  unknown: 'cannot be told',
  fine: '',
};

/**
 * Run `b` beside run `a`, figure by figure.
 * @param alike runs of the kind of `a`: their differences are the noise
 */
export function comparisonText(a: ComparableRun, b: ComparableRun, alike: KeptRun[], shape: Shape): string {
  const p = paint(shape.color);
  const style = { critical: p.red, warning: p.yellow, noise: p.dim, unknown: p.dim, fine: p.dim };
  const all = compare(b.run, [a.run], alike);
  const rows = all.map((one): Row => {
    const { aspect, baseline, observed, change, noise, p: chance, result } = one;
    return [
      comparedName(one),
      comparedFigure(aspect, baseline),
      comparedFigure(aspect, observed),
      changeText(aspect, change),
      noise === null ? NONE : changeText(aspect, noise),
      chance === null ? NONE : chanceText(chance).replace(/^p (= )?/, ''),
      { text: RESULTS[result], style: style[result] },
    ];
  });
  const columns = [left(''), right('a'), right('b'), right('change'), right('noise'), right('p'), left('')];
  const only = (name: string, own: Figure[], other: Figure[]) => {
    const missing = own.filter((figure) => !other.some((one) => isSame(one, figure)));
    return missing.length > 0 ? [`Only ${name} has ${missing.map(comparedName).join(', ')}.`] : [];
  };
  return lines([
    `a: ${printable(`${a.run.runId}, build ${a.run.build ?? 'unknown'}, ${a.status}`)}`,
    `b: ${printable(`${b.run.runId}, build ${b.run.build ?? 'unknown'}, ${b.status}`)}`,
    '',
    ...drawn(columns, rows, shape),
    '',
    ...differences(a.key, b.key),
    ...only('a', a.run.figures, b.run.figures),
    ...only('b', b.run.figures, a.run.figures),
    conclusion(all, alike),
  ]);
}

/** What else than the build may have made the difference. */
function differences(a: BaselineKey, b: BaselineKey): string[] {
  return (Object.keys(KEY_WORDS) as (keyof BaselineKey)[])
    .filter((name) => a[name] !== b[name])
    .map((name) => {
      const of = name === 'load' ? '' : `: ${printable(`${a[name] ?? 'none'} and ${b[name] ?? 'none'}`)}`;
      return `The runs differ in their ${KEY_WORDS[name]}${of}. A change may come from that.`;
    });
}

function conclusion(all: Compared[], alike: KeptRun[]): string {
  if (all.length === 0) return 'The runs have no figure in common: nothing was compared.';
  if (alike.length < LEAST_RUNS) {
    return (
      `Which changes are more than chance cannot be told: the baseline of a holds ${counted(alike.length, 'run')} of one build; ` +
      `required: at least ${LEAST_RUNS}. Add some: npx tandem baseline accept <run>.`
    );
  }
  if (all.every(({ result }) => result === 'unknown')) {
    return 'Which changes are more than chance cannot be told: the runs are too short for time blocks.';
  }
  const worse = all.filter(({ result }) => result === 'critical' || result === 'warning').length;
  return worse === 0
    ? 'b is not worse than a, as far as can be told.'
    : `b is worse than a in ${worse} of ${counted(all.length, 'figure')}.`;
}

function isSame(a: Figure, b: Figure): boolean {
  return a.metric === b.metric && a.stat === b.stat && a.aspect === b.aspect;
}

function drawn(columns: Column[], rows: Row[], { columns: width, color }: Shape): string[] {
  return rows.length === 0 ? [] : table(columns, rows, { width, paint: paint(color), flex: 0, overflow: 'own-line' });
}

function lines(all: string[]): string {
  return `${all.map((line) => line.trimEnd()).join('\n')}\n`;
}
