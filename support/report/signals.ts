/** The generator's health in a report. */
import type { HealthSignal, Verdict } from '../judge/verdict.ts';
import { count, figure, limitFigure, ms } from '../judge/words/figures.ts';
import { inPhase } from '../judge/words/names.ts';
import { signalName } from '../judge/words/signals.ts';
import { printable } from '../judge/words/text.ts';
import { type Signals, signals } from './tables.ts';

/** Whose it is: `sync-relay`, `light in the calm`, `the machine`. */
export function signalOwner({ scenario = 'the machine', phase }: HealthSignal): string {
  return `${printable(scenario)}${inPhase(phase)}`;
}

/** `91 %`; of the control page also what it was in the calm. */
export function signalFigure({ signal, observed, unit }: HealthSignal, { controlCalmMs }: Signals): string {
  const calm = signal === 'control-page' && controlCalmMs !== null ? ` (calm ${ms(controlCalmMs)})` : '';
  return `${figure(observed, unit)}${calm}`;
}

/** `≤ 95 %`; of the load that was delivered, which is to be more, `≥ 99 %`. */
export function allowedText({ signal, allowed, unit }: HealthSignal): string {
  return `${signal === 'delivered' ? '≥' : '≤'} ${limitFigure(allowed, unit)}`;
}

/** The healthy signals in a line, those of the machine with their figures; empty when there are none. */
export function healthyText(verdict: Verdict): string {
  const all = signals(verdict);
  const { healthy, saturated } = all;
  if (healthy.length === 0) return '';
  const total = healthy.length + saturated.length;
  const number = healthy.length === total ? count(total) : `${count(healthy.length)} of ${count(total)}`;
  const ofMachine = healthy.filter(({ scenario }) => scenario === undefined);
  const figures = ofMachine.map((one) => `${signalName(one)} ${signalFigure(one, all)}`);
  return `${number} health signal${total === 1 ? '' : 's'} within limits${figures.map((text) => ` · ${text}`).join('')}`;
}

/** `Slices started within 3 ms; the generator used 12.3 s of CPU`; of merged shards also how far apart these were. */
export function courseText({ health }: Verdict): string {
  const shards = health.shardSpreadMs === undefined ? '' : `, shards within ${ms(health.shardSpreadMs)}`;
  const cpu = ms(health.generatorCpuSeconds * 1_000);
  return `Slices started within ${ms(health.startSpreadMs)}${shards}; the generator used ${cpu} of CPU`;
}
