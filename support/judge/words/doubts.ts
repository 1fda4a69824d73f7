/** Why something is not decided, as people read it. */
import type { Doubt } from '../doubt.ts';
import { count, counted, limitFigure, ms } from './figures.ts';
import { inPhase } from './names.ts';
import { beyondText } from './signals.ts';

/** To look at, where the generator may have made a figure what it is. */
export const GENERATOR_FIRST = 'Look at the health of the generator first.';

/** Why nobody can tell. */
export function undecidedText(doubts: Doubt[]): string {
  return `Undecided: ${doubts.map(doubtText).join('; ')}.`;
}

function doubtText({ by, scenario, phase, observed, allowed, unit = 'none' }: Doubt): string {
  const of = scenario === undefined ? '' : ` of ${scenario}`;
  switch (by) {
    case 'no-data':
      return `${count(observed)} of ${counted(allowed ?? 1, 'sample')} that are needed${inPhase(phase)}`;
    case 'unfinished':
      return `${counted(observed ?? 0, 'iteration')} never came to an end`;
    case 'interrupted':
      return 'the run was cut short';
    case 'crashed':
      return `a slice${of} crashed`;
    case 'missing-slice':
      return `a slice${of} is missing`;
    case 'missing-shard':
    case 'foreign-shard':
      return 'a shard is missing';
    case 'late-start':
    case 'shard-spread':
      return `${by === 'late-start' ? `a slice${of}` : 'a shard'} started ${ms(observed)} late (allowed ${limitFigure(allowed ?? 0, 'ms')})`;
    case 'exhausted':
      return `the generator ran out of resources ${counted(observed ?? 0, 'time')}`;
    default:
      return `${beyondText({ signal: by, scenario, phase, observed: observed ?? 0, allowed: allowed ?? 0, unit })} may be the cause`;
  }
}
