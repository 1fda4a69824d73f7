/** Every kind of secret is planted in one run, and every byte that the run leaves is searched for it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { unzipSync } from 'fflate';
import { serve } from '../support/server.fixture.ts';
import { anyMachine, filesIn, Project, reason, repository } from './project.ts';

/** With characters that each encoding spells in its own way, and digits that names lose. */
const canary = (kind: string) => `${kind}-${randomBytes(9).toString('hex')}/"ü+'`;

/** Those of a URL's user, in which they are percent-encoded. */
const encoded = encodeURIComponent;

/** How a canary would be found, worked out by other means than those that hide it. */
function spellings(secret: string): string[] {
  const core = secret.slice(0, -5);
  const bytes = Buffer.from(core);
  const inBase64 = [0, 1, 2].map((before) => {
    const groups = Buffer.concat([Buffer.alloc(before, 'x'), bytes]).toString('base64');
    return groups.slice(4, Math.floor((before + bytes.length) / 3) * 4);
  });
  return [core, core.replace(/\d+/g, 'N'), bytes.toString('hex'), ...inBase64];
}

/** Everything that is written inside a file: archives in archives, and what is base64 in their records. */
function* inside(name: string, content: Uint8Array): Generator<[name: string, content: Buffer]> {
  const bytes = Buffer.from(content);
  yield [name, bytes];
  if (bytes.subarray(0, 2).toString('latin1') === 'PK') {
    for (const [part, one] of Object.entries(unzipSync(bytes))) yield* inside(`${name}/${part}`, one);
  } else if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    yield* inside(`${name}/gunzipped`, gunzipSync(bytes));
  } else if (name.endsWith('report.jsonl')) {
    for (const [, body] of bytes.toString().matchAll(/"base64":"([^"]+)"/g)) {
      yield* inside(`${name}/attachment`, Buffer.from(body!, 'base64'));
    }
  }
}

/** Where it stands, in any spelling. */
function findings(secret: string, everything: readonly (readonly [name: string, content: Buffer])[]): string[] {
  return everything.flatMap(([name, content]) =>
    spellings(secret).flatMap((one) => (content.includes(one) ? [`${one} in ${name}`] : [])),
  );
}

test('no secret is left in anything that a run writes', { timeout: 240_000 }, async (t) => {
  /** By the environment and the file; the others become known while it runs. */
  const given = {
    token: canary('token'),
    own: canary('own'),
    user: canary('user'),
    password: canary('password'),
    hook: canary('hook'),
    header: canary('header'),
    proxy: canary('proxy'),
  };
  const learned = { typed: canary('typed'), keyed: canary('keyed'), made: canary('made'), cookie: canary('cookie') };
  const planted = { ...given, ...learned };
  const p = planted;
  const open = canary('open');
  const query = canary('query');
  const { url } = await serve(t, async (request: IncomingMessage, answer) => {
    if (request.method === 'POST') {
      await text(request);
      answer
        .setHeader('set-cookie', `session=${encoded(p.cookie)}; Path=/`)
        .setHeader('content-type', 'application/json');
      answer.end(JSON.stringify({ access_token: p.made }));
    } else if (request.url === '/item') {
      answer.writeHead(500).end(`no ${request.headers.authorization}`);
    } else {
      answer.setHeader('content-type', 'text/html');
      answer.end(`<!doctype html><title>Sign in</title><input id="a" type="password"><input id="b" type="password">`);
    }
  });
  const project = new Project(t, {
    '.env': [
      `API_TOKEN=\`${p.token}\``,
      `SECRET_OWN=\`${p.own}\``,
      `DATABASE_URL=postgres://${encoded(p.user)}:${encoded(p.password)}@127.0.0.1:1/ledger`,
    ].join('\n'),
    'protocol/ping.load.ts': `
      import { load, oracle } from '${repository}/support/test.ts';
      import { Http } from '${repository}/protocol/transports/http.ts';

      load('ping', {
        setup: (slice) => new Http(slice, slice.target.apiUrl),
        async teardown(http) {
          await http.close();
          throw new Error('cannot say goodbye with ' + ${JSON.stringify(p.token)});
        },
        vu: (_vu, http) => http,
        operations: {
          get: {
            weight: 1,
            async run(http, vu) {
              const { token, secrets: { OWN } } = vu.target;
              const headers = { authorization: 'Token ' + encodeURIComponent(token) };
              const answer = await http.request({ op: 'get', method: 'GET', path: '/item', headers });
              vu.check('is without ' + OWN, !answer.body.includes(OWN) && answer.status === 200);
              console.log('printed', vu.target, answer.body, Buffer.from('x:' + OWN).toString('base64'), ${JSON.stringify(open)});
              throw new Error('refused: ' + 'x'.repeat(100 - OWN.length / 2) + ' ' + OWN + ' ' + ${JSON.stringify(
                Object.values(given).join(' '),
              )});
            },
          },
        },
        oracles: ['kept'],
        evidence: () => ({ kept: { own: process.env.OTEL_EXPORTER_OTLP_HEADERS } }),
      });
      oracle('kept', {
        promise: 'Kept, also ' + process.env.OTEL_EXPORTER_OTLP_HEADERS,
        judge: ([one]) => ({ checked: 1, violations: 1, examples: [one, Buffer.from(one.own).toString('base64')] }),
      });`,
    'journeys/visit.journey.ts': `
      import { journey } from '${repository}/support/test.ts';

      journey('visit', {
        async run({ page, step }) {
          await step('open', () => page.goto('/?invite=' + encodeURIComponent(${JSON.stringify(query)})));
          await page.locator('#a').fill(${JSON.stringify(p.typed)});
          await page.locator('#b').click();
          await page.keyboard.type(${JSON.stringify(p.keyed)});
          await page.evaluate(async (password) => {
            const answer = await fetch('/login', { method: 'POST', body: JSON.stringify({ password }) });
            const { access_token } = await answer.json();
            await fetch('/me?token=' + encodeURIComponent(access_token), { headers: { 'x-auth': btoa(encodeURIComponent(access_token)) } });
          }, ${JSON.stringify(p.typed)});
          console.error('typed', ${JSON.stringify(p.typed)}, ${JSON.stringify(p.keyed)});
          await page.goto('http://127.0.0.1:1/?invite=' + encodeURIComponent(${JSON.stringify(query)}));
        },
      });`,
    'profiles/small.json': {
      description: 'a test',
      scenarios: {
        ping: { executor: 'constant-arrival-rate', rate: 5, duration: '3s', maxVUs: 10 },
        visit: { executor: 'constant-arrival-rate', rate: 1, maxSessions: 2 },
      },
      thresholds: { http_req_failed: ['rate<0.05'] },
      health: anyMachine,
    },
  });
  const { exitCode, output } = await project.run(['--project=small', '--shard=1/1'], {
    BASE_URL: url,
    LOAD_RUN_ID: 'canaries',
    LOAD_POINTS: '1',
    LOAD_TAGS: `note=${p.own}`,
    SLACK_WEBHOOK_URL: `https://hooks.test/services/${encoded(p.hook)}`,
    OTEL_EXPORTER_OTLP_HEADERS: `x-key=${encoded(p.header)}`,
    ftp_proxy: `http://me:${encoded(p.proxy)}@127.0.0.1:1`,
  });
  assert.ok(exitCode !== null, 'it came to its end');
  const files = Object.entries(filesIn(project.folder)).filter(([name]) =>
    /^(reports|blob-report|test-results)\//.test(name),
  );
  const verdict = files.find(([name]) => name.endsWith('verdict.json'))?.[1].toString() ?? output;
  assert.match(verdict, /"errors": \{[^}]*\*\*\*/, 'the errors are there');
  assert.match(verdict, /cannot say goodbye with \*\*\*/);
  assert.match(output, /no Token \*\*\*/);
  const everything = [...files, ['output', Buffer.from(output)] as const].flatMap(([name, content]) => [
    ...inside(name, content),
  ]);
  const names = everything.map(([name]) => name).join('\n');
  for (const kind of [/\.png$/m, /trace\.zip\/trace\.trace$/m, /report\.jsonl$/m, /gunzipped$/m, /points\.ndjson$/m]) {
    assert.match(names, kind);
  }
  assert.notDeepEqual(findings(open, everything), [], 'what is no secret is found');
  for (const [kind, secret] of Object.entries({ ...planted, query })) {
    assert.deepEqual(findings(secret, everything), [], kind);
  }
});

test('a journey that fails leaves its reason, a screenshot, and a trace without secrets', async (t) => {
  const secrets = new Set<string>();
  const { url } = await serve(t, async (request: IncomingMessage, answer) => {
    if (request.url === '/login') {
      const { password } = JSON.parse(await text(request)) as { password: string };
      const token = `at_${secrets.size}-0123456789abcdef`;
      const session = `session-${secrets.size}-0123456789abcdef`;
      secrets.add(password).add(token).add(session);
      answer.setHeader('set-cookie', `session=${session}; HttpOnly; Path=/`);
      answer.setHeader('content-type', 'application/json');
      answer.end(JSON.stringify({ access_token: token }));
      return;
    }
    answer.setHeader('content-type', 'text/html');
    answer.end('<!doctype html><title>Sign in</title><input type="password"><button>Sign in</button>');
  });
  const project = new Project(t, {
    'journeys/visit.journey.ts': `
      import { expect, journey } from '${repository}/support/test.ts';

      journey('visit', {
        async run({ page, user, step }) {
          await step('open', async () => {
            await page.goto('/');
            await expect.soft(page).toHaveTitle('Shop', { timeout: 100 });
          });
          await step('sign-in', async () => {
            await page.locator('input').fill(user.password);
            await page.evaluate(async (password) => {
              const headers = { 'content-type': 'application/json' };
              const answer = await fetch('/login', { method: 'POST', headers, body: JSON.stringify({ password }) });
              const { access_token } = await answer.json();
              await fetch('/me', { headers: { authorization: 'Bearer ' + access_token } });
              await fetch('/live?token=' + access_token, { headers: { authorization: 'Token ' + access_token } });
            }, user.password);
          });
          await step('buy', () => page.getByText('Buy').click({ timeout: 100 }));
        },
      });`,
    'profiles/visits.json': {
      description: 'a test',
      scenarios: { visit: { executor: 'constant-arrival-rate', rate: 2, duration: '1s', maxSessions: 1 } },
      thresholds: { browser_session_failed: [{ threshold: 'rate<0.1', minSamples: 2 }] },
      health: anyMachine,
    },
  });
  const { exitCode, verdict, output, folder } = await project.run(['--project=visits'], { BASE_URL: url });
  assert.equal(exitCode, 1);
  assert.equal(verdict?.status, 'fail', output);
  assert.equal(
    reason(verdict, 'threshold')?.message,
    'rate of browser_session_failed was 100 % over 2 samples; required < 10 %. Look at the errors by name.',
  );
  assert.deepEqual(
    verdict.reasons.map(({ kind }) => kind),
    ['no-success', 'threshold'],
    output,
  );
  const names = [
    'step "open": Error: expect(page).toHaveTitle(expected) failed',
    'step "buy": TimeoutError: locator.click: Timeout Nms exceeded.',
  ];
  assert.deepEqual(verdict.errors, Object.fromEntries(names.map((name) => [`visit, ${name}`, 2])));
  const [soft, hard] = verdict.failures;
  assert.match(soft!.error, /Expected: +"Shop"\nReceived: +"Sign in"\n/);
  assert.match(hard!.error, /Call log:\n.*getByText\('Buy'\)/);
  for (const { at } of verdict.failures) assert.match(at!, /^journeys\/visit\.journey\.ts:\d+$/);
  assert.deepEqual([soft!.screenshot, soft!.trace], ['visit-session-0.png', 'visit-session-1-trace.zip']);

  const files = filesIn(folder);
  const picture = files['visit-session-0.png'];
  assert.deepEqual(picture?.subarray(1, 4).toString(), 'PNG');
  const trace = files['visit-session-1-trace.zip'];
  assert.ok(trace, `there is no trace among ${Object.keys(files).join(', ')}`);
  assert.ok(secrets.size >= 5, 'there is something to leak');
  const parts = Object.entries(unzipSync(trace));
  const written = [...parts, ...Object.entries(files)];
  for (const [name, content] of written) {
    const content8bit = Buffer.from(content).toString('latin1');
    for (const secret of secrets) assert.ok(!content8bit.includes(secret), `${secret} is in ${name}`);
  }
  const blanked = parts.filter(([, content]) => Buffer.from(content).includes('***')).map(([name]) => name);
  assert.ok(blanked.length > 1, 'the places where they were are there');
  for (const secret of secrets) assert.ok(!output.includes(secret));
});
