/**
 * Time and memory that `merge-reports` takes for a hundred shards. One shard runs for a moment, so that its blob is Playwright's
 * own; the others are made from it, and what each slice measured in a quarter of an hour is made up in full size.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import type { Part } from '../support/judge/shards.ts';
import { Trend } from '../support/measure/histogram.ts';
import {
  builtinMetrics,
  isOfBrowser,
  type MetricDefinition,
  seriesKey,
  type Tags,
} from '../support/measure/metrics.ts';
import { followedOnly } from '../support/measure/recorder.ts';
import type { Packed } from '../support/measure/series.ts';
import { packSlice, type SliceReport, sliceReportType, unpackSlice } from '../support/measure/slice.ts';
import type { ProfileSpec } from '../support/profile/schema.ts';
import { random } from '../support/schedule/random.ts';
import { type Timeline, timeline } from '../support/schedule/timeline.ts';
import { printTable } from './table.ts';

export const name = 'merge';
export const about = 'merging 100 shards of a run of 15 minutes';
export const long = true;

const SHARDS = 100;
const RUN = 'bench-merge';
const LOADS = ['sync-relay', 'remote-changes', 'crdt-conflicts'];
/** Of heavy; here they are loads too, with the series of a journey: no browser is needed to merge. */
const JOURNEYS = ['light', 'active', 'power', 'watcher'];
const OPERATIONS = ['push', 'pull', 'full-sync', 'read-back'];
const STEPS = ['open', 'sign-in', 'list', 'search', 'edit', 'import', 'sync', 'sign-out'];
const VITALS = ['lcp', 'fcp', 'ttfb', 'inp', 'cls'];

const repository = join(import.meta.dirname, '..');
const PLAYWRIGHT = join(repository, 'node_modules', '@playwright', 'test', 'cli.js');

const scenario = { executor: 'constant-vus', vus: SHARDS, duration: '15m', gracefulStop: '0s' } as const;
const profile: ProfileSpec = {
  description: 'Heavy, without its work',
  scenarios: Object.fromEntries([...LOADS, ...JOURNEYS].map((one) => [one, scenario])),
  thresholds: { 'http_req_duration{scenario:sync-relay}': ['p(95)<60000'] },
};

export async function run(): Promise<void> {
  mkdirSync(join(repository, 'reports', '.tests'), { recursive: true });
  const folder = mkdtempSync(join(repository, 'reports', '.tests', 'bench-merge-'));
  const server = createServer((_request, answer) => answer.end());
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    writeProject(folder);
    const first = await runShard(folder, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const blobs = join(folder, 'blobs');
    mkdirSync(blobs);
    for (let shard = 1; shard <= SHARDS; shard++) {
      writeFileSync(join(blobs, `report-${shard}.zip`), blobOf(first, shard));
    }
    const bytes = readdirSync(blobs).reduce((sum, file) => sum + statSync(join(blobs, file)).size, 0);
    const merge = await playwright(folder, ['merge-reports', '--config=playwright.config.ts', 'blobs']);
    const verdict = JSON.parse(readFileSync(join(folder, 'reports', RUN, 'verdict.json'), 'utf8'));
    if (verdict.shards.received !== SHARDS) throw new Error(`not all shards were merged:\n${merge.output}`);
    const page = statSync(join(folder, 'reports', RUN, 'index.html')).size;
    printTable(
      ['shards', 'slices', 'blobs MB', 'seconds (< 8)', 'peak MB (< 1000)', 'page MB'],
      [
        [
          String(SHARDS),
          String(verdict.slices.received),
          (bytes / 1e6).toFixed(0),
          merge.seconds.toFixed(1),
          (merge.peakBytes / 1e6).toFixed(0),
          (page / 1e6).toFixed(2),
        ],
      ],
    );
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

function writeProject(folder: string): void {
  const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
  for (const part of ['profiles', 'protocol']) mkdirSync(join(folder, part));
  write('package.json', '{"type":"module"}');
  write(
    'playwright.config.ts',
    `import { readBundled } from '${repository}/scripts/suite.mjs';\nawait readBundled();\n` +
      `const { tandemConfig } = await import('${repository}/support/config.ts');\nexport default tandemConfig(import.meta.dirname);\n`,
  );
  write('profiles/heavy.json', JSON.stringify(profile));
  for (const one of Object.keys(profile.scenarios)) {
    const rest = 'rest: { weight: 1, run: () => new Promise((resolve) => setTimeout(resolve, 100)) }';
    write(
      `protocol/${one}.load.ts`,
      `import { load } from '${repository}/support/test.ts';\nload('${one}', { vu: () => undefined, operations: { ${rest} } });\n`,
    );
  }
}

/** The events of one real shard's blob. */
async function runShard(folder: string, url: string): Promise<BlobEvent[]> {
  const env = { BASE_URL: url, LOAD_RUN_ID: RUN, LOAD_DURATION: '1s' };
  const { output } = await playwright(folder, ['test', '--project=heavy', `--shard=1/${SHARDS}`], env);
  const [file] = readdirSync(join(folder, 'blob-report'));
  if (!file) throw new Error(`no blob was written:\n${output}`);
  const report = unzipSync(readFileSync(join(folder, 'blob-report', file)))['report.jsonl']!;
  return strFromU8(report)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as BlobEvent);
}

/** Of Playwright's blob format, as far as shards differ in it. */
interface BlobEvent {
  method: string;
  params?: {
    shard?: { current: number };
    config?: { shard: { current: number } };
    project?: { metadata: Timeline & { part: Part }; suites: { entries: { repeatEachIndex: number }[] }[] };
    attachments?: { contentType: string; base64: string }[];
  };
}

const known = { load: Object.keys(profile.scenarios), journey: [] };
const planned = timeline({ name: 'heavy', path: 'profiles/heavy.json', spec: profile }, known, {
  scale: 1,
  seed: '1',
  shards: SHARDS,
});

function blobOf(first: BlobEvent[], shard: number): Uint8Array {
  const lines = structuredClone(first).map((event) => {
    const { shard: own, config, project, attachments = [] } = event.params ?? {};
    if (own) own.current = shard;
    if (config) config.shard.current = shard;
    if (project) {
      project.metadata = { ...planned, part: { ...project.metadata.part, shard } };
      for (const { entries } of project.suites) for (const entry of entries) entry.repeatEachIndex = shard - 1;
    }
    for (const attachment of attachments) {
      if (attachment.contentType !== sliceReportType) continue;
      const report = unpackSlice(Buffer.from(attachment.base64, 'base64'));
      attachment.base64 = packSlice(fullReport(report, shard)).toString('base64');
    }
    return JSON.stringify(event);
  });
  return zipSync({ 'report.jsonl': strToU8(`${lines.join('\n')}\n`) }, { level: 1 });
}

const draw = random('bench', 'merge');

/** As many as an operation of heavy's relay has in a minute of one of the shards, and as a few sessions have. */
const ofLoad = kinds(500);
const ofJourney = kinds(8);

/** What is measured of one thing is alike from interval to interval, between 1 ms and some seconds, and of no two things the same. */
function kinds(samples: number): Packed[][] {
  return Array.from({ length: 40 }, () => {
    const median = 1 + 200 * draw();
    return Array.from({ length: 50 }, () => histogram(samples, median));
  });
}

function histogram(samples: number, median: number): Packed {
  const trend = new Trend();
  for (let n = 0; n < samples; n++) trend.add(median * Math.exp(draw() + draw() - draw()));
  return { t: 'trend', h: trend.encode(), sum: trend.sum };
}

/** The same slice after 15 minutes of load. */
function fullReport(report: SliceReport, shard: number): SliceReport {
  const keys = keysOf(report.scenario);
  const all = LOADS.includes(report.scenario) ? ofLoad : ofJourney;
  const series = (absent?: string) =>
    Object.fromEntries(
      keys
        .map(([key, type], i) => [key, packed(type, all[i % all.length]!)] as const)
        .filter(([key]) => absent === undefined || !key.includes(absent)),
    );
  const count = Math.ceil(planned.durationMs / planned.intervalMs);
  return {
    ...report,
    slice: { index: shard - 1, of: SHARDS },
    intervalMs: planned.intervalMs,
    intervals: Array.from({ length: count }, (_, index) => {
      const interval = { index, series: series(index === 0 ? 'phase:load' : 'phase:calm') };
      return planned.detailed ? interval : followedOnly(interval, report.definitions);
    }),
    totals: series(),
    end: { ...report.end, status: 'complete', durationMs: planned.durationMs },
  };
}

function packed(type: 'trend' | 'rate' | 'counter', alike: Packed[]): Packed {
  if (type === 'trend') return draw.pick(alike);
  return type === 'rate' ? { t: 'rate', passes: 300, total: 300 } : { t: 'counter', sum: 300 };
}

function keysOf(one: string): [key: string, type: 'trend' | 'rate' | 'counter'][] {
  const isLoad = LOADS.includes(one);
  const tags: Tags[] = isLoad
    ? OPERATIONS.map((op) => ({ op, phase: 'load' }))
    : ['calm', 'load'].flatMap((phase) => STEPS.map((step) => ({ step, phase })));
  const all = Object.entries<MetricDefinition>(builtinMetrics).flatMap(([metric, { type, group, ofLoads }]) => {
    if (type === 'gauge' || (ofLoads && !isLoad)) return [];
    const isPage = isOfBrowser(metric);
    if (isPage && isLoad) return [];
    const isVital = VITALS.some((vital) => metric.endsWith(vital));
    const phases = isVital ? [{ phase: 'calm' }, { phase: 'load' }] : [{ phase: 'load' }];
    return (isVital || group === 'generator' ? phases : tags).map((own): [string, 'trend' | 'rate' | 'counter'] => [
      seriesKey(metric, { [isPage ? 'journey' : 'scenario']: one, ...own }),
      type,
    ]);
  });
  return all;
}

interface Ended {
  output: string;
  seconds: number;
  /** The most memory that it had at one time; Linux only, else 0. */
  peakBytes: number;
}

async function playwright(cwd: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [PLAYWRIGHT, ...args], { cwd, env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  let peakBytes = 0;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child.pid!));
  }, 20);
  await new Promise((ended) => child.once('close', ended));
  clearInterval(timer);
  return { output, seconds: (performance.now() - startedAt) / 1_000, peakBytes };
}

/** VmHWM of proc_pid_status(5). */
function peakOf(pid: number): number {
  try {
    return 1_024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
