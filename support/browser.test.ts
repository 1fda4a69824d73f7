import assert from 'node:assert/strict';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { chromium } from '@playwright/test';
import { type Browser, type BrowserContextOptions, BrowserSession, contextOptions, launchOptions } from './browser.ts';
import { pageEventsBinding } from './measure/page-events.ts';
import { type ErrorPage, type VitalReport, vitalsBinding } from './measure/vitals.ts';
import { secrets } from './secrets/secrets.ts';
import { serve } from './server.fixture.ts';
import { resolveTarget } from './target.ts';
import { TimeIsUp } from './time-limit.ts';
import { Authority } from './wire/certificate.fixture.ts';
import { directWire } from './wire/wire.ts';

let browser: Browser;
before(async () => {
  browser = await chromium.launch(launchOptions());
});
after(() => browser?.close());

const page = (content: string) => `<!doctype html><title>Page</title>${content}`;
const opener = page(
  `<h1>Opener</h1><button onclick="window.open('/popup')">window</button><a href="/popup" target="_blank">tab</a>`,
);
const popup = page(
  `<h1>Popup</h1><button onclick="this.after(document.createElement('hr'))">add</button>
   <button onclick="window.close()">leave</button>`,
);

/** Its button takes 60 ms; it hears of visibility, and its clock stands still. */
const stubborn = page(
  `<h1>Stubborn</h1><pre></pre><script>
     const real = window.real ?? performance.now.bind(performance);
     performance.now = () => 0;
     addEventListener('visibilitychange', () => document.querySelector('pre').append(document.visibilityState), true);
   </script>
   <button onclick="for (const end = real() + 60; real() < end; ); this.after('x')">work</button>`,
);

async function sessionOf(t: TestContext, traced = false, use: BrowserContextOptions = {}, actionTimeoutMs = 30_000) {
  const { url } = await serve(t, (request, answer) => {
    if (request.url === '/nothing') return void answer.writeHead(204).end();
    if (request.url === '/never') return;
    answer.statusCode = { '/broken': 503, '/limited': 429, '/absent': 404 }[request.url!] ?? 200;
    const sent = { '/popup': popup, '/stubborn': stubborn }[request.url!] ?? opener;
    answer.setHeader('content-type', 'text/html').end(sent);
  });
  const vitals: VitalReport[] = [];
  const ignored: string[] = [];
  const broken: ErrorPage[] = [];
  const session = await BrowserSession.open(browser, {
    context: { baseURL: url, ...use },
    actionTimeoutMs,
    traced,
    onVital: (report) => vitals.push(report),
    onErrorPage: (page) => broken.push(page),
    onCrash() {},
    onEventsPainted() {},
    onIgnored: (error) => ignored.push(error),
  });
  t.after(() => session.close());
  /** Documents that told of this vital. */
  const documents = (name: string) =>
    new Set(vitals.filter(({ metric }) => metric === `browser_web_vital_${name}`).map(({ document }) => document)).size;
  return { session, documents, vitals, ignored, broken, url };
}

test('popups and new tabs are measured like the page that opened them', async (t) => {
  const { session, documents } = await sessionOf(t);
  await session.page.goto('/');
  const opened = [];
  for (const open of [
    session.page.getByRole('button', { name: 'window' }),
    session.page.getByRole('link', { name: 'tab' }),
  ]) {
    const [other] = await Promise.all([session.page.waitForEvent('popup'), open.click()]);
    await other.getByRole('heading', { name: 'Popup' }).waitFor();
    opened.push(other);
  }
  await session.slowestInteraction();
  assert.equal(await session.slowestInteraction(), null);
  const before = documents('inp');
  await opened[0]!.getByRole('button', { name: 'add' }).click();
  assert.ok((await session.slowestInteraction())! > 0);
  await opened[0]!.close();
  assert.ok(documents('inp') > before, 'what is closed has told of itself');
  await opened[1]!.getByRole('button', { name: 'add' }).click();
  await session.flush();
  for (const name of ['lcp', 'fcp', 'ttfb', 'cls']) assert.equal(documents(name), 3, name);
  // Of a click that opens a page over its own, no frame need come.
  assert.ok(documents('inp') >= before + 2);
});

test('a context that its author closes has told of its pages', async (t) => {
  const { session, documents } = await sessionOf(t);
  await session.page.goto('/');
  await session.page.context().close();
  assert.equal(documents('lcp'), 1);
});

test('a page without JavaScript is left like any other', async (t) => {
  const { session } = await sessionOf(t, false, { javaScriptEnabled: false });
  await session.page.goto('/');
  assert.equal(await session.slowestInteraction(), null);
  await session.page.goto('/popup');
  await session.page.getByRole('heading', { name: 'Popup' }).waitFor();
});

test('an error of the target’s is told of where pages have no JavaScript too, and that of a frame is not', async (t) => {
  const { session, broken, url } = await sessionOf(t, false, { javaScriptEnabled: false });
  const { page } = session;
  for (const path of ['/broken', '/limited', '/absent', '/']) await page.goto(path);
  const told = [
    { status: 503, url: `${url}/broken` },
    { status: 429, url: `${url}/limited` },
  ];
  assert.deepEqual(broken, told);
  await page.setContent(`<iframe src="${url}/broken"></iframe><a target="_blank" href="${url}/broken">new</a>`);
  await page.frameLocator('iframe').getByRole('heading').waitFor();
  assert.deepEqual(broken, told);
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.getByText('new').click()]);
  await popup.getByRole('heading').waitFor();
  assert.deepEqual(broken, [...told, told[0]]);
});

test('what a popup was given to keep is a secret too', async (t) => {
  const { session } = await sessionOf(t);
  const popup = await session.page.context().newPage();
  await popup.goto('/popup');
  await popup.evaluate(() => sessionStorage.setItem('token', 'of-a-popup-alone'));
  await session.learnSecrets();
  assert.equal(secrets.clean('it has of-a-popup-alone'), 'it has ***');
});

test('a journey traces in our trace’s place', async (t) => {
  const { session } = await sessionOf(t, true);
  const { tracing } = session.page.context();
  await tracing.start();
  await tracing.stop();
  assert.equal((await session.evidence()).trace, undefined);
  await tracing.start();
  await assert.rejects(tracing.start(), /already started/);
});

test('a popup that closes itself takes nothing along', async (t) => {
  const { session, documents } = await sessionOf(t);
  await session.page.goto('/');
  const [other] = await Promise.all([
    session.page.waitForEvent('popup'),
    session.page.getByRole('button', { name: 'window' }).click(),
  ]);
  await other.getByRole('button', { name: 'add' }).click();
  const closed = other.waitForEvent('close');
  // The click's own end may come too late.
  await Promise.all([
    closed,
    other
      .getByRole('button', { name: 'leave' })
      .click()
      .catch(() => {}),
  ]);
  await session.flush();
  for (const name of ['fcp', 'ttfb']) assert.equal(documents(name), 2, name);
  await session.page.getByRole('heading', { name: 'Opener' }).waitFor();
});

test('neither an application’s own clock nor one that a test installs changes a time', async (t) => {
  const { session, documents } = await sessionOf(t);
  const { page } = session;
  const work = async () => {
    await page.goto('/stubborn');
    await page.getByRole('button').click();
    assert.ok((await session.slowestInteraction())! >= 60);
  };
  await work();
  await page.addInitScript(() => Object.assign(window, { real: performance.now.bind(performance) }));
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(10_000);
  await work();
  await session.flush();
  for (const name of ['ttfb', 'fcp', 'inp']) assert.equal(documents(name), 2, name);
});

test('an application does not hear that its page is being left, which it may not be in the end', async (t) => {
  const { session } = await sessionOf(t);
  const { page } = session;
  await page.goto('/stubborn');
  await page.goto('/stubborn#further');
  await page.goto('/nothing').catch(() => {});
  assert.equal(await page.evaluate(() => document.visibilityState), 'visible');
  assert.equal(await page.locator('pre').textContent(), '');
});

test('all who ask for the slowest interaction while it is painted are answered', async (t) => {
  const { session } = await sessionOf(t);
  const { page } = session;
  await page.goto('/stubborn');
  await page.evaluate((name) => {
    const global = window as unknown as Record<string, () => Promise<unknown>>;
    addEventListener('click', () => {
      Object.assign(window, { both: Promise.all([global[name]!(), global[name]!()]) });
    });
  }, `${vitalsBinding}Slowest`);
  await page.getByRole('button').click();
  const [first, second] = (await page.evaluate('both')) as (number | null)[];
  assert.ok(first! >= 60);
  assert.equal(second, null);
});

test('of what no server sent there are no times', async (t) => {
  const { session, vitals } = await sessionOf(t);
  const { page } = session;
  await page.goto('data:text/html,<h1>Own</h1>');
  await page.goto('http://127.0.0.1:1/').catch(() => {});
  await page.waitForURL(/^chrome-error:/, { waitUntil: 'commit' });
  await page.waitForFunction(() => document.readyState === 'complete');
  await session.flush();
  assert.deepEqual(vitals, []);
});

test('what the target answers with an error of its own has no times, and is told of', async (t) => {
  const { session, documents, vitals, broken, url } = await sessionOf(t);
  await session.page.goto('/broken');
  await session.page.goto('/limited');
  await session.flush();
  assert.deepEqual(vitals, []);
  await session.page.goto('/absent');
  await session.flush();
  assert.equal(documents('fcp'), 1);
  assert.deepEqual(broken, [
    { status: 503, url: `${url}/broken` },
    { status: 429, url: `${url}/limited` },
  ]);
});

test('a page that calls our bindings itself is heard no further than its vitals, and named', async (t) => {
  const { session, vitals, ignored } = await sessionOf(t);
  await session.page.goto('/');
  await session.page.evaluate(
    async ([vital, events]) => {
      const global = window as unknown as Record<string, (...args: unknown[]) => Promise<void>>;
      await global[vital!]!({ document: 'own', metric: 'no_such_metric', value: 1 });
      await global[vital!]!();
      await global[events!]!('text');
      await global[vital!]!({ document: 'own', metric: 'browser_web_vital_lcp', value: 1, ageMs: 1 });
    },
    [vitalsBinding, pageEventsBinding],
  );
  assert.deepEqual(ignored, ['page calls our bindings with what is none of ours, ignored']);
  assert.equal(vitals.filter(({ document }) => document === 'own').length, 1);
});

test('a browser that gives no context or page in time is named, and what comes too late is closed', async () => {
  const options = {
    context: {},
    actionTimeoutMs: 1_000,
    traced: false,
    onVital() {},
    onErrorPage() {},
    onCrash() {},
    onEventsPainted() {},
    onIgnored() {},
  };
  let arrive: (context: object) => void = () => {};
  const late = { newContext: () => new Promise((resolve) => (arrive = resolve)) } as unknown as Browser;
  await assert.rejects(BrowserSession.open(late, options, 20), new TimeIsUp('opening a browser context', 20));
  await new Promise<void>((closed) => arrive({ close: async () => closed() }));

  let isClosed = false;
  const context = {
    setDefaultTimeout() {},
    setDefaultNavigationTimeout() {},
    exposeBinding: () => new Promise(() => {}),
    close: async () => {
      isClosed = true;
    },
  };
  const pageless = { newContext: async () => context } as unknown as Browser;
  await assert.rejects(BrowserSession.open(pageless, options, 20), new TimeIsUp('opening a page', 20));
  assert.ok(isClosed);
});

test('an error of leaving a page begins with what was called', async (t) => {
  const { session } = await sessionOf(t);
  await assert.rejects(session.page.goto('http://127.0.0.1:9/'), /^[^:]*Error: page\.goto: net::ERR_UNSAFE_PORT/);
  const { page } = session;
  await page.close();
  await assert.rejects(page.reload(), /page\.reload: /);
});

test('a page that never comes is waited for as long as any other action', async (t) => {
  // As Playwright Test has it where nobody says one.
  const settings = (chromium as unknown as { _playwright: object })._playwright;
  Object.assign(settings, { _defaultContextTimeout: 0, _defaultContextNavigationTimeout: 0 });
  t.after(() =>
    Object.assign(settings, { _defaultContextTimeout: undefined, _defaultContextNavigationTimeout: undefined }),
  );
  const { session } = await sessionOf(t, false, {}, 100);
  await assert.rejects(session.page.goto('/never'), /page\.goto: Timeout 100ms exceeded/);
});

test('a client certificate, and a certificate that nobody vouches for', async (t) => {
  const authority = new Authority();
  const options = {
    ...authority.issue('localhost'),
    requestCert: true,
    rejectUnauthorized: false,
    ca: authority.own.cert,
  };
  const server = createHttpsServer(options, (request, answer) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    answer.setHeader('content-type', 'text/html').end(page(`<h1>${subject?.CN ?? 'nobody'}</h1>`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { cert, key } = authority.issue('tandem');
  const certificate = { cert: Buffer.from(cert), key: Buffer.from(key) };
  const visit = async (wire: object) => {
    const settings = {
      name: 'test',
      source: 'test',
      values: { BASE_URL: url },
      wire: { ...directWire, ...wire },
    };
    const context = await browser.newContext(contextOptions(resolveTarget(settings, {})));
    t.after(() => context.close());
    const visited = await context.newPage();
    await visited.goto('/');
    return visited.getByRole('heading').textContent();
  };
  assert.equal(await visit({ insecure: true }), 'nobody');
  assert.equal(await visit({ insecure: true, certificate }), 'tandem');
  await assert.rejects(visit({}), /ERR_CERT/);
});
