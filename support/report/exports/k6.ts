/** `metrics.json`: the object k6 hands to `handleSummary`, so that tools made for k6 read a run of ours. */
import { createHash } from 'node:crypto';
import { dueUntilMs, lengthOf, summaryOf } from '../../judge/summary.ts';
import type { MetricSummary, Verdict } from '../../judge/verdict.ts';
import { parseSeriesKey, seriesKey } from '../../measure/metrics.ts';
import type { RunRecord } from '../record.ts';

interface K6Metric {
  type: MetricSummary['type'];
  contains: MetricSummary['contains'];
  values: Record<string, number>;
  thresholds?: Record<string, { ok: boolean }>;
}

interface K6Check {
  name: string;
  path: string;
  id: string;
  passes: number;
  fails: number;
}

export interface K6Summary {
  root_group: { name: ''; path: ''; id: string; groups: []; checks: K6Check[] };
  options: { summaryTrendStats: string[]; summaryTimeUnit: ''; noColor: boolean };
  state: { isStdErrTTY: boolean; isStdOutTTY: boolean; testRunDurationMs: number };
  metrics: Record<string, K6Metric>;
}

const TREND_STATS = ['avg', 'min', 'med', 'max', 'p(75)', 'p(90)', 'p(95)', 'p(99)', 'count'];

/** k6 names a group or check by the MD5 of its path. */
function id(path: string): string {
  return createHash('md5').update(path).digest('hex');
}

/** The kind of metric a threshold must be about, for one that has no data to tell. */
function typeOf(expression: string): MetricSummary['type'] {
  if (/^\s*rate\b/.test(expression)) return 'rate';
  if (/^\s*count\b/.test(expression)) return 'counter';
  return /^\s*value\b/.test(expression) ? 'gauge' : 'trend';
}

function metricOf({ type, contains, count, values }: MetricSummary): K6Metric {
  return { type, contains, values: type === 'trend' ? { ...values, count } : { ...values } };
}

/** The same key for the same series, whatever the order of its tags and the spaces between them. */
function canonical(key: string): string {
  const { metric, tags } = parseSeriesKey(key);
  return seriesKey(metric, tags);
}

/** A check of the whole run: its own count where there is one, else that of all scenarios together. */
function check(name: string, counts: { whole: boolean; passes: number; fails: number }[]): K6Check {
  const whole = counts.find((c) => c.whole);
  const sum = (key: 'passes' | 'fails') => (whole ? whole[key] : counts.reduce((total, c) => total + c[key], 0));
  const path = `::${name}`;
  return { name, path, id: id(path), passes: sum('passes'), fails: sum('fails') };
}

/**
 * k6's end-of-test data: `root_group` with the checks (metrics `checks{check:…}`), `options`, `state`, and per metric
 * `{type, contains, values, thresholds?}`; times in milliseconds. A threshold without data keeps its place with empty
 * `values`, and is not ok; one that is undecided has not held.
 */
export function k6Summary(
  verdict: Verdict,
  { store, scenarios }: Pick<RunRecord, 'store' | 'scenarios'>,
  extra: { isStdOutTTY: boolean; isStdErrTTY: boolean; noColor: boolean },
): K6Summary {
  const metrics: Record<string, K6Metric> = {};
  const keys = new Map<string, string>();
  const checks = new Map<string, { whole: boolean; passes: number; fails: number }[]>();
  for (const [key, summary] of Object.entries(verdict.metrics)) {
    const { values } = summary;
    keys.set(canonical(key), key);
    metrics[key] = metricOf(summary);
    const { metric, tags } = parseSeriesKey(key);
    if (metric !== 'checks' || tags.check === undefined) continue;
    const scenarios = checks.get(tags.check) ?? [];
    scenarios.push({ whole: tags.scenario === undefined, passes: values.passes ?? 0, fails: values.fails ?? 0 });
    checks.set(tags.check, scenarios);
  }
  for (const { metric, expression, ok, decided } of verdict.thresholds) {
    const key = keys.get(canonical(metric)) ?? metric;
    if (!Object.hasOwn(metrics, key)) {
      const durationMs = dueUntilMs(verdict.durationMs, verdict.reasons);
      const summary = summaryOf(store, metric, (tags) =>
        lengthOf({ scenarios, phases: verdict.phases, durationMs }, tags),
      );
      metrics[key] = summary ? metricOf(summary) : { type: typeOf(expression), contains: 'default', values: {} };
    }
    // The same may be asked of the whole run and of windows.
    const others = metrics[key]!.thresholds;
    const held = ok && decided && others?.[expression]?.ok !== false;
    metrics[key]!.thresholds = { ...others, [expression]: { ok: held } };
  }
  return {
    root_group: {
      name: '',
      path: '',
      id: id(''),
      groups: [],
      checks: [...checks].map(([name, counts]) => check(name, counts)),
    },
    options: { summaryTrendStats: TREND_STATS, summaryTimeUnit: '', noColor: extra.noColor },
    state: {
      isStdErrTTY: extra.isStdErrTTY,
      isStdOutTTY: extra.isStdOutTTY,
      testRunDurationMs: verdict.durationMs,
    },
    metrics,
  };
}
