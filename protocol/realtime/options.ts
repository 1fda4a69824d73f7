import { isIPv4 } from 'node:net';
import { durationHelp, parseDuration, type SliceContext } from '../../support/test.ts';

export interface RealtimeOptions {
  channels: readonly string[];
  /** How long a connection lasts, from and to. */
  lifeMs: readonly [min: number, max: number];
  heartbeatMs: number;
  /** How long the target may take to answer a heartbeat, a subscription or a query. */
  timeoutMs: number;
  /** Of each connection. */
  queriesPerMinute: number;
  /** Changes of a VM a second, in the whole load, so that there are events. */
  changesPerSecond: number;
  /**
   * This machine's addresses to connect from, in turns; none: the system's choice. With more than 10,000 connections from
   * one, Linux takes ever longer to find a port that is free.
   */
  localAddresses: readonly string[];
}

const defaults = {
  channels: ['vm_status', 'system_metrics', 'alerts'],
  life: '30s-60s',
  heartbeat: '5s',
  timeout: '10s',
  queries: 2,
  changes: 1,
  localAddresses: [],
};

/** Reads `scenarios.<name>.options` of the profile. @throws one sentence when an option or its value is not known */
export function realtimeOptions({ scenario, options }: SliceContext): RealtimeOptions {
  const where = `scenarios.${scenario}.options`;
  const known = Object.keys(defaults).sort();
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new Error(`${where}.${name} is not known; allowed: ${known.join(', ')}.`);
  }
  const given: Record<string, unknown> = { ...defaults, ...options };
  const read = <T>(name: string, parse: (value: unknown) => T | undefined, allowed: string): T => {
    const value = parse(given[name]);
    if (value === undefined)
      throw new Error(`${where}.${name} is ${JSON.stringify(given[name])}; allowed is ${allowed}.`);
    return value;
  };
  const aDuration = `${durationHelp}, above 0`;
  const aNumber = 'a number of at least 0';
  return {
    channels: read('channels', channels, 'a list of different names such as ["vm_status", "alerts"]'),
    lifeMs: read('life', range, `${durationHelp}, above 0, or two such as 30s-60s`),
    heartbeatMs: read('heartbeat', duration, aDuration),
    timeoutMs: read('timeout', duration, aDuration),
    queriesPerMinute: read('queries', number, aNumber),
    changesPerSecond: read('changes', number, aNumber),
    localAddresses: read(
      'localAddresses',
      addresses,
      'a list of IPv4 addresses, or a range that differs in the last number, such as 127.0.0.2-127.0.0.8',
    ),
  };
}

function channels(value: unknown): string[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || new Set(value).size < value.length) return undefined;
  return value.every((name) => typeof name === 'string' && name !== '') ? value : undefined;
}

function duration(value: unknown): number | undefined {
  return (typeof value === 'string' && parseDuration(value)) || undefined;
}

function range(value: unknown): [number, number] | undefined {
  if (typeof value !== 'string') return undefined;
  const [first = '', last = first, more] = value.split('-');
  const [min, max] = [duration(first), duration(last)];
  return more === undefined && min !== undefined && max !== undefined && min <= max ? [min, max] : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

function addresses(value: unknown): string[] | undefined {
  const list = typeof value === 'string' ? spread(value) : value;
  return Array.isArray(list) && list.every((one) => typeof one === 'string' && isIPv4(one)) ? list : undefined;
}

/** `127.0.0.2-127.0.0.4` → its three addresses. */
function spread(text: string): string[] | undefined {
  const [first = '', last = first, more] = text.split('-');
  const split = (address: string) => {
    const dot = address.lastIndexOf('.') + 1;
    return [address.slice(0, dot), Number(address.slice(dot))] as const;
  };
  const [[network, from], [lastNetwork, to]] = [split(first), split(last)];
  if (more !== undefined || network !== lastNetwork || !(from <= to && to <= 255)) return undefined;
  return Array.from({ length: to - from + 1 }, (_, index) => `${network}${from + index}`);
}
