/** What the live display shows once a second; made from what the slices stream to the coordinator. */

export interface LiveScenario {
  name: string;
  kind: 'load' | 'journey';
  /** Over the last interval. Null before anything was measured. */
  ratePerSecond: number;
  p95Ms: number | null;
  /** Iterations of the whole run so far, and how many failed. */
  iterations: number;
  failed: number;
  dropped: number;
  activeVUs: number;
  maxVUs: number;
}

export interface LiveSnapshot {
  runId: string;
  profile: string;
  target: { name: string; url: string };
  phase: 'preparing' | 'calm' | 'load' | 'draining' | 'done';
  elapsedMs: number;
  totalMs: number;
  slicesReady: number;
  slicesExpected: number;
  scenarios: LiveScenario[];
  sessions: { active: number; done: number; failed: number };
  /** 99th percentile over the last interval of the lateness that is the generator's own; null before data. */
  latenessP99Ms: number | null;
  /** Of the target's process, when it publishes Prometheus metrics. */
  targetCpuPercent: number | null;
  targetMemoryBytes: number | null;
}

/** Draws a run as it goes; one implementation for a terminal, one for plain lines. */
export interface LiveDisplay {
  show(snapshot: LiveSnapshot): void;
  /** A line that must not be lost, e.g. what a worker printed: shown above the live part. */
  print(line: string): void;
  /** Removes the live part. Nothing is drawn afterwards. */
  stop(): void;
}
