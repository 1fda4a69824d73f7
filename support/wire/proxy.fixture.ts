/** For tests: an HTTP proxy that knows hosts which no name server knows. */
import { createServer, request as forward } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface TestProxy {
  /** With user and password, if it wants them. */
  url: string;
  /** What it was asked for, as `CONNECT app.test:443` or `GET http://app.test/`. */
  asked: string[];
}

/**
 * A proxy that takes every host for this machine, gone when the test is over.
 * @param user `user:password` that it wants
 */
export async function proxyServer(t: TestContext, user?: string): Promise<TestProxy> {
  const asked: string[] = [];
  const wanted = user && `Basic ${Buffer.from(decodeURIComponent(user)).toString('base64')}`;
  const sockets = new Set<Socket>();
  const server = createServer((request, answer) => {
    if (request.headers['proxy-authorization'] !== wanted) {
      answer.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"' }).end();
      return;
    }
    asked.push(`${request.method} ${request.url}`);
    const { port, pathname, search } = new URL(request.url!);
    const { 'proxy-authorization': _own, ...headers } = request.headers;
    const onward = forward({ port, path: pathname + search, method: request.method, headers }, (found) => {
      answer.writeHead(found.statusCode!, found.headers);
      found.pipe(answer);
    });
    onward.on('error', () => answer.writeHead(502).end());
    request.pipe(onward);
  });
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  server.on('connect', (request, socket: Socket) => {
    if (request.headers['proxy-authorization'] !== wanted) {
      socket.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="proxy"\r\ncontent-length: 0\r\n\r\n',
      );
      return;
    }
    asked.push(`CONNECT ${request.url}`);
    const onward = connect(Number(request.url!.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    sockets.add(onward.on('error', () => socket.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://${user ? `${user}@` : ''}127.0.0.1:${port}`, asked };
}
