/** Figures beside those of other runs. What a figure says of a target decides how it is written. */
import { ms, rate, ratio } from './figures.ts';

/** What a figure says of a target. */
export type Aspect = 'response-time' | 'errors' | 'throughput';

/** A figure that is compared with other runs: errors are a share, throughput is per second. */
export function comparedFigure(aspect: Aspect, value: number): string {
  return aspect === 'response-time' ? ms(value) : aspect === 'errors' ? ratio(value) : rate(value);
}

/** A change for the worse as it is read: `+31 %`; of throughput, where less is worse, `−31 %`; of errors `+3.1 points`. */
export function changeText(aspect: Aspect, change: number): string {
  const shown = aspect === 'throughput' ? -change : change;
  const sign = shown < 0 ? '−' : '+';
  const percent = Math.abs(shown * 100);
  if (aspect === 'errors') return `${sign}${percent.toFixed(1)} points`;
  return `${sign}${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

/** A chance: `p = 0.003`, `p < 0.0001`. */
export function chanceText(p: number): string {
  return p < 0.0001 ? 'p < 0.0001' : `p = ${Number(p.toPrecision(2))}`;
}

/** `p(95) of http_req_duration`; what a rate is a share or number of, in words. */
export function comparedName({ aspect, metric, stat }: { aspect: Aspect; metric: string; stat: string }): string {
  return `${aspect === 'response-time' ? stat : aspect === 'errors' ? 'share of failures' : 'number a second'} of ${metric}`;
}
