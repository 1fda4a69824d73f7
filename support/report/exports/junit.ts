/** `junit.xml`: the verdict as test results, as Jenkins and GitLab read them. */
import { kindOf, kinds } from '../../judge/findings/index.ts';
import type { Reason, ThresholdResult, Verdict } from '../../judge/verdict.ts';
import { undecidedText } from '../../judge/words/doubts.ts';
import { limitFigure } from '../../judge/words/figures.ts';
import { printable } from '../../judge/words/text.ts';
import { drillName } from '../answers.ts';

interface Case {
  name: string;
  /** What it did not pass for, worst first. */
  reasons: Pick<Reason, 'kind' | 'severity' | 'message'>[];
}

const VALID = 'the measurement is valid';

/** The test that a kind of finding fails. */
const caseOf = ({ testCase = VALID }: { testCase?: string }) => testCase;

/** What a run must be beside what was asked of it. Every case is in every file, so that a CI can follow it over time. */
const RUN = [...new Set(kinds.map(caseOf))].filter((name) => name !== 'own' && name !== VALID);

/** A text as XML 1.0 may hold it: on one line, without control characters, lone surrogates and noncharacters. */
function xml(text: string): string {
  return printable(text)
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function attributes(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xml(String(value))}"`)
    .join('');
}

/** What was asked, with the reasons that are about it. */
function judged(name: string, ok: boolean, own: Reason[]): Case {
  if (ok || own.length > 0) return { name, reasons: ok ? [] : own };
  // A reason that only follows from another one is not in the verdict.
  return { name, reasons: [{ kind: 'no-data', severity: 'invalid', message: `${name} was not judged.` }] };
}

/** The same may be asked of the whole run and of windows. */
function isAbout(reason: Reason, { metric, expression, windows }: ThresholdResult): boolean {
  if (!('expression' in reason) || reason.metric !== metric || reason.expression !== expression) return false;
  if (reason.kind === 'aborted') return true;
  return reason.kind === 'windows' ? reason.everyMs === windows?.everyMs : windows === undefined;
}

function thresholdCases({ thresholds, reasons }: Verdict): Case[] {
  return thresholds.map((threshold) => {
    const { metric, expression, ok, decided, doubts = [], windows } = threshold;
    const own = reasons.filter((reason) => isAbout(reason, threshold));
    const inWindows = windows ? ` in windows of ${limitFigure(windows.everyMs, 'ms')}` : '';
    const name = `${metric}: ${expression}${inWindows}`;
    // Its figure may be on the right side, and undecided all the same.
    if (own.length > 0 || decided) return judged(name, ok && own.length === 0, own);
    // A test that could not tell is an error to a CI, neither passed nor skipped.
    return { name, reasons: [{ kind: 'threshold', severity: 'invalid', message: undecidedText(doubts) }] };
  });
}

function oracleCases({ oracles, reasons }: Verdict): Case[] {
  return oracles.map(({ name, status }) => {
    const own = reasons.filter((r) => 'oracle' in r && r.oracle === name);
    return judged(name, status === 'ok', own);
  });
}

/** What was asked beside thresholds. */
function answerCases({ availability, recovery, capacity, drift = [], reasons }: Verdict): Case[] {
  const of = (kind: Reason['kind']) => reasons.filter((reason) => reason.kind === kind);
  const bounds = [capacity?.held, capacity?.missed].filter((bound) => bound !== undefined);
  return [
    ...(availability ? [judged('availability', availability.ok, of('availability'))] : []),
    ...(recovery ? [judged(`recovery after ${recovery.after}`, recovery.ok && recovery.decided, of('recovery'))] : []),
    ...(capacity ? [judged('capacity', bounds.length > 0, of('capacity'))] : []),
    ...drift.map(({ metric, expression, phase, ok, decided }) => {
      const own = reasons.filter(
        (r) => r.kind === 'drift' && r.metric === metric && r.expression === expression && r.phase === phase,
      );
      return judged(`drift of ${metric} in ${phase}: ${expression}`, ok && decided, own);
    }),
  ];
}

/** One for each time of a drill. */
function drillCases({ drills = [], reasons }: Verdict): Case[] {
  return drills.map((one) => {
    const name = drillName(one);
    const own = reasons.filter((r) => (r.kind === 'drill' ? r.name === name : 'drill' in r && r.drill === name));
    return judged(name, one.ok && own.length === 0, own);
  });
}

function runCases({ reasons }: Verdict): Case[] {
  return [...RUN, VALID].map((name) => ({ name, reasons: reasons.filter((one) => caseOf(kindOf(one)) === name) }));
}

const isError = ({ reasons }: Case) => reasons[0]?.severity === 'invalid';
const isFailure = ({ reasons }: Case) => reasons.length > 0 && reasons[0]!.severity !== 'invalid';

function testcase(classname: string, one: Case): string {
  const open = `    <testcase${attributes({ name: one.name, classname, time: 0 })}`;
  const [first] = one.reasons;
  if (!first) return `${open}/>`;
  const element = isError(one) ? 'error' : 'failure';
  const text = one.reasons.map(({ message }) => xml(message)).join('\n');
  return [
    `${open}>`,
    `      <${element}${attributes({ message: first.message, type: first.kind })}>${text}</${element}>`,
    '    </testcase>',
  ].join('\n');
}

/**
 * A file of three suites, `run`, `thresholds`, `oracles`, and of a run with such `answers` and `drills`. What is beyond its limit is a
 * failure; what makes the run invalid, or was never measured, is an error.
 */
export function junitXml(verdict: Verdict): string {
  const { profile, target, runId, seed, status, startedAt, slices, durationMs, warnings, tags } = verdict;
  const time = (Math.max(0, durationMs) / 1000).toFixed(3);
  const answers = answerCases(verdict);
  const suites = Object.entries({
    run: runCases(verdict),
    thresholds: thresholdCases(verdict),
    oracles: oracleCases(verdict),
    ...(answers.length > 0 && { answers }),
    ...(verdict.drills && { drills: drillCases(verdict) }),
  });
  const totals = (cases: Case[]) => ({
    tests: cases.length,
    failures: cases.filter(isFailure).length,
    errors: cases.filter(isError).length,
  });
  const facts = {
    status,
    profile,
    target: target.name,
    url: target.url,
    run: runId,
    seed,
    slices: `${slices.received}/${slices.expected}`,
    ...tags,
  };
  const properties = Object.entries(facts).map(([name, value]) => `      <property${attributes({ name, value })}/>`);
  const all = suites.flatMap(([, cases]) => cases);
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: `tandem ${profile}`, ...totals(all), time })}>`,
    ...suites.map(([name, cases], i) =>
      [
        `  <testsuite${attributes({ name, ...totals(cases), skipped: 0, time: i === 0 ? time : 0, timestamp: startedAt })}>`,
        ...(i === 0 ? ['    <properties>', ...properties, '    </properties>'] : []),
        ...cases.map((one) => testcase(`tandem.${profile}.${name}`, one)),
        // One element: of several Jenkins shows the first.
        ...(i === 0 && warnings.length > 0
          ? [`    <system-out>${warnings.map(({ message }) => xml(message)).join('\n')}</system-out>`]
          : []),
        '  </testsuite>',
      ].join('\n'),
    ),
    '</testsuites>',
  ].join('\n')}\n`;
}
