/** Sentences made from findings: what, observed, required, how many samples, what to look at next. */
import { aggregationName, parseExpression } from '../judge/expression.ts';
import type {
  Aspect,
  Finding,
  HealthSignal,
  MetricSummary,
  OracleResult,
  Reason,
  Regression,
  Severity,
  Unit,
  Verdict,
} from '../judge/verdict.ts';
import { parseSeriesKey } from '../measure/metrics.ts';
import { apart, bytes, count, counted, figure, limitFigure, ms, rate, ratio } from './figures.ts';
import { type Signals, signals, targetPeaks, totalIterations } from './tables.ts';
import { printable, shorten } from './text.ts';

/** Strings from the target may be of any length; a sentence is not. */
const QUOTED_LENGTH = 240;

function quoted(text: string): string {
  return shorten(printable(text), QUOTED_LENGTH).replace(/\.$/, '') || 'no message';
}

function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/** Slices count from 0 in data (Playwright's repeat index), from 1 for people. */
function sliceName(scenario: string, slice: number, of?: number): string {
  return `Slice ${slice + 1}${of === undefined ? '' : ` of ${of}`} of ${scenario}`;
}

/** The figure that a threshold is about: `p(95)`. */
export function statName(expression: string): string {
  return aggregationName(parseExpression(expression)!.aggregation);
}

/** Whether a threshold asks for more of something, not for less. */
function asksForMore(expression: string): boolean {
  return parseExpression(expression)!.operator.startsWith('>');
}

/** `< 500 ms`; for a limit beside the calm, also how it came about. */
export function requiredText(expression: string, limit: number | null, unit: Unit): string {
  if (limit === null) return expression;
  const { operator, value, ofCalm } = parseExpression(expression)!;
  return `${operator} ${limitFigure(limit, unit)}${ofCalm ? ` = ${value} × calm` : ''}`;
}

/** One counter, rate or gauge (its last value) in a word. */
export function counterText({ type, contains, values }: MetricSummary): string {
  if (type === 'rate') return ratio(values.rate);
  const value = type === 'counter' ? values.count : values.value;
  return contains === 'data' ? bytes(value) : contains === 'time' ? ms(value) : count(value);
}

/** The most the target's own process was seen to use: `CPU 98 %, memory 201 MB`; empty when it publishes nothing. */
export function targetText(verdict: Verdict): string {
  const { cpuPercent, memoryBytes } = targetPeaks(verdict);
  const parts = [
    cpuPercent === null ? '' : `CPU ${Math.round(cpuPercent)} %`,
    memoryBytes === null ? '' : `memory ${bytes(memoryBytes)}`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** What an oracle counted beside violations, without what did not happen: `128 replicas, 3 indeterminate`. */
export function besideText({ counts = {} }: OracleResult): string {
  const seen = Object.entries(counts).filter(([, number]) => number > 0);
  const words = (name: string) => printable(name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));
  return seen.map(([name, number]) => `${count(number)} ${words(name)}`).join(', ');
}

type Crossed = Extract<Finding, { kind: 'threshold' }>;

function crossed(finding: Crossed): string {
  const { metric, expression, unit, calm } = finding;
  const [observed, limit] = apart(finding.observed, finding.limit, unit);
  const { operator, value } = parseExpression(expression)!;
  const beside = calm === undefined ? '' : ` (${value} × ${figure(calm, unit)} in the calm)`;
  const over = counted(finding.count, 'sample');
  return `${statName(expression)} of ${metric} was ${observed} over ${over}; required ${operator} ${limit}${beside}.`;
}

/** A figure that is compared with other runs: errors are a share, throughput is per second. */
export function comparedFigure(aspect: Aspect, value: number): string {
  return aspect === 'response-time' ? ms(value) : aspect === 'errors' ? ratio(value) : rate(value);
}

/** A change for the worse as it is read: `+31 %`; of throughput, where less is worse, `−31 %`; of errors `+3.1 points`. */
export function changeText(aspect: Aspect, change: number): string {
  const shown = aspect === 'throughput' ? -change : change;
  const sign = shown < 0 ? '−' : '+';
  const percent = Math.abs(shown * 100);
  if (aspect === 'errors') return `${sign}${percent.toFixed(1)} points`;
  return `${sign}${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

/** A chance: `p = 0.003`, `p < 0.0001`. */
export function chanceText(p: number): string {
  return p < 0.0001 ? 'p < 0.0001' : `p = ${Number(p.toPrecision(2))}`;
}

/** `p(95) of http_req_duration`; what a rate is a share or number of, in words. */
export function comparedName({ aspect, metric, stat }: Pick<Regression, 'aspect' | 'metric' | 'stat'>): string {
  return `${aspect === 'response-time' ? stat : aspect === 'errors' ? 'share of failures' : 'number a second'} of ${metric}`;
}

function regressed(finding: Regression): string {
  const { aspect, observed, baseline, change, limit, noise, p, runs, blocks } = finding;
  const allowed = aspect === 'errors' ? limitFigure(limit, 'ratio') : changeText(aspect, limit);
  return (
    `Worse than its baseline: ${comparedName(finding)} was ${comparedFigure(aspect, observed)} against ` +
    `${comparedFigure(aspect, baseline)} in ${counted(runs, 'run')} (${changeText(aspect, change)}); allowed ${allowed}, ` +
    `chance alone makes up to ${changeText(aspect, noise)}, with ${chanceText(p)} over ${counted(blocks, 'time block')}.`
  );
}

const LESS_LOAD_PER_SLICE = 'Use fewer VUs a slice, more slices, or a quieter machine.';

/** What each signal is called in a table, and what of it is judged. */
const SIGNALS: Record<Exclude<HealthSignal['signal'], 'exhausted'>, { name: string; figure: string }> = {
  'event-loop-delay': { name: 'event-loop delay', figure: 'p(90) of the event loop’s delay' },
  'generator-cpu': { name: 'process CPU', figure: 'p(90) of the CPU use of a process (100 %: one core)' },
  'gc-pause': { name: 'GC pauses', figure: 'p(99) of garbage collection pauses' },
  'machine-cpu': { name: 'machine CPU', figure: 'mean CPU use of the whole machine under load' },
  steal: { name: 'steal', figure: 'mean CPU time that other guests of the host took under load' },
  'control-page': { name: 'control page', figure: 'p(75) of the first paint of a page that needs no target' },
};

/** `event-loop delay`; of what ran out its name, `EMFILE`. */
export function signalName({ signal, detail }: HealthSignal): string {
  return signal === 'exhausted' ? quoted(detail ?? 'unnamed') : SIGNALS[signal].name;
}

/** `91 %`; of the control page also what it was in the calm. */
export function signalFigure({ signal, observed, unit }: HealthSignal, { controlCalmMs }: Signals): string {
  const calm = signal === 'control-page' && controlCalmMs !== null ? ` (calm ${ms(controlCalmMs)})` : '';
  return `${figure(observed, unit)}${calm}`;
}

/** The healthy signals in a line, those of the machine with their figures; empty when there are none. */
export function healthyText(verdict: Verdict): string {
  const all = signals(verdict);
  const { healthy } = all;
  if (healthy.length === 0) return '';
  const total = verdict.health.signals.length;
  const number = healthy.length === total ? count(total) : `${count(healthy.length)} of ${count(total)}`;
  const ofMachine = healthy.filter(({ scenario }) => scenario === undefined);
  const figures = ofMachine.map((one) => `${signalName(one)} ${signalFigure(one, all)}`);
  return `${number} health signal${total === 1 ? '' : 's'} within limits${figures.map((text) => ` · ${text}`).join('')}`;
}

const SATURATION_REMEDIES: Record<HealthSignal['signal'], string> = {
  'event-loop-delay': LESS_LOAD_PER_SLICE,
  'generator-cpu': 'Use more slices, so that more processes share the load.',
  'gc-pause': 'Use fewer VUs a slice, more slices, or keep less in a VU.',
  'machine-cpu': 'Use a larger or quieter machine, more shards, or take the target to a machine of its own.',
  steal: 'Use a machine whose host is not overbooked.',
  'control-page': 'Use fewer browser sessions at once, or a larger machine.',
  exhausted: 'Raise the limit of open files, use fewer connections a slice, or more slices and addresses.',
};

function onShard({ shard }: { shard?: number }): string {
  return shard === undefined ? '' : ` on shard ${shard}`;
}

/** As many numbers as a person reads: `1, 2 and 5`. */
function list(numbers: number[]): string {
  const shown = numbers.slice(0, 10).map(String);
  const rest = numbers.length - shown.length;
  const last = rest > 0 ? `${count(rest)} more` : shown.pop()!;
  return shown.length > 0 ? `${shown.join(', ')} and ${last}` : last;
}

/** What happened: observed, required, how many samples. */
function what(finding: Finding): string {
  switch (finding.kind) {
    case 'oracle': {
      const { oracle, checked, violations, example } = finding;
      const share = checked > 0 ? ` (${ratio(violations / checked)})` : '';
      const shown = example === undefined ? '' : ` For example ${quoted(asJson(example))}.`;
      return `${oracle}: ${counted(violations, 'violation')} in ${count(checked)} checked${share}; required 0.${shown}`;
    }
    case 'oracle-unknown':
      return (
        `${finding.oracle} could not judge: ${quoted(finding.error)}; ` +
        'required: an answer, since correctness nobody saw is not correctness.'
      );
    case 'target-down': {
      const tries = finding.tries === 1 ? '1 try' : `${count(finding.tries)} tries`;
      return (
        `The target at ${finding.url} stopped answering ${ms(finding.atMs)} into the run and stayed away for ` +
        `${ms(finding.forMs)}: ${tries} in vain, last error ${quoted(finding.error)}; required: an answer.`
      );
    }
    case 'target-unreached':
      return (
        `The target at ${finding.url} was never reached: 0 answers to ${counted(finding.requests, 'request')}, ` +
        `last error ${quoted(finding.error)}; required: at least 1.`
      );
    case 'threshold':
      return crossed(finding);
    case 'no-data': {
      const where = finding.window ? ` in the ${finding.window} window` : '';
      const has = finding.count === 0 ? 'no samples' : `only ${counted(finding.count, 'sample')}`;
      return `${finding.metric} has ${has}${where}; ${finding.expression} needs at least ${count(finding.needed)}.`;
    }
    case 'missing-slice':
      return (
        `${sliceName(finding.scenario, finding.slice, finding.of)} delivered no report: ${quoted(finding.cause)}; ` +
        `required: all ${finding.of}, since a part of the load was missing.`
      );
    case 'missing-shard': {
      const { shards, of } = finding;
      const which = `Shard${shards.length === 1 ? '' : 's'} ${list(shards)} of ${of} ${shards.length === 1 ? 'is' : 'are'}`;
      return `${which} missing; required: all ${of}, since a part of the load was missing.`;
    }
    case 'duplicate-shard':
      return `Shard ${finding.shard} of ${finding.of} is there more than once; required: each of them once.`;
    case 'foreign-shard': {
      const { shard, of, what, found, expected } = finding;
      return (
        `Shard ${shard} of ${of} is not of the same run as the others: its ${what} is ${quoted(found)}; ` +
        `required: ${quoted(expected)}. It was left out.`
      );
    }
    case 'shard-spread': {
      const [observed, allowed] = apart(finding.spreadMs, finding.allowedMs, 'ms');
      return `Shard ${finding.last} started ${observed} after shard ${finding.first}; allowed ${allowed}.`;
    }
    case 'late-start':
      return (
        `${sliceName(finding.scenario, finding.slice)} started ${ms(finding.lateMs)} after the common start; ` +
        `allowed ${limitFigure(finding.allowedMs, 'ms')}.`
      );
    case 'lateness': {
      const [observed, allowed] = apart(finding.p99Ms, finding.allowedMs, 'ms');
      return (
        `The generator was late in ${finding.scenario}: p(99) of the lateness it caused itself was ${observed} over ` +
        `${counted(finding.count, 'iteration')}; allowed ${allowed}.`
      );
    }
    case 'saturated': {
      const { signal, scenario, detail, unit, count: n } = finding;
      if (signal === 'exhausted') {
        const often = counted(finding.observed, 'time');
        return `The generator ran out of resources${onShard(finding)}: ${quoted(detail ?? 'unnamed')}, ${often}; required 0.`;
      }
      const [observed, allowed] = apart(finding.observed, finding.allowed, unit);
      const where = `${scenario === undefined ? '' : ` in ${scenario}`}${onShard(finding)}`;
      return (
        `The generator was saturated: ${SIGNALS[signal].figure}${where} was ${observed} over ${counted(n, 'reading')}; ` +
        `allowed ${allowed}.`
      );
    }
    case 'dropped': {
      const share = finding.due > 0 ? ` (${ratio(finding.dropped / finding.due)})` : '';
      const lost = `${count(finding.dropped)} of ${count(finding.due)} due iterations${share}`;
      const busy = finding.maxVUs === 1 ? 'its only VU' : `all ${count(finding.maxVUs)} VUs`;
      return finding.severity === 'fail'
        ? `The target could not sustain the rate of ${finding.scenario}: ${lost} were dropped with ${busy} busy ` +
            `and the generator on time; allowed ${count(finding.allowed)}.`
        : `${finding.scenario} lost ${lost} while the generator itself was late or saturated; allowed ${count(finding.allowed)}. ` +
            'Whose fault it was cannot be told.';
    }
    case 'interrupted':
      return (
        `The run was interrupted (${quoted(finding.by)}) after ${ms(finding.atMs)} of ${ms(finding.ofMs)}; ` +
        'required: to the end.'
      );
    case 'cut-off':
      return (
        `${counted(finding.interrupted, 'iteration')} of ${finding.scenario} still ran when gracefulStop was over; ` +
        'they are in no figure.'
      );
    case 'left-out':
      return (
        `Only a part of the profile ran: the filter left out ${finding.scenarios.join(', ')}, and with them ` +
        `${counted(finding.thresholds, 'threshold')}.`
      );
    case 'crashed':
      return (
        `${sliceName(finding.scenario, finding.slice)} crashed: ${quoted(finding.error)}; ` +
        "required: none. It is the scenario's own code that threw, outside an iteration, not the target."
      );
    case 'nothing-measured':
      return 'Nothing was measured: 0 iterations finished; required: at least 1.';
    case 'regression':
      return regressed(finding);
    case 'baseline-thin':
      return (
        `Nothing was compared: the baseline holds ${counted(finding.runs, 'run')}; required: at least ` +
        `${count(finding.needed)}, to know how much runs of one build differ by chance.`
      );
    case 'baseline-unreadable':
      return `Nothing was compared: ${quoted(finding.error)}.`;
  }
}

function afterThreshold({ metric, unit, calm, expression }: Crossed): string {
  const { metric: name } = parseSeriesKey(metric);
  if (calm !== undefined) return 'The load made the difference: look at which step or page slowed most.';
  if (name.startsWith('browser_')) return 'Look at what the person in the browser felt, step by step.';
  if (unit === 'ratio') return 'Look at the errors by name.';
  if (name === 'iteration_response_time')
    return 'Compare iteration_duration: when only the response time is over, work waited for a free VU.';
  if (asksForMore(expression)) return 'Less was done than asked: look at errors and drops.';
  if (unit === 'ms') return 'Look at the target at that time: CPU, slow queries, its log.';
  return 'Look at what the target did more than it should: its log, its /metrics.';
}

/** What to look at or change next, in one sentence. Always the end of what `say` says. */
export function nextStep(finding: Finding): string {
  switch (finding.kind) {
    case 'oracle':
      return 'The target promised and did not keep: follow the example through its log.';
    case 'oracle-unknown':
      return 'Look at whether its scenario ran, and did anything to check.';
    case 'target-down':
      return "Look at the target's log and memory at that moment.";
    case 'target-unreached':
      return 'Look at the URLs in the .env file, and whether the target listens there.';
    case 'threshold':
      return afterThreshold(finding);
    case 'no-data':
      return 'Look at whether LOAD_DURATION is too short, LOAD_SCALE too small, or the scenario left out.';
    case 'missing-slice':
      return "Look at that worker's output, or that shard's job.";
    case 'missing-shard':
      return 'Look at their jobs, and whether their blobs were collected.';
    case 'duplicate-shard':
      return 'Merge the blobs of one attempt only.';
    case 'foreign-shard':
      return 'Collect the blobs of one run only, all from the same commit with the same settings.';
    case 'shard-spread':
      return 'Give all shards the same LOAD_START_AT, or a LOAD_RENDEZVOUS, and their clocks NTP.';
    case 'late-start':
      return 'Use fewer slices on this machine, or a quieter one.';
    case 'lateness':
      return LESS_LOAD_PER_SLICE;
    case 'saturated':
      return SATURATION_REMEDIES[finding.signal];
    case 'dropped':
      return finding.severity === 'fail'
        ? "Look at what held the VUs: the slowest operation, then the target's CPU and connection pool."
        : LESS_LOAD_PER_SLICE;
    case 'interrupted':
      return 'What was measured until then is kept; run it again for a verdict.';
    case 'crashed':
      return "Look at the scenario's file.";
    case 'cut-off':
      return 'Give them a longer gracefulStop, or look at what they waited for.';
    case 'left-out':
      return 'Run the whole profile before a release.';
    case 'nothing-measured':
      return 'Look at the -g filter, LOAD_DURATION, and when the scenarios start.';
    case 'regression':
      return 'Look at what changed since the runs of the baseline: npm run baseline -- show.';
    case 'baseline-thin':
      return 'Add runs of this build: npm run baseline -- accept <run>.';
    case 'baseline-unreadable':
      return 'Restore the file, or delete it and accept runs anew.';
  }
}

/**
 * One finding in a few sentences: what, observed, required, how many samples, what to look at next. One line without
 * control characters, whatever the target sent.
 */
export function say(finding: Finding): string {
  return printable(`${what(finding)} ${nextStep(finding)}`);
}

/** A reason's message in two: what was found, and what to look at next (empty when the message does not end in it). */
export function splitMessage(reason: Reason): { found: string; next: string } {
  const message = printable(reason.message);
  const next = nextStep(reason);
  return message.endsWith(next)
    ? { found: message.slice(0, -next.length).trimEnd(), next }
    : { found: message, next: '' };
}

/** The order of a verdict: correctness, then what makes it invalid (causes before effects), then missed limits. */
const ORDER: Finding['kind'][] = [
  'oracle',
  'target-down',
  'target-unreached',
  'foreign-shard',
  'duplicate-shard',
  'missing-shard',
  'interrupted',
  'crashed',
  'missing-slice',
  'nothing-measured',
  'saturated',
  'lateness',
  'shard-spread',
  'late-start',
  'oracle-unknown',
  'no-data',
  'threshold',
  'dropped',
  'regression',
  'cut-off',
  'left-out',
  'baseline-thin',
  'baseline-unreadable',
];

function rank(finding: Finding): number {
  const severity = finding.severity as Severity;
  if (severity === 'warning') return 3;
  if (finding.kind === 'oracle' || finding.kind === 'target-down') return 0;
  return severity === 'invalid' ? 1 : 2;
}

/** How far over its limit, as a factor; 1 for what has no limit. */
function excess(finding: Finding): number {
  if (finding.kind !== 'threshold') return 1;
  const { observed, limit } = finding;
  const [high, low] = asksForMore(finding.expression) ? [limit, observed] : [observed, limit];
  return low > 0 ? high / low : Number.POSITIVE_INFINITY;
}

/**
 * Findings in the order of the verdict: oracle and target-down, what makes it invalid, thresholds (the furthest over
 * first) and drops, warnings. Equals stay in their order. A new array.
 */
export function worstFirst<F extends Finding>(findings: readonly F[]): F[] {
  return [...findings].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) ||
      // Two infinite excesses are equal, not NaN.
      (excess(a) === excess(b) ? 0 : excess(b) - excess(a)),
  );
}

/** `PASS`; of one shard's part alone `PART 2 OF 3`, or `PART 2 OF 3: FAIL`. */
export function statusName({ status, partial }: Verdict): string {
  const name = status.toUpperCase();
  if (!partial) return name;
  return `PART ${partial.shard} OF ${partial.of}${status === 'pass' ? '' : `: ${name}`}`;
}

/** `Slices started within 3 ms`; of merged shards also these. */
export function startsText({ health }: Verdict): string {
  const shards = health.shardSpreadMs === undefined ? '' : `, shards within ${ms(health.shardSpreadMs)}`;
  return `Slices started within ${ms(health.startSpreadMs)}${shards}`;
}

/** The verdict in one sentence, for the line under PASS, FAIL or INVALID. */
export function headline(verdict: Verdict): string {
  const { partial } = verdict;
  if (!partial) return sentenceOf(verdict);
  const sentence = verdict.status === 'pass' ? 'It ran to its end.' : sentenceOf(verdict);
  return `Part ${partial.shard} of ${partial.of}, no verdict of the whole. ${sentence} Thresholds are judged when all parts are merged.`;
}

function sentenceOf(verdict: Verdict): string {
  const { thresholds, oracles, reasons } = verdict;
  const missed = thresholds.filter((t) => !t.ok && t.observed !== null).length;
  switch (verdict.status) {
    case 'pass': {
      const held = thresholds.length === 1 ? 'The threshold' : `All ${count(thresholds.length)} thresholds`;
      const parts = [
        ...(thresholds.length > 0 ? [`${held} held over ${counted(totalIterations(verdict), 'iteration')}`] : []),
        ...(oracles.length > 0 ? [`${counted(oracles.length, 'oracle')} saw every promise kept`] : []),
        'the generator was on time',
      ];
      const text = parts.length > 1 ? `${parts.slice(0, -1).join(', ')}, and ${parts.at(-1)}.` : `${parts[0]}.`;
      return text[0]!.toUpperCase() + text.slice(1);
    }
    case 'fail': {
      const kinds = new Set(reasons.filter((r) => (r.severity as Severity) === 'fail').map((r) => r.kind));
      if (kinds.has('oracle')) return 'The target broke a promise under load.';
      if (kinds.has('target-down')) return 'The target stopped answering.';
      const limits = missed > 0 ? `missed ${missed} of ${counted(thresholds.length, 'threshold')}` : '';
      const drops = kinds.has('dropped') ? 'could not sustain the load' : '';
      const worse = kinds.has('regression') ? 'got worse than its baseline' : '';
      return `The target ${[limits, drops, worse].filter(Boolean).join(' and ') || 'failed'}.`;
    }
    case 'invalid':
      return 'The measurement cannot be trusted; it neither clears nor blames the target.';
  }
}
