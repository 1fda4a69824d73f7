/** As seconds since 1970 the year 5138, as ms 1973: what is less is seconds, what is a thousand times as much is µs, then ns. */
const LEAST_MS = 1e11;

/**
 * Ms since 1970 of a server's time stamp: ISO 8601, or a number of seconds, ms, µs or ns. Undefined as well of whole seconds, as some
 * servers write them in either form: what took less than a second they cannot tell.
 */
export function instantOf(timestamp: unknown): number | undefined {
  if (typeof timestamp === 'string') return /:\d\d[.,]\d/.test(timestamp) ? finite(Date.parse(timestamp)) : undefined;
  if (typeof timestamp !== 'number') return undefined;
  if (timestamp < LEAST_MS) return Number.isInteger(timestamp) ? undefined : finite(1_000 * timestamp);
  let ms = timestamp;
  while (ms >= 1_000 * LEAST_MS && Number.isFinite(ms)) ms /= 1_000;
  return finite(ms);
}

/** The error of a latency that cannot be told for that: named as a value that its metric does not take, it is told of where that is missed. */
export function untold(metric: string): string {
  return `metric "${metric}": the target's time stamps tell no fraction of a second`;
}

function finite(ms: number): number | undefined {
  return Number.isFinite(ms) ? ms : undefined;
}
