/** A run against a target that is reached as in a company: through a proxy, with an authority of its own, and with a password. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { Authority } from '../support/wire/certificate.fixture.ts';
import { proxyServer } from '../support/wire/proxy.fixture.ts';
import { anyMachine, filesIn, Project, repository } from './project.ts';

const SECRETS = ['p%40ssw0rd', 'p@ssw0rd', 'pr%40xy', 'pr@xy'];

const load = `
  import { load } from '${repository}/support/test.ts';
  import { Http } from '${repository}/protocol/transports/http.ts';
  import { Socket } from '${repository}/protocol/transports/socket.ts';

  load('ping', {
    setup: (slice) => new Http(slice, slice.target.apiUrl),
    teardown: (http) => http.close(),
    vu: (_vu, http) => http,
    operations: {
      get: {
        weight: 1,
        async run(http, vu) {
          const answer = await http.request({ op: 'get', method: 'GET', path: '/item' });
          vu.check('status is 200', answer.status === 200);
        },
      },
      listen: {
        weight: 1,
        async run(_http, vu) {
          let socket;
          const onOpen = (one) => { socket = one; };
          const opened = await Socket.open(vu.slice, vu.target.wsUrl + '/socket', {
            messages: 'text', onOpen, onMessage() {}, onEnd() {},
          });
          vu.check('there is a connection', opened);
          await socket?.close();
        },
      },
    },
  });`;

const visit = `
  import { expect, journey } from '${repository}/support/test.ts';

  journey('visit', {
    thinkTimeMs: [1, 2],
    async run({ page, step }) {
      await step('open', () => page.goto('/'));
      await step('read', () => expect(page.getByText('signed in')).toBeVisible());
    },
  });`;

const profile = {
  description: 'a test',
  scenarios: {
    ping: { executor: 'constant-arrival-rate', rate: 5, duration: '2s', maxVUs: 10 },
    visit: { executor: 'per-vu-iterations', vus: 1, iterations: 1 },
  },
  thresholds: { browser_session_failed: ['rate==0'], http_req_failed: ['rate==0'], ws_connect_failed: ['rate==0'] },
  health: anyMachine,
};

test('proxy, authority and password: both pass, and no secret is told', async (t) => {
  const authority = new Authority();
  const basic = `Basic ${Buffer.from('me:p@ssw0rd').toString('base64')}`;
  const server = createServer(authority.issue('app.test'), ({ headers, url }, answer) => {
    // Asked before the run, too, where any answer will do.
    if (headers.authorization !== basic) answer.writeHead(401, { 'www-authenticate': 'Basic realm="app"' }).end();
    else answer.setHeader('content-type', 'text/html').end(url === '/item' ? '{}' : '<h1>signed in</h1>');
  });
  const sockets = new WebSocketServer({
    server,
    verifyClient: ({ req }: { req: IncomingMessage }) => req.headers.authorization === basic,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });
  const proxy = await proxyServer(t, 'boss:pr%40xy');
  const project = new Project(t, {
    'ca.pem': authority.own.cert,
    'protocol/ping.load.ts': load,
    'journeys/visit.journey.ts': visit,
    'profiles/company.json': profile,
    '.env': `HTTPS_PROXY=${proxy.url}`,
  });
  const { port } = server.address() as AddressInfo;
  const { exitCode, output, verdict, folder } = await project.run(['--project=company'], {
    BASE_URL: `https://me:p%40ssw0rd@app.test:${port}`,
    NODE_EXTRA_CA_CERTS: join(project.folder, 'ca.pem'),
  });
  assert.equal(verdict?.status, 'pass', output);
  assert.equal(exitCode, 0);
  assert.deepEqual(verdict.warnings, []);
  assert.equal(verdict.target.url, `https://app.test:${port}`);
  assert.deepEqual([...new Set(proxy.asked)], [`CONNECT app.test:${port}`]);
  const written = Object.values(filesIn(folder)).map(String).concat(output).join();
  for (const secret of SECRETS) assert.ok(!written.includes(secret), secret);
});
