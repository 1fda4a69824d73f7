/** In a real browser, on a page whose socket says what is to happen to it. */
import assert from 'node:assert/strict';
import { on, once } from 'node:events';
import { after, afterEach, before, type TestContext, test } from 'node:test';
import { chromium } from '@playwright/test';
import { WebSocketServer, type WebSocket as WsSocket } from 'ws';
import { type Browser, BrowserSession, launchOptions } from '../browser.ts';
import { serve } from '../server.fixture.ts';

const DELAY_MS = 120;

/** Does what each message says and answers after the next frame, so that each message has a frame to itself. */
const PAGE = `<!doctype html><body>
<p id="shown">…</p><ul><li>one</li><li>two</li></ul><p id="hidden" hidden>…</p><p id="invisible" style="visibility: hidden">…</p>
<script>
const shown = document.querySelector('#shown');
let count = 0;
const show = () => { shown.textContent = String(++count); };
const busy = () => { for (const end = performance.now() + ${DELAY_MS}; performance.now() < end; ); };
const acts = {
  'at once': show,
  'after work': () => { busy(); show(); },
  'in the frame': () => requestAnimationFrame(() => { busy(); show(); }),
  'in a later task': () => { const { port1, port2 } = new MessageChannel(); port1.onmessage = show; port2.postMessage(0); },
  'by a promise': () => Promise.resolve().then(show),
  'characters': () => { shown.firstChild.data = String(++count); },
  'an attribute': () => { shown.style.color = 'red'; },
  'a removal': () => document.querySelector('li').remove(),
  'nothing': () => {},
  'data only': () => { count += 0; localStorage; },
  'hidden': () => { for (const id of ['hidden', 'invisible']) document.getElementById(id).textContent = String(Math.random()); },
  'no box': () => document.body.append(document.createElement('script'), document.createComment('x')),
  'the title': () => { document.title = String(Math.random()); },
};
const socket = new WebSocket(location.href.replace('http', 'ws'));
socket.onmessage = ({ data }) => {
  requestAnimationFrame(() => setTimeout(() => setTimeout(() => socket.send(data))));
  acts[data]();
};
</script>`;

let browser: Browser;
const sessions: BrowserSession[] = [];
before(async () => {
  browser = await chromium.launch(launchOptions());
});
// Before the server ends, which waits for the sockets of the pages.
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});
after(() => browser?.close());

/** Opens the page; `measured` sends messages, one after the other but for those of a list, and gives what was measured. */
async function openPage(t: TestContext) {
  const { url, server } = await serve(t, (_request, response) => response.end(PAGE));
  const sockets = new WebSocketServer({ server });
  const connected = once(sockets, 'connection') as Promise<[WsSocket]>;
  let painted: number[][] = [];
  const session = await BrowserSession.open(browser, {
    context: { baseURL: url },
    actionTimeoutMs: 5_000,
    traced: false,
    onVital() {},
    onErrorPage() {},
    onCrash() {},
    onEventsPainted: (durationsMs) => painted.push(durationsMs),
    onIgnored() {},
  });
  sessions.push(session);
  const { page } = session;
  const failures: Error[] = [];
  page.on('pageerror', (error) => failures.push(error));
  await page.goto('/');
  const [socket] = await connected;
  const measured = async (...messages: (string | string[])[]) => {
    painted = [];
    for (const together of messages) {
      const answers = on(socket, 'message');
      for (const message of [together].flat()) socket.send(message);
      for (const _ of [together].flat()) await answers.next();
    }
    await session.flush();
    assert.deepEqual(failures, []);
    return painted.flat();
  };
  return { page, measured };
}

test('a message is measured until what it changed is painted, with all that lies between', async (t) => {
  const { measured } = await openPage(t);
  for (const slow of ['after work', 'in the frame']) {
    const [durationMs, ...others] = await measured(slow);
    assert.ok(durationMs! >= DELAY_MS, `${slow}: ${durationMs}`);
    assert.deepEqual(others, []);
  }
  const changes = ['at once', 'in a later task', 'by a promise', 'characters', 'an attribute', 'a removal'];
  for (const change of changes) {
    const [durationMs, ...others] = await measured(change);
    assert.ok(durationMs! > 0, `${change}: ${durationMs}`);
    assert.deepEqual(others, [], change);
  }
});

test('a message that changes nothing visible does not count, and the next one that does is not blamed for it', async (t) => {
  const { measured } = await openPage(t);
  assert.deepEqual(await measured('nothing', 'data only', 'hidden', 'no box', 'the title'), []);
  assert.equal((await measured('nothing', 'at once', 'hidden')).length, 1);
});

test('messages that come together are measured each, whether one frame shows them or two', async (t) => {
  const { measured } = await openPage(t);
  const [first, second, third, ...others] = await measured(['after work', 'at once', 'at once']);
  assert.ok(first! >= DELAY_MS && second! > 0 && third! > 0, `${first}, ${second}, ${third}`);
  assert.deepEqual(others, []);
});

test('a page’s WebSocket stays what it was', async (t) => {
  const { page } = await openPage(t);
  const seen = await page.evaluate(`
    const url = location.href.replace('http', 'ws');
    class Own extends WebSocket {}
    const refusal = (() => { try { WebSocket(url); } catch (error) { return error.name; } })();
    [WebSocket.name, WebSocket.OPEN, new WebSocket(url) instanceof WebSocket, new Own(url) instanceof Own, refusal]`);
  assert.deepEqual(seen, ['WebSocket', 1, true, true, 'TypeError']);
});
