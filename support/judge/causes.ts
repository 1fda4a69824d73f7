import { isOfBrowser, parseSeriesKey } from '../measure/metrics.ts';
import { parseExpression } from './expression.ts';
import type { Failing, Finding } from './verdict.ts';

/** Of each scenario what the effects of its failing depend on. */
export interface Effects {
  name: string;
  kind: 'load' | 'journey';
  /** Those that it brings evidence for. */
  oracles: string[];
}

/**
 * The findings without those that only follow from another. A run that was cut short leaves thresholds and oracles without
 * samples and arrivals that never started; one that never began has measured nothing; a scenario that never succeeded leaves
 * nothing to measure or check.
 */
export function causes(findings: Finding[], scenarios: Effects[] = []): Finding[] {
  const has = (...kinds: Finding['kind'][]) => findings.some(({ kind }) => kinds.includes(kind));
  const isCut = has('target-down', 'interrupted', 'crashed', 'missing-slice', 'missing-shard', 'foreign-shard');
  const effects: Finding['kind'][] = [];
  if (isCut) effects.push('nothing-measured');
  if (isCut || has('nothing-measured')) effects.push('no-data', 'oracle-unknown');
  if (has('target-down', 'interrupted')) effects.push('dropped');
  // What is under way when a run ends, or never reaches anybody, fails for that.
  if (has('target-down', 'interrupted', 'target-unreached')) effects.push('no-success', 'failed-share');
  const ended = new Set(findings.flatMap((one) => (isEndOfSlice(one) ? one.scenario : [])));
  const rest = findings.filter(
    (one) => !effects.includes(one.kind) && !(isCut && asksForMore(one)) && !followsFromEnd(one, ended),
  );
  const limited = new Set(rest.flatMap((one) => (isTurnedAway(one) ? one.scenarios : [])));
  const broken = new Set([
    ...limited,
    ...rest.flatMap((one) => (isFailing(one) && one.severity === 'fail' ? one.scenarios : [])),
  ]);
  if (broken.size === 0) return rest;
  const own = scenarios.filter(({ name }) => broken.has(name));
  const never = new Set(rest.flatMap((one) => (isTotal(one) && one.severity === 'fail' ? one.scenarios : [])));
  const lost = scenarios.filter(({ name }) => never.has(name));
  return rest.filter((one) => !followsFromLimit(one, limited) && !followsFromFailing(one, own, lost));
}

function isEndOfSlice(finding: Finding): finding is Extract<Finding, { kind: 'crashed' }> {
  return finding.kind === 'crashed';
}

function isFailing(finding: Finding): finding is Extract<Finding, Failing> {
  return finding.kind === 'no-success' || finding.kind === 'failed-share';
}

function isTurnedAway(finding: Finding): finding is Extract<Finding, { kind: 'rate-limited' }> {
  return finding.kind === 'rate-limited' && finding.severity === 'fail';
}

/** That work failed which was turned away is told already. */
function followsFromLimit(finding: Finding, limited: Set<string>): boolean {
  return isFailing(finding) && finding.doubt === 'rate-limit' && finding.scenarios.every((name) => limited.has(name));
}

/** Nothing of the whole scenario succeeded. */
function isTotal(finding: Finding): finding is Extract<Finding, { kind: 'no-success' }> {
  return finding.kind === 'no-success' && finding.what === 'scenario';
}

/** Less was done than asked: no wonder where a part of the run is missing. */
function asksForMore(finding: Finding): boolean {
  return (
    finding.kind === 'threshold' && finding.unit === 'count' && parseExpression(finding.expression)!.operator[0] === '>'
  );
}

/** What a scenario left undone, and what failed in it, when one of its slices ended before its time. */
function followsFromEnd(finding: Finding, ended: Set<string>): boolean {
  if (finding.kind === 'dropped') return ended.has(finding.scenario);
  return isFailing(finding) && finding.scenarios.every((name) => ended.has(name));
}

/** Metrics that are counted whether work succeeds or fails. */
const COUNTED =
  /^(iterations|iteration_failed|checks|http_reqs|http_req_failed|browser_sessions|browser_session_failed)$/;
/** Of work that never succeeded these are known, however few there are: all of it failed. */
const SHARE_OF_WORK = /^(iteration_failed|browser_session_failed)$/;

/**
 * Work that fails brings no times, no evidence, and holds its VUs until it is given up.
 * @param never of `broken` those that never succeeded
 */
function followsFromFailing(finding: Finding, broken: Effects[], never: Effects[]): boolean {
  switch (finding.kind) {
    case 'dropped':
      return broken.some(({ name }) => name === finding.scenario);
    case 'oracle-unknown':
      return broken.some(({ oracles }) => oracles.includes(finding.oracle));
    case 'no-data': {
      const { metric, tags } = parseSeriesKey(finding.metric);
      const kind = isOfBrowser(metric) ? 'journey' : 'load';
      const whose = tags.scenario ?? tags.journey;
      if (COUNTED.test(metric) && !SHARE_OF_WORK.test(metric)) return false;
      const whom = SHARE_OF_WORK.test(metric) ? never : broken;
      return whom.some((one) => (whose === undefined ? one.kind === kind : one.name === whose));
    }
    default:
      return false;
  }
}
