/** The charts over time: which there are, and which lines each has. */

export interface Line {
  /** Of the columns of a scope, or of the payload’s own in a chart that does not change with the scenario. */
  column: string;
  label: string;
  /** `weak` to `strong` are shades for growing percentiles, `plan` is what was asked for, `one` to `five` are unlike each other. */
  look: 'weak' | 'middle' | 'strong' | 'plan' | 'bad' | 'one' | 'two' | 'three' | 'four' | 'five';
}

export interface Chart {
  id: string;
  title: string;
  /** What of it needs a word. */
  note: string;
  unit: string;
  /** True when it is about the chosen scenario. */
  scoped: boolean;
  lines: Line[];
  /** Charts with the same word have the same scale. */
  scale?: string;
  /** One of those that are seen first. */
  isMain?: true;
}

export const PERCENTILES = [
  [50, 'med', 'weak'],
  [95, 'p95', 'middle'],
  [99, 'p99', 'strong'],
] as const;

/** Trends of each scenario that are followed as percentiles. */
export const TIMES = { response: 'iteration_response_time', service: 'iteration_duration' } as const;

/** What a person waits for, over all journeys. */
export const FELT_LINES = [
  ['browser_web_vital_lcp', 'main content (LCP)', 'one'],
  ['browser_remote_change_to_paint', 'a change by others', 'four'],
  ['browser_step_duration', 'steps', 'two'],
] as const;

/** Of what a person waits for the parts, which are of another size. */
export const PAGE_LINES = [
  ['browser_web_vital_inp', 'INP, answer to input', 'two'],
  ['browser_web_vital_ttfb', 'TTFB, first byte', 'three'],
] as const;

export const ERRORS_CHART: Chart = {
  id: 'errors',
  title: 'Errors',
  note: 'iterations that failed, and arrivals that were dropped',
  unit: 'per second',
  scoped: true,
  lines: [
    { column: 'dropped', label: 'dropped', look: 'two' },
    { column: 'failed', label: 'failed', look: 'bad' },
  ],
};

/** What the target says of itself. */
export const TARGET_CHARTS: Chart[] = [
  {
    id: 'cpu',
    title: 'Target CPU',
    note: '100 % is one core',
    unit: '%',
    scoped: false,
    lines: [{ column: 'target_cpu_percent', label: 'target', look: 'strong' }],
  },
  {
    id: 'memory',
    title: 'Target memory',
    note: '',
    unit: 'MB',
    scoped: false,
    lines: [{ column: 'target_memory_bytes', label: 'target', look: 'strong' }],
  },
];

export const CHARTS: Chart[] = [
  {
    id: 'rate',
    title: 'Rate',
    note: 'by when they were due, beside what was planned',
    unit: 'iterations a second',
    scoped: true,
    isMain: true,
    lines: [
      { column: 'planned', label: 'planned', look: 'plan' },
      { column: 'ok', label: 'ok', look: 'strong' },
      { column: 'failed', label: 'failed', look: 'bad' },
    ],
  },
  ...(['response', 'service'] as const).map(
    (which): Chart => ({
      id: which,
      title: which === 'response' ? 'Response time' : 'Duration',
      note: which === 'response' ? 'from when work was due: what a user waits' : 'from when work was started',
      unit: 'ms',
      scoped: true,
      scale: 'iteration',
      ...(which === 'response' && { isMain: true }),
      lines: PERCENTILES.map(([, label, look]) => ({ column: `${which} ${label}`, label, look })),
    }),
  ),
  {
    id: 'felt',
    title: 'What a person waits',
    note: 'p75 over all journeys',
    unit: 'ms',
    scoped: false,
    isMain: true,
    lines: FELT_LINES.map(([column, label, look]) => ({ column, label, look })),
  },
  ERRORS_CHART,
  {
    id: 'vus',
    title: 'VUs',
    note: 'busy, of those that were there',
    unit: '',
    scoped: true,
    lines: [
      { column: 'allocated', label: 'allocated', look: 'plan' },
      { column: 'busy', label: 'busy', look: 'strong' },
    ],
  },
  {
    id: 'lateness',
    title: 'Lateness',
    note: 'p99 of start − due; the generator’s own is that of work which had a free VU',
    unit: 'ms',
    scoped: true,
    lines: [
      { column: 'lateness', label: 'in all', look: 'weak' },
      { column: 'own lateness', label: 'the generator’s own', look: 'strong' },
    ],
  },
  {
    id: 'page',
    title: 'In the page',
    note: 'p75 over all journeys',
    unit: 'ms',
    scoped: false,
    lines: PAGE_LINES.map(([column, label, look]) => ({ column, label, look })),
  },
  ...TARGET_CHARTS,
];
