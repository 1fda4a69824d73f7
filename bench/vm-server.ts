/**
 * A VM control plane without a database, in a process of its own: as fast as Node answers, so that what is measured is the
 * generator. It knows what reading needs. Tells its parent the port it listens on.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

const PREFIX = '/api/v1/vms';
const vms = new Map<string, Buffer>();

function respond(response: ServerResponse, status: number, body: Buffer | string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

const server = createServer(async (request, response) => {
  const { method, url = '' } = request;
  const id = url.slice(PREFIX.length + 1);
  if (method === 'POST') {
    const made = String(vms.size + 1);
    const at = new Date().toISOString();
    const spec = (await json(request)) as object;
    const vm = { id: made, tags: {}, ...spec, status: 'stopped', revision: 1, created_at: at, updated_at: at };
    vms.set(made, Buffer.from(JSON.stringify(vm)));
    return respond(response, 201, vms.get(made)!);
  }
  request.resume();
  if (method === 'DELETE') return respond(response, vms.delete(id) ? 204 : 404, '');
  if (url.startsWith(`${PREFIX}/`)) {
    const vm = vms.get(id);
    return vm ? respond(response, 200, vm) : respond(response, 404, '{}');
  }
  if (url.startsWith(PREFIX)) {
    const total = vms.size;
    const data = [...vms.values()].join();
    return respond(response, 200, `{"data":[${data}],"pagination":{"limit":${total},"offset":0,"total":${total}}}`);
  }
  respond(response, 200, '{}');
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on('disconnect', () => process.exit(0));
