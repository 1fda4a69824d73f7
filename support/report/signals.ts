/** The signals of the generator's health in words. */
import type { HealthSignal, Verdict } from '../judge/verdict.ts';
import { count, figure, ms } from './figures.ts';
import { type Signals, signals } from './tables.ts';
import { quoted } from './text.ts';

export const LESS_LOAD_PER_SLICE = 'Use fewer VUs a slice, more slices, or a quieter machine.';

/** Signals that are figures; the other one is what ran out, and how often. */
type Judged = Exclude<HealthSignal['signal'], 'exhausted'>;

/** What each signal is called in a table, what of it is judged, and what to do when it is beyond its limit. */
const SIGNALS: Record<Judged, { name: string; figure: string; remedy: string }> = {
  'event-loop-delay': {
    name: 'event-loop delay',
    figure: 'p(90) of the event loop’s delay',
    remedy: LESS_LOAD_PER_SLICE,
  },
  'generator-cpu': {
    name: 'process CPU',
    figure: 'p(90) of the CPU use of a process (100 %: one core)',
    remedy: 'Use more slices, so that more processes share the load.',
  },
  'gc-pause': {
    name: 'GC pauses',
    figure: 'p(99) of garbage collection pauses',
    remedy: 'Use fewer VUs a slice, more slices, or keep less in a VU.',
  },
  'machine-cpu': {
    name: 'machine CPU',
    figure: 'mean CPU use of the whole machine under load',
    remedy: 'Use a larger or quieter machine, more shards, or take the target to a machine of its own.',
  },
  steal: {
    name: 'steal',
    figure: 'mean CPU time that other guests of the host took under load',
    remedy: 'Use a machine whose host is not overbooked.',
  },
  'control-page': {
    name: 'control page',
    figure: 'p(75) of the first paint of a page that needs no target',
    remedy: 'Use fewer browser sessions at once, or a larger machine.',
  },
};

/** What of a signal is judged. */
export function judgedFigure(signal: Judged): string {
  return SIGNALS[signal].figure;
}

/** What to do when a signal is beyond its limit. */
export function remedy(signal: HealthSignal['signal']): string {
  return signal === 'exhausted'
    ? 'Raise the limit of open files, use fewer connections a slice, or more slices and addresses.'
    : SIGNALS[signal].remedy;
}

/** `event-loop delay`; of what ran out its name, `EMFILE`. */
export function signalName({ signal, detail }: HealthSignal): string {
  return signal === 'exhausted' ? quoted(detail ?? 'unnamed') : SIGNALS[signal].name;
}

/** `91 %`; of the control page also what it was in the calm. */
export function signalFigure({ signal, observed, unit }: HealthSignal, { controlCalmMs }: Signals): string {
  const calm = signal === 'control-page' && controlCalmMs !== null ? ` (calm ${ms(controlCalmMs)})` : '';
  return `${figure(observed, unit)}${calm}`;
}

/** The healthy signals in a line, those of the machine with their figures; empty when there are none. */
export function healthyText(verdict: Verdict): string {
  const all = signals(verdict);
  const { healthy } = all;
  if (healthy.length === 0) return '';
  const total = verdict.health.signals.length;
  const number = healthy.length === total ? count(total) : `${count(healthy.length)} of ${count(total)}`;
  const ofMachine = healthy.filter(({ scenario }) => scenario === undefined);
  const figures = ofMachine.map((one) => `${signalName(one)} ${signalFigure(one, all)}`);
  return `${number} health signal${total === 1 ? '' : 's'} within limits${figures.map((text) => ` · ${text}`).join('')}`;
}
