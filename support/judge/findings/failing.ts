/** What `no-success` and `failed-share` have in common. */
import type { Failure } from '../../measure/failures.ts';
import { count } from '../words/figures.ts';
import { isOfProxy, listed, lookAtProxy } from '../words/names.ts';
import { LESS_LOAD_PER_SLICE } from '../words/signals.ts';
import { quoted } from '../words/text.ts';
import type { Causes } from './kind.ts';

/** How often something failed, and with what. */
export interface Failing {
  /** `settle`: the last looks of VUs; `requests`: of iterations that checked none of their answers. */
  what: 'scenario' | 'operation' | 'check' | 'settle' | 'requests';
  /** Several when all of them failed for the same reason. */
  scenarios: string[];
  /** Journeys, whose iterations are sessions. */
  journey: boolean;
  /** Also of a scenario that has no other; of requests their name. */
  operation?: string;
  tries: number;
  failed: number;
  /** The most frequent errors; causes before the checks that they made fail. */
  errors: ErrorCount[];
  /** Why it may not be the target's doing: such findings are `invalid`. */
  doubt?: 'generator' | 'rate-limit' | 'drill';
  /** The first failure of the most frequent kind, as far as one was kept. */
  example?: Failure;
}

export interface ErrorCount {
  name: string;
  count: number;
}

/** What is under way when a run ends, or never reaches anybody, fails for that. */
export const ENDS_WORK = ['target-down', 'interrupted', 'target-unreached'] as const;

/** What failed in scenarios that ended before their time, or that the target turned away, is told with these. */
export function isFailingElsewhere({ scenarios, doubt }: Failing, { ended, limited }: Causes): boolean {
  if (scenarios.every((name) => ended.has(name))) return true;
  return doubt === 'rate-limit' && scenarios.every((name) => limited.has(name));
}

/** `operation get of ping`, `the sessions of visit and light`. */
export function subject({ what, scenarios, journey, operation }: Failing): string {
  const names = listed(scenarios);
  if (what === 'settle') return `the last looks (settle) of ${names}`;
  if (what === 'requests') return `the requests ${operation ? `${quoted(operation)} ` : ''}of ${names}`;
  if (what === 'operation') return `operation ${quoted(operation ?? '')} of ${names}`;
  return `the ${journey ? 'sessions' : 'iterations'} of ${names}${operation ? ` (operation ${quoted(operation)})` : ''}`;
}

/** What it failed with, and the most frequent failure in its own words. */
export function failedWith({ errors, example }: Failing): string {
  if (errors.length === 0) return '';
  const names = errors.map(({ name, count: often }) => `${quoted(name)} (${count(often)})`).join(', ');
  const at = example?.at ? ` at ${example.at}` : '';
  const where = example?.step ? `in step ${quoted(example.step)}` : 'in full';
  return ` Failed with ${names}.${example ? ` The first one ${where}${at}: ${quoted(example.error)}.` : ''}`;
}

/** What to do when work is cut off at the end. */
export const AFTER_CUT_OFF = 'Give them a longer gracefulStop, or look at what they waited for.';

/** How errors of requests begin that are none. */
export const NOT_SENT = 'request not sent: ';
/** How errors read that are the author's own, of whom no line is known. */
const ofAuthor = /^(call|query) not sent: |^not awaited: |^check ".*": .* is neither true nor false$|^thrown: /s;

/** What to look at when work fails. */
export function afterFailing({ doubt, errors, example, journey }: Failing): string {
  if (doubt === 'generator') return `It may be the generator that was too slow. ${LESS_LOAD_PER_SLICE}`;
  if (doubt === 'rate-limit') return 'Raise the rate limit of the target for this load, or ask for less.';
  if (doubt === 'drill')
    return 'All of it was under way while a drill was on: let it be tried before that, or after it.';
  // Nobody has answered them.
  if (errors[0]?.name.startsWith(NOT_SENT)) return 'Look at the path, headers and body of that request in the load.';
  if (errors[0]?.name.startsWith('cut off by ')) return AFTER_CUT_OFF;
  if (isOfProxy(errors[0]?.name ?? '')) return lookAtProxy;
  if (example?.at && !journey) return `Look at ${example.at}.`;
  if (ofAuthor.test(errors[0]?.name ?? '')) return "Look at the scenario's file.";
  if (example?.screenshot) return `Look at ${example.screenshot}, beside the report.`;
  return "Look at the target's log for what it answered so.";
}
