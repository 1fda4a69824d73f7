import { z } from 'zod';
import { durationMs, wholeNumber } from '../../support/test.ts';
import { life, localAddresses } from '../transports/connection-options.ts';
import { LEAST_BYTES, PLACEHOLDER } from './message-form.ts';

const aRate = 'a number above 0, at most 10,000';
const aTemplate = `a text that has ${PLACEHOLDER} in it once`;
const names = 'a list of different names such as ["chat.v2", "chat"]';

/** What profiles may say of the load `websocket-messages`. */
export const websocketOptions = z
  .strictObject({
    mode: z
      .enum(['echo', 'fan-out'])
      .default('echo')
      .describe('echo: each message comes back. fan-out: each goes to everybody who is connected.'),
    rate: z
      .number(aRate)
      .gt(0, aRate)
      .max(10_000, aRate)
      .default(1)
      .describe('Messages a second that each connection sends; in fan-out, each publisher.'),
    publishers: wholeNumber(1).default(1).describe('In fan-out, how many of the connections send; all of them listen.'),
    size: wholeNumber(LEAST_BYTES, 1024 ** 2)
      .default(128)
      .describe('Bytes of a message, without what the template has around it.'),
    frames: z.enum(['text', 'binary']).default('text'),
    message: z
      .string(aTemplate)
      .refine((text) => text.split(PLACEHOLDER).length === 2, aTemplate)
      .default(PLACEHOLDER)
      .describe(`What is sent, where the server wants a form of its own: ${PLACEHOLDER} stands for ours.`),
    subprotocols: z
      .custom<string[]>(areNames, names)
      .default([])
      .describe('The best first; the server must choose one.'),
    compress: z.boolean('true or false').default(false).describe('permessage-deflate, which the server must accept.'),
    life: life.optional().describe('How long a connection lasts, from and to; default: as long as the schedule.'),
    timeout: durationMs
      .describe('How long a connection may take to be made, and what is missing at its end to come.')
      .prefault('10s'),
    localAddresses,
  })
  .transform(({ rate, timeout, life: lifeMs, ...options }) => ({
    ...options,
    ratePerSecond: rate,
    timeoutMs: timeout,
    lifeMs,
  }));

export type WebsocketOptions = z.output<typeof websocketOptions>;

/** Each a token of HTTP's. */
function areNames(value: unknown): boolean {
  if (!Array.isArray(value) || new Set(value).size < value.length) return false;
  return value.every((name) => typeof name === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(name));
}
