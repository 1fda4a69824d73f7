import type { Doubt } from '../doubt.ts';
import type { HealthSignal } from '../signal.ts';
import { apart, counted } from '../words/figures.ts';
import { inPhase, onShard } from '../words/names.ts';
import { afterSignal, during, judgedFigure, remedy } from '../words/signals.ts';
import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** The machine or process that generates the load was at its limit; a warning when that decided nothing. */
export type Saturated = { kind: 'saturated'; severity: 'invalid' | 'warning' } & Omit<HealthSignal, 'ok' | 'cost'> &
  Pick<Doubt, 'times'>;

export const saturated: Kind<Saturated> = {
  kind: 'saturated',
  sentence(finding) {
    const { signal, scenario, phase, detail, unit, count, times } = finding;
    if (signal === 'exhausted') {
      const often = counted(finding.observed, 'time');
      return `The generator ran out of resources${onShard(finding)}: ${quoted(detail ?? 'unnamed')}, ${often}; required 0.`;
    }
    const [observed, allowed] = apart(finding.observed, finding.allowed, unit);
    const where = `${scenario === undefined ? '' : ` in ${scenario}`}${inPhase(phase)}${during(times)}${onShard(finding)}`;
    if (signal === 'delivered') {
      return `Not the whole load was sent: ${judgedFigure(signal)}${where} was ${observed}; required ${allowed}.`;
    }
    return (
      `The generator was saturated: ${judgedFigure(signal)}${where} was ${observed} over ${counted(count, 'reading')}; ` +
      `allowed ${allowed}.`
    );
  },
  nextStep: ({ severity, signal }) => afterSignal(severity, remedy(signal)),
};
