import { basename, dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { browserExecutable } from './browser.ts';
import { type Family, settingsOf } from './family.ts';
import { placeIn } from './input/json.ts';
import { allowed } from './input/misspelling.ts';
import { WrongService } from './input/setting.ts';
import { builtinMetrics, type MetricDefinition, ownerOf, parseSeriesKey } from './measure/metrics.ts';
import { ownOf } from './measure/own.ts';
import { Recorder } from './measure/recorder.ts';
import { OptionError, optionsOf } from './options.ts';
import { drillEnds } from './profile/drills.ts';
import { checkDrifts, checkMetrics } from './profile/selectors.ts';
import { checkMix } from './profile.ts';
import { durationOf, shareOf, vusOf } from './schedule/plan.ts';
import type { Timeline } from './schedule/timeline.ts';
import { type Address, type Endpoint, shownUrl, type Target } from './target.ts';
import { within } from './time-limit.ts';
import { certificateRemedy } from './wire/certificate-remedy.ts';
import { dispatcherTo, serverKey } from './wire/connection.ts';
import { ProxyError } from './wire/proxy-error.ts';
import { proxyOf, proxyVariable, type Wire } from './wire/wire.ts';
import type { Declaration } from './worker/declaration.ts';
import { preflightOf } from './worker/load-preflight.ts';

/** What of the target a run uses: it waits until each is there, and watches them. */
export interface Used {
  addresses: readonly Address[];
  endpoints: readonly Endpoint[];
}

/** How long a target gets to answer at all before the run is given up. */
const REACH_MS = 10_000;
const RETRY_MS = 250;
/** How long a load may take to say whether the target can take it. */
const PREFLIGHT_MS = 30_000;

/**
 * What can only be checked once the scenarios' files are loaded, and still before any load: that each declares the scenario
 * it is named after, and that the profile's mixes and thresholds are about things that exist.
 * @param declared by scenario name; those of the profile that the run's filter left out may be missing
 * @param root the project's folder
 * @throws one sentence naming file, field, what was found and what is allowed
 */
export function checkScenarios(timeline: Timeline, declared: Map<string, Declaration>, root: string): void {
  for (const { name, mix, options } of timeline.scenarios) {
    const declaration = declared.get(name);
    if (declaration) checkOptions(timeline.path, name, options, declaration, root);
    if (declaration && mix)
      checkMix(placeIn(root, timeline.path, ['scenarios', name, 'mix']), name, mix, declaration.operations);
  }
  const metrics = allMetrics(declared);
  const isKnown = (source: string) => Object.hasOwn(metrics, parseSeriesKey(source).metric);
  // A metric that nobody declares may be one of those that the filter left out; else it is misspelt.
  const complete = timeline.scenarios.every(({ name }) => declared.has(name));
  const phases = timeline.phases.map(({ name, load }) => ({ name, isQuiet: load === 0 }));
  const asked = <T>(of: Record<string, T>) => Object.entries(of).filter(([source]) => complete || isKnown(source));
  for (const [source, all] of asked(timeline.thresholds)) {
    const path = timeline.slo?.selectors.includes(source) ? timeline.slo.path : timeline.path;
    const place = placeIn(root, path, ['thresholds', source]);
    checkMetrics(place, { [source]: all }, metrics, phases);
    checkTags(place, 'thresholds', source, declared, complete);
  }
  for (const [source, all] of asked(timeline.answers.objectives)) {
    const place = placeIn(root, timeline.path, ['objectives', source]);
    checkMetrics(place, { [source]: all }, metrics, phases, 'objectives');
    checkTags(place, 'objectives', source, declared, complete);
  }
  for (const [source, all] of asked(timeline.answers.drift?.limits ?? {})) {
    const place = placeIn(root, timeline.path, ['drift', 'limits', source]);
    checkDrifts(place, { [source]: all }, metrics);
    checkTags(place, 'drift.limits', source, declared, complete);
  }
}

function checkOptions(path: string, scenario: string, given: object, { kind, name }: Declaration, root: string): void {
  try {
    optionsOf(kind, name, given, `scenarios.${scenario}.options`);
  } catch (error) {
    throw withPlace(error, path, scenario, root);
  }
}

/** An error about options with their file and line; any other as it is. */
function withPlace(error: unknown, path: string, scenario: string, root: string): unknown {
  if (!(error instanceof OptionError)) return error;
  return new Error(`${placeIn(root, path, ['scenarios', scenario, 'options', ...error.field])}: ${error.message}`);
}

/**
 * Asks every load of the run whether the target can take it at all, once it answers.
 * @param runId of what it writes
 * @param tell takes what they have to say to the user
 * @returns addresses that they talk to, beside the target's
 * @throws one sentence, the load's own
 */
export async function checkLoads(
  timeline: Timeline,
  declared: Map<string, Declaration>,
  target: Target,
  runId: string,
  root: string,
  tell: (sentence: string) => void,
): Promise<Address[]> {
  const further = await Promise.all(
    timeline.scenarios.map(async ({ name: scenario, options: given, plan, slices }) => {
      const { kind, name, metrics } = declared.get(scenario) ?? {};
      const preflight = kind === 'load' && preflightOf(name!);
      if (!preflight) return [];
      const first = { index: 0, of: slices };
      const over = new AbortController();
      const slice = {
        runId,
        scenario,
        ...first,
        target,
        recorder: new Recorder(scenario, kind, metrics),
        options: optionsOf(kind, name!, given, `scenarios.${scenario}.options`),
        maxVUs: shareOf(vusOf(plan), first),
        signal: over.signal,
        beforeStart: () => {},
        elapsedMs: () => 0,
        endsAfterMs: durationOf(plan),
        drills: drillEnds(timeline.drills),
        isOver: () => false,
      };
      try {
        const asked: Promise<unknown> = preflight(slice, tell);
        const found = await within(`preflight of ${scenario}`, PREFLIGHT_MS, asked);
        return (found as readonly Address[] | undefined) ?? [];
      } catch (error) {
        throw withPlace(error, timeline.path, scenario, root);
      } finally {
        over.abort();
      }
    }),
  );
  return further.flat();
}

/** What a selector's tags name has to be there. */
function checkTags(
  path: string,
  field: string,
  source: string,
  declared: Map<string, Declaration>,
  complete: boolean,
): void {
  checkOwner(path, field, source, declared);
  checkOperation(path, field, source, declared, complete);
}

/** By operation only the executor records these: they have no others than the loads'. Other metrics may have any. */
const ofOperations = ['iteration_response_time', 'iteration_duration', 'iterations', 'iteration_failed'];

function checkOperation(
  path: string,
  field: string,
  source: string,
  declared: Map<string, Declaration>,
  complete: boolean,
): void {
  const { metric, tags } = parseSeriesKey(source);
  const { op, scenario } = tags;
  if (op === undefined || !ofOperations.includes(metric)) return;
  const isWhole = scenario === undefined ? complete : declared.has(scenario);
  if (!isWhole) return;
  const about = scenario === undefined ? [...declared.values()] : [declared.get(scenario)!];
  const operations = [...new Set(about.flatMap((one) => one.operations))];
  // A journey has none, and then nothing could be meant.
  if (operations.length === 0 || operations.includes(op)) return;
  throw new Error(`${path}: ${field} "${source}" has op "${op}"; ${allowed(op, operations)}.`);
}

/** A metric of a scenario's own is recorded by those alone that declare it. */
function checkOwner(path: string, field: string, source: string, declared: Map<string, Declaration>): void {
  const { metric, tags } = parseSeriesKey(source);
  const owner = ownerOf(tags);
  const own = owner === undefined ? undefined : declared.get(owner);
  if (!own || Object.hasOwn(builtinMetrics, metric) || Object.hasOwn(own.metrics, metric)) return;
  const others = [...declared].flatMap(([name, { metrics }]) => (Object.hasOwn(metrics, metric) ? [name] : []));
  throw new Error(
    `${path}: ${field} "${source}" is about ${owner}, which does not declare ${metric}; ${allowed(owner!, others)}.`,
  );
}

/** A metric is merged over all scenarios: it must be the same thing in each of them. */
function allMetrics(declared: Map<string, Declaration>): Record<string, MetricDefinition> {
  const known: Record<string, MetricDefinition> = { ...builtinMetrics };
  for (const [scenario, { kind, metrics }] of declared) {
    for (const [name, definition] of Object.entries(metrics)) {
      const { type, contains } = definition;
      const other = ownOf(known, name);
      if (other && (other.type !== type || other.contains !== contains)) {
        throw new Error(
          `${scenario} declares metric ${name} as a ${type} of ${contains}; allowed is a ${other.type} of ${other.contains}, as it is known already.`,
        );
      }
      const isOfLoads = kind === 'load' && (other === undefined || other.ofLoads === true);
      known[name] = isOfLoads ? { ...definition, ofLoads: true } : definition;
    }
  }
  return known;
}

/** @throws one sentence when the run has journeys and no browser is there */
export function checkBrowser(timeline: Timeline, running: Set<string>): void {
  if (timeline.scenarios.some(({ name, kind }) => kind === 'journey' && running.has(name))) browserExecutable();
}

/**
 * Every origin of the target that the run uses, once.
 * @param further addresses that loads talk to beside the target's
 */
export function originsUsed(target: Target, kinds: Set<'load' | 'journey'>, further: Address[] = []): Address[] {
  const { baseUrl, addresses, configured } = target;
  const page = { variable: configured.includes('BASE_URL') ? 'BASE_URL' : addresses[0]!.variable, url: baseUrl };
  const used = [...(kinds.has('journey') ? [page] : []), ...(kinds.has('load') ? addresses : []), ...further];
  // Any answer will do, so one path stands for all of its origin: the first, of which the others' defaults are made.
  return [...new Map(used.toReversed().map((one) => [new URL(overHttp(one.url)).origin, one])).values()];
}

/**
 * Waits until every part of the target that the run uses answers anything at all.
 * @throws one sentence: what was tried, how often and for how long
 */
export async function checkReachable(used: readonly Address[], wire: Wire, reachMs = REACH_MS): Promise<void> {
  await Promise.all(used.map(({ variable, url }) => reach(variable, url, wire, reachMs)));
}

/**
 * The keys of the target's servers that Node trusts by NODE_EXTRA_CA_CERTS, for the browsers of the journeys. A server that cannot
 * be asked is left to them: what is wrong with it shows there.
 */
export async function trustedKeys({ baseUrl, addresses, wire }: Target): Promise<string[]> {
  if (wire.authorities.length === 0) return [];
  const urls = [baseUrl, ...addresses.map(({ url }) => url)].map(overHttp).filter((url) => url.startsWith('https:'));
  const origins = [...new Set(urls.map((url) => new URL(url).origin))];
  const keys = await Promise.all(
    origins.map((origin) => serverKey(new URL(origin), wire, REACH_MS).catch(() => undefined)),
  );
  return keys.filter((key) => key !== undefined);
}

/**
 * The endpoints that a run watches: those of the families whose loads run.
 * @param files of these loads; a family's lie in `protocol/<family>/`
 */
export function endpointsUsed(target: Target, families: readonly Family[], files: readonly string[]): Endpoint[] {
  const folders = new Set(files.map((file) => basename(dirname(file))));
  const variables = new Set(
    settingsOf(families.filter(({ name }) => folders.has(name))).map(({ variable }) => variable),
  );
  return target.endpoints.filter(({ variable }) => variables.has(variable));
}

/** Where a WebSocket's server can be asked without opening one, which it might take for a user. */
export function overHttp(url: string): string {
  return url.replace(/^ws/, 'http');
}

async function reach(variable: string, address: string, wire: Wire, reachMs: number): Promise<void> {
  const url = new URL(overHttp(address));
  const dispatcher = dispatcherTo(url, wire, { headersTimeout: reachMs, bodyTimeout: reachMs }, reachMs);
  try {
    const failure = `${shownUrl(address)} cannot be reached${through(url, wire)}`;
    const ask = async () => {
      // Its headers are answer enough: of the body, which may have no end, nothing is waited for.
      const { statusCode, body } = await dispatcher.request({ method: 'GET', path: url.pathname + url.search });
      body.on('error', () => {}).destroy();
      // No target's answer, but that of the proxy before it.
      if (statusCode === 407) throw ProxyError.refused(statusCode);
    };
    await untilThere(variable, failure, reachMs, ask, proxyVariable(wire, url));
  } finally {
    await dispatcher.destroy();
  }
}

/**
 * The same for addresses that speak neither HTTP nor WebSocket.
 * @throws one sentence
 */
export async function checkEndpoints(used: readonly Endpoint[], reachMs = REACH_MS): Promise<void> {
  await Promise.all(
    used.map(({ variable, address, reach }) =>
      untilThere(variable, `${address} cannot be reached`, reachMs, () => reach(reachMs)),
    ),
  );
}

/**
 * What helps.
 * @param variable of the address
 * @param proxy variable of the proxy on the way there
 */
function remedy(code: string, variable: string, proxy: string): string {
  const isAtProxy = code.endsWith('(at the proxy)');
  const ofCertificate = certificateRemedy(code, isAtProxy ? proxy : variable);
  if (ofCertificate) return ofCertificate;
  if (isAtProxy) return `start the proxy or correct ${proxy}`;
  if (/^HTTP 407/.test(code)) return `correct the user and password in ${proxy}`;
  return `start the target or correct ${variable}`;
}

/** @param failure what is so when nobody is there to the end */
async function untilThere(
  variable: string,
  failure: string,
  reachMs: number,
  ask: () => Promise<void>,
  proxy = 'HTTP_PROXY or HTTPS_PROXY',
): Promise<void> {
  const until = performance.now() + reachMs;
  for (let tries = 1; ; tries++) {
    try {
      await ask();
      return;
    } catch (error) {
      if (error instanceof WrongService) throw error;
      if (performance.now() >= until) {
        const { message, code = message } = error as NodeJS.ErrnoException;
        const tried = tries === 1 ? '1 try' : `${tries} tries`;
        throw new Error(
          `${variable} ${failure}: ${tried} in ${reachMs / 1_000} s, the last one ended in ${code}; ${remedy(code, variable, proxy)}.`,
        );
      }
      await wait(RETRY_MS);
    }
  }
}

function through(url: URL, wire: Wire): string {
  const proxy = proxyOf(wire, url);
  return proxy ? ` through the proxy ${shownUrl(proxy)}` : '';
}
