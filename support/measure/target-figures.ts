/** What a target publishes of itself, in the names that its kind of process has for it. */
import type { BuiltinMetric } from './metrics.ts';

/** By metric what it is read from, the first that is there: a name, its labels, as far as they matter, and its unit in ours. */
const sources: [metric: BuiltinMetric, names: [name: string, labels?: string, scale?: number][]][] = [
  [
    'target_memory_bytes',
    // Node, Go, Python and the JVM's own client; Micrometer; the JVM's older client.
    [['process_resident_memory_bytes'], ['jvm_memory_used_bytes'], ['jvm_memory_bytes_used']],
  ],
  [
    'target_heap_bytes',
    [
      ['nodejs_heap_size_used_bytes'],
      ['go_memstats_heap_inuse_bytes'],
      ['jvm_memory_used_bytes', 'area="heap"'],
      ['jvm_memory_bytes_used', 'area="heap"'],
    ],
  ],
  ['target_threads', [['go_threads'], ['jvm_threads_live_threads'], ['jvm_threads_current'], ['process_threads']]],
  ['target_open_files', [['process_open_fds'], ['process_files_open_files']]],
  ['target_handles', [['nodejs_active_resources_total'], ['nodejs_active_handles_total'], ['go_goroutines']]],
  [
    'target_connections',
    [['pg_pool_connections'], ['go_sql_open_connections'], ['hikaricp_connections'], ['jdbc_connections_active']],
  ],
  [
    'target_event_loop_delay',
    [
      ['nodejs_eventloop_lag_p99_seconds', undefined, 1_000],
      ['nodejs_eventloop_delay_seconds', 'quantile="0.99"', 1_000],
    ],
  ],
];

/** Where the CPU seconds of the process are counted. */
const cpuSeconds = ['process_cpu_seconds_total', 'process_cpu_time_ns_total'] as const;

/** When the process began, by its own clock; nearly every client of Prometheus has it. */
const startSeconds = 'process_start_time_seconds';

const usual = [...cpuSeconds, startSeconds, ...sources.flatMap(([, names]) => names.map(([name]) => name))];

/** What a target calls its figures, by metric, in place of the usual names. */
export type FigureNames = Readonly<Record<string, { name: string; labels: string[]; scale: number }>>;

export interface TargetFigures {
  /** By metric; only what was there. */
  gauges: Record<string, number>;
  /** Used since the process began. */
  cpuSeconds: number | undefined;
  /** When that was, since 1970; undefined too where a page is about several processes. */
  startSeconds: number | undefined;
}

/** @param text in Prometheus' text format */
export function targetFigures(text: string, own: FigureNames = {}): TargetFigures {
  const samples = samplesOf(text, [...usual, ...Object.values(own).map(({ name }) => name)]);
  const gauges = sources.flatMap(([metric, names]) => {
    const given = own[metric];
    if (given) {
      const value = sumOf(samples, given.name, ...given.labels);
      return value === undefined ? [] : [[metric, value * given.scale] as const];
    }
    for (const [name, label, scale = 1] of names) {
      const value = sumOf(samples, name, ...(label === undefined ? [] : [label]));
      if (value !== undefined) return [[metric, value * scale] as const];
    }
    return [];
  });
  const starts = samples.get(startSeconds) ?? [];
  const [seconds, nanoseconds] = cpuSeconds.map((name) => sumOf(samples, name));
  return {
    gauges: Object.fromEntries(gauges),
    cpuSeconds: seconds ?? (nanoseconds === undefined ? undefined : nanoseconds / 1e9),
    startSeconds: starts.length === 1 ? starts[0]!.value : undefined,
  };
}

interface Sample {
  labels: string;
  value: number;
}

/** A name, its labels, whose values may hold anything, and its value; a time and an exemplar may follow, which has braces too. */
const sample = /^[ \t]*([a-zA-Z_:][\w:]*)(?:[ \t]*(\{(?:[^"}\n]|"(?:[^"\\\n]|\\.)*")*\}))?[ \t]+(\S+)/gm;

/** A page may have tens of thousands of others. */
function samplesOf(text: string, wanted: string[]): Map<string, Sample[]> {
  const samples = new Map<string, Sample[]>(wanted.map((name) => [name, []]));
  for (const [, name = '', labels = '', value] of text.matchAll(sample)) {
    const number = Number(value);
    if (Number.isFinite(number)) samples.get(name)?.push({ labels, value: number });
  }
  return samples;
}

/** Of all series of a name, such as the pools of a JVM's memory; undefined when there is none. */
function sumOf(samples: Map<string, Sample[]>, name: string, ...wanted: string[]): number | undefined {
  const found = samples.get(name)?.filter(({ labels }) => wanted.every((label) => labels.includes(label))) ?? [];
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}
