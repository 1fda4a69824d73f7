/** Why something is not decided, as people read it. */
import type { Doubt } from '../doubt.ts';
import type { HealthSignal } from '../signal.ts';
import { count, counted, limitFigure, ms, ratio } from './figures.ts';
import { inPhase } from './names.ts';
import { beyondText } from './signals.ts';

/** To look at, where the generator may have made a figure what it is. */
export const GENERATOR_FIRST = 'Look at the health of the generator first.';

/** To look at, where no window fits. */
export const LONGER_RUN =
  'No window fits into what was run of it: make the run longer (LOAD_DURATION), or the windows shorter.';
/** To look at, where windows had too little in them. */
export const LARGER_WINDOWS = 'Look at whether windows have enough samples: make them longer, or the load larger.';

/** What happened between the beginning and the end of one, and has its limit there. */
export const WINDOWS_TOO_LONG = 'The windows are too long to tell whether that was in time.';
export const SHORTER_WINDOWS =
  'Make the windows shorter (every), with enough samples in each, or allow for a whole one more.';

const WHOLE_LOAD = 'Run the whole profile, without LOAD_SCALE, LOAD_RATE and LOAD_DURATION, or ask for less.';

export const WHOLE_RUN = 'Let the run come to its end, with all of its parts.';

/**
 * What to look at where nobody can tell, by the first of the doubts.
 * @param samples where too little was measured, or nothing is known to cast doubt
 * @param generator where a signal of its health casts doubt
 */
export function afterDoubts(
  doubts: Doubt[] = [],
  samples: string,
  generator: (signal: HealthSignal['signal']) => string = () => GENERATOR_FIRST,
): string {
  const by = doubts[0]?.by;
  switch (by) {
    case 'interrupted':
    case 'aborted':
    case 'crashed':
    case 'missing-slice':
    case 'missing-shard':
    case 'foreign-shard':
    case 'late-start':
    case 'shard-spread':
      return WHOLE_RUN;
    case 'less-asked':
      return WHOLE_LOAD;
    case undefined:
    case 'no-data':
    case 'unfinished':
    case 'refused-values':
      return samples;
    default:
      return generator(by);
  }
}

/** Why nobody can tell. */
export function undecidedText(doubts: Doubt[]): string {
  const bySignal = new Map<Doubt['by'], Doubt[]>();
  for (const doubt of doubts) bySignal.set(doubt.by, [...(bySignal.get(doubt.by) ?? []), doubt]);
  const groups = [...bySignal.values()];
  const plain = groups.flatMap((same) => [...new Set(same.flatMap((doubt) => plainText(doubt) ?? []))]);
  const signals = groups.filter(([first]) => plainText(first!) === undefined).map(signalText);
  const all = [...plain, ...(signals.length > 0 ? [`${signals.join('; ')} may be the cause`] : [])];
  return `Undecided: ${all.join('; ')}.`;
}

/** Where one signal casts doubt in several scenarios or phases, the worst of them speaks for all. */
function signalText(same: Doubt[]): string {
  const excess = ({ by, observed = 0, allowed = 0 }: Doubt) =>
    by === 'delivered' ? allowed / Math.max(observed, 1e-9) : observed / Math.max(allowed, 1e-9);
  const worst = same.reduce((a, b) => (excess(b) > excess(a) ? b : a));
  const others = new Set(same.map(({ scenario }) => scenario).filter((one) => one !== worst.scenario)).size;
  const { by, observed = 0, allowed = 0, unit = 'none' } = worst;
  const text = beyondText({ ...worst, signal: by as HealthSignal['signal'], observed, allowed, unit });
  return others > 0 ? `${text} and in ${counted(others, 'more scenario')}` : text;
}

/** Of what is no signal of the generator's health; undefined for these. */
function plainText({ by, scenario, phase, observed, allowed }: Doubt): string | undefined {
  const of = scenario === undefined ? '' : ` of ${scenario}`;
  switch (by) {
    case 'no-data':
      return `${count(observed)} of ${counted(allowed ?? 1, 'sample')} that are needed${inPhase(phase)}`;
    case 'unfinished':
      return `${counted(observed ?? 0, 'iteration')} never came to an end`;
    case 'less-asked':
      return `no more than ${ratio(observed)} of what the profile asks for was asked (LOAD_SCALE, LOAD_RATE, LOAD_DURATION)`;
    case 'refused-values':
      return `${counted(observed ?? 0, 'value')} of it ${observed === 1 ? 'was' : 'were'} not added`;
    case 'interrupted':
      return 'the run was cut short';
    case 'aborted':
      return 'the run was ended early';
    case 'crashed':
      return `a slice${of} crashed`;
    case 'missing-slice':
      return `a slice${of} is missing`;
    case 'missing-shard':
      return 'a shard is missing';
    case 'foreign-shard':
      return 'a shard is of another run';
    case 'late-start':
    case 'shard-spread':
      return `${by === 'late-start' ? `a slice${of}` : 'a shard'} started ${ms(observed)} late (allowed ${limitFigure(allowed ?? 0, 'ms')})`;
    case 'exhausted':
      return `the generator ran out of resources ${counted(observed ?? 0, 'time')}`;
    default:
      return undefined;
  }
}
