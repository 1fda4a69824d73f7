/** Stands in for a service that a script or a pod talks to. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';

/** What is answered to a request such as `GET /health`, the times-th time that anything is asked (from 1). */
export type Answer = (asked: string, times: number) => { status?: number; body?: unknown };

/** A server on this machine that remembers what it was asked; gone when the test is over. */
export async function receiver(t: TestContext, answer: Answer) {
  const requests: { asked: string; authorization?: string; body: Record<string, unknown> }[] = [];
  const server = createServer(async (request, response) => {
    const asked = `${request.method} ${request.url}`;
    const body = await text(request);
    requests.push({ asked, authorization: request.headers.authorization, body: body ? JSON.parse(body) : {} });
    const { status = 200, body: answered = {} } = answer(asked, requests.length);
    response.writeHead(status).end(JSON.stringify(answered));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
