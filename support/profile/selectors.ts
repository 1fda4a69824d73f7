/** What a profile asks of metrics has to be there: checked before any load. */

import { allowed } from '../input/misspelling.ts';
import {
  aggregationsOf,
  type Expression,
  parseDrift,
  parseExpression,
  parseSelector,
  selectorHelp,
} from '../judge/expression.ts';
import { builtinMetrics, isOfBrowser, type MetricDefinition, type Tags } from '../measure/metrics.ts';
import { ownOf } from '../measure/own.ts';
import { ms } from './fields.ts';
import { phaseNames } from './phases.ts';
import { type DetailedThreshold, kindOf, type ProfileSpec, type ScenarioKind } from './schema.ts';

type Thresholds = ProfileSpec['thresholds'];
type Field = 'thresholds' | 'objectives' | 'drift.limits';

/**
 * Syntax, tags and windows; which metrics exist is known once the scenarios' files are loaded ({@link checkMetrics}).
 * @param field where they stand
 * @throws one sentence
 */
export function checkSelectors(
  path: string,
  thresholds: Thresholds,
  spec: ProfileSpec,
  known: Record<ScenarioKind, string[]>,
  field: Field = 'thresholds',
): void {
  for (const [source, all] of Object.entries(thresholds)) {
    const selector = parseSelector(source);
    if (!selector) throw new Error(`${path}: ${field} has "${source}"; allowed is ${selectorHelp}.`);
    const { metric, tags } = selector;
    const about = `${path}: ${field} "${source}"`;
    const inBrowser = isOfBrowser(metric);
    const [own, other] = inBrowser ? (['journey', 'scenario'] as const) : (['scenario', 'journey'] as const);
    if (tags[other] !== undefined) {
      throw new Error(`${about} has the tag ${other}, which ${metric} does not carry; allowed is ${own}.`);
    }
    const named = tags[own];
    const names = Object.keys(spec.scenarios).filter(
      (name) => !inBrowser || kindOf(name, spec.scenarios[name]!, known) === 'journey',
    );
    if (names.length === 0 && Object.hasOwn(builtinMetrics, metric)) {
      throw new Error(`${about} is about browsers, and no scenario is a journey; allowed is a metric of loads.`);
    }
    if (named !== undefined && !names.includes(named)) {
      throw new Error(`${about} is about ${own} "${named}"; ${allowed(named, names)}.`);
    }
    checkPhaseTags(about, tags, all.map(expressionOf), phaseNames(spec));
    const whose = named === undefined && inBrowser ? names : [named].flatMap((one) => one ?? []);
    const isIdle = (name: string) =>
      spec.scenarios[name]!.scaled || kindOf(name, spec.scenarios[name]!, known) === 'load';
    if (whose.length > 0 && whose.every(isIdle)) checkRest(about, tags, all.map(expressionOf), spec, whose);
    for (const one of all) if (typeof one !== 'string') checkWindows(about, one, tags, spec);
  }
}

/** Loads, and journeys that phases multiply, do nothing in one without load. @param whose a figure is */
function checkRest(about: string, tags: Tags, expressions: string[], spec: ProfileSpec, whose: string[]): void {
  const asked = [tags.phase, ...expressions.map((text) => parseExpression(text)!.of)];
  const rest = phaseNames(spec).find(({ name, isQuiet }) => isQuiet && asked.includes(name));
  if (!rest) return;
  const who = `${whose.join(', ')} ${whose.length === 1 ? 'does' : 'do'} nothing`;
  throw new Error(
    `${about} is about ${rest.name}, a phase without load, in which ${who}; allowed is another phase, or a journey that is not scaled.`,
  );
}

/** A window has to fit into its phase, and cannot be compared with another one. */
function checkWindows(about: string, spec: DetailedThreshold, tags: Tags, { phases }: ProfileSpec): void {
  const { threshold, every, slide } = spec;
  if (spec.delayAbortEval !== undefined && !spec.abortOnFail)
    throw new Error(`${about} has delayAbortEval without abortOnFail; allowed is "abortOnFail": true with it.`);
  const other = (['slide', 'share'] as const).find((field) => spec[field] !== undefined);
  if (every === undefined) {
    if (other)
      throw new Error(`${about} has ${other} without every; allowed is every, the length of a window, with it.`);
    return;
  }
  if (parseExpression(threshold)!.of !== undefined)
    throw new Error(`${about} has "${threshold}" for windows; allowed is a number.`);
  if (slide !== undefined && ms(slide, 0) > ms(every, 0))
    throw new Error(`${about} has slide ${slide}; allowed is at most every, which is ${every}.`);
  const own = phases?.find(({ name }) => name === tags.phase);
  if (own && ms(own.duration, 0) < ms(every, 0))
    throw new Error(`${about} has windows of ${every} in a phase of ${own.duration}; allowed is at most its length.`);
}

/** A figure of a phase, or of all after it, may be compared with that of a phase before. */
function checkPhaseTags(about: string, tags: Tags, expressions: string[], phases: { name: string }[]): void {
  const names = phases.map(({ name }) => name);
  if (tags.window !== undefined) {
    throw new Error(`${about} has the tag window; allowed is phase, with one of ${names.join(', ')}.`);
  }
  const { phase } = tags;
  if (phase !== undefined && !names.includes(phase)) {
    throw new Error(`${about} is about phase "${phase}"; ${allowed(phase, names)}.`);
  }
  const before = names.slice(0, phase === undefined ? -1 : names.indexOf(phase));
  for (const text of expressions) {
    const { of } = parseExpression(text)!;
    if (of === undefined || before.includes(of)) continue;
    if (!names.includes(of)) {
      const known =
        before.length > 0 ? `a number, or a phase: ${before.join(', ')}` : 'a number: no phase is before it';
      throw new Error(`${about} has "${text}", but the profile has no ${of}; allowed is ${known}.`);
    }
    const why = of === phase ? 'which is the same phase' : 'which is not before it';
    throw new Error(
      `${about} has "${text}", ${why}; allowed is ${before.length > 0 ? `one of ${before.join(', ')}` : 'a number'}.`,
    );
  }
}

function expressionOf(threshold: Thresholds[string][number]): string {
  return typeof threshold === 'string' ? threshold : threshold.threshold;
}

/**
 * Thresholds on metrics nobody records, or on figures they do not have, are an error before the run, not a green light
 * after it.
 * @param field where they stand
 */
export function checkMetrics(
  path: string,
  thresholds: Thresholds,
  metrics: Record<string, MetricDefinition>,
  phases: { name: string; isQuiet: boolean }[] = [],
  field: Field = 'thresholds',
): void {
  const isQuiet = (phase: string | undefined) => phases.some((one) => one.name === phase && one.isQuiet);
  for (const [source, all] of Object.entries(thresholds)) {
    const { metric, tags } = parseSelector(source)!;
    const about = `${path}: ${field} "${source}"`;
    const expressions = all.map(expressionOf).map((text) => parseExpression(text)!);
    const { type, ofLoads } = checkFigures(`${path}: ${field}`, source, expressions, metrics);
    if (type === 'counter' && all.some((one) => typeof one !== 'string' && one.minSamples !== undefined)) {
      throw new Error(`${about} has minSamples, but a counter has no samples; allowed is none.`);
    }
    for (const { source: text, aggregation, of, value } of expressions) {
      if (type === 'rate' && aggregation.method === 'rate' && of === undefined && (value < 0 || value > 1)) {
        throw new Error(`${about} has "${text}", but ${metric} is a share; allowed is a number from 0 to 1.`);
      }
      const quiet = [tags.phase, of].find(isQuiet);
      if (quiet !== undefined && ofLoads) {
        throw new Error(
          `${about} has "${text}", but only journeys run in the phase ${quiet}; allowed is a metric of theirs, such as browser_step_duration.`,
        );
      }
    }
  }
}

/** As {@link checkMetrics}, for limits of a drift: percent of whatever the figure is. */
export function checkDrifts(
  path: string,
  limits: Record<string, string[]>,
  metrics: Record<string, MetricDefinition>,
): void {
  for (const [source, all] of Object.entries(limits)) {
    checkFigures(
      `${path}: drift.limits`,
      source,
      all.map((text) => parseDrift(text)!),
      metrics,
    );
  }
}

/** @returns the metric, which has what is asked of it */
function checkFigures(
  where: string,
  source: string,
  expressions: Expression[],
  metrics: Record<string, MetricDefinition>,
): MetricDefinition {
  const { metric } = parseSelector(source)!;
  const definition = ownOf(metrics, metric);
  if (!definition) {
    throw new Error(`${where} names metric "${metric}"; ${allowed(metric, Object.keys(metrics).sort())}.`);
  }
  const possible = aggregationsOf(definition.type);
  for (const { source: text, aggregation } of expressions) {
    if (possible.includes(aggregation.method === 'p' ? 'p(N)' : aggregation.method)) continue;
    throw new Error(
      `${where} "${source}" has "${text}", but ${metric} is a ${definition.type}; allowed: ${possible.join(', ')}.`,
    );
  }
  return definition;
}
