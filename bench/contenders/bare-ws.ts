/** The loop that anyone would write: each connection of `ws` sends its next message when that is due, and counts what comes back. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { contend } from '../contender.ts';
import { MESSAGE_BYTES, ROUND_MS } from '../websocket-round.ts';

/** As often as Tandem looks what is due. */
const EVERY_MS = 1;

contend(async ({ origin, connections, requests }) => {
  const url = origin.replace('http', 'ws');
  const sockets = Array.from({ length: connections }, () => new WebSocket(url, { perMessageDeflate: false }));
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  const message = Buffer.alloc(MESSAGE_BYTES, 'x');
  const beganAt = performance.now();
  let sent = 0;
  let came = 0;
  await new Promise<void>((resolve) => {
    for (const socket of sockets) {
      socket.on('message', () => {
        came += 1;
        if (came === requests) resolve();
      });
    }
    const timer = setInterval(() => {
      const due = Math.min(requests, Math.floor(((performance.now() - beganAt) / ROUND_MS) * requests));
      for (; sent < due; sent++) sockets[sent % connections]!.send(message, { binary: false });
      if (sent === requests) clearInterval(timer);
    }, EVERY_MS);
  });
  for (const socket of sockets) socket.terminate();
});
