/**
 * Which figures may be the generator's own doing. Validity follows the direction of the error: what held although a signal pushed
 * its figure the other way holds, and what was missed by more than the signal can have caused is missed. The table below is the
 * whole rule.
 */
import { isOfBrowser, type MetricDefinition, ownerOf, type Tags } from '../measure/metrics.ts';
import type { MetricStore } from '../measure/store.ts';
import type { Phase } from '../measure/time-axis.ts';
import { type Expression, holds, parseExpression, parseSelector } from './expression.ts';
import { loadedPhases } from './health.ts';
import { type Judged, phasesAsked } from './thresholds.ts';
import type { CutShort, Doubt, Finding, HealthSignal } from './verdict.ts';

/** What a figure tells of; see `Tells`. `lost` counts failures, `failure` and `success` are shares. */
export type Quantity =
  | 'slowness'
  | 'page'
  | 'failure'
  | 'success'
  | 'work'
  | 'lost'
  | 'target'
  | 'generator'
  | 'unknown';

/** Where a figure goes beside a signal: up, down, either way, or nowhere. */
export type Push = 'up' | 'down' | 'both' | 'none';

type Pushes = Record<Quantity, Push>;

/** Times get longer, failures more, work less. What the target's own process tells, and what the generator's tells, is as it is. */
const SLOW: Pushes = {
  slowness: 'up',
  page: 'up',
  failure: 'up',
  success: 'down',
  work: 'down',
  lost: 'up',
  target: 'none',
  generator: 'none',
  unknown: 'both',
};
/** A page's own clock goes on while the process that drives its browser is held up. */
const HELD_UP: Pushes = { ...SLOW, page: 'none' };
/** What failed for want of files or ports never reached the target; whether too little did, `delivered` tells. */
const FAILING: Pushes = { ...SLOW, slowness: 'none', page: 'none' };
/** Less than was asked for flatters everything but how much was done. */
const LESS_LOAD: Pushes = {
  slowness: 'down',
  page: 'down',
  failure: 'down',
  success: 'up',
  work: 'down',
  lost: 'down',
  target: 'both',
  generator: 'none',
  unknown: 'both',
};
/** Figures of a part are none of the whole. */
const CUT: Pushes = {
  slowness: 'both',
  page: 'both',
  failure: 'both',
  success: 'both',
  work: 'both',
  lost: 'both',
  target: 'both',
  generator: 'none',
  unknown: 'both',
};

/** Of a run that was ended early, what was to be counted over all of it lacks a part; what it has measured is as it is. */
const LESS_DONE: Pushes = {
  slowness: 'none',
  page: 'none',
  failure: 'none',
  success: 'none',
  work: 'down',
  lost: 'down',
  target: 'none',
  generator: 'none',
  unknown: 'none',
};

/** Whoever asks for less than the profile does gets less work done. */
const LESS_ASKED: Pushes = { ...LESS_DONE, lost: 'none' };

export interface Rule {
  /** A `process` moves what its own scenario measured, a `machine` all that was measured, and less load the whole `run`. */
  scope: 'process' | 'machine' | 'run';
  pushes: Pushes;
  /** What holds with it holds: whoever asked for less knows that. */
  ofMisses?: true;
  /** It can last for seconds, so that operations time out: a pause of the garbage collector does not. */
  timesOut?: true;
}

/**
 * Signal × what it can distort × in which direction. Pauses of a process (`gc-pause`, `event-loop-delay`, `lateness`) are bounded
 * by `HealthSignal.cost`; a machine that is full, stolen from or throttled has no bound, since it holds up at any time.
 */
export const RULES: Record<HealthSignal['signal'] | 'late-start' | 'less-asked' | CutShort, Rule> = {
  lateness: { scope: 'process', pushes: HELD_UP, timesOut: true },
  'event-loop-delay': { scope: 'process', pushes: HELD_UP, timesOut: true },
  'gc-pause': { scope: 'process', pushes: HELD_UP },
  'generator-cpu': { scope: 'process', pushes: HELD_UP, timesOut: true },
  'machine-cpu': { scope: 'machine', pushes: SLOW, timesOut: true },
  steal: { scope: 'machine', pushes: SLOW, timesOut: true },
  throttled: { scope: 'machine', pushes: SLOW, timesOut: true },
  'control-page': { scope: 'machine', pushes: SLOW, timesOut: true },
  exhausted: { scope: 'machine', pushes: FAILING, timesOut: true },
  delivered: { scope: 'run', pushes: LESS_LOAD },
  'late-start': { scope: 'run', pushes: LESS_LOAD },
  'shard-spread': { scope: 'run', pushes: LESS_LOAD },
  'missing-slice': { scope: 'run', pushes: LESS_LOAD },
  'missing-shard': { scope: 'run', pushes: LESS_LOAD },
  'foreign-shard': { scope: 'run', pushes: LESS_LOAD },
  crashed: { scope: 'run', pushes: LESS_LOAD },
  interrupted: { scope: 'run', pushes: CUT },
  aborted: { scope: 'run', pushes: LESS_DONE },
  'less-asked': { scope: 'run', pushes: LESS_ASKED, ofMisses: true },
};

/** Something that may have moved figures. */
export interface Suspect {
  doubt: Doubt;
  rule: Rule;
  cost?: HealthSignal['cost'];
  /** The phases that it tells of; absent for the whole run. */
  phases?: Within;
}

interface Within {
  names: string[];
  /** Only journeys run in them. */
  areQuiet: boolean;
  /** What falls short in a phase is missing in those after it, too. */
  andLater: string[];
}

/** A figure and what was required of it. */
export interface Claim {
  metric: string;
  tags: Tags;
  quantity: Quantity;
  operator: Expression['operator'];
  observed: number;
  limit: number;
  /** The phases that it is about; absent for the whole run. */
  phases?: string[] | undefined;
  /** Of a limit that is a multiple of a phase's figure. */
  reference?: { phase: string; factor: number };
}

/** Tells whether a scenario measured any of a metric, under tags. */
export type Measures = (metric: string, tags: Tags, scenario: string) => boolean;

export function measuredBy(store: MetricStore): Measures {
  return (metric, tags, scenario) =>
    ['scenario', 'journey'].some((own) => store.select(metric, { ...tags, [own]: scenario }) !== undefined);
}

/** What a signal of the generator may have moved, and what cut the run short. */
export function suspects(signals: HealthSignal[], findings: Finding[], phases: readonly Phase[]): Suspect[] {
  const unwell = signals.filter(({ ok }) => !ok);
  return [
    ...unwell.map(({ ok: _, cost, signal: by, count: __, ...rest }) => ({
      doubt: { by, ...rest },
      rule: RULES[by],
      cost,
      phases: withinOf({ by, ...rest }, signals, phases),
    })),
    ...findings.flatMap((finding): Suspect[] => {
      switch (finding.kind) {
        case 'late-start': {
          const { kind: by, scenario, lateMs: observed, allowedMs: allowed } = finding;
          return [{ doubt: { by, scenario, observed, allowed, unit: 'ms' }, rule: RULES[by] }];
        }
        case 'shard-spread': {
          const { kind: by, spreadMs: observed, allowedMs: allowed } = finding;
          return [{ doubt: { by, observed, allowed, unit: 'ms' }, rule: RULES[by] }];
        }
        case 'crashed': {
          // In its own scenario nobody knows what the code did before it ended.
          const { kind: by, scenario } = finding;
          return [
            { doubt: { by, scenario }, rule: RULES[by] },
            { doubt: { by, scenario }, rule: { scope: 'process', pushes: CUT } },
          ];
        }
        case 'missing-slice':
          return [{ doubt: { by: finding.kind, scenario: finding.scenario }, rule: RULES[finding.kind] }];
        case 'less-asked':
          return madeSmaller(finding.load);
        case 'missing-shard':
        case 'foreign-shard':
        case 'interrupted':
          return [{ doubt: { by: finding.kind }, rule: RULES[finding.kind] }];
        default:
          return [];
      }
    }),
  ];
}

/** What a run that a threshold has ended leaves of others, but for phases that were over. */
export function endedEarly({ atMs }: { atMs: number }, phases: readonly Phase[]): Suspect {
  const names = phases.filter(({ endMs }) => endMs > atMs).map(({ name }) => name);
  return { doubt: { by: 'aborted' }, rule: RULES.aborted, phases: { names, areQuiet: false, andLater: names } };
}

/** A run that was made smaller than its profile. @param share of the profile's load, or of all that it comes to in its time */
export function madeSmaller(share: number): Suspect[] {
  if (share >= 1) return [];
  const by = 'less-asked';
  const cost = { stallMs: 0, worstShare: 1 - share, meanShare: 1 - share };
  return [{ doubt: { by, observed: share, allowed: 1, unit: 'ratio' }, rule: RULES[by], cost }];
}

/** Of a phase that has a reading of its own, that tells more than what is known of all. */
function withinOf({ by, scenario, shard, phase }: Doubt, signals: HealthSignal[], phases: readonly Phase[]): Within {
  const loaded = loadedPhases(phases);
  const read = signals.filter((one) => one.signal === by && one.scenario === scenario && one.shard === shard);
  const names = phase === undefined ? loaded.filter((name) => !read.some((one) => one.phase === name)) : [phase];
  const first = phases.findIndex(({ name }) => (phase === undefined ? loaded : names).includes(name));
  return {
    names,
    areQuiet: phase !== undefined && !loaded.includes(phase),
    andLater: phases.slice(first).map(({ name }) => name),
  };
}

/** What makes it undecided whether a claim is met: each suspect that reaches its figure and may have put it where it is. */
export function doubtsOf(claim: Claim, all: Suspect[], measures: Measures): Doubt[] {
  const doubts = all.filter((suspect) => reaches(suspect, claim, measures) && mayDecide(suspect, claim));
  const told = new Set<string>();
  return doubts
    .map(({ doubt }) => doubt)
    .filter(({ by, scenario, shard, phase }) => {
      const name = [by, scenario, shard, phase].join();
      return !told.has(name) && told.add(name);
    });
}

/** Whether work of a scenario under load may have timed out for its sake. */
export function mayTimeOut({ rule, doubt, phases }: Suspect, scenario: string): boolean {
  const { scenario: whose } = doubt;
  return rule.timesOut === true && !phases?.areQuiet && (whose === undefined || whose === scenario);
}

/** What a threshold requires of which figure; undefined for one that unfinished work or too few samples leave open. */
export function claimOf(
  { outcome, result }: Judged,
  definition: MetricDefinition,
  phases: readonly Phase[],
): Claim | undefined {
  if (outcome === 'unknown' || result.observed === null || result.limit === null) return undefined;
  const expression = parseExpression(result.expression)!;
  const { metric, tags } = parseSelector(result.metric)!;
  const { operator, of, value } = expression;
  return {
    metric,
    tags,
    quantity: quantityOf(definition, expression),
    operator,
    observed: result.observed,
    limit: result.limit,
    phases: phasesAsked(tags, of, phases),
    ...(of !== undefined && { reference: { phase: of, factor: value } }),
  };
}

/** A threshold with what makes it undecided. */
export function decide(
  judged: Judged,
  definition: MetricDefinition,
  all: Suspect[],
  measures: Measures,
  phases: readonly Phase[],
): Judged {
  const claim = claimOf(judged, definition, phases);
  const doubts = claim ? doubtsOf(claim, all, measures) : [];
  return doubts.length > 0 ? undecided(judged, doubts) : judged;
}

/** What came out one way, and may have come out the other. */
export function undecided({ result, finding }: Judged, doubts: Doubt[]): Judged {
  return {
    outcome: 'unknown',
    result: { ...result, decided: false, doubts },
    ...(finding?.kind === 'threshold' && { finding: { ...finding, severity: 'invalid', doubts } }),
  };
}

/**
 * What a figure tells of. What an author's own metric means, its author alone knows, and says by the side that is asked for: more
 * of a success, less of a failure. Of `==` and of a gauge nothing is known.
 */
export function quantityOf(
  { type, contains, tells }: MetricDefinition,
  { aggregation, operator }: Expression,
): Quantity {
  if (aggregation.method === 'count' && type !== 'counter') return 'work';
  if (tells === 'failure') return type === 'counter' ? 'lost' : 'failure';
  if (tells) return tells;
  if (type === 'trend' && contains === 'time') return 'slowness';
  const more = operator.startsWith('>');
  if (type === 'gauge' || !(more || operator.startsWith('<'))) return 'unknown';
  if (type === 'trend') return more ? 'unknown' : 'slowness';
  if (type === 'rate') return more ? 'success' : 'failure';
  return more ? 'work' : 'lost';
}

function reaches(suspect: Suspect, claim: Claim, measures: Measures): boolean {
  const { rule, doubt } = suspect;
  const { metric, tags } = claim;
  if (!touchesFigure(suspect, claim) && !touchesReference(suspect, claim)) return false;
  if (rule.scope !== 'process' || doubt.scenario === undefined) return true;
  const named = ownerOf(tags);
  return named === undefined ? measures(metric, tags, doubt.scenario) : named === doubt.scenario;
}

/** Of a figure of the whole run each phase is a part; of those without load, only where journeys measure. */
function touchesFigure({ rule, phases: within }: Suspect, { metric, phases, quantity }: Claim): boolean {
  if (!within) return true;
  if (!phases) return !within.areQuiet || isOfBrowser(metric);
  // How much is done in a phase depends on what is sent in it.
  const names = rule.scope === 'run' && quantity !== 'work' ? within.andLater : within.names;
  return phases.some((phase) => names.includes(phase));
}

function touchesReference({ rule, phases: within }: Suspect, { reference }: Claim): boolean {
  if (!reference) return false;
  return !within || (rule.scope === 'run' ? within.andLater : within.names).includes(reference.phase);
}

/** Whether the claim would have gone the other way without the suspect. */
function mayDecide(suspect: Suspect, claim: Claim): boolean {
  const { rule, cost } = suspect;
  const { quantity, operator, observed, limit, reference } = claim;
  const push = rule.pushes[quantity];
  if (push === 'none') return false;
  const factor = reference?.factor;
  const met = holds(observed, operator, limit, factor);
  if (met && rule.ofMisses) return false;
  if (!operator.startsWith('<') && !operator.startsWith('>')) return true;
  const limits =
    reference && suspect.phases && touchesReference(suspect, claim)
      ? withoutIt(limit / reference.factor, quantity, push, cost).map((figure) => figure * reference.factor)
      : [];
  if (limits.some((one) => holds(observed, operator, one, factor) !== met)) return true;
  if (!touchesFigure(suspect, claim)) return false;
  return withoutIt(observed, quantity, push, cost).some((figure) => holds(figure, operator, limit, factor) !== met);
}

/**
 * What a figure may have been at most and at least without the signal. A sample waits for its process when it is sent and when
 * its answer is read, so for the longest pause twice; in between, at most for the share of time in which the process was at work
 * in its worst interval; and never longer than all pauses together. Of the samples, no more were touched than twice that share of
 * time in the mean. Work was less by no more than the worst share.
 */
function withoutIt(figure: number, quantity: Quantity, push: Push, cost: HealthSignal['cost']): number[] {
  const all: number[] = [];
  if (push !== 'down') {
    if (quantity === 'slowness' && cost) {
      all.push(Math.max(0, figure - Math.min(2 * cost.stallMs + cost.worstShare * figure, cost.totalMs ?? Infinity)));
    } else if (quantity === 'failure' && cost) all.push(Math.max(0, figure - 2 * cost.meanShare));
    else all.push(quantity === 'unknown' ? Number.NEGATIVE_INFINITY : 0);
  }
  if (push !== 'up') {
    const isShare = quantity === 'success' || quantity === 'failure';
    if (quantity === 'success' && cost) all.push(Math.min(1, figure + 2 * cost.meanShare));
    else if (quantity === 'work' && cost) all.push(figure / (1 - Math.min(1, cost.worstShare)));
    else all.push(isShare ? 1 : Number.POSITIVE_INFINITY);
  }
  return all;
}
