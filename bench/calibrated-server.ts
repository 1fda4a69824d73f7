/**
 * An HTTP server whose latency is known: it takes the delay asked for in the path, keeps to it within microseconds, and tells
 * afterwards how long each answer really took. In a process of its own; talks to its parent by messages.
 *
 * `/constant/<ms>` every answer after that time; `/bimodal/<ms>/<ms>/<n>` every n-th after the second time;
 * `/stall/<ms>/<stall ms>/<every ms>` as constant, but in the first `stall` of each `every` nothing is answered.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Timers are whole milliseconds and late: the last stretch before the due time is waited for by looking at the clock. */
const TIMER_SLACK_MS = 2;

/** Of each request, in the order of coming. */
const took: number[] = [];
const due: { at: number; began: number; number: number; response: ServerResponse }[] = [];
let requests = 0;
let firstAt: number | undefined;
let spinning = false;

function answerAt(at: number, began: number, response: ServerResponse): void {
  const place = due.findLastIndex((one) => one.at <= at) + 1;
  due.splice(place, 0, { at, began, number: requests++, response });
  wake(at - performance.now());
}

function wake(inMs: number): void {
  setTimeout(spin, Math.max(0, inMs - TIMER_SLACK_MS));
}

function spin(): void {
  if (spinning) return;
  const now = performance.now();
  while (due.length > 0 && due[0]!.at <= now) {
    const { began, number, response } = due.shift()!;
    response.end('{}');
    took[number] = performance.now() - began;
  }
  if (due.length === 0) return;
  if (due[0]!.at - now > TIMER_SLACK_MS) {
    // Node's timers may be early by a part of a millisecond.
    wake(due[0]!.at - now);
    return;
  }
  spinning = true;
  setImmediate(() => {
    spinning = false;
    spin();
  });
}

function delayOf(url: string, now: number): number {
  const [, kind, ...numbers] = url.split('/');
  const [first = 0, second = 0, third = 1] = numbers.map(Number);
  if (kind === 'bimodal') return (requests + 1) % third === 0 ? second : first;
  if (kind !== 'stall') return first;
  firstAt ??= now;
  const phase = (now - firstAt) % third;
  return phase < second ? second - phase + first : first;
}

const server = createServer((request, response) => {
  const began = performance.now();
  answerAt(began + delayOf(request.url!, began), began, response);
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => {
  process.send?.({ took });
  took.length = 0;
  requests = 0;
  firstAt = undefined;
});
process.on('disconnect', () => process.exit(0));
