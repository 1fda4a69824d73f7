import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type EventLoopUtilization, monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks';
import { Cgroup, type CgroupReadings, quotaUse } from './cgroup.ts';
import type { BuiltinMetric } from './metrics.ts';
import type { Recorder } from './recorder.ts';

/** The limits of a profile's `health`: beyond them the generator may be the cause of what was measured, and not the target. */
export interface HealthLimits {
  /** Of the 99th percentile of `generator_lateness`. */
  maxLatenessMs: number;
  maxStartSpreadMs: number;
  /** Between the first and the last of the machines of a run. */
  maxShardSpreadMs: number;
  /** Share of the arrivals that may be dropped. */
  maxDropped: number;
  /** Share of the load that must have been sent when it was due. */
  minDelivered: number;
  /** Of the 90th percentile of `generator_event_loop_delay`: for a tenth of the time it may be worse. */
  maxEventLoopDelayMs: number;
  /** Of the 90th percentile of `generator_cpu_percent`; 100 is all that a process may use. */
  maxGeneratorCpuPercent: number;
  /** Of the 99th percentile of `generator_gc_pause`. */
  maxGcPauseMs: number;
  /** Of the mean of `machine_cpu_percent` while there is load; 100 is all cores. */
  maxMachineCpuPercent: number;
  /** Of the mean of `machine_steal_percent` while there is load. */
  maxStealPercent: number;
  /** Of the mean of `machine_throttled_percent` while there is load. */
  maxThrottledPercent: number;
  /** Times that `browser_control_paint` may grow over its value without load (75th percentiles). */
  maxControlSlowdown: number;
}

/** The event loop is asked this often whether it is on time; what it was late beyond that is delay. */
const RESOLUTION_MS = 10;

/** An interval that a stop cut shorter says nothing: the kernel counts CPU time in steps of 10 ms. */
const SHORTEST_MS = 50;

/**
 * Watches a process that generates load and the machine it is on, into its recorder, once an interval:
 * `generator_event_loop_delay` (90th percentile of the interval), `generator_busy_percent` (of the time, by the event loop),
 * `generator_cpu_percent` (of one core, or of the container's limit when that is less; garbage collection and JIT threads
 * included), `machine_cpu_percent` (of all cores, or of the container's limit), `machine_steal_percent`,
 * `machine_throttled_percent`, `generator_gc_percent` (of the time, by garbage collections), and each of these as
 * `generator_gc_pause`. Every slice reads the machine for itself, so that the merged shards tell of all machines.
 */
export class GeneratorHealth {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #observer: PerformanceObserver;
  readonly #recorder: Recorder;
  readonly #cgroup: Cgroup;
  #before: Readings;
  /** Of the interval so far. */
  #pausedMs = 0;

  constructor(recorder: Recorder, cgroup = new Cgroup()) {
    this.#recorder = recorder;
    this.#cgroup = cgroup;
    this.#before = this.#readings();
    this.#observer = new PerformanceObserver((list) => {
      for (const { duration, startTime } of list.getEntries()) {
        recorder.add('generator_gc_pause', duration, undefined, startTime);
        this.#pausedMs += duration;
      }
    });
    recorder.onPack(() => this.#endInterval());
  }

  #endInterval(): void {
    const before = this.#before;
    const now = this.#readings();
    const elapsedMs = now.at - before.at;
    if (elapsedMs >= SHORTEST_MS) {
      const add = (metric: BuiltinMetric, value: number) => this.#recorder.add(metric, value);
      const quota = quotaUse(before.cgroup, now.cgroup, elapsedMs);
      add(
        'generator_cpu_percent',
        (100 * (now.cpuMs - before.cpuMs)) / elapsedMs / Math.min(1, quota?.quotaCores ?? 1),
      );
      add('generator_busy_percent', 100 * performance.eventLoopUtilization(now.loop, before.loop).utilization);
      // A pause is told only when it is over, and may have begun in the interval before.
      add('generator_gc_percent', Math.min(100, (100 * this.#pausedMs) / elapsedMs));
      // Not its worst: a single stall shows in the lateness, a loop that is late most of the time shows here.
      const delayMs = this.#delay.percentile(90) / 1e6 - RESOLUTION_MS;
      if (this.#delay.count > 0) add('generator_event_loop_delay', Math.max(0, delayMs));
      const { busyPercent, stealPercent } = shareOf(before.machine, now.machine);
      add('machine_cpu_percent', Math.max(busyPercent, quota?.usedPercent ?? 0));
      add('machine_steal_percent', stealPercent);
      if (quota) add('machine_throttled_percent', quota.throttledPercent);
    }
    this.#delay.reset();
    this.#pausedMs = 0;
    this.#before = now;
  }

  /** Begins to watch; what was before does not count. */
  start(): void {
    this.#observer.observe({ entryTypes: ['gc'] });
    this.#delay.enable();
    this.#delay.reset();
    this.#before = this.#readings();
  }

  stop(): void {
    this.#delay.disable();
    this.#observer.disconnect();
  }

  #readings(): Readings {
    const { user, system } = process.cpuUsage();
    return {
      at: performance.now(),
      cpuMs: (user + system) / 1_000,
      loop: performance.eventLoopUtilization(),
      machine: ticks(),
      cgroup: this.#cgroup.read(),
    };
  }
}

interface Readings {
  at: number;
  /** That this process has used. */
  cpuMs: number;
  loop: EventLoopUtilization;
  machine: Ticks;
  cgroup: CgroupReadings;
}

/** Shares of the machine's CPU time between two readings, in percent of all cores. */
export interface MachineCpu {
  busyPercent: number;
  /** Taken by other guests of the same host; 0 where the system does not say. */
  stealPercent: number;
}

export interface Ticks {
  busy: number;
  steal: number;
  all: number;
}

/** Shares of CPU time between two readings. */
export function shareOf(before: Ticks, now: Ticks): MachineCpu {
  const all = now.all - before.all;
  if (all <= 0) return { busyPercent: 0, stealPercent: 0 };
  return {
    busyPercent: (100 * (now.busy - before.busy)) / all,
    stealPercent: (100 * (now.steal - before.steal)) / all,
  };
}

/** Linux tells steal in /proc/stat only; elsewhere Node's own figures have to do. */
function ticks(): Ticks {
  if (process.platform === 'linux') return parseStat(readFileSync('/proc/stat', 'utf8'));
  const sum: Ticks = { busy: 0, steal: 0, all: 0 };
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq;
    sum.busy += busy;
    sum.all += busy + times.idle;
  }
  return sum;
}

/** The first line of Linux' /proc/stat: user nice system idle iowait irq softirq steal … (proc(5)). Steal counts as busy. */
export function parseStat(text: string): Ticks {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = text
    .slice(0, text.indexOf('\n'))
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const busy = user + nice + system + irq + softirq + steal;
  return { busy, steal, all: busy + idle + iowait };
}

/**
 * Of the time that `vus` VUs were held, the share that was the process's own when its event loop was at work for a share `busy` of
 * it: while it idles all of them wait for the target, while it is at work one at least waits for us.
 */
export function ownShare(busy: number, vus: number): number {
  const share = Math.max(0, Math.min(1, busy));
  return share === 0 ? 0 : share / (share + Math.max(1, vus) * (1 - share));
}
