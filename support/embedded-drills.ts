/** The drills that the embedded target can do to itself, as its control socket takes them: `POST /<name>[=<value>]`. */
export const embeddedDrills = {
  'kill-api': { lasts: false, values: [] },
  'kill-database': { lasts: false, values: [] },
  'cut-database': { lasts: false, values: [] },
  partition: { lasts: true, values: ['drop', 'drop-requests', 'drop-answers', 'delay', 'reset'] },
  'pause-database': { lasts: true, values: [] },
  'memory-pressure': { lasts: true, values: [] },
  'slow-disk': { lasts: true, values: [] },
  'disk-full': { lasts: true, values: [] },
  'clock-step': { lasts: true, values: ['forward', 'back'] },
} as const satisfies Record<string, { lasts: boolean; values: readonly string[] }>;

/** The embedded target has it only where its database has a disk of its own, of the size that a variable says. */
export const diskDrill = { name: 'disk-full', variable: 'TARGET_DISK_MB', defaultMb: '1024' };

/** By this variable the embedded target knows where it is told of drills: the path of a socket. */
export const drillSocketVariable = 'TARGET_DRILLS';
