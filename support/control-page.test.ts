import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from '@playwright/test';
import { type Browser, launchOptions } from './browser.ts';
import { type ControlledRun, ControlPage } from './control-page.ts';
import { Recorder } from './measure/recorder.ts';
import { TimeIsUp } from './time-limit.ts';

let browser: Browser;
before(async () => {
  browser = await chromium.launch(launchOptions());
});
after(() => browser?.close());

/** A recorder, and the first sample that it gets. */
function listening() {
  const recorder = new Recorder('light', 'journey');
  const first = new Promise<unknown[]>((resolve) => {
    recorder.add = (...sample) => resolve(sample);
  });
  return { recorder, first };
}

const { signal } = new AbortController();

test('its first paint is measured, and belongs to when it was opened', async () => {
  const control = await ControlPage.open(browser);
  const { recorder, first } = listening();
  control.visit({ startAt: 0, signal }, recorder);
  const [metric, paintMs, tags] = await first;
  assert.deepEqual([metric, tags], ['browser_control_paint', undefined]);
  assert.ok(typeof paintMs === 'number' && paintMs > 0, String(paintMs));
  await control.close();
});

test('it asks nothing of the network', async () => {
  const requests: string[] = [];
  const control = await ControlPage.open(browser);
  const [context] = browser.contexts();
  context!.on('request', (request) => requests.push(new URL(request.url()).protocol));
  const { recorder, first } = listening();
  control.visit({ startAt: 0, signal }, recorder);
  await first;
  await control.close();
  assert.deepEqual(requests, []);
});

test('when it has crashed, another one takes its place', async () => {
  const control = await ControlPage.open(browser);
  const [context] = browser.contexts();
  const [page] = context!.pages();
  const session = await context!.newCDPSession(page!);
  const crashed = page!.waitForEvent('crash');
  // It never answers.
  void session.send('Page.crash').catch(() => {});
  await crashed;
  const { recorder, first } = listening();
  control.visit({ startAt: 0, signal }, recorder);
  const [metric] = await first;
  assert.equal(metric, 'browser_control_paint');
  assert.equal(context!.pages().length, 1);
  await control.close();
});

test('before the start, and after the stop, nothing is measured', async () => {
  const stopping = new AbortController();
  const { recorder, first } = listening();
  let isMeasured = false;
  void first.then(() => {
    isMeasured = true;
  });
  for (const run of [
    { startAt: undefined, signal },
    { startAt: 0, signal: stopping.signal },
  ] satisfies ControlledRun[]) {
    const control = await ControlPage.open(browser);
    control.visit(run, recorder);
    stopping.abort();
    await control.close();
  }
  assert.equal(isMeasured, false);
});

test('a browser that gives no page does not hold up the run', async () => {
  const never = { newContext: () => new Promise(() => {}) } as unknown as Browser;
  await assert.rejects(ControlPage.open(never, 20), new TimeIsUp('opening a browser context', 20));
});

test('a browser that is gone is no error', async (t) => {
  const other = await chromium.launch(launchOptions());
  t.after(() => other.close());
  const control = await ControlPage.open(other);
  await other.close();
  const { recorder } = listening();
  control.visit({ startAt: 0, signal }, recorder);
  await control.close();
});
