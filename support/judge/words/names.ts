/** How slices, shards and lists of names are written. */
import { count } from './figures.ts';

/** `Slice 1 of 2 of relay`. Slices count from 0 in data (Playwright's repeat index), from 1 for people. */
export function sliceName(scenario: string, slice: number, of?: number): string {
  return `Slice ${slice + 1}${of === undefined ? '' : ` of ${of}`} of ${scenario}`;
}

/** ` on shard 2`; empty when the run had none. */
export function onShard({ shard }: { shard?: number }): string {
  return shard === undefined ? '' : ` on shard ${shard}`;
}

/** ` in the phase spike`; empty for the whole run. */
export function inPhase(phase: string | undefined): string {
  return phase === undefined ? '' : phase === 'calm' ? ' in the calm' : ` in the phase ${phase}`;
}

/** Of a load, as phases have it: `×5`, `×0.25`. */
export function multiple(load: number): string {
  return `×${Number(load.toPrecision(3))}`;
}

/** As many as a person reads: `1, 2 and 5`. */
export function listed(names: (number | string)[]): string {
  const shown = names.slice(0, 10).map(String);
  const rest = names.length - shown.length;
  const last = rest > 0 ? `${count(rest)} more` : shown.pop()!;
  return shown.length > 0 ? `${shown.join(', ')} and ${last}` : last;
}

/** Whether an error is one of the proxy before a target, as connections to it say, and browsers in words of their own. */
export function isOfProxy(error: string): boolean {
  return /\((?:at|from) the proxy\)$|\bERR_(?:PROXY|TUNNEL)_/.test(error);
}

export const lookAtProxy =
  'Look at the proxy, and at HTTP_PROXY, HTTPS_PROXY and NO_PROXY: nothing says that the target is at fault.';
