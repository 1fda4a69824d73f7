/** Sentences made from findings: what, observed, required, how many samples, what to look at next. */
import type {
  Finding,
  HealthSignal,
  MetricSummary,
  OracleResult,
  Reason,
  Severity,
  Unit,
  Verdict,
} from '../judge/verdict.ts';
import { apart, bytes, count, counted, figure, limitFigure, ms, ratio } from './figures.ts';
import { parseKey, type Signals, signals, targetPeaks, totalIterations } from './tables.ts';
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

/** `p(95)<500` in its parts; null for an expression of another form. */
export function splitExpression(expression: string): { stat: string; op: string; right: string } | null {
  const match = /^\s*([a-z]+(?:\([\d.]+\))?)\s*([<>]=?|[!=]==?)\s*(.+?)\s*$/.exec(expression);
  return match ? { stat: match[1]!, op: match[2]!, right: match[3]! } : null;
}

/** `< 500 ms`; for a limit beside the calm, also how it came about. */
export function requiredText(expression: string, limit: number | null, unit: Unit): string {
  const parts = splitExpression(expression);
  if (!parts || limit === null) return expression;
  const calm = /calm\s*$/.test(parts.right) ? ` = ${parts.right.replaceAll('*', ' × ').replace(/\s+/g, ' ')}` : '';
  return `${parts.op} ${limitFigure(limit, unit)}${calm}`;
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
  const parts = splitExpression(expression);
  const subject = parts ? `${parts.stat} of ${metric}` : `${metric} (${expression})`;
  const required = `${parts?.op ?? ''} ${limit}`.trim();
  const factor = parts?.right.replace(/\s*\*?\s*calm\s*$/, '');
  const beside = calm === undefined ? '' : ` (${factor ? `${factor} × ` : ''}${figure(calm, unit)} in the calm)`;
  return `${subject} was ${observed} over ${counted(finding.count, 'sample')}; required ${required}${beside}.`;
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
        return `The generator ran out of resources: ${quoted(detail ?? 'unnamed')}, ${often}; required 0.`;
      }
      const [observed, allowed] = apart(finding.observed, finding.allowed, unit);
      const where = scenario === undefined ? '' : ` in ${scenario}`;
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
  }
}

function afterThreshold({ metric, unit, calm, expression }: Crossed): string {
  const { name } = parseKey(metric);
  if (calm !== undefined) return 'The load made the difference: look at which step or page slowed most.';
  if (name.startsWith('browser_')) return 'Look at what the person in the browser felt, step by step.';
  if (unit === 'ratio') return 'Look at the errors by name.';
  if (name === 'iteration_response_time')
    return 'Compare iteration_duration: when only the response time is over, work waited for a free VU.';
  if (splitExpression(expression)?.op.startsWith('>')) return 'Less was done than asked: look at errors and drops.';
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
  'interrupted',
  'crashed',
  'missing-slice',
  'nothing-measured',
  'saturated',
  'lateness',
  'late-start',
  'oracle-unknown',
  'no-data',
  'threshold',
  'dropped',
  'cut-off',
  'left-out',
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
  const [high, low] = splitExpression(finding.expression)?.op.startsWith('>') ? [limit, observed] : [observed, limit];
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

/** The verdict in one sentence, for the line under PASS, FAIL or INVALID. */
export function headline(verdict: Verdict): string {
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
      return `The target ${[limits, drops].filter(Boolean).join(' and ') || 'failed'}.`;
    }
    case 'invalid':
      return 'The measurement cannot be trusted; it neither clears nor blames the target.';
  }
}
