import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultKind } from './fault.ts';
import { duration } from './values.ts';

const PIECES = 10;

/** Every API answer begins at once, and its body takes that long, in pieces. */
export const slowBody: FaultKind = {
  name: 'slow-body',
  usage: 'slow-body=<duration>, as in slow-body=2s',
  parse(value) {
    const bodyMs = duration(value);
    return ({ app, isApi, active }) => {
      app.addHook('onSend', async (request, reply, payload) => {
        if (!active() || !isApi(request) || typeof payload !== 'string') return payload;
        const body = Buffer.from(payload);
        reply.header('content-length', body.length);
        return Readable.from(slowly(body, bodyMs));
      });
    };
  },
};

async function* slowly(body: Buffer, durationMs: number): AsyncGenerator<Buffer> {
  // Headers leave with the first byte.
  yield body.subarray(0, 1);
  const rest = body.subarray(1);
  for (let piece = 0; piece < PIECES; piece++) {
    await sleep(durationMs / PIECES);
    yield rest.subarray((piece * rest.length) / PIECES, ((piece + 1) * rest.length) / PIECES);
  }
}
