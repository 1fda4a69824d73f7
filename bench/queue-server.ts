/**
 * An HTTP server of known capacity: so many places, each of which serves one request at a time for exactly so long; whoever finds none
 * free waits, in the order of coming. In a process of its own: `queue-server.ts <places> <service ms>` tells its parent the port.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const [places = 1, serviceMs = 1] = process.argv.slice(2).map(Number);
/** When each place is free again. */
const freeAt = new Float64Array(places);

const server = createServer((_request, response) => {
  const now = performance.now();
  const place = freeAt.indexOf(Math.min(...freeAt));
  const doneAt = Math.max(now, freeAt[place]!) + serviceMs;
  freeAt[place] = doneAt;
  setTimeout(() => response.end('{}'), doneAt - now);
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
