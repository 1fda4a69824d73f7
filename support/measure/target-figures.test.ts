import assert from 'node:assert/strict';
import { test } from 'node:test';
import { targetFigures } from './target-figures.ts';

/** Of each that says when it began: then. */
const startSeconds = 1_700_000_000.5;

const published: [kind: string, text: string, cpuSeconds: number | undefined, gauges: Record<string, number>][] = [
  [
    'Node',
    `process_cpu_seconds_total 1.5
process_resident_memory_bytes 1000
nodejs_heap_size_used_bytes 400
nodejs_active_resources{type="Timeout"} 3
nodejs_active_resources_total 4
nodejs_eventloop_lag_p99_seconds 0.012
process_open_fds 21`,
    1.5,
    {
      target_memory_bytes: 1_000,
      target_heap_bytes: 400,
      target_handles: 4,
      target_event_loop_delay: 12,
      target_open_files: 21,
    },
  ],
  [
    'one with exemplars, times, braces in labels, and what is no number',
    `# TYPE process_cpu_seconds counter\r
process_cpu_seconds_total{path="/{id} 9"} 2.5 1700000000 # {trace_id="a}b"} 0.5 1700000000\r
process_resident_memory_bytes  {pod="a\\"} 7"} 64 1700000000000\r
process_open_fds NaN\r
go_goroutines +Inf\r
# EOF\r
`,
    2.5,
    { target_memory_bytes: 64 },
  ],
  [
    'Go',
    `go_goroutines 8
go_threads 7
go_memstats_heap_inuse_bytes 3.5e+06
process_cpu_seconds_total 0.07
process_open_fds 9
process_resident_memory_bytes 1.2e+07
go_sql_open_connections{db_name="books"} 3
go_sql_open_connections{db_name="users"} 2`,
    0.07,
    {
      target_handles: 8,
      target_threads: 7,
      target_heap_bytes: 3_500_000,
      target_open_files: 9,
      target_memory_bytes: 12_000_000,
      target_connections: 5,
    },
  ],
  [
    'JVM, by Micrometer',
    `jvm_memory_used_bytes{area="heap",id="G1 Eden Space",} 100.0
jvm_memory_used_bytes{area="heap",id="G1 Old Gen",} 200.0
jvm_memory_used_bytes{area="nonheap",id="Metaspace",} 50.0
jvm_threads_live_threads 31.0
process_cpu_time_ns_total 2.5E9
process_files_open_files 12.0
hikaricp_connections{pool="books",} 10.0`,
    2.5,
    {
      target_memory_bytes: 350,
      target_heap_bytes: 300,
      target_threads: 31,
      target_open_files: 12,
      target_connections: 10,
    },
  ],
  [
    'Python',
    'process_virtual_memory_bytes 9e8\nprocess_resident_memory_bytes 4e7\nprocess_cpu_seconds_total 3\nprocess_open_fds 5',
    3,
    { target_memory_bytes: 40_000_000, target_open_files: 5 },
  ],
];
for (const [kind, text, cpuSeconds, gauges] of published) {
  test(`of a process of ${kind}`, () => {
    const page = `# HELP process_open_fds Open files 77\n${text}\nprocess_start_time_seconds 1.7000000005e+09\n`;
    assert.deepEqual(targetFigures(page), { cpuSeconds, startSeconds, gauges });
  });
}

test('when a process began is not known of a page about several', () => {
  const text = 'process_start_time_seconds{pid="1"} 1700000000\nprocess_start_time_seconds{pid="2"} 1700000009\n';
  assert.equal(targetFigures(text).startSeconds, undefined);
});

const none = { cpuSeconds: undefined, startSeconds: undefined };

test('a value may have a time beside it; what is no number is not there', () => {
  const text = 'process_resident_memory_bytes 1.5e3 1700000000\nprocess_open_fds NaN\ngo_threads\n';
  assert.deepEqual(targetFigures(text), { ...none, gauges: { target_memory_bytes: 1_500 } });
});

test('a page of a hundred thousand other series is read at once', () => {
  const others = Array.from({ length: 100_000 }, (_, n) => `http_request_duration_seconds_bucket{le="${n}"} ${n}`);
  const { gauges } = targetFigures(`${others.join('\n')}\nprocess_resident_memory_bytes 7\n`);
  assert.deepEqual(gauges, { target_memory_bytes: 7 });
});

test('of a page that is none there is nothing', () => {
  for (const text of ['', '<html>', '{"process_open_fds": 3}', 'process_open_fds_total 3\nmy_process_open_fds 3']) {
    assert.deepEqual(targetFigures(text), { ...none, gauges: {} }, text);
  }
});

test('a target may call its figures what it likes', () => {
  const text = `app_rss_bytes{pod="api",zone="a"} 700
app_rss_bytes{pod="db",zone="a"} 900
app_lag_seconds 0.02
process_resident_memory_bytes 1000
process_open_fds 21`;
  const own = {
    target_memory_bytes: { name: 'app_rss_bytes', labels: ['pod="api"', 'zone="a"'], scale: 1 },
    target_event_loop_delay: { name: 'app_lag_seconds', labels: [], scale: 1_000 },
    target_open_files: { name: 'app_files', labels: [], scale: 1 },
  };
  assert.deepEqual(targetFigures(text, own).gauges, { target_memory_bytes: 700, target_event_loop_delay: 20 });
});
