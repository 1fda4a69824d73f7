import { sum } from 'simple-statistics';
import { type Failure, SETTLE } from '../measure/failures.ts';
import { ownOf } from '../measure/own.ts';
import type { MetricStore } from '../measure/store.ts';
import type { FailedShare } from './findings/failed-share.ts';
import type { NoSuccess } from './findings/no-success.ts';
import type { ErrorCount, Finding } from './verdict.ts';

/** What failed, as far as the slices told. */
export interface FailureFacts {
  store: MetricStore;
  /** Rates of what was neither due nor under way while a drill was on, or its consequences; absent: there were none. */
  undisturbed?: MetricStore;
  scenarios: { name: string; kind: 'load' | 'journey'; maxFailed: number }[];
  slices: {
    scenario: string;
    end: {
      errors: Record<string, number>;
      errorsByOperation: Record<string, Record<string, number>>;
      checked?: string[];
      failures: Failure[];
      settled?: Tries;
    };
  }[];
}

/**
 * So many tries of an operation or a check must all have failed: of what fails once in five, three in a row are one in a
 * hundred. A scenario as a whole needs no more than one: whoever asked for one session, and saw it fail, has seen nothing work.
 */
const MIN_TRIES = 3;
/** With fewer tries a share says more about chance than about the target, unless it is too large whatever those that lack had been. */
const MIN_TRIES_OF_SHARE = 10;
/** Names that a finding tells. */
const MOST_ERRORS = 3;
/** Failures in full that a run tells of each scenario. */
const MOST_EXAMPLES = 3;

/** What a check says of an answer follows from how the answer came about. */
const CHECK = 'check: ';
/** What a generator without time or means can make happen: it gives up too early, or is given up by the target. */
const MAY_BE_SLOWNESS =
  /time-?out|timed out|ETIMEDOUT|ECONNRESET|EPIPE|closed|too late|not painted|cut off|did not end within|expect\(|^generator: /i;
/** How errors of a rate limit begin, whatever stands behind. */
export const RATE_LIMITED = /^HTTP 429\b/;

/**
 * What never succeeded though it was tried, and what failed more often than `maxFailed` allows: scenarios as a whole, else
 * their operations, else checks of their authors.
 * @param unhealthy whether the generator was so slow in this scenario that operations may have timed out for its sake
 */
export function failureFindings(facts: FailureFacts, unhealthy: (scenario: string) => boolean): Finding[] {
  return joined(facts.scenarios.flatMap((scenario) => ofScenario(facts, scenario, unhealthy(scenario.name))));
}

/** Of each scenario the first failures of the most frequent names, in full, with how often there were such. */
export function failureExamples({ slices }: Pick<FailureFacts, 'slices'>): (Failure & { count: number })[] {
  const scenarios = [...new Set(slices.map(({ scenario }) => scenario))];
  return scenarios.flatMap((scenario) => {
    const errors = errorsOf(slices, scenario);
    const first = new Map<string, Failure>();
    for (const { scenario: whose, end } of slices) {
      if (whose !== scenario) continue;
      for (const failure of end.failures) if (!first.has(failure.name)) first.set(failure.name, failure);
    }
    return [...first.values()]
      .map((failure) => ({ ...failure, count: errors.get(failure.name) ?? 1 }))
      .sort((a, b) => b.count - a.count)
      .slice(0, MOST_EXAMPLES);
  });
}

function ofScenario(
  facts: FailureFacts,
  { name, kind, maxFailed }: FailureFacts['scenarios'][0],
  unhealthy: boolean,
): (NoSuccess | FailedShare)[] {
  const { store, slices } = facts;
  const operations = triesBy(store, 'iteration_failed', name, 'op');
  const { tries, failed } = triesOf(store, name);
  if (tries === 0) return [];
  const examples = failureExamples({ slices: slices.filter(({ scenario }) => scenario === name) });
  const all = errorsOf(slices, name);
  const nobodys = errorsOfNobody(slices, name);
  const finding = (what: NoSuccess['what'], operation: string | undefined, counts: Tries) => {
    const isWhole = what === 'scenario' || (what === 'requests' && operation === undefined);
    const errors = isWhole
      ? mostFrequent(all)
      : mostFrequent(ofOperation(errorsOf(slices, name, operation), nobodys, counts));
    const example =
      examples.find((one) => one.name === errors[0]?.name && (isWhole || one.operation === operation)) ??
      examples.find((one) => isWhole || one.operation === operation);
    return {
      what,
      scenarios: [name],
      journey: kind === 'journey',
      ...(operation ? { operation } : {}),
      ...counts,
      errors,
      ...doubtOf(errors, unhealthy),
      ...(example ? { example } : {}),
    };
  };
  const noSuccess = (severity: NoSuccess['severity'], found: ReturnType<typeof finding>): NoSuccess => {
    return { kind: 'no-success', severity: severity === 'fail' && found.doubt ? 'invalid' : severity, ...found };
  };
  const [only] = operations.size === 1 ? operations.keys() : [];
  const isSeen = facts.undisturbed === undefined || triesOf(facts.undisturbed, name).tries > 0;
  if (failed === tries) {
    const found = finding('scenario', only || undefined, { tries, failed });
    // All of it may be the drill's doing, and nobody has seen it work.
    return [noSuccess('fail', isSeen ? found : { doubt: 'drill', ...found })];
  }

  const failedShare = (share: ReturnType<typeof finding>): FailedShare => {
    return { kind: 'failed-share', severity: share.doubt ? 'invalid' : 'fail', ...share, allowed: maxFailed };
  };

  // What a drill broke is for its own expectations: what was tried in an outage alone has shown nothing.
  const own = (isSeen && facts.undisturbed) || store;
  const found: (NoSuccess | FailedShare)[] = [];
  for (const [operation, counts] of triesBy(own, 'iteration_failed', name, 'op')) {
    if (counts.failed === counts.tries) {
      const severity = counts.tries < MIN_TRIES ? 'warning' : 'fail';
      found.push(noSuccess(severity, finding('operation', operation, counts)));
    } else if (isTooMany(counts, maxFailed)) {
      found.push(failedShare(finding(only === undefined ? 'operation' : 'scenario', operation || undefined, counts)));
    }
  }
  // Operations of which each was hardly tried may be broken together.
  const isTold = found.some(({ severity }) => severity !== 'warning');
  const together = triesOf(own, name);
  if (!isTold && isTooMany(together, maxFailed)) {
    return [failedShare(finding('scenario', only || undefined, together))];
  }
  // A check that is never true where all fails, or in what is named already, says nothing more.
  if (found.length > 0) return found;
  for (const [check, { tries: asked, failed: untrue }] of triesBy(own, 'checks', name, 'check', 'true')) {
    if (asked < MIN_TRIES || untrue < asked) continue;
    const errors = [{ name: `${CHECK}${check}`, count: untrue }];
    const counts = { tries: asked, failed: untrue, errors, ...doubtOf(errors, unhealthy) };
    const severity = counts.doubt ? 'invalid' : 'fail';
    found.push({ kind: 'no-success', severity, what: 'check', scenarios: [name], journey: false, check, ...counts });
  }
  const settled = { tries: 0, failed: 0 };
  for (const { scenario, end } of slices) {
    if (scenario !== name) continue;
    settled.tries += end.settled?.tries ?? 0;
    settled.failed += end.settled?.failed ?? 0;
  }
  if (settled.failed > 0 && settled.failed === settled.tries)
    found.push(noSuccess('fail', finding('settle', SETTLE, settled)));
  else if (isTooMany(settled, maxFailed)) found.push(failedShare(finding('settle', SETTLE, settled)));
  // Of many shards these are not known by time.
  const { requests, isAll } = uncheckedRequests(facts, name, operations);
  const neverSucceeded = (one: Tries) => one.tries >= MIN_TRIES && one.failed === one.tries;
  const whole = added(requests.map(([, counts]) => counts));
  if (isAll && neverSucceeded(whole)) found.push(noSuccess('fail', finding('requests', undefined, whole)));
  else if (facts.undisturbed === undefined) {
    for (const [op, counts] of requests) {
      if (op && neverSucceeded(counts)) found.push(noSuccess('fail', finding('requests', op, counts)));
    }
  }
  return found;
}

function isTooMany({ tries, failed }: Tries, maxFailed: number): boolean {
  return failed / Math.max(tries, MIN_TRIES_OF_SHARE) > maxFailed;
}

/**
 * Requests of which no answer is checked, by name: whether they failed is all that tells of their success. Those of a scenario that
 * checks nothing at all; else those that are called as an operation is in which nothing is checked.
 */
function uncheckedRequests({ store, slices }: FailureFacts, scenario: string, operations: ReadonlyMap<string, Tries>) {
  const isAll = triesBy(store, 'checks', scenario, 'check').size === 0;
  const checked = slices.flatMap((one) => (one.scenario === scenario ? (one.end.checked ?? ['']) : []));
  const isUnchecked = (op: string) => isAll || (operations.has(op) && !checked.includes(op) && !checked.includes(''));
  const requests = Object.entries(store.definitions)
    .filter(([, { type, tells, ofWork }]) => type === 'rate' && tells === 'failure' && ofWork === 'count')
    .flatMap(([metric]) => [...triesBy(store, metric, scenario, 'op')])
    .filter(([op]) => isUnchecked(op));
  return { requests, isAll };
}

interface Tries {
  tries: number;
  failed: number;
}

/** All iterations of a scenario. */
function triesOf(store: MetricStore, scenario: string): Tries {
  return added([...triesBy(store, 'iteration_failed', scenario, 'op').values()]);
}

function added(all: Tries[]): Tries {
  return { tries: sum(all.map((one) => one.tries)), failed: sum(all.map((one) => one.failed)) };
}

/** Of a rate of a scenario, by a tag of its own. @param passes what a 1 in it means */
function triesBy(
  store: MetricStore,
  metric: string,
  scenario: string,
  tag: string,
  passes: 'failed' | 'true' = 'failed',
): Map<string, Tries> {
  const by = new Map<string, Tries>();
  for (const series of store.series()) {
    if (series.metric !== metric || series.tags.scenario !== scenario || series.total.type !== 'rate') continue;
    const known = by.get(series.tags[tag] ?? '') ?? { tries: 0, failed: 0 };
    const { count, passes: ones } = series.total;
    known.tries += count;
    known.failed += passes === 'failed' ? ones : count - ones;
    if (known.tries > 0) by.set(series.tags[tag] ?? '', known);
  }
  return by;
}

/** By name, over all slices of a scenario; of one of its operations those that are known to be its own. */
function errorsOf(slices: FailureFacts['slices'], scenario: string, operation?: string): Map<string, number> {
  const errors = new Map<string, number>();
  for (const { scenario: whose, end } of slices) {
    if (whose !== scenario) continue;
    const own = operation === undefined ? end.errors : (ownOf(end.errorsByOperation, operation) ?? {});
    for (const [name, count] of Object.entries(own)) errors.set(name, (errors.get(name) ?? 0) + count);
  }
  return errors;
}

/** By name, how often none of a scenario's operations is known to be the one: which one's a request is nobody knows. */
function errorsOfNobody(slices: FailureFacts['slices'], scenario: string): Map<string, number> {
  const left = errorsOf(slices, scenario);
  for (const { scenario: whose, end } of slices) {
    if (whose !== scenario) continue;
    for (const errors of Object.values(end.errorsByOperation)) {
      for (const [name, count] of Object.entries(errors)) left.set(name, (left.get(name) ?? 0) - count);
    }
  }
  return left;
}

/** Its own, and of those that are nobody's what is about as frequent as its failures. */
function ofOperation(own: Map<string, number>, nobodys: Map<string, number>, { failed }: Tries): Map<string, number> {
  const isLike = ([name, count]: [string, number]) =>
    !own.has(name) && !isCheck(name) && count >= failed / 2 && count <= failed * 2;
  return new Map([...own, ...[...nobodys].filter(isLike)]);
}

/** Causes before the checks that they made fail. */
function mostFrequent(errors: Map<string, number>): ErrorCount[] {
  return [...errors]
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => Number(isCheck(a.name)) - Number(isCheck(b.name)) || b.count - a.count)
    .slice(0, MOST_ERRORS);
}

export function isCheck(name: string): boolean {
  return name.startsWith(CHECK);
}

/**
 * Whether the failures may be another's doing than the target's. Slowness explains a time-out and what comes of it, and an
 * unmet check may follow from one; it explains no HTTP 500 and no exception.
 */
function doubtOf([first]: ErrorCount[], unhealthy: boolean): Pick<NoSuccess, 'doubt'> {
  if (first === undefined) return unhealthy ? { doubt: 'generator' } : {};
  if (RATE_LIMITED.test(first.name)) return { doubt: 'rate-limit' };
  if (first.name.startsWith('generator: ')) return { doubt: 'generator' };
  return unhealthy && (isCheck(first.name) || MAY_BE_SLOWNESS.test(first.name)) ? { doubt: 'generator' } : {};
}

/** Scenarios that never succeeded for the same reason are told once. */
function joined(findings: (NoSuccess | FailedShare)[]): Finding[] {
  const told: (NoSuccess | FailedShare)[] = [];
  for (const finding of findings) {
    const like = told.find((one) => sameCause(one, finding));
    if (!like) {
      told.push(finding);
      continue;
    }
    const name = firstCause(like)!;
    like.scenarios.push(...finding.scenarios);
    delete like.operation;
    like.tries += finding.tries;
    like.failed += finding.failed;
    like.errors = [{ name, count: like.errors[0]!.count + finding.errors[0]!.count }];
  }
  return told;
}

function sameCause(a: NoSuccess | FailedShare, b: NoSuccess | FailedShare): boolean {
  const isWhole = [a, b].every(({ kind, what }) => kind === 'no-success' && what === 'scenario');
  const [one, other] = [firstCause(a), firstCause(b)];
  // Steps of one name may be of different pages: of journeys the line has to be the same, too.
  const isThere = !a.journey || a.example?.at === b.example?.at;
  return (
    isWhole && one !== undefined && one === other && isThere && a.journey === b.journey && a.severity === b.severity
  );
}

/** Without the journey's name, which stands before that of the step. */
function firstCause({ scenarios, errors: [first] }: NoSuccess | FailedShare): string | undefined {
  const own = `${scenarios[0]}, `;
  return first?.name.startsWith(own) ? first.name.slice(own.length) : first?.name;
}
