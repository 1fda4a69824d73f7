/** The signals of the generator's health in words. */
import type { Doubt } from '../doubt.ts';
import type { HealthSignal } from '../signal.ts';
import { clock, counted, figure, limitFigure } from './figures.ts';
import { inPhase } from './names.ts';
import { quoted } from './text.ts';

export const LESS_LOAD_PER_SLICE = 'Raise LOAD_SLICES or the profile’s `slices`, or lower LOAD_SCALE.';

const ROOMIER = 'Lower LOAD_SCALE, add shards (--shard) on other machines, or move TARGET to a machine of its own.';

/** Signals that are figures; the other one is what ran out, and how often. */
type Judged = Exclude<HealthSignal['signal'], 'exhausted'>;

/** What each signal is called in a table, what of it is judged, and what to do when it is beyond its limit. */
const SIGNALS: Record<Judged, { name: string; figure: string; remedy: string }> = {
  lateness: {
    name: 'lateness',
    figure: 'p(99) of the lateness that the generator caused itself',
    remedy: LESS_LOAD_PER_SLICE,
  },
  'event-loop-delay': {
    name: 'event-loop delay',
    figure: 'p(90) of the event loop’s delay',
    remedy: LESS_LOAD_PER_SLICE,
  },
  'generator-cpu': {
    name: 'process CPU',
    figure: 'p(90) of the CPU use of a process (100 %: one core, or its container’s limit)',
    remedy: LESS_LOAD_PER_SLICE,
  },
  'gc-pause': {
    name: 'GC pauses',
    figure: 'p(99) of garbage collection pauses',
    remedy: 'Raise LOAD_SLICES or the profile’s `slices`, or keep less in a VU.',
  },
  'machine-cpu': {
    name: 'machine CPU',
    figure: 'mean CPU use of the whole machine under load',
    remedy: ROOMIER,
  },
  steal: {
    name: 'steal',
    figure: 'mean CPU time that other guests of the host took under load',
    remedy: 'Use a machine whose host is not overbooked, or allow more with `health.maxSteal` of the profile.',
  },
  throttled: {
    name: 'throttling',
    figure: 'mean time in which the container’s CPU limit kept the generator from running',
    remedy:
      'Raise the CPU limit of the container (cpu.max), lower LOAD_SCALE, or add shards (--shard) with limits of their own.',
  },
  'control-page': {
    name: 'control page',
    figure: 'p(75) of the first paint of a page that needs no target',
    remedy: 'Lower `maxSessions` of the journeys or LOAD_SCALE, or use a larger machine.',
  },
  delivered: {
    name: 'delivered load',
    figure: 'the share of the load that was sent when it was due, but for what the target held up,',
    remedy: 'Lower LOAD_SCALE, raise LOAD_SLICES where cores are idle, or add shards (--shard).',
  },
};

/** What of a signal is judged. */
export function judgedFigure(signal: Judged): string {
  return SIGNALS[signal].figure;
}

/** What to do when a signal is beyond its limit. */
export function remedy(signal: HealthSignal['signal']): string {
  return signal === 'exhausted'
    ? 'Raise the limit of open files (ulimit -n), lower LOAD_SCALE, or raise LOAD_SLICES.'
    : SIGNALS[signal].remedy;
}

/** `event-loop delay`; of what ran out its name, `EMFILE`. */
export function signalName({ signal, detail }: Pick<HealthSignal, 'signal' | 'detail'>): string {
  return signal === 'exhausted' ? quoted(detail ?? 'unnamed') : SIGNALS[signal].name;
}

/** What to do about a signal; what is a warning stands beside a verdict that would be the same without it. */
export function afterSignal(severity: 'invalid' | 'warning', nextStep: string): string {
  return severity === 'warning' ? `It decided nothing here. ${nextStep}` : nextStep;
}

/** `machine CPU 97 % (allowed 95 %)`, `GC pauses in light 127 ms (allowed 100 ms)`. */
export function beyondText(
  signal: Pick<HealthSignal, 'signal' | 'detail' | 'observed' | 'allowed' | 'unit' | 'scenario' | 'phase'> &
    Pick<Doubt, 'times'>,
): string {
  const { scenario, phase, times, observed, allowed, unit, signal: name } = signal;
  const where = `${scenario === undefined ? '' : ` in ${scenario}`}${inPhase(phase)}${during(times)}`;
  return `${signalName(signal)}${where} ${figure(observed, unit)} (${name === 'delivered' ? 'required' : 'allowed'} ${limitFigure(allowed, unit)})`;
}

/** ` from 00:12 to 00:32 and 2 times more`; empty for all of the load. */
export function during(times: Doubt['times'] = []): string {
  const [first, ...others] = times;
  if (!first) return '';
  const more = others.length > 0 ? ` and ${counted(others.length, 'time')} more` : '';
  return ` from ${clock(first.startMs)} to ${clock(first.endMs)}${more}`;
}
