import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { runQuietly } from '../../scripts/child.mjs';
import { folderOf } from '../folder.fixture.ts';
import { asHandlers, divertSoftFailures, type FailingTest, hearingSoftFailures } from './soft-failures.ts';

/** As Playwright keeps a test: a soft failure makes it a failed one. */
function failingTest() {
  const info: FailingTest = { errors: [], status: 'passed', expectedStatus: 'passed' };
  divertSoftFailures(info);
  const softly = (message: string) => {
    if (info.status === 'passed') info.status = 'failed';
    info.errors.push({
      message: `Error: ${message}`,
      stack: `Error: ${message}\n    at /journeys/visit.journey.ts:3:1`,
    });
  };
  return { info, softly };
}

test('what fails softly is told to the work that it failed in, and the test goes on', async () => {
  const { info, softly } = failingTest();
  const heard: string[] = [];
  const session = (name: string, fails: boolean) =>
    hearingSoftFailures(
      ({ message, stack }) => heard.push(`${name}: ${message} ${stack?.split('\n')[1]?.trim()}`),
      () => name,
      async () => {
        await turn();
        if (fails) softly(`${name} is not there`);
        await turn();
        return name;
      },
    );
  assert.deepEqual(await Promise.all([session('a', true), session('b', false), session('c', true)]), ['a', 'b', 'c']);
  assert.deepEqual(heard, [
    'a: a is not there at /journeys/visit.journey.ts:3:1',
    'c: c is not there at /journeys/visit.journey.ts:3:1',
  ]);
  assert.deepEqual([info.status, info.errors], ['passed', []]);
});

test('what fails softly in a handler is told while the work lasts, and is nobody’s failure once that is over', async () => {
  const { info, softly } = failingTest();
  const heard: string[] = [];
  let inHandler = (tell: () => void) => tell();
  const handlers = () => {
    inHandler = AsyncLocalStorage.snapshot();
  };
  await hearingSoftFailures(
    ({ message }) => heard.push(message),
    String,
    async () => {
      asHandlers(handlers);
      inHandler(() => softly('early'));
    },
  );
  inHandler(() => softly('late'));
  assert.deepEqual([heard, info.status, info.errors], [['early'], 'passed', []]);
  asHandlers(handlers);
  inHandler(() => softly('outside'));
  assert.equal(info.errors.length, 1);
});

test('what fails outside of any work, or when its work is over, or after all is lost, fails the test', async () => {
  const { info, softly } = failingTest();
  let late = Promise.resolve();
  const heard: string[] = [];
  const hear = ({ message }: Error) => heard.push(message);
  await hearingSoftFailures(hear, String, async () => {
    late = turn().then(() => softly('late'));
  });
  await late;
  softly('outside');
  // A test that failed stays so.
  await hearingSoftFailures(hear, String, async () => softly('heard'));
  Object.assign(info, { _hasUnhandledError: true });
  await hearingSoftFailures(hear, String, async () => softly('unhandled'));
  assert.deepEqual(heard, ['heard']);
  assert.equal(info.status, 'failed');
  assert.deepEqual(
    info.errors.map(({ message }) => message),
    ['Error: late', 'Error: outside', 'Error: unhandled'],
  );
});

/** A process of its own: what nobody hears of ends it. */
async function ended(t: TestContext, code: string): Promise<string> {
  const root = folderOf(t, {
    'run.mts': `
      import { setImmediate as turn } from 'node:timers/promises';
      import { AsyncLocalStorage } from 'node:async_hooks';
      import { asHandlers, divertRejections, hearingSoftFailures } from '${import.meta.dirname}/soft-failures.ts';
      process.on('unhandledRejection', (reason) => console.log('lost: ' + reason.message));
      divertRejections();
      divertRejections();
      const work = (action) => hearingSoftFailures((error) => console.log('heard: ' + error.message), String, action);
      const fail = async (message) => {
        await turn();
        throw new Error(message);
      };
      ${code}`,
  });
  const run = await runQuietly(process.execPath, ['--import', 'tsx', join(root, 'run.mts')], { timeoutMs: 60_000 });
  return run.output;
}

test('what nobody awaits is told to the work that it is part of; outside of any it ends the worker', async (t) => {
  const output = await ended(
    t,
    `
      await work(async () => { void fail('under way'); await turn(); await turn(); });
      await work(async () => { const early = fail('early'); await turn(); await turn(); await early.catch(() => {}); });
      await work(async () => { void fail('late'); });
      await work(async () => { void fail('page.waitForResponse: Timeout 15000ms exceeded'); });
      await work(async () => { void fail('"route.fetch: Request context disposed." while running route callback.'); });
      await work(async () => { void fail('locator.click: Target page, context or browser has been closed'); });
      let inHandler;
      await work(async () => {
        asHandlers(() => { inHandler = AsyncLocalStorage.snapshot(); });
        inHandler(() => void fail('of a handler'));
        await turn();
        await turn();
      });
      inHandler(() => void fail('of a handler, late'));
      await turn();
      void fail('outside');
    `,
  );
  assert.equal(
    output,
    'heard: under way\nheard: early\nlost: late\nlost: locator.click: Target page, context or browser has been closed\nheard: of a handler\nlost: outside',
  );
});
