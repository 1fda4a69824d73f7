/**
 * The trivial HTTP server that HTTP benches load, in a process of its own: one small answer, as fast as Node gives it.
 * Tells its parent the port it listens on.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const answer = Buffer.from(JSON.stringify({ success: true, accepted: ['a', 'b'], timestamp: 1 }));
const headers = { 'content-type': 'application/json', 'content-length': answer.length };

const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, headers);
  response.end(answer);
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on('disconnect', () => process.exit(0));
