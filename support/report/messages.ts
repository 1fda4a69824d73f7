/** Sentences made from findings: what, observed, required, how many samples, what to look at next. */
import { parseExpression } from '../judge/expression.ts';
import type { Doubt, Failing, Finding, Reason, Regression } from '../judge/verdict.ts';
import { apart, count, counted, figure, limitFigure, ms, ratio } from '../judge/words/figures.ts';
import { printable, quoted } from '../judge/words/text.ts';
import { isOfBrowser, parseSeriesKey } from '../measure/metrics.ts';
import { beyondText, judgedFigure, LESS_LOAD_PER_SLICE, remedy } from './signals.ts';
import { asksForMore, chanceText, changeText, comparedFigure, comparedName, statName } from './words.ts';

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

type Crossed = Extract<Finding, { kind: 'threshold' }>;

function crossed(finding: Crossed): string {
  const { metric, expression, unit, calm } = finding;
  const [observed, limit] = apart(finding.observed, finding.limit, unit);
  const { operator, value } = parseExpression(expression)!;
  const beside = calm === undefined ? '' : ` (${value} × ${figure(calm, unit)} in the calm)`;
  const over = counted(finding.count, 'sample');
  const what = `${statName(expression)} of ${metric} was ${observed} over ${over}; required ${operator} ${limit}${beside}.`;
  return finding.doubts ? `${what} ${undecidedText(finding.doubts)}` : what;
}

/** Why nobody can tell. */
export function undecidedText(doubts: Doubt[]): string {
  return `Undecided: ${doubts.map(doubtText).join('; ')}.`;
}

function doubtText({ by, scenario, window, observed, allowed, unit = 'none' }: Doubt): string {
  const of = scenario === undefined ? '' : ` of ${scenario}`;
  switch (by) {
    case 'no-data':
      return `${count(observed)} of ${counted(allowed ?? 1, 'sample')} that are needed${window ? ` in the ${window}` : ''}`;
    case 'unfinished':
      return `${counted(observed ?? 0, 'iteration')} never came to an end`;
    case 'interrupted':
      return 'the run was cut short';
    case 'crashed':
      return `a slice${of} crashed`;
    case 'missing-slice':
      return `a slice${of} is missing`;
    case 'missing-shard':
    case 'foreign-shard':
      return 'a shard is missing';
    case 'late-start':
    case 'shard-spread':
      return `${by === 'late-start' ? `a slice${of}` : 'a shard'} started ${ms(observed)} late (allowed ${limitFigure(allowed ?? 0, 'ms')})`;
    case 'exhausted':
      return `the generator ran out of resources ${counted(observed ?? 0, 'time')}`;
    default:
      return `${beyondText({ signal: by, scenario, window, observed: observed ?? 0, allowed: allowed ?? 0, unit })} may be the cause`;
  }
}

function regressed(finding: Regression): string {
  const { aspect, observed, baseline, change, limit, noise, p, runs, blocks } = finding;
  const allowed = aspect === 'errors' ? limitFigure(limit, 'ratio') : changeText(aspect, limit);
  const undecided = finding.doubts ? ` ${undecidedText(finding.doubts)}` : '';
  return (
    `Worse than its baseline: ${comparedName(finding)} was ${comparedFigure(aspect, observed)} against ` +
    `${comparedFigure(aspect, baseline)} in ${counted(runs, 'run')} (${changeText(aspect, change)}); allowed ${allowed}, ` +
    `chance alone makes up to ${changeText(aspect, noise)}, with ${chanceText(p)} over ${counted(blocks, 'time block')}.${undecided}`
  );
}

function onShard({ shard }: { shard?: number }): string {
  return shard === undefined ? '' : ` on shard ${shard}`;
}

/** As many as a person reads: `1, 2 and 5`. */
function list(numbers: (number | string)[]): string {
  const shown = numbers.slice(0, 10).map(String);
  const rest = numbers.length - shown.length;
  const last = rest > 0 ? `${count(rest)} more` : shown.pop()!;
  return shown.length > 0 ? `${shown.join(', ')} and ${last}` : last;
}

type NoSuccess = Extract<Finding, { kind: 'no-success' }>;

/** `operation get of ping`, `the sessions of visit and light`. */
function subject({ what, scenarios, journey, operation }: Failing): string {
  const names = list(scenarios);
  if (what === 'operation') return `operation ${quoted(operation ?? '')} of ${names}`;
  return `the ${journey ? 'sessions' : 'iterations'} of ${names}${operation ? ` (operation ${quoted(operation)})` : ''}`;
}

/** What it failed with, and the most frequent failure in its own words. */
function failedWith({ errors, example }: Failing): string {
  if (errors.length === 0) return '';
  const names = errors.map(({ name, count: often }) => `${quoted(name)} (${count(often)})`).join(', ');
  const at = example?.at ? ` at ${example.at}` : '';
  const where = example?.step ? `in step ${quoted(example.step)}` : 'in full';
  return ` Failed with ${names}.${example ? ` The first one ${where}${at}: ${quoted(example.error)}.` : ''}`;
}

function neverSucceeded(finding: NoSuccess): string {
  const { what, scenarios, tries, check } = finding;
  if (what === 'check') {
    return `Check ${quoted(check ?? '')} of ${list(scenarios)} was never true: 0 of ${count(tries)}; required: at least 1.`;
  }
  const few = finding.severity === 'warning' ? ', too few to tell' : '';
  return `None of ${subject(finding)} succeeded: 0 of ${count(tries)}${few}; required: at least 1.${failedWith(finding)}`;
}

const CULPRITS = {
  scenario: "It is the scenario's own code that threw, outside an iteration, not the target.",
  browser: 'It is the browser that died or did not start, neither the target nor the scenario.',
  machine: 'It is the machine of the generator that ran out of this, neither the target nor the scenario.',
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
        `The target at ${finding.url}${finding.variable ? ` (${finding.variable})` : ''} stopped answering ${ms(finding.atMs)} into the run and stayed away for ` +
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
    case 'unfinished': {
      const { metric, expression, unit, count: n, ages, missing } = finding;
      const [observed, limit] = apart(finding.observed, finding.limit, unit);
      const among = ages > 0 ? `${count(ages)} of these never ended` : '';
      const besides = missing > 0 ? `${count(missing)} more may be missing, as their iterations were cut off` : '';
      return (
        `${statName(expression)} of ${metric} was ${observed} over ${counted(n, 'sample')}, but ` +
        `${[among, besides].filter(Boolean).join(', and ')}; required ${parseExpression(expression)!.operator} ${limit}, ` +
        'whatever becomes of them.'
      );
    }
    case 'no-data': {
      const where = finding.window ? ` in the ${finding.window} window` : '';
      const has = finding.count === 0 ? 'no samples' : `only ${counted(finding.count, 'sample')}`;
      return `${finding.metric} has ${has}${where}; ${finding.expression} needs at least ${count(finding.needed)}.`;
    }
    case 'no-success':
      return neverSucceeded(finding);
    case 'rate-limited': {
      const { url, scenarios, turnedAway, requests, allowed } = finding;
      const [observed, limit] = apart(turnedAway / requests, allowed, 'ratio');
      return (
        `A rate limit at ${url} turned away ${count(turnedAway)} of ${count(requests)} requests of ` +
        `${scenarios.join(', ')} with HTTP 429 (${observed}); allowed ${limit}, since a target that says no is spared.`
      );
    }
    case 'failed-share': {
      const { failed, tries, allowed } = finding;
      const [observed, limit] = apart(failed / tries, allowed, 'ratio');
      return (
        `Of ${subject(finding)} ${count(failed)} of ${count(tries)} failed (${observed}); allowed ${limit} (maxFailed).` +
        failedWith(finding)
      );
    }
    case 'missing-slice': {
      const { scenario, slice, of, cause, others } = finding;
      const more = others ? ` and ${counted(others, 'other slice')}` : '';
      return (
        `${sliceName(scenario, slice, of)}${more} delivered no report: ${quoted(cause)}; ` +
        `required: all${others ? '' : ` ${of}`}, since a part of the load was missing.`
      );
    }
    case 'unverified':
      return 'Nobody looked whose certificates the target’s servers had (TLS_INSECURE=1): it may have been another system.';
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
      const calm = finding.window === undefined ? '' : ' in the calm';
      const where = `${scenario === undefined ? '' : ` in ${scenario}`}${calm}${onShard(finding)}`;
      if (signal === 'delivered') {
        return `Not the whole load was sent: ${judgedFigure(signal)}${where} was ${observed}; required ${allowed}.`;
      }
      return (
        `The generator was saturated: ${judgedFigure(signal)}${where} was ${observed} over ${counted(n, 'reading')}; ` +
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
            `Whose fault it was cannot be told.${finding.doubts ? ` ${undecidedText(finding.doubts)}` : ''}`;
    }
    case 'interrupted':
      return (
        `The run was interrupted (${quoted(finding.by)}) after ${ms(finding.atMs)} of ${ms(finding.ofMs)}; ` +
        'required: to the end.'
      );
    case 'cut-off':
      return (
        `${counted(finding.interrupted, 'iteration')} of ${finding.scenario} still ran when gracefulStop or gracefulRampDown ` +
        'was over: counted as failed, with what they had taken until then.'
      );
    case 'tag-folded': {
      const { tag, metrics, values, allowed } = finding;
      const more = metrics.length > 2 ? ` and ${counted(metrics.length - 2, 'more metric')}` : '';
      return (
        `Tag ${tag} took more than ${count(allowed)} values in ${metrics.slice(0, 2).join(', ')}${more}, such as ` +
        `${values.map((value) => `"${quoted(value)}"`).join(', ')}: further ones are counted as ${tag}:other; required: at most ${count(allowed)}.`
      );
    }
    case 'left-out':
      return (
        `Only a part of the profile ran: the filter left out ${finding.scenarios.join(', ')}, and with them ` +
        `${counted(finding.thresholds, 'threshold')}.`
      );
    case 'crashed':
      return (
        `${sliceName(finding.scenario, finding.slice)} crashed: ${quoted(finding.error)}; ` +
        `required: none. ${CULPRITS[finding.culprit ?? 'scenario']}`
      );
    case 'hung': {
      const what = `${finding.hook} of ${sliceName(finding.scenario, finding.slice).replace('Slice', 'slice')}`;
      const blind = finding.severity === 'invalid' ? ' What the oracles had to see was not looked at to the end.' : '';
      return `The ${what} did not end within ${limitFigure(finding.limitMs, 'ms')} and was left where it hung.${blind}`;
    }
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
  if (isOfBrowser(name)) return 'Look at the times in the browser, step by step.';
  if (unit === 'ratio') return 'Look at the errors by name.';
  if (name === 'iteration_response_time')
    return 'Compare iteration_duration: when only the response time is over, work waited for a free VU.';
  if (asksForMore(expression)) return 'Less was done than asked: look at errors and drops.';
  if (unit === 'ms') return 'Look at the target at that time: CPU, slow queries, its log.';
  return 'Look at what the target did more than it should: its log, its /metrics.';
}

function afterFailing({ doubt, example, journey }: Failing): string {
  if (doubt === 'generator') return `It may be the generator that was too slow. ${LESS_LOAD_PER_SLICE}`;
  if (doubt === 'rate-limit') return 'Raise the rate limit of the target for this load, or ask for less.';
  if (example?.at && !journey) return `Look at ${example.at}.`;
  if (example?.screenshot) return `Look at ${example.screenshot}, beside the report.`;
  return "Look at the target's log for what it answered so.";
}

const GENERATOR_FIRST = 'Look at the health of the generator first.';

/** Beside a verdict that would be the same without it. */
const CHANGED_NOTHING = 'It decided nothing here.';

/** What to look at or change next, in one or two sentences. Always the end of what `say` says. */
export function nextStep(finding: Finding): string {
  const isWarning = finding.severity === 'warning';
  if (isWarning && ['saturated', 'lateness', 'late-start'].includes(finding.kind)) {
    return `${CHANGED_NOTHING} ${remedyOf(finding)}`;
  }
  return remedyOf(finding);
}

function remedyOf(finding: Finding): string {
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
      return finding.severity === 'invalid' ? GENERATOR_FIRST : afterThreshold(finding);
    case 'unfinished':
      return 'Look at what they waited for, or give them a longer gracefulStop.';
    case 'no-data':
      return 'Look at whether LOAD_DURATION is too short, LOAD_SCALE too small, or the scenario left out.';
    case 'rate-limited':
      return 'Raise the limit in the target’s own settings for the run, or ask less often: LOAD_SCALE, or the profile’s `rate`.';
    case 'no-success':
    case 'failed-share':
      return afterFailing(finding);
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
      return 'Lower LOAD_SLICES or the profile’s `slices`, or use a quieter machine.';
    case 'lateness':
      return LESS_LOAD_PER_SLICE;
    case 'saturated':
      return remedy(finding.signal);
    case 'dropped':
      return finding.severity === 'fail'
        ? "Look at what held the VUs: the slowest operation, then the target's CPU and connection pool."
        : LESS_LOAD_PER_SLICE;
    case 'interrupted':
      return 'What was measured until then is kept; run it again for a verdict.';
    case 'crashed':
      if (finding.culprit === 'browser')
        return 'Look at the memory of the machine, and how many sessions it has at once.';
      if (finding.culprit === 'machine') return 'Raise its limits (ulimit -n), or free its disk and memory.';
      return "Look at the scenario's file.";
    case 'hung':
      return "Look at the scenario's file.";
    case 'cut-off':
      return 'Give them a longer gracefulStop, or look at what they waited for.';
    case 'tag-folded':
      return 'Give what is alike one name, such as GET /orders/{id}, and put no id into it.';
    case 'unverified':
      return 'Set NODE_EXTRA_CA_CERTS to the authority’s certificate instead.';
    case 'left-out':
      return 'Run the whole profile before a release.';
    case 'nothing-measured':
      return 'Look at the -g filter, LOAD_DURATION, and when the scenarios start.';
    case 'regression':
      if (finding.doubts) return GENERATOR_FIRST;
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
