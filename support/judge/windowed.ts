import { parseDuration } from '../input/duration.ts';
import { parseExpression, parseSelector } from './expression.ts';
import { type Judged, type ThresholdSpec, unitOf } from './thresholds.ts';
import type { ThresholdResult } from './verdict.ts';
import { around, type Course, scheduleOf, tallyOf, windowsOf } from './windows.ts';

type Windowed = Exclude<ThresholdSpec, string> & { every: string };

export function isWindowed(spec: ThresholdSpec): spec is Windowed {
  return typeof spec !== 'string' && spec.every !== undefined;
}

/** One threshold that must hold in a share of its windows. What the generator may have made of one leaves that open. */
export function judgeWindowed(source: string, spec: Windowed, course: Course): Judged {
  const { threshold, minSamples, every, slide, share = 1 } = spec;
  const everyMs = parseDuration(every)!;
  const slideMs = slide === undefined ? undefined : parseDuration(slide)!;
  const objective = { source, expression: threshold, minSamples };
  const schedule = scheduleOf(source, course);
  const { fromMs, untilMs } = schedule ?? {};
  const scheduled = windowsOf(objective, { everyMs, slideMs, fromMs, untilMs }, course);
  const isTooShort = scheduled.length === 0 && schedule !== undefined;
  const windows = isTooShort ? around(schedule, windowsOf(objective, { everyMs, slideMs }, course)) : scheduled;
  const { held, unknown, outcome } = tallyOf(windows, share);
  const definition = course.store.definitions[parseSelector(source)!.metric]!;
  const missed = windows.flatMap(({ state, startMs, endMs, observed }) =>
    state === 'missed' ? [{ startMs, endMs, observed: observed! }] : [],
  );
  const unit = unitOf(definition, parseExpression(threshold)!.aggregation);
  const doubts = windows.flatMap((window) => window.doubts ?? []).slice(0, 1);
  const result: ThresholdResult = {
    metric: source,
    expression: threshold,
    observed: windows.length > 0 ? held / windows.length : null,
    limit: share,
    unit: 'ratio',
    count: windows.length,
    ok: outcome === 'held',
    decided: outcome !== 'unknown',
    ...(outcome === 'unknown' && { doubts }),
    windows: { everyMs, ...(slideMs !== undefined && { slideMs }), held, unknown, missed, unit },
  };
  if (outcome === 'held') return { outcome, result };
  const about = { metric: source, expression: threshold, everyMs, held, unknown, of: windows.length, share };
  const worst = missed.reduce<(typeof missed)[0] | undefined>(
    (a, b) => (a && !isWorse(b, a, threshold) ? a : b),
    undefined,
  );
  return {
    outcome,
    result,
    finding: {
      kind: 'windows',
      severity: outcome === 'missed' ? 'fail' : 'invalid',
      ...about,
      unit,
      ...(missed.length > 0 && { first: missed[0]!, worst: worst! }),
      ...(outcome === 'unknown' && { doubts }),
    },
  };
}

function isWorse(a: { observed: number }, b: { observed: number }, threshold: string): boolean {
  return parseExpression(threshold)!.operator.startsWith('>') ? a.observed < b.observed : a.observed > b.observed;
}
