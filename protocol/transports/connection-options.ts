import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { durationHelp, parseDuration } from '../../support/test.ts';

const aLife = `${durationHelp}, above 0, or two such as 30s-60s`;
const addresses = 'a list of IPv4 addresses, or a range that differs in the last number, such as 127.0.0.2-127.0.0.8';

/** An option such as `"30s"` or `"30s-60s"`, in ms: from and to. */
export const life = z
  .string(aLife)
  .describe('How long a connection lasts, from and to.')
  .refine((text) => range(text) !== undefined, aLife)
  .transform((text) => range(text)!);

/** An option. With more than 10,000 connections from one address, Linux takes ever longer to find a port that is free. */
export const localAddresses = z
  .custom<string | string[]>((value) => addressesOf(value) !== undefined, addresses)
  .describe('This machine’s addresses to connect from, in turns; none: the system’s choice.')
  .transform((value) => addressesOf(value)!)
  .prefault([]);

function range(value: string): [min: number, max: number] | undefined {
  const [first = '', last = first, more] = value.split('-');
  const [min, max] = [parseDuration(first), parseDuration(last)];
  return more === undefined && min && max && min <= max ? [min, max] : undefined;
}

function addressesOf(value: unknown): string[] | undefined {
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
