import type { JsonObject } from '../../core/fields.ts';
import { oneOf } from '../../core/fields.ts';
import type { Deployment } from './deployment.ts';

const HOUR_MS = 3_600_000;
const RANGES_MS = { '1h': HOUR_MS, '6h': 6 * HOUR_MS, '24h': 24 * HOUR_MS, '7d': 168 * HOUR_MS, '30d': 720 * HOUR_MS };
const DEFAULT_RANGE = '24h';
const INTERVALS = 30;
const REQUESTS_PER_SECOND = 4;
const TOKENS_PER_REQUEST = 250;
const ERROR_SHARE = 0.01;
const LATENCY_MS = 180;
const LATENCY_WAVE_MS = 600_000;

export type TimeRange = keyof typeof RANGES_MS;

/** A stretch of time. */
export interface Interval {
  /** Its begin. */
  timestamp: Date;
  requests: number;
  errors: number;
  avg_latency_ms: number;
  tokens: number;
}

/** When a deployment served. */
export type Service = Pick<Deployment, 'deployed_at' | 'stopped_at'>;

/** @throws {ApiError} 400 */
export function parseTimeRange(query: JsonObject): TimeRange {
  return oneOf(query.time_range ?? DEFAULT_RANGE, 'time_range', Object.keys(RANGES_MS) as TimeRange[]);
}

export const intervalSeconds = (range: TimeRange) => RANGES_MS[range] / INTERVALS / 1_000;

/** Made-up figures that these deployments might have: each serves as many requests a second, for as long as it is active. */
export function intervalsOf(services: readonly Service[], range: TimeRange, now: number = Date.now()): Interval[] {
  const lengthMs = RANGES_MS[range] / INTERVALS;
  return Array.from({ length: INTERVALS }, (_, index) => {
    const begin = now - (INTERVALS - index) * lengthMs;
    const servedMs = services.map(({ deployed_at, stopped_at }) => {
      const end = Math.min(begin + lengthMs, stopped_at?.getTime() ?? now);
      return Math.max(0, end - Math.max(begin, deployed_at.getTime()));
    });
    const requests = Math.floor((REQUESTS_PER_SECOND * servedMs.reduce((sum, each) => sum + each, 0)) / 1_000);
    const wave = 1 + 0.3 * Math.sin((2 * Math.PI * begin) / LATENCY_WAVE_MS);
    return {
      timestamp: new Date(begin),
      requests,
      errors: Math.floor(requests * ERROR_SHARE),
      avg_latency_ms: requests === 0 ? 0 : Math.round(LATENCY_MS * wave),
      tokens: requests * TOKENS_PER_REQUEST,
    };
  });
}

/** Sums over intervals. */
export function totalsOf(intervals: readonly Interval[]): object {
  const sum = (figure: (interval: Interval) => number) => intervals.reduce((total, each) => total + figure(each), 0);
  const requests = sum((each) => each.requests);
  const errors = sum((each) => each.errors);
  return {
    requests,
    errors,
    error_rate: requests === 0 ? 0 : errors / requests,
    avg_latency_ms: requests === 0 ? 0 : Math.round(sum((each) => each.requests * each.avg_latency_ms) / requests),
    tokens: sum((each) => each.tokens),
  };
}
