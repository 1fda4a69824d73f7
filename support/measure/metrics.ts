/**
 * The vocabulary: every metric the suite itself records, with k6's names and meanings for what k6 has
 * (https://grafana.com/docs/k6/latest/using-k6/metrics/reference/). Loads and journeys declare more of their own.
 */
import { ownOf } from './own.ts';

export type MetricType = 'trend' | 'rate' | 'counter' | 'gauge';

/** What the numbers are: `time` in milliseconds, `data` in bytes, `default` anything else. */
export type Contains = 'time' | 'data' | 'default';

/**
 * What a metric is. Of one's own, `type` and `contains` are enough: `{ type: 'trend', contains: 'data' }` for sizes in bytes; the others say how
 * it is judged and where it is told.
 */
export interface MetricDefinition {
  /** `trend`: percentiles; `rate`: a share; `counter`: a sum; `gauge`: the last value, of all slices together. */
  type: MetricType;
  contains: Contains;
  /** Unfinished work has its samples here too, or nothing to do with it: none are missing because an iteration was cut off. */
  complete?: true;
  tells?: Tells;
  group?: Group;
  /** Only loads record it; those of browsers only journeys, others both. */
  ofLoads?: true;
  /** Of each piece of work, whether it succeeds or fails: how many there were, or which share of them failed. */
  ofWork?: 'count' | 'failed';
  /** Followed over time also where there is no room for all: of others only the whole run is told then. */
  followed?: true;
  /** Told apart by up to a thousand values of a tag, as many as a list of URLs has: those beyond a hundred over time as one. */
  ofMany?: true;
  /**
   * Where an iteration is the life of a connection: what is waited for in it, from when that was due. Reports tell it in place of
   * the iteration's own time.
   */
  waitedFor?: true;
  /** Stands beside one that is {@link ofMany}: that its values are fewer is nothing to tell of. */
  besideMany?: true;
}

/** Where reports tell of it: with the schedule, the browser, the generator or the target, or nowhere. Without one, with the work of its scenario. */
export type Group = 'schedule' | 'browser' | 'generator' | 'target' | 'none';

/**
 * What more of it means, for whoever asks whether a slow generator or a smaller load may have moved it: work that was done,
 * successes, failures; slowness that a page times by itself, whatever the process that drives it does meanwhile; figures of the
 * target's or of the generator's own process. Of other times: slowness; of other metrics only their author knows.
 */
export type Tells = 'work' | 'success' | 'failure' | 'page' | 'target' | 'generator';

const time = { type: 'trend', contains: 'time' } as const;
const counter = { type: 'counter', contains: 'default', tells: 'work' } as const;
const lost = { type: 'counter', contains: 'default', tells: 'failure' } as const;
const besideMany = true as const;
const bytes = { type: 'counter', contains: 'data', tells: 'work', besideMany } as const;
const successes = { type: 'rate', contains: 'default', tells: 'success' } as const;
const failures = { type: 'rate', contains: 'default', tells: 'failure' } as const;
const complete = true as const;
const followed = true as const;
const ofLoads = true as const;
const ofMany = true as const;
const schedule = { group: 'schedule' } as const;
const browser = { group: 'browser' } as const;
const untold = { group: 'none' } as const;
const vus = { type: 'gauge', contains: 'default', ...schedule, followed } as const;
const pageTime = { ...time, ...browser, tells: 'page' } as const;
const pageScore = { type: 'trend', contains: 'default', ...browser, tells: 'page' } as const;
const ownTime = { ...time, group: 'generator', tells: 'generator', complete } as const;
const ownShare = { type: 'trend', contains: 'default', group: 'generator', tells: 'generator', complete } as const;
const ofTarget = { type: 'gauge', group: 'target', tells: 'target' } as const;

export const builtinMetrics = {
  /** End − due: how long a user who wanted the work done at its due instant waits. */
  iteration_response_time: { ...time, ...schedule, complete, followed },
  /** End − start: k6's meaning. */
  iteration_duration: { ...time, ...schedule, complete, followed },
  /** Start − due. */
  iteration_lateness: { ...time, ...schedule, complete, followed },
  /** Of start − due the generator's own part: all but the wait for VUs that the target held. Of dropped arrivals too, and of messages. */
  generator_lateness: { ...ownTime, followed },
  iterations: { ...counter, ...schedule, followed, ofWork: 'count' },
  /** Iterations whose outcome was not `ok`, and those that were cut off. */
  iteration_failed: { ...failures, complete, followed, ofWork: 'failed' },
  /** Arrivals that were due and never started. */
  dropped_iterations: { ...lost, ...schedule, followed },
  /** Iterations cut off: by the end of `gracefulStop` or `gracefulRampDown`, which makes them failed, or by that of the run. */
  interrupted_iterations: { ...lost, ...schedule },
  vus,
  vus_max: vus,
  /** A group of a load's operation, by the tag `group`: k6's name. */
  group_duration: { ...time, ofLoads },
  checks: { ...successes, followed, ofWork: 'count' },
  data_sent: bytes,
  data_received: bytes,

  http_reqs: { ...counter, followed, ofWork: 'count', ofLoads, ofMany },
  /** First byte written → last byte read, as k6: without the wait for a connection (`http_req_blocked`). */
  http_req_duration: { ...time, complete, ofLoads, ofMany },
  /** New connections. */
  http_connections: { ...counter, ...untold, followed, ofLoads },
  http_req_blocked: { ...time, ...untold, complete, ofLoads, besideMany },
  /** First byte written → response headers. */
  http_req_waiting: { ...time, ...untold, ofLoads, besideMany },
  http_req_failed: { ...failures, complete, followed, ofWork: 'count', ofLoads, ofMany },

  ws_connecting: { ...time, complete, ofLoads },
  ws_sessions: { ...counter, ofLoads },
  ws_msgs_sent: { ...counter, ofLoads },
  ws_msgs_received: { ...counter, ofLoads },
  /** Attempts to connect that came to nothing. */
  ws_connect_failed: { ...failures, complete, followed, ofLoads },
  /** A ping message sent → its answer received. */
  ws_ping: { ...time, ofLoads },
  ws_session_duration: { ...time, ofLoads },

  browser_web_vital_lcp: { ...pageTime, followed },
  browser_web_vital_inp: { ...pageTime, followed },
  browser_web_vital_fcp: pageTime,
  browser_web_vital_ttfb: { ...pageTime, followed },
  browser_web_vital_cls: pageScore,
  /** A journey's step, seen from the test: action → its expectation met. */
  browser_step_duration: { ...time, ...browser, complete, followed },
  /** Inside the page: input event's time stamp → the frame after its handlers was painted; the slowest of a step. */
  browser_interaction_to_paint: pageTime,
  /** `responseStart − requestStart` of the navigation. */
  browser_backend_time: pageTime,
  /** `loadEventEnd − responseEnd` of the navigation. */
  browser_frontend_time: pageTime,
  /** A protocol worker sends a marked change to what a session has open → it is painted there; see `marks.ts`. */
  browser_remote_change_to_paint: { ...time, ...browser, followed },
  /** Of those: painted after more than 10 s. One that a session never shows is a violation of the oracle `screen`. */
  browser_remote_change_lost: { ...failures, ...browser },
  /** Inside the page: a WebSocket's message arrived → the frame that shows what it changed was painted. */
  browser_event_to_paint: pageTime,
  /** A journey that is there when the target fails: what it saw of it, by the tag `seen`: `error` or `spinner`. */
  browser_outage_seen: { ...lost, ...browser, followed },
  /** What a person had not saved when the target failed: whether it was there afterwards. */
  browser_work_kept: { ...successes, ...browser, followed },
  browser_sessions: { ...counter, ...browser, ofWork: 'count' },
  browser_session_failed: { ...failures, ...browser, complete, ofWork: 'failed' },

  /** Of each process that generates load, once an interval: 90th percentile of how late its event loop was. */
  generator_event_loop_delay: ownTime,
  /** Of each process that generates load, once an interval: how much of the time its event loop was at work. */
  generator_busy_percent: ownShare,
  /** Likewise; 100 is one core, or a container's limit below that. Browsers are processes of their own. */
  generator_cpu_percent: ownShare,
  generator_gc_pause: ownTime,
  /** Of each process that generates load, once an interval: how much of the time garbage collections held it up. */
  generator_gc_percent: ownShare,
  /** Of the machine that a slice runs on, once an interval; 100 is all cores, or a container's limit. Steal included. */
  machine_cpu_percent: ownShare,
  /** Taken by other guests of the same host. */
  machine_steal_percent: ownShare,
  /** Of the time, in which a container's limit kept it from running; only where there is one. */
  machine_throttled_percent: ownShare,
  /** First paint of a page that comes from no server: only the generator's own browser can make it slow. */
  browser_control_paint: ownTime,

  /** Of the target's own process, from its Prometheus `/metrics` when it has one. */
  target_cpu_percent: { ...ofTarget, contains: 'default' },
  target_memory_bytes: { ...ofTarget, contains: 'data' },
  /** What is in use of the memory that its runtime manages. */
  target_heap_bytes: { ...ofTarget, contains: 'data' },
  target_threads: { ...ofTarget, contains: 'default' },
  target_open_files: { ...ofTarget, contains: 'default' },
  /** What it waits for: a runtime's handles, requests and timers, or goroutines. */
  target_handles: { ...ofTarget, contains: 'default' },
  /** To its database. */
  target_connections: { ...ofTarget, contains: 'default' },
  /** 99th percentile since it was asked before. */
  target_event_loop_delay: { ...ofTarget, contains: 'time' },
} as const satisfies Record<string, MetricDefinition>;

export type BuiltinMetric = keyof typeof builtinMetrics;

/** Of a metric of the suite's own; undefined for those that loads and journeys declare. */
export function definitionOf(metric: string): MetricDefinition | undefined {
  return ownOf<MetricDefinition>(builtinMetrics, metric);
}

/** Of a metric of the suite's own; those that loads and journeys declare are told with their work. */
export function groupOf(metric: string): Group | undefined {
  return definitionOf(metric)?.group;
}

/** What browser sessions record, a journey's own metrics of such a name included: it is tagged with the journey. */
export function isOfBrowser(metric: string): boolean {
  return metric.startsWith('browser_');
}

export type Tags = Readonly<Record<string, string>>;

/** What series are asked for: those that carry these tags, of a list one of its values. */
export type Wanted = Readonly<Record<string, string | readonly string[]>>;

/** The scenario whose series it is, a load or a journey; undefined where tags name none. */
export function ownerOf<T>({ scenario, journey }: Readonly<Record<string, T>>): T | undefined {
  return scenario ?? journey;
}

/** Whether a series with these tags is one of those that are asked for. */
export function carries(tags: Tags, wanted: Wanted): boolean {
  return Object.entries(wanted).every(([name, value]) =>
    typeof value === 'string' ? tags[name] === value : tags[name] !== undefined && value.includes(tags[name]),
  );
}

/**
 * Marks what was cut off, hung or was given up. Of a trend such a sample is an age: the least that the whole would have taken,
 * and no more is known of it. It counts in every figure; the judge asks besides what becomes of that when it had never ended.
 */
export const unfinished: Tags = { unfinished: 'yes' };

/** What stands in a key as it is: anything that cannot be taken for something else. */
const bareName = /^[\w.-]+$/;
/** Braces come in pairs, so that a key ends at its own. Half a surrogate pair would not survive a file. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const bareValue = /^(?![\s"])(?:[^,{}\u0000-\u001f\ud800-\udfff]|\{[^,{}\u0000-\u001f\ud800-\udfff]*\})+(?<!\s)$/u;

/**
 * One spelling per series, and one series per spelling: `name{a:1,b:GET /orders}` with the tags in alphabetical order, `name`
 * without tags. A tag or value that could be taken for something else is a JSON string: `name{a:"x, y"}`.
 */
export function seriesKey(metric: string, tags: Tags): string {
  const names = Object.keys(tags).sort();
  if (names.length === 0) return metric;
  const pair = (name: string) => `${spelled(name, bareName)}:${spelled(tags[name]!, bareValue)}`;
  return `${metric}{${names.map(pair).join(',')}}`;
}

function spelled(text: string, bare: RegExp): string {
  return bare.test(text) ? text : JSON.stringify(text);
}

/** One `tag:value` of a key and what ends it; either may be a JSON string, and around both there may be blanks. */
const jsonString = '"(?:[^"\\\\]|\\\\.)*"';
const tagPair = new RegExp(
  `\\s*(${jsonString}|[\\w.-]+)\\s*:\\s*(${jsonString}|(?![\\s"])(?:[^,{}]|\\{[^,{}]*\\})+?)\\s*(,|\\}$)`,
  'ysu',
);

/** The reverse of {@link seriesKey}, which also reads what a person may write: `name{ a : 1, b:"GET /orders" }`. Undefined when it is no key. */
export function readSeriesKey(key: string): { metric: string; tags: Tags } | undefined {
  const brace = key.indexOf('{');
  if (brace < 0) return { metric: key, tags: {} };
  const tags: [name: string, value: string][] = [];
  tagPair.lastIndex = brace + 1;
  for (;;) {
    const [, name, value, end] = tagPair.exec(key) ?? [];
    if (end === undefined) return undefined;
    tags.push([unspelled(name!), unspelled(value!)]);
    if (end === '}') break;
  }
  const named = Object.fromEntries(tags);
  // A tag that is there twice can only have one of its values.
  return Object.keys(named).length < tags.length ? undefined : { metric: key.slice(0, brace), tags: named };
}

/** The metric of a key. */
export function metricOf(key: string): string {
  const brace = key.indexOf('{');
  return brace < 0 ? key : key.slice(0, brace);
}

/** {@link readSeriesKey} of what is known to be a key. */
export function parseSeriesKey(key: string): { metric: string; tags: Tags } {
  return readSeriesKey(key) ?? { metric: key, tags: {} };
}

function unspelled(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text);
  } catch {
    // Such as `"\d"`: a person quoted it, and meant what stands there.
    return text.slice(1, -1);
  }
}

/** What every object has, such as `constructor`, is no name: it would be taken for something else. */
export function isMetricName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !(name in {});
}
