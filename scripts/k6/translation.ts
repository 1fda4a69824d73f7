/** A k6 script's options as a profile: as far as they are data, and what is left of them. */
import { grpcMetrics } from '../../protocol/transports/grpc-exchange.ts';
import { type Expression, parseExpression, parseSelector } from '../../support/judge/expression.ts';
import { builtinMetrics, isOfBrowser, type MetricType, seriesKey } from '../../support/measure/metrics.ts';
import { profile as profileSchema, scenarioName, scenario as scenarioSchema } from '../../support/profile/schema.ts';
import { sentence } from '../../support/profile/sentence.ts';

type Fields = Record<string, unknown>;

export interface Translation {
  profile: {
    description: string;
    tags?: unknown;
    scenarios: Record<string, Fields>;
    thresholds: Record<string, unknown[]>;
  };
  /** What the profile does not say, a sentence each. */
  left: string[];
  /** What it says, and a load has to bring; likewise. */
  toWrite: string[];
}

const DURATIONS = ['duration', 'startTime', 'gracefulStop', 'gracefulRampDown', 'maxDuration', 'timeUnit'];

/** What is said elsewhere here, by k6's name. */
const ELSEWHERE: Record<string, string> = {
  insecureSkipTLSVerify: 'TLS_INSECURE=1 says it',
  tlsAuth: 'TLS_CLIENT_CERT and TLS_CLIENT_KEY say it',
  noConnectionReuse: 'new Http(slice, url, { keepAlive: false }) says it',
  noVUConnectionReuse: 'new Http(slice, url, { keepAlive: false }) says it',
  discardResponseBodies: 'new Http(slice, url, { keepsBodies: false }) says it',
  maxRedirects: 'new Http(slice, url, { redirects }) says it',
  setupTimeout: 'timeLimitsMs: { setupRun } of the load says it',
  teardownTimeout: 'timeLimitsMs: { teardownRun } of the load says it',
  summaryTrendStats: 'every aggregation is in verdict.json',
  executionSegment: '--shard=<n>/<all> says it',
  env: 'the environment and SECRET_… of .env say it',
};

/** What a request's tag is called here. */
const TAGS: Record<string, string> = { name: 'op' };

/** k6's own metrics that are not there, and what is. */
const INSTEAD: [metrics: RegExp, here: string][] = [
  [
    /^http_req_(connecting|looking_up|tls_handshaking|sending|receiving)$/,
    'http_req_blocked, http_req_waiting, http_req_duration and iteration_duration',
  ],
  [/^grpc_streams$/, 'grpc_reqs, grpc_stream_first_message and grpc_stream_duration'],
  [/^browser_(http_req|data)_/, 'browser_step_duration, browser_backend_time and browser_session_failed'],
  [/^browser_web_vital_fid$/, 'browser_web_vital_inp and browser_interaction_to_paint'],
];

/**
 * @param name of the load that the script's default function becomes
 * @param options as the script exports them
 * @throws one sentence for options that k6 would refuse too
 */
export function translated(name: string, options: Fields): Translation {
  const left: string[] = [];
  const toWrite: string[] = [];
  const { scenarios, thresholds, vus, duration, stages, iterations, tags, ...others } = givenOf(options);
  const short = { vus, duration, stages, iterations };
  const given = Object.entries(fieldsOf(scenarios ?? {}, 'options.scenarios'));
  const all = given.length > 0 ? given.map(named) : [[name, shortcut(short)] as [string, Fields]];
  if (given.length > 0)
    leave(
      left,
      Object.entries(short).flatMap(([key, value]) => (value === undefined ? [] : key)),
      'options',
    );
  const profile = {
    description: 'From k6',
    ...(tags !== undefined && { tags }),
    scenarios: Object.fromEntries(all.map(([key, one]) => [key, scenarioOf(key, one, name, left)])),
    thresholds: thresholdsOf(
      fieldsOf(thresholds ?? {}, 'options.thresholds'),
      new Tagged(all, (tags ?? {}) as Fields, given.length > 0),
      { left, toWrite },
    ),
  };
  leave(left, Object.keys(others), 'options');
  const { error } = profileSchema.safeParse(profile, { reportInput: true });
  if (error) throw new Error(`options.${sentence(error.issues[0]!, profile)}`);
  return { profile, left, toWrite };
}

/** k6 takes null for what is not there: it comes of NaN, as `parseInt` makes of a variable that is not set. */
function givenOf(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function named([key, one]: [string, unknown]): [string, Fields] {
  if (!scenarioName.test(key))
    throw new Error(`options.scenarios has "${key}"; allowed is a name of letters, digits, _, - and dots.`);
  return [key, givenOf(fieldsOf(one, `options.scenarios.${key}`))];
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Error(`${what} is ${JSON.stringify(value)}; allowed is an object with a field for each.`);
}

function leave(left: string[], fields: string[], where: string): void {
  for (const key of fields) left.push(`${where}.${key}: ${ELSEWHERE[key] ?? 'there is no such thing here'}.`);
}

/** What k6 makes of options without scenarios. */
function shortcut({ vus = 1, duration, stages, iterations }: Fields): Fields {
  if (Array.isArray(stages) && stages.length > 0) {
    const other = duration !== undefined ? 'duration' : iterations !== undefined ? 'iterations' : undefined;
    if (other !== undefined) throw new Error(`options has both stages and ${other}; allowed is one of them.`);
    return { executor: 'ramping-vus', startVUs: vus, stages };
  }
  if (iterations)
    return { executor: 'shared-iterations', vus, iterations, ...(duration !== undefined && { maxDuration: duration }) };
  if (duration !== undefined) return { executor: 'constant-vus', vus, duration };
  return { executor: 'shared-iterations', vus, iterations: vus };
}

function scenarioOf(key: string, given: Fields, script: string, left: string[]): Fields {
  const { executor, exec = 'default', ...fields } = given;
  const option = scenarioSchema.options.find(({ shape }) => shape.executor.value === executor);
  if (!option) {
    const known = scenarioSchema.options.map(({ shape }) => shape.executor.value).join(', ');
    throw new Error(`options.scenarios.${key}.executor is ${JSON.stringify(executor)}; allowed here: ${known}.`);
  }
  const load = exec === 'default' ? script : String(exec);
  const made: Fields = { executor, ...(load !== key && { exec: load }) };
  const inBrowser = isInBrowser(given);
  for (const [field, value] of Object.entries(fields)) {
    if (field === 'tags') {
      left.push(
        `options.scenarios.${key}.tags: the tag scenario says it, and thresholds by them are about ${key} where no other has the same.`,
      );
      continue;
    }
    if (field === 'options' && inBrowser) {
      left.push(`options.scenarios.${key}.options: a journey has a browser.`);
      continue;
    }
    if (!Object.hasOwn(option.shape, field) || field === 'options') leave(left, [field], `options.scenarios.${key}`);
    else made[field] = DURATIONS.includes(field) ? durationText(value) : number(value);
  }
  if (Array.isArray(made.stages)) {
    made.stages = made.stages.map((stage, i) => {
      const { duration, target } = fieldsOf(stage, `options.scenarios.${key}.stages.${i}`);
      return { duration: durationText(duration), target: number(target) };
    });
  }
  // What k6 takes for granted.
  for (const field of ['vus', 'iterations']) if (Object.hasOwn(option.shape, field)) made[field] ??= 1;
  // As k6, which makes no VU beyond these then.
  if ('preAllocatedVUs' in made) made.maxVUs ??= made.preAllocatedVUs;
  if (!inBrowser || !('maxVUs' in made)) return made;
  const { maxVUs: maxSessions, ...journey } = made;
  return { ...journey, maxSessions };
}

/** Its function drives a browser: here that is a journey. */
function isInBrowser({ options }: Fields): boolean {
  return typeof options === 'object' && options !== null && 'browser' in options;
}

/** k6 takes a number, digits too, for milliseconds. */
function durationText(value: unknown): unknown {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value));
  return isNumber ? `${value}ms` : value;
}

/** k6 takes digits for a number, which is what variables of the environment have. */
function number(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}

type Told = Pick<Translation, 'left' | 'toWrite'>;

function thresholdsOf(given: Record<string, unknown>, tagged: Tagged, told: Told): Record<string, unknown[]> {
  const made = new Map<string, unknown[]>();
  for (const [source, value] of Object.entries(given)) {
    const all = [value].flat().map((one) => {
      const { threshold, ...rest } = typeof one === 'object' && one !== null ? (one as Fields) : { threshold: one };
      return { threshold, rest, parsed: parseExpression(expressionText(threshold)) };
    });
    const parsed = all.flatMap(({ parsed = [] }) => parsed);
    const selector = selectorOf(source, tagged, typeOf(parsed), told);
    if (selector === undefined) continue;
    for (const { threshold, parsed } of all)
      if (!parsed) told.left.push(`options.thresholds["${source}"]: "${threshold}" is no threshold here.`);
    const own = all.flatMap(({ rest, parsed }) => (parsed ? [thresholdOf(parsed.source, rest)] : []));
    // What two of k6's are about may be one thing here.
    if (own.length > 0) made.set(selector, [...(made.get(selector) ?? []), ...own]);
  }
  return Object.fromEntries(made);
}

/** k6 reads a number as Go does: `rate<.01`, `p(95)<1e3`. */
function expressionText(threshold: unknown): string {
  const text = String(threshold).replaceAll(/\s+/g, '');
  const [, compared, number] = /^(.*[<>=])(\+?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i.exec(text) ?? [];
  return compared === undefined ? text : compared + Number(number);
}

function thresholdOf(threshold: string, { abortOnFail, delayAbortEval }: Fields): unknown {
  // By itself a delay is about nothing.
  if (!abortOnFail) return threshold;
  return { threshold, abortOnFail, ...givenOf({ delayAbortEval: durationText(delayAbortEval ?? null) }) };
}

/** What a metric of the script's own is, by what is asked of it. */
function typeOf(asked: Expression[]): MetricType {
  const asksFor = (method: string) => asked.some(({ aggregation }) => aggregation.method === method);
  if (asksFor('value')) return 'gauge';
  if (asksFor('count')) return 'counter';
  // Of a counter it is so many a second.
  if (asksFor('rate')) return asked.some(({ value }) => value > 1) ? 'counter' : 'rate';
  return 'trend';
}

/** What tags of k6's scenarios, and of a whole script, are here. */
class Tagged {
  readonly #scenarios: [string, Fields][];
  readonly #all: Fields;
  readonly #areNamed: boolean;

  /** @param areNamed false: there is one, which the script's options are, and k6 calls `default` */
  constructor(scenarios: [string, Fields][], all: Fields, areNamed: boolean) {
    this.#scenarios = scenarios;
    this.#all = all;
    this.#areNamed = areNamed;
  }

  /** A tag that one scenario alone has is its name; one that all samples have tells nothing apart. A scenario's own goes first. */
  here(tags: Readonly<Record<string, string>>): Record<string, string> {
    const entries = Object.entries(tags).flatMap(([tag, value]) => {
      if (tag === 'scenario' && value === 'default' && !this.#areNamed) return [[tag, this.#scenarios[0]![0]]];
      const own = this.#scenarios.filter(([, { tags }]) => `${{ ...this.#all, ...(tags as Fields) }[tag]}` === value);
      if (own.length === this.#scenarios.length) return [];
      return [own.length === 1 ? ['scenario', own[0]![0]] : [tag, value]];
    });
    return Object.fromEntries(entries);
  }
}

/**
 * The metric with its tags as they are called here; undefined when there is none.
 * @param type of the metric, should it be the script's own
 */
function selectorOf(source: string, tagged: Tagged, type: MetricType, { left, toWrite }: Told): string | undefined {
  const parsed = parseSelector(source);
  const what = `options.thresholds["${source}"]`;
  if (!parsed) {
    left.push(`${what}: it cannot be read.`);
    return undefined;
  }
  // k6 takes quotes of either kind away.
  const written = Object.entries(parsed.tags).map(([tag, value]) => [tag, value.replace(/^["']+|["']+$/g, '')]);
  const { metric, tags } = { metric: parsed.metric, tags: tagged.here(Object.fromEntries(written)) };
  if (metric === 'group_duration' && tags.group !== undefined) {
    // Of groups in groups each has its own name.
    tags.group = tags.group.split('::').at(-1)!;
  }
  const known = ['scenario', 'check', ...(metric === 'group_duration' ? ['group'] : []), ...Object.keys(TAGS)];
  const unknown = Object.keys(tags).find((tag) => !known.includes(tag));
  if (unknown === 'group') {
    left.push(`${what}: only group_duration has the tag group; other metrics are told apart by op.`);
    return undefined;
  }
  if (unknown !== undefined) {
    left.push(
      `${what}: nothing has the tag ${unknown}; a load's own metrics may: vu.add(metric, value, { ${unknown}: … }).`,
    );
    return undefined;
  }
  const [, here] = INSTEAD.find(([metrics]) => metrics.test(metric)) ?? [];
  if (here !== undefined) {
    left.push(`${what}: there is no such metric; ${here} are.`);
    return undefined;
  }
  if (!Object.hasOwn(builtinMetrics, metric)) {
    const declared = Object.hasOwn(grpcMetrics, metric) ? 'grpcMetrics' : `{ ${metric}: '${type}' }`;
    toWrite.push(`${what}: the load has to declare it, metrics: ${declared}.`);
  }
  // What a browser measures has the name of its journey.
  const names: Record<string, string> = isOfBrowser(metric) ? { ...TAGS, scenario: 'journey' } : TAGS;
  const spelled = Object.entries(tags).map(([tag, value]): [string, string] => [names[tag] ?? tag, value]);
  return seriesKey(metric, Object.fromEntries(spelled));
}
