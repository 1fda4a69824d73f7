/** The flags of `npx tandem attack`, which are Vegeta's, and what of a run they ask for. */
import { headersOf } from '../../protocol/http/settings.ts';
import { type Format, formats } from '../../protocol/http/targets-file.ts';
import { durationHelp, parseDuration } from '../../support/input/duration.ts';
import { allowed } from '../../support/input/misspelling.ts';
import { parseRate, rateHelp } from '../../support/input/rate.ts';
import { parseExpression } from '../../support/judge/expression.ts';
import { parseReport, type ReportKind, reportHelp } from './report.ts';

/** What is to be run. */
export interface Attack {
  /** Undefined: what comes from standard input. */
  targets: string | undefined;
  /** Settings of the run. */
  env: Record<string, string>;
  /** As a profile's file has it. */
  profile: {
    description: string;
    scenarios: { attack: { rate?: number; duration: string } & Record<string, unknown> };
    thresholds: Record<string, string[]>;
    maxFailed?: number;
  };
  /** Undefined: the verdict alone. */
  report: ReportKind | undefined;
  /** The file that the report is written to; undefined: standard output. */
  output: string | undefined;
}

/** More could have requests under way than most targets and machines have connections for. */
const MAX_WORKERS = 10_000;

const taken = {
  targets: 'a file; default: standard input',
  format: 'http, json or har; default: as the targets look',
  rate: `${rateHelp}, or 0 for as fast as it goes, with -max-workers; default 50`,
  duration: durationHelp,
  header: '"<name>: <value>", as often as there are headers',
  body: 'the file with the body of targets that have none',
  timeout: `${durationHelp}; default 30s`,
  workers: 'a whole number of at least 1; default 10',
  'max-workers': 'a whole number from -workers to 1,000,000',
  'max-connections': 'a whole number of at least 1',
  redirects: 'a whole number from 1 to 100, or -1 to take them for answers; default 10',
  keepalive: 'true or false; default true',
  insecure: 'true or false; default false',
  http2: 'false',
  cert: 'a file of PEM',
  key: 'a file of PEM',
  'root-certs': 'a file of PEM',
  name: 'the run’s id',
  slo: '"p(99)<500", "success>0.8" or "errors<0.01", as often as there are limits',
  type: reportHelp,
  output: 'a file for the report of -type',
} as const;

type Flag = keyof typeof taken;

/** Vegeta's others, and why they are none of ours. */
const refused: Record<string, string> = {
  lazy: 'is not needed: a long file is read as it is used, and of a stream as much as is sent; leave it out',
  connections:
    'is not needed: a connection is kept for each request that was under way; leave it out, or give -max-connections',
  'max-body': 'is not needed: answers are counted and not kept; leave it out',
  h2c: 'asks for HTTP/2, and requests are sent over HTTP/1.1; leave it out',
  chunked: 'is not there: a body is sent with its length; leave it out',
  laddr: 'is not there: the system chooses the address; leave it out',
  'unix-socket': 'is not there; allowed is a target that listens at a port',
  resolvers: 'is not there: the system resolves names; leave it out',
  'dns-ttl': 'is not there: the system resolves names; leave it out',
  'connect-to': 'is not there; allowed is the address itself in the targets, with -header="Host: …"',
  'proxy-header': 'is not there; allowed is HTTP_PROXY=http://user:password@proxy:3128',
  'session-tickets': 'is not there: Node decides it; leave it out',
  'prometheus-addr': 'is not there; allowed is PROMETHEUS_TEXTFILE=<path> or OTEL_EXPORTER_OTLP_ENDPOINT',
  cpus: 'is not there; allowed is LOAD_SLICES=<processes>',
  profile: 'is not there; leave it out',
};

/** They need no value. */
const isSwitch = (name: string): boolean =>
  ['keepalive', 'insecure', 'http2', 'lazy', 'h2c', 'chunked', 'session-tickets'].includes(name);

/** Of the environment: they would change what the flags say. */
const shaping = ['LOAD_RATE', 'LOAD_DURATION', 'LOAD_SCALE', 'LOAD_PROFILE'];

type Given = Partial<Record<Flag, string[]>>;

/**
 * @param args as Go reads flags: `-rate=50`, `-rate 50` or `--rate=50`
 * @throws one sentence
 */
export function attackOf(args: string[], env: NodeJS.ProcessEnv): Attack {
  const given = flagsIn(args);
  const set = shaping.find((name) => env[name]);
  if (set) throw new Error(`${set} is set, and an attack is shaped by its flags; unset it.`);
  const one = (flag: Flag): string | undefined => given[flag]?.at(-1);
  const timeout = duration('timeout', one('timeout') ?? '30s');
  const { text: length } = duration('duration', one('duration'));
  const slos = (given.slo ?? []).map(sloOf);
  const thresholds: Record<string, string[]> = {};
  for (const { metric, expression } of slos) thresholds[metric] = [...(thresholds[metric] ?? []), expression];
  const report = one('type') === undefined ? undefined : parseReport(one('type')!);
  if (one('type') !== undefined && !report) throw refusal('type', one('type'));
  if (one('output') !== undefined && !report)
    throw new Error('-output is a file for a report; allowed is -type=text with it.');
  if (truth('http2', one('http2') ?? 'false')) throw new Error(`-http2 ${refused.h2c}.`);
  const { scenario, what } = scenarioOf(one, timeout.ms);
  const connections =
    one('max-connections') === undefined ? {} : { connections: whole('max-connections', one('max-connections')!, 1) };
  return {
    targets: /^(\/dev\/)?stdin$/.test(one('targets') ?? '')
      ? undefined
      : (one('targets') ?? (env.LOAD_TARGETS || undefined)),
    env: environmentOf(one, given.header ?? []),
    profile: {
      description: `npx tandem attack: ${what} for ${length}`,
      scenarios: {
        attack: {
          ...scenario,
          duration: length,
          gracefulStop: timeout.text,
          options: {
            timeout: timeout.text,
            redirects: redirectsOf(one('redirects') ?? '10'),
            keepAlive: truth('keepalive', one('keepalive') ?? 'true'),
            ...connections,
          },
        },
      },
      thresholds,
      // Whoever says how much must succeed has said it.
      ...(slos.some(({ metric }) => metric === FAILED) && { maxFailed: 1 }),
    },
    report,
    output: one('output'),
  };
}

function flagsIn(args: string[]): Given {
  const given: Given = {};
  for (let i = 0; i < args.length; i += 1) {
    const [, name, inline] = /^--?([a-z][a-z\d-]*)(?:=(.*))?$/s.exec(args[i]!) ?? [];
    if (name === undefined) throw new Error(`"${args[i]}" is no flag; allowed: ${listed()}.`);
    // As Vegeta, which takes `-keepalive false` for what it means.
    const isAlone = isSwitch(name) && truthOf(args[i + 1] ?? '') === undefined;
    const value = inline ?? (isAlone ? 'true' : args[++i]);
    if (Object.hasOwn(refused, name)) throw new Error(`-${name} ${refused[name]}.`);
    if (!Object.hasOwn(taken, name)) {
      const names = Object.keys(taken);
      throw new Error(`-${name} is not known; ${allowed(name, names)}.`);
    }
    if (value === undefined || value === '') throw new Error(`-${name} is empty; allowed is ${taken[name as Flag]}.`);
    given[name as Flag] = [...(given[name as Flag] ?? []), value];
  }
  return given;
}

function listed(): string {
  return Object.keys(taken)
    .map((name) => `-${name}`)
    .join(', ');
}

function refusal(flag: Flag, value: string | undefined): Error {
  return new Error(`-${flag} is ${value === undefined ? 'missing' : `"${value}"`}; allowed is ${taken[flag]}.`);
}

function duration(flag: Flag, text: string | undefined): { text: string; ms: number } {
  const ms = text === undefined ? undefined : parseDuration(text);
  if (!ms) throw refusal(flag, text);
  return { text: text!, ms };
}

function whole(flag: Flag, text: string, least: number, most = 1_000_000): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) throw refusal(flag, text);
  return value;
}

function truth(flag: Flag, text: string): boolean {
  const found = truthOf(text);
  if (found === undefined) throw refusal(flag, text);
  return found;
}

/** As Go reads it; undefined when it is none. */
function truthOf(text: string): boolean | undefined {
  if (/^(1|t|true)$/i.test(text)) return true;
  return /^(0|f|false)$/i.test(text) ? false : undefined;
}

function redirectsOf(text: string): number {
  return text === '-1' ? 0 : whole('redirects', text, 1, 100);
}

/** How requests come: at a rate, or as fast as so many workers are answered. */
function scenarioOf(one: (flag: Flag) => string | undefined, timeoutMs: number) {
  const text = one('rate') ?? '50';
  const rate = text === 'infinity' ? 0 : parseRate(text);
  if (rate === undefined) throw refusal('rate', text);
  const workers = whole('workers', one('workers') ?? '10', 1);
  const maxWorkers = one('max-workers') === undefined ? undefined : whole('max-workers', one('max-workers')!, 1);
  if (rate === 0) {
    if (maxWorkers === undefined)
      throw new Error(
        `-rate=${text} is as fast as it goes, and -max-workers is missing; allowed is -max-workers=<requests under way at a time>.`,
      );
    return { scenario: { executor: 'constant-vus', vus: maxWorkers }, what: `${maxWorkers} workers` };
  }
  if (maxWorkers !== undefined && one('workers') !== undefined && maxWorkers < workers)
    throw refusal('max-workers', String(maxWorkers));
  // By Little's law no more requests are ever under way.
  const enough = Math.ceil((rate * timeoutMs) / 1_000);
  const maxVUs = maxWorkers ?? Math.max(workers, Math.min(MAX_WORKERS, enough));
  const preAllocatedVUs = Math.min(workers, maxVUs);
  return { scenario: { executor: 'constant-arrival-rate', rate, preAllocatedVUs, maxVUs }, what: `${rate} a second` };
}

const RESPONSE = 'iteration_response_time{scenario:attack}';
const FAILED = 'iteration_failed{scenario:attack}';
const opposite: Record<string, string> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** A limit on the time from when a request was due, or on how many succeed. */
function sloOf(text: string): { metric: string; expression: string } {
  const [, what, operator, number, unit] =
    /^\s*(success|errors|p\([\d.]+\)|avg|min|med|max)\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*(%|ms|s)?\s*$/.exec(text) ?? [];
  if (what === undefined) throw refusal('slo', text);
  const isShare = what === 'success' || what === 'errors';
  const rounded = (product: number) => Number(product.toPrecision(12));
  const value = rounded(Number(number) * (unit === '%' ? 0.01 : unit === 's' ? 1_000 : 1));
  if (isShare ? value > 1 || /^m?s$/.test(unit ?? '') : unit === '%') throw refusal('slo', text);
  if (what === 'success') return { metric: FAILED, expression: `rate${opposite[operator!]}${rounded(1 - value)}` };
  if (what === 'errors') return { metric: FAILED, expression: `rate${operator}${value}` };
  const expression = `${what}${operator}${value}`;
  if (!parseExpression(expression)) throw refusal('slo', text);
  return { metric: RESPONSE, expression };
}

function environmentOf(one: (flag: Flag) => string | undefined, headers: string[]): Record<string, string> {
  // Its value may be a secret.
  if (headers.some((header) => header.trim() === '' || header.includes('\n') || !headersOf(header))) {
    throw new Error(`-header is not as it has to be; allowed is ${taken.header}.`);
  }
  const format = one('format');
  if (format !== undefined && !formats.includes(format as Format)) throw refusal('format', format);
  if (one('root-certs')?.includes(',')) throw refusal('root-certs', one('root-certs'));
  const [cert, key = cert] = [one('cert'), one('key')];
  if (key !== undefined && cert === undefined) throw new Error('-cert is missing beside -key; allowed is both.');
  const settings: Record<string, string | undefined> = {
    LOAD_TARGETS_FORMAT: format,
    LOAD_HEADERS: headers.length > 0 ? headers.join('\n') : undefined,
    LOAD_BODY: one('body'),
    LOAD_RUN_ID: one('name'),
    // Also where the environment or a file says something else.
    TLS_INSECURE: one('insecure') === undefined ? undefined : truth('insecure', one('insecure')!) ? '1' : '0',
    TLS_CLIENT_CERT: cert,
    TLS_CLIENT_KEY: key,
    NODE_EXTRA_CA_CERTS: one('root-certs'),
  };
  return Object.fromEntries(
    Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
