/** Real sessions in a real browser, against the embedded target. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { chromium, expect, type Response, type Route } from '@playwright/test';
import { Console } from '../../journeys/app/console.ts';
import { Ledger } from '../../journeys/app/ledger.ts';
import { relayMetrics } from '../../protocol/apis/relay/api.ts';
import '../../protocol/apis/relay/acknowledged-writes.oracle.ts';
import { relaySettings } from '../../protocol/apis/relay/settings.ts';
import { families } from '../../protocol/families.ts';
import { Marker } from '../../protocol/relay/marker.ts';
import '../../protocol/relay/screen.oracle.ts';
import { Http } from '../../protocol/transports/http.ts';
import { type TestDatabase, testDatabase } from '../../target/core/target.fixture.ts';
import { parseFaults, startTarget, type Target, type TargetOptions } from '../../target/target.ts';
import { type Browser, BrowserSession, launchOptions } from '../browser.ts';
import { consult } from '../check/oracles.ts';
import { settingsOf } from '../family.ts';
import { folderOf } from '../folder.fixture.ts';
import { epochMs, markText, type PaintedMark } from '../measure/marks.ts';
import { Recorder } from '../measure/recorder.ts';
import { type CounterSeries, unpack } from '../measure/series.ts';
import { vitalsBinding } from '../measure/vitals.ts';
import { declaredOracles } from '../oracle.ts';
import type { Iteration } from '../schedule/executor.ts';
import { random } from '../schedule/random.ts';
import { serve } from '../server.fixture.ts';
import { resolveTarget } from '../target.ts';
import { type SessionLimits, TimeIsUp } from '../time-limit.ts';
import { metricDefinitions } from './declaration.ts';
import { Feeder } from './feeder.ts';
import { checkJourney, type JourneyDefinition, type Visit } from './journey.ts';
import { checkUse } from './journey-use.ts';
import { journeyWork } from './sessions.ts';
import { divertRejections } from './soft-failures.ts';
import { type SliceContext, unmeasured, Vu } from './vu.ts';

let browser: Browser;
let database: TestDatabase;
let target: Target;
let closing: (() => Promise<unknown>)[] = [];
let runs = 0;

before(async () => {
  browser = await chromium.launch(launchOptions());
});
before(async () => {
  database = await testDatabase();
  target = await startTarget({ databaseUrl: database.url });
});
afterEach(async () => {
  await Promise.all(closing.map((close) => close()));
  closing = [];
});
after(async () => {
  await browser?.close();
  await target?.stop();
  await database?.stop();
});

function sliceOf(
  scenario: string,
  kind: 'load' | 'journey',
  url: string,
  { signal } = new AbortController(),
): SliceContext {
  return {
    runId: `run-${runs}`,
    scenario,
    index: 0,
    of: 1,
    target: resolveTarget(
      { name: 'test', source: 'test', values: { BASE_URL: url }, declared: settingsOf(families) },
      {},
    ),
    recorder: new Recorder(scenario, kind, metricDefinitions(relayMetrics)),
    options: {},
    maxVUs: 1,
    signal,
    beforeStart: () => {},
    elapsedMs: () => performance.now(),
    endsAfterMs: Number.POSITIVE_INFINITY,
    drills: [],
    isOver: () => false,
  };
}

/** A watching person's slot, and the worker that writes into the same ledger. */
function bed(
  run: (visit: Visit, ledger: Ledger) => Promise<void>,
  url = target.url,
  by = browser,
  timeLimitsMs?: SessionLimits,
  isOver = false,
) {
  runs += 1;
  const stop = new AbortController();
  const slice = sliceOf('watcher', 'journey', url, stop);
  const definition: JourneyDefinition = {
    oracles: ['screen'],
    timeLimitsMs,
    run: (visit) => run(visit, new Ledger(visit.page)),
  };
  const kept: string[] = [];
  const keep = async (name: string) => {
    kept.push(name);
  };
  const work = journeyWork(definition, {
    slice,
    data: undefined,
    root: '.',
    browser: by,
    seed: '1',
    isDraining: () => isOver,
    keep,
  });
  const other = sliceOf('remote-changes', 'load', url);
  const [relay, auth] = [
    new Http(other, relaySettings(other.target).syncUrl),
    new Http(unmeasured(other), other.target.apiUrl),
  ];
  closing.push(
    () => relay.close(),
    () => auth.close(),
  );
  const marker = new Marker(new Vu(0, random('1', 'marker'), other), 'watcher', relay, auth);
  return {
    marker,
    async session(): Promise<string> {
      return work.run(await work.createVu(0), 0, { index: 0 } as Iteration);
    },
    work,
    stop,
    /** Samples by metric, of the journey. */
    recorded() {
      const packed = slice.recorder.pack();
      return (metric: string, tags = '') => packed[`${metric}{journey:watcher${tags}}`];
    },
    kept,
    recorder: slice.recorder,
    errors: slice.recorder.errors,
    failures: slice.recorder.examples.all,
    workerErrors: other.recorder.errors,
    async judge(oracles: string[]) {
      await marker.readBack();
      return consult(oracles, [work.evidence!(), { ...marker.evidence() }], declaredOracles);
    },
  };
}

async function register({ user }: Visit, ledger: Ledger): Promise<void> {
  await ledger.open();
  await ledger.signIn(user);
}

/** The journey's own end: sync, look, hand in what is seen. */
async function lookAtScreen({ user, evidence }: Visit, ledger: Ledger): Promise<void> {
  const syncedAt = epochMs();
  await ledger.syncNow();
  const shown = await ledger.shownTransactions();
  evidence('screen', { kind: 'shown', account: user.email, session: 'one', syncedAt, readAt: epochMs(), ...shown });
}

function remoteChanges(visit: Visit) {
  return visit.page.getByText('Remote change');
}

test('a change that is sent while the ledger is open is measured until it is painted', async () => {
  const made = bed(async (visit, ledger) => {
    await register(visit, ledger);
    await visit.watchRemoteChanges();
    await made.marker.push();
    await remoteChanges(visit).waitFor();
  });
  assert.equal(await made.session(), 'ok');
  const recorded = made.recorded();
  const delay = recorded('browser_remote_change_to_paint');
  assert.ok(delay?.t === 'trend' && delay.sum > 0, JSON.stringify(delay));
  assert.deepEqual(recorded('browser_remote_change_lost'), { t: 'rate', passes: 0, total: 1 });
  assert.deepEqual([made.errors, made.workerErrors], [{}, {}]);
});

test('a session that a run’s end finds thinking is none that failed', async () => {
  let begin = () => {};
  const thinking = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const made = bed(async ({ think }) => {
    const thought = think();
    begin();
    await thought;
  });
  const session = made.session();
  await thinking;
  made.stop.abort(new Error('a threshold was missed'));
  assert.equal(await session, 'stopped');
  assert.deepEqual([made.recorded()('browser_session_failed'), made.errors], [undefined, {}]);
});

test('a piece of evidence that is a Promise fails its session, and is not judged as nothing', async () => {
  const made = bed(async ({ evidence }) => evidence('screen', Promise.resolve({ kind: 'shown' })));
  assert.equal(await made.session(), 'failed');
  assert.match(made.failures[0]!.error, /^Error: evidence of watcher for screen is a Promise; /);
  assert.deepEqual(made.work.evidence?.(), { screen: [] });
});

test('an account that a failed session has made is signed in to by the next', async () => {
  let sessions = 0;
  const made = bed(async (visit, ledger) => {
    await register(visit, ledger);
    sessions += 1;
    if (sessions === 1) throw new Error('The network is gone.');
  });
  assert.equal(await made.session(), 'failed');
  assert.equal(await made.session(), 'ok');
});

test('of failed sessions the first is kept in full; tracing takes only times away, and only as long as it serves', async () => {
  const made = bed(async ({ page, step, user }) => {
    await step('open', () => page.setContent(`<p id="total">${user.password}</p>`));
    await step('buy', () => expect(page.locator('#total')).toHaveText('5', { timeout: 50 }));
  });
  for (let count = 0; count < 5; count += 1) assert.equal(await made.session(), 'failed');
  const [failure, ...others] = made.failures;
  assert.deepEqual(others, []);
  const { scenario, step, name, error, screenshot, trace } = failure!;
  assert.deepEqual([scenario, step], ['watcher', 'buy']);
  assert.deepEqual(made.errors, { [name]: 5 });
  assert.match(error, /^Error: expect\(locator\)\.toHaveText\(expected\) failed\n/);
  for (const part of [/Locator: +locator\('#total'\)/, /Expected: +"5"/, /Received: +"\*{3}"/, /Call log:\n/])
    assert.match(error, part);
  assert.deepEqual([screenshot, trace], ['watcher-session-0.png', 'watcher-session-0-trace.zip']);
  assert.equal(made.kept.length, 5, made.kept.join(', '));
  const recorded = made.recorded();
  assert.deepEqual(recorded('browser_session_failed'), { t: 'rate', passes: 5, total: 5 });
  // Of the first, untraced, and of those after the third, whose traces nobody would have kept.
  assert.equal(unpack(recorded('browser_step_duration', ',step:open')!).count, 3);
});

test('an operator sees what becomes of the machines, and events are measured until they are painted', async () => {
  const made = bed(async ({ page, user }) => {
    const console = new Console(page);
    await console.open();
    await console.signIn(user);
    await console.createVm({ name: 'web-1', memoryMb: 1_024 });
    await console.createVm({ name: 'web-10' });
    await console.startVm('web-1');
    await console.expectMigrated('web-1', await console.migrateVm('web-1'));
    await console.stopVm('web-1');
    assert.deepEqual(await console.deletableVms('web-1'), ['web-10', 'web-1']);
    await console.deleteVm('web-1');
    assert.deepEqual(await console.deletableVms('web'), ['web-10']);
    await console.signOut();
  });
  assert.equal(await made.session(), 'ok', JSON.stringify(made.errors));
  const delay = made.recorded()('browser_event_to_paint');
  assert.ok(delay?.t === 'trend' && delay.sum > 0, JSON.stringify(delay));
});

test('the page knows when a change was painted: after it was sent, before it is told', async () => {
  const options = {
    context: { baseURL: target.url },
    actionTimeoutMs: 15_000,
    traced: false,
    onVital() {},
    onErrorPage() {},
    onCrash() {},
    onEventsPainted() {},
    onIgnored() {},
  };
  const session = await BrowserSession.open(browser, options);
  await session.page.goto('about:blank');
  closing.push(() => session.close());
  let tell: (mark: PaintedMark & { toldAt: number }) => void = () => {};
  const told = new Promise<PaintedMark & { toldAt: number }>((resolve) => {
    tell = resolve;
  });
  await session.watchMarks((mark) => tell({ ...mark, toldAt: epochMs() }));
  const text = markText({ id: 'a-1', pushedAt: epochMs() });
  await session.page.evaluate((visible) => {
    document.body.innerHTML = `<ul><li hidden>Remote change hidden at 9999999999999.000</li><li>${visible}</li></ul>`;
  }, text);
  const { id, pushedAt, paintedAt, toldAt } = await told;
  assert.equal(id, 'a-1');
  assert.ok(pushedAt <= paintedAt && paintedAt <= toldAt, JSON.stringify({ pushedAt, paintedAt, toldAt }));
});

test('who watches in one document after the other hears of each change once', async () => {
  const made = bed(async (visit, ledger) => {
    await register(visit, ledger);
    await visit.watchRemoteChanges();
    await ledger.reopen();
    await visit.watchRemoteChanges();
    await visit.watchRemoteChanges();
    await made.marker.push();
    await remoteChanges(visit).waitFor();
  });
  assert.equal(await made.session(), 'ok', JSON.stringify(made.errors));
  assert.deepEqual(made.recorded()('browser_remote_change_lost'), { t: 'rate', passes: 0, total: 1 });
});

test('what was sent before the session watched does not count, even when it is painted later', async () => {
  const made = bed(async (visit, ledger) => {
    await register(visit, ledger);
    await made.marker.push();
    await remoteChanges(visit).waitFor();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await visit.page.route('**/sync/pull', async (route) => {
      await held;
      await route.continue();
    });
    await made.marker.push();
    await visit.watchRemoteChanges();
    await made.marker.push();
    release();
    await remoteChanges(visit).nth(2).waitFor();
  });
  assert.equal(await made.session(), 'ok');
  assert.deepEqual(made.recorded()('browser_remote_change_lost'), { t: 'rate', passes: 0, total: 1 });
});

/** Lets the page's clock go wrong by `ms` once the session watches. */
async function underClock(ms: number) {
  const made = bed(async (visit, ledger) => {
    await register(visit, ledger);
    await visit.watchRemoteChanges();
    await visit.page.evaluate((offset) => {
      const real = performance.now.bind(performance);
      performance.now = () => real() + offset;
    }, ms);
    await made.marker.push();
    await remoteChanges(visit).waitFor();
  });
  assert.equal(await made.session(), 'ok');
  return { recorded: made.recorded(), errors: made.errors };
}

test('a change that is painted too late is lost, and named', async () => {
  const { recorded, errors } = await underClock(11_000);
  assert.deepEqual(recorded('browser_remote_change_lost'), { t: 'rate', passes: 1, total: 1 });
  assert.deepEqual(errors, { 'watcher: remote change not painted within 10 s': 1 });
  const delay = recorded('browser_remote_change_to_paint');
  assert.ok(delay?.t === 'trend' && delay.sum > 10_000, JSON.stringify(delay));
});

test('a change that is painted before it was sent shows that clocks differ, and is no measurement', async () => {
  const { recorded, errors } = await underClock(-600_000);
  assert.equal(recorded('browser_remote_change_to_paint'), undefined);
  // What else the page measured by such a clock is refused under a name of its own.
  const name = 'watcher: remote change painted before it was sent, the clocks of the machines differ';
  assert.equal(errors[name], 1, JSON.stringify(errors));
});

test('a browser that dies is named, and none of its sessions is the target’s failure', async () => {
  const dying = await chromium.launch(launchOptions());
  const made = bed(
    async ({ page }) => {
      await dying.close();
      await page.title();
    },
    target.url,
    dying,
  );
  await assert.rejects(made.session(), /^Error: the browser died$/);
  await assert.rejects(made.session(), /^Error: the browser died$/);
  assert.deepEqual(made.errors, {});
  assert.equal(made.recorded()('browser_session_failed'), undefined);
});

test('a page that crashes in the browser fails its session, and is not taken for the target', async () => {
  const crash = async ({ page }: Visit) => {
    const session = await page.context().newCDPSession(page);
    const crashed = page.waitForEvent('crash');
    // It never answers.
    void session.send('Page.crash').catch(() => {});
    await crashed;
  };
  // Of a page that is gone this is empty.
  const unseen = bed(async (visit) => {
    await crash(visit);
    assert.equal(await visit.page.title(), '');
  });
  const seen = bed(async (visit) => {
    await crash(visit);
    await visit.step('look', () => visit.page.getByText('Shop').click());
  });
  assert.deepEqual(await Promise.all([unseen.session(), seen.session()]), ['failed', 'failed']);
  const name = 'the page crashed in the browser, for want of memory perhaps';
  assert.deepEqual(unseen.errors, { [`watcher, step "start": Error: ${name}`]: 1 });
  assert.deepEqual(Object.keys(seen.errors), [
    `watcher, step "start": Error: ${name}`,
    `watcher, step "look": Error: locator.click: ${name}`,
  ]);
});

test('a page that freezes is a failed session within its limit, of an age, and the next one goes on', async () => {
  let sessions = 0;
  const made = bed(
    async ({ page, step }) => {
      sessions += 1;
      if (sessions > 1) return;
      // Playwright waits for this for ever.
      await step('freeze', () =>
        page.evaluate(() => {
          for (;;);
        }),
      );
    },
    target.url,
    browser,
    { session: 1_000 },
  );
  assert.equal(await made.session(), 'failed');
  assert.equal(await made.session(), 'ok');
  assert.deepEqual(made.errors, { 'watcher, step "freeze": Error: the session did not end within N s': 1 });
  assert.equal(made.failures[0]?.error, 'Error: the session did not end within 1 s');
  const recorded = made.recorded();
  assert.deepEqual(recorded('browser_session_failed', ',unfinished:yes'), { t: 'rate', passes: 1, total: 1 });
  assert.deepEqual(recorded('browser_session_failed'), { t: 'rate', passes: 0, total: 1 });
  const age = recorded('browser_step_duration', ',step:freeze,unfinished:yes');
  assert.ok(age?.t === 'trend' && age.sum >= 900, JSON.stringify(age));
});

test('a session that is cut off was in the step that was not over: not in one that threw, or lies in another', async () => {
  const limits = { session: 500 };
  const never = () => new Promise<never>(() => {});
  const caught = bed(
    async ({ step }) => {
      await step('thrown', () => Promise.reject(new Error('gone'))).catch(() => {});
      await never();
    },
    undefined,
    undefined,
    limits,
  );
  const around = bed(
    ({ step }) => step('around', () => step('inside', async () => {}).then(never)),
    undefined,
    undefined,
    limits,
  );
  const inside = bed(({ step }) => step('around', () => step('inside', never)), undefined, undefined, limits);
  const all = [caught, around, inside].map((one) => one.session());
  assert.deepEqual(await Promise.all(all), ['failed', 'failed', 'failed']);
  assert.equal(caught.recorded()('browser_step_duration', ',step:thrown,unfinished:yes'), undefined);
  assert.ok(around.recorded()('browser_step_duration', ',step:around,unfinished:yes'));
  assert.equal(around.failures[0]?.step, 'around');
  // Of steps that lie in each other each has lasted so long.
  assert.equal(inside.failures[0]?.step, 'inside');
  const recorded = inside.recorded();
  for (const step of ['around', 'inside'])
    assert.ok(recorded('browser_step_duration', `,step:${step},unfinished:yes`), step);
});

test('a step whose time is up has lasted at least so long, however it waited; one that fails otherwise has no time', async () => {
  const made = bed(async ({ page, step }) => {
    const gone = page.getByText('There is no such thing');
    const waiting = { timeout: 20 };
    const failing: Record<string, () => Promise<unknown>> = {
      action: () => gone.click(waiting),
      assertion: () => expect(gone).toBeVisible(waiting),
      poll: () => expect.poll(() => 1, waiting).toBe(2),
      pass: () => expect(() => expect(1).toBe(2)).toPass(waiting),
      navigation: () => page.waitForURL('/nowhere', waiting),
      around: () => step('inside', () => gone.hover(waiting)),
      wrong: async () => expect(1).toBe(2),
      thrown: () => Promise.reject(new Error('gone')),
    };
    for (const [name, action] of Object.entries(failing)) await step(name, action).catch(() => {});
  });
  await made.session();
  const recorded = made.recorded();
  for (const step of ['action', 'assertion', 'poll', 'pass', 'navigation', 'around', 'inside']) {
    const age = recorded('browser_step_duration', `,step:${step},unfinished:yes`);
    // What is asked again and again gives up before a time to ask that would be too late.
    const least = ['poll', 'pass'].includes(step) ? 0 : 19;
    assert.ok(age?.t === 'trend' && age.sum >= least, `${step}: ${JSON.stringify(age)}`);
    assert.equal(recorded('browser_step_duration', `,step:${step}`), undefined);
  }
  for (const step of ['wrong', 'thrown']) {
    assert.equal(recorded('browser_step_duration', `,step:${step},unfinished:yes`), undefined);
    assert.equal(recorded('browser_step_duration', `,step:${step}`), undefined);
  }
});

test('a page that never comes has taken at least so long; one that comes, and lacks a part for ever, tells its own times', async (t) => {
  const { url } = await serve(t, (request, answer) => {
    if (request.url === '/part') answer.setHeader('content-type', 'text/html').end('<h1>Shop</h1><img src="/never">');
  });
  const recordedOf = async (path: string) => {
    const made = bed(async ({ page, step }) => {
      // The whole of it never comes; what there is of it is seen before.
      await step('open', () => page.goto(path, { timeout: path === '/part' ? 1_000 : 50 })).catch(() => {});
    }, url);
    assert.equal(await made.session(), 'ok');
    return made.recorded();
  };
  const [gone, part] = [await recordedOf('/gone'), await recordedOf('/part')];
  for (const vital of ['lcp', 'fcp', 'ttfb']) {
    const age = gone(`browser_web_vital_${vital}`, ',unfinished:yes');
    assert.ok(age?.t === 'trend' && age.sum >= 49, `${vital}: ${JSON.stringify(age)}`);
    assert.equal(part(`browser_web_vital_${vital}`, ',unfinished:yes'), undefined, vital);
  }
  assert.ok(part('browser_web_vital_lcp'));
});

test('a session that is cut off while its picture is taken counts once', async () => {
  let cut = () => {};
  const made = bed(async ({ page }) => {
    page.screenshot = async () => {
      cut();
      return Buffer.from('');
    };
    throw new Error('gone');
  });
  const vu = await made.work.createVu(0);
  cut = () => made.work.cutOff!(vu, 'gracefulStop');
  assert.equal(await made.work.run(vu, 0, { index: 0 } as Iteration), 'failed');
  const recorded = made.recorded();
  assert.deepEqual(recorded('browser_session_failed', ',unfinished:yes'), { t: 'rate', passes: 1, total: 1 });
  assert.equal(recorded('browser_session_failed'), undefined);
  assert.equal((unpack(recorded('browser_sessions')!) as CounterSeries).sum, 1);
});

test('what fails before it is awaited, or is never awaited, fails its session and no other', async () => {
  divertRejections();
  const gone = () => Promise.reject(new Error('gone'));
  const early = bed(async ({ step }) => {
    const answer = gone();
    await step('click', () => setImmediate());
    await answer;
  });
  const forgotten = bed(async ({ step }) => {
    await step('click', async () => {
      void gone();
      await setImmediate();
    });
  });
  const left = bed(async ({ page }) => void page.waitForResponse('**/never'));
  const other = bed(async ({ step }) => step('wait', () => setImmediate()));
  const outcomes = await Promise.all([early, forgotten, left, other].map((one) => one.session()));
  assert.deepEqual(outcomes, ['failed', 'failed', 'ok', 'ok']);
  for (const { errors } of [early, forgotten]) assert.deepEqual(errors, { 'watcher, step "click": Error: gone': 1 });
});

test('what a handler of a page’s throws fails its session and no other, in popups too', async (t) => {
  divertRejections();
  const { url } = await serve(t, (request, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(request.url === '/broken' ? `<script>throw new Error('of the page')</script>` : '<h1>Shop</h1>');
  });
  /** A handler that does something, and a promise of the moment at which all have heard of it. */
  const handler = (act: (response: Response) => unknown) => {
    let tell = () => {};
    const isOver = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const handle = async (told: Response | Route) => {
      try {
        await act(told as Response);
      } finally {
        tell();
      }
    };
    return { handle, isTold: isOver.then(() => setImmediate()).then(() => setImmediate()) };
  };
  const throwing = bed(async ({ page, step }) => {
    let tell = () => {};
    const isOver = new Promise<void>((resolve) => {
      tell = resolve;
    });
    page.on('pageerror', (error) => {
      tell();
      throw error;
    });
    await step('open', async () => {
      await page.goto('/broken');
      await isOver;
      await setImmediate();
    });
  }, url);
  const reading = bed(async ({ page, step }) => {
    const { handle, isTold } = handler((response) => response.json());
    page.on('response', handle);
    await step('open', async () => {
      await page.goto('/');
      await isTold;
    });
  }, url);
  const routing = bed(async ({ page, step }) => {
    const popup = await page.context().newPage();
    const { handle, isTold } = handler(() => Promise.reject(new Error('of the route')));
    await popup.route('**/routed', handle);
    await popup.goto('/');
    await step('ask', async () => {
      await popup.evaluate(() => void fetch('/routed'));
      await isTold;
    });
  }, url);
  const sound = bed(async ({ page, step }) => {
    const { handle, isTold } = handler((response) => response.text());
    page.on('response', handle);
    await page.route('**/*', (route) => route.continue());
    await step('open', async () => {
      await page.goto('/');
      await isTold;
    });
  }, url);
  const outcomes = await Promise.all([throwing, reading, routing, sound].map((one) => one.session()));
  assert.deepEqual(outcomes, ['failed', 'failed', 'failed', 'ok']);
  assert.deepEqual(throwing.errors, { 'watcher, step "open": Error: of the page': 1 });
  assert.match(Object.keys(reading.errors)[0]!, /^watcher, step "open": .*SyntaxError/);
  assert.deepEqual(routing.errors, { 'watcher, step "ask": Error: of the route': 1 });
});

test('so does what one of its frames, sockets, sessions of the protocol and further contexts throws', async (t) => {
  divertRejections();
  const { url } = await serve(t, (_request, answer) =>
    answer
      .setHeader('content-type', 'text/html')
      .end(`<script>new WebSocket('ws://' + location.host + '/live')</script>`),
  );
  type Listen = (visit: Visit, handle: () => void) => unknown;
  const listening: Record<string, Listen> = {
    load: ({ page }, handle) => page.on('load', handle),
    frame: ({ page }, handle) => page.on('framenavigated', handle),
    socket: ({ page }, handle) => page.on('websocket', (socket) => socket.on('close', handle)),
    routed: ({ page }, handle) => page.routeWebSocket('**/live', handle),
    protocol: async ({ page }, handle) => {
      const session = await page.context().newCDPSession(page);
      session.on('Network.responseReceived', handle);
      await session.send('Network.enable');
    },
    second: async ({ page }, handle) => {
      const context = await page.context().browser()!.newContext();
      const other = await context.newPage();
      other.on('load', handle);
      await other.goto(url);
      await context.close();
    },
  };
  const walk = async (name: string, throws: boolean) => {
    let tell = () => {};
    const isTold = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const made = bed(async (visit) => {
      let isFirst = true;
      await listening[name]!(visit, () => {
        tell();
        if (throws && isFirst) {
          isFirst = false;
          throw new Error(`of ${name}`);
        }
      });
      await visit.step('open', async () => {
        await visit.page.goto('/');
        await isTold;
        await setImmediate().then(() => setImmediate());
      });
    }, url);
    return [await made.session(), made.failures.map(({ error }) => error)];
  };
  for (const name of Object.keys(listening)) {
    const both = await Promise.all([walk(name, true), walk(name, false)]);
    assert.deepEqual(both, [
      ['failed', [`Error: of ${name}`]],
      ['ok', []],
    ]);
  }
});

test('what a handler hears of the end of its session, or asks a page that is gone, is no failure and ends no slice', async (t) => {
  divertRejections();
  const { url } = await serve(t, (request, answer) => {
    if (request.url === '/endless') answer.writeHead(200).write('{');
    else answer.setHeader('content-type', 'text/html').end(`<script>fetch('/endless')</script>`);
  });
  let closed = 0;
  const made = bed(async ({ page, step }) => {
    page.on('close', () => {
      closed += 1;
      throw new Error('of close');
    });
    page.on('response', (response) => response.text());
    await step('open', async () => {
      const answered = page.waitForResponse('**/endless');
      await page.goto('/');
      await answered;
    });
  }, url);
  assert.equal(await made.session(), 'ok');
  await setImmediate();
  assert.ok(closed > 0);
  assert.deepEqual(made.failures, []);
});

test('what a journey does not wait for is told or ignored, and ends no slice', async () => {
  const forgetful = bed(async ({ page, step }) => {
    // Asks a page that is gone by then.
    page.on('response', async () => {
      await page.waitForEvent('close').catch(() => {});
      await page.title();
    });
    await page.goto('/');
    void step('forgotten', () => page.getByText('never').click());
  });
  const both = bed(async ({ step }) => {
    const fail = () => Promise.reject(new Error('gone'));
    await Promise.all([step('first', () => setImmediate().then(fail)), step('second', () => new Promise(() => {}))]);
  });
  const unshown = bed(() => Promise.reject({ toString: () => assert.fail() }));
  const patient = bed(
    async ({ think }) => {
      let isThere = false;
      setTimeout(() => {
        isThere = true;
      });
      while (!isThere) await think();
    },
    ...[undefined, undefined, undefined],
    true,
  );
  const outcomes = await Promise.all([forgetful, both, unshown, patient].map((one) => one.session()));
  assert.deepEqual(outcomes, ['failed', 'failed', 'failed', 'ok']);
  assert.equal(forgetful.failures[0]?.step, 'forgotten');
  assert.match(forgetful.failures[0].error, /^Error: the session ended before this step did: await it/);
  assert.deepEqual([both.failures.length, both.failures[0]?.step], [1, 'first']);
  assert.deepEqual(Object.keys(unshown.errors), ['watcher, step "start": thrown: what cannot be shown']);
});

test('a session that is cut off leaves the target alone, and what comes of it later counts no more', async (t) => {
  const { url } = await serve(t, (_request, answer) =>
    answer.setHeader('content-type', 'text/html').end('<h1>Shop</h1>'),
  );
  let opened = () => {};
  const isOpen = new Promise<void>((resolve) => {
    opened = resolve;
  });
  let walked = 0;
  const made = bed(async ({ page, step, check, think }) => {
    walked += 1;
    await page.goto('/');
    opened();
    await step('wait', () => page.getByText('never').click()).catch(() => {});
    check('late', false);
    await think();
  }, url);
  const vu = await made.work.createVu(0);
  const running = made.work.run(vu, 0, { index: 0 } as Iteration);
  await isOpen;
  made.work.cutOff!(vu, 'gracefulStop');
  // The shell answers nobody for seconds when a context ends at its first paint, unless it is asked for something else.
  await (await browser.newContext()).close();
  assert.equal(await running, 'failed');
  assert.deepEqual([made.errors, made.failures, browser.contexts()], [{}, [], []]);
  // One that had no page yet does not ask for any.
  const early = made.work.run(vu, 0, { index: 1 } as Iteration);
  made.work.cutOff!(vu, 'gracefulStop');
  assert.deepEqual([await early, walked], ['failed', 1]);
  assert.deepEqual(made.recorded()('browser_session_failed', ',unfinished:yes'), { t: 'rate', passes: 2, total: 2 });
});

test('a page that the target answers with HTTP 5xx fails its session, unless that says so itself, and has no vitals', async (t) => {
  const { url } = await serve(t, (_request, answer) => {
    answer.writeHead(503, { 'content-type': 'text/html' }).end('<h1>Unavailable</h1>');
  });
  const open: Parameters<typeof bed>[0] = async ({ page, step }) => {
    await step('open', () => page.goto('/shop'));
    await page.reload();
  };
  const passing = bed(open, url);
  const missing = bed(async (visit, ledger) => {
    await open(visit, ledger);
    await visit.step('look', () => visit.page.getByText('Shop').waitFor({ timeout: 50 }));
  }, url);
  const watchful = bed(async (visit, ledger) => {
    await open(visit, ledger);
    visit.sawOutage('error');
  }, url);
  assert.deepEqual(await Promise.all([passing, missing, watchful].map((one) => one.session())), [
    'failed',
    'failed',
    'ok',
  ]);
  assert.deepEqual(passing.errors, { 'watcher, step "open": HTTP 503': 1 });
  assert.equal(missing.failures[0]?.error, 'Error: /shop was answered with HTTP 503');
  assert.equal(missing.failures[1]?.step, 'look');
  const { url: other } = await serve(t, (_request, answer) => answer.writeHead(500).end());
  const elsewhere = bed(async ({ page }) => void (await page.goto(`${other}/login`)), url);
  assert.equal(await elsewhere.session(), 'failed');
  assert.equal(elsewhere.failures[0]?.error, `Error: ${other}/login was answered with HTTP 500`);
  assert.deepEqual(watchful.errors, {});
  for (const { recorded } of [passing, missing, watchful]) {
    const told = recorded();
    assert.equal(told('browser_web_vital_fcp') ?? told('browser_backend_time'), undefined);
  }
});

test('a failed session tells its vitals; what only we do before a page is left is no part of a step', async () => {
  let wholeMs = 0;
  const made = bed(async ({ page, step }) => {
    await page.goto('/');
    await step('further', async () => {
      const startAt = performance.now();
      await page.goto('/#further');
      wholeMs = performance.now() - startAt;
    });
    await page.goto('/?anew');
    throw new Error('gone');
  });
  assert.equal(await made.session(), 'failed');
  const recorded = made.recorded();
  assert.equal(unpack(recorded('browser_web_vital_lcp')!).count, 2);
  const step = recorded('browser_step_duration', ',step:further');
  assert.ok(step?.t === 'trend' && step.sum < wholeMs, `${JSON.stringify(step)} ${wholeMs}`);
});

test('vitals belong to when their document began, however late it was painted, and to no time before their session', async () => {
  const made = bed(async ({ page }, ledger) => {
    await ledger.open();
    await page.evaluate(async (binding) => {
      const report = (window as unknown as Record<string, (report: unknown) => Promise<void>>)[binding]!;
      const vital = { metric: 'browser_web_vital_lcp', value: 1 };
      await report({ document: 'late', ...vital, ageMs: 5 });
      await report({ document: 'of no session', ...vital, ageMs: 3_600_000 });
    }, vitalsBinding);
  });
  const at: Record<string, number[]> = {};
  const { add } = made.recorder;
  made.recorder.add = (metric, value, tags, beganAt) => {
    if (value === 1) at[metric] = [...(at[metric] ?? []), beganAt!];
    add.call(made.recorder, metric, value, tags, beganAt);
  };
  assert.equal(await made.session(), 'ok');
  const [session] = at.browser_sessions!;
  const [late, ofNoSession] = at.browser_web_vital_lcp!;
  assert.equal(ofNoSession, session);
  assert.ok(late! > session!);
});

test('what a journey says of itself is refused with a sentence', () => {
  const run = async () => {};
  for (const [definition, sentence] of [
    [{ run: 'buy' }, 'run is "buy"; allowed is a function.'],
    [
      { run, thinkTimeMs: 500 },
      'thinkTimeMs is 500; allowed is the shortest and the longest pause in ms, such as [500, 1500].',
    ],
    [
      { run, thinkTimeMs: [3, 1] },
      'thinkTimeMs is [3,1]; allowed is the shortest and the longest pause in ms, such as [500, 1500].',
    ],
    [
      { run, thinkTime: [1, 2] },
      'there is an unknown field "thinkTime"; did you mean "thinkTimeMs"? allowed: metrics, thinkTimeMs, oracles, timeLimitsMs, options, use, run, teardown, setupRun, teardownRun.',
    ],
    [
      { run, timeLimitsMs: { setup: 5 } },
      'timeLimitsMs: there is an unknown field "setup"; allowed: setupRun, teardownRun, session.',
    ],
    [{ run, timeLimitsMs: { session: '5s' } }, 'timeLimitsMs.session is "5s"; allowed is a number of ms above 0.'],
  ] as [never, string][])
    assert.throws(() => checkJourney('shopper', definition), { message: `journey("shopper"): ${sentence}` });
  checkJourney('shopper', { run, thinkTimeMs: [0, 0], timeLimitsMs: { session: Number.POSITIVE_INFINITY } });
});

test('a page that floods our bindings is ignored, named, and its session goes on', async () => {
  const made = bed(async ({ page, step }, ledger) => {
    await ledger.open();
    await step('flood', () =>
      page.evaluate(async (binding) => {
        const report = (window as unknown as Record<string, (report: unknown) => Promise<void>>)[binding]!;
        const vital = { metric: 'browser_web_vital_lcp', value: 1, ageMs: 1 };
        await Promise.all(Array.from({ length: 1_010 }, (_, n) => report({ document: `own ${n}`, ...vital })));
      }, vitalsBinding),
    );
  });
  assert.equal(await made.session(), 'ok');
  assert.deepEqual(made.errors, { 'watcher: page calls our bindings in a flood, ignored': 1 });
});

test('a browser that gives no page is the generator’s failure, not the target’s', async () => {
  const late = {
    isConnected: () => true,
    newContext: () => Promise.reject(new TimeIsUp('opening a browser context', 30_000)),
  } as unknown as Browser;
  const made = bed(async () => {}, target.url, late);
  assert.equal(await made.session(), 'failed');
  assert.deepEqual(made.errors, { 'generator: opening a browser context did not end within 30 s': 1 });
  assert.deepEqual(made.recorded()('browser_session_failed'), { t: 'rate', passes: 1, total: 1 });
});

test('a true screen satisfies the oracles', async () => {
  const made = bed(async (visit, ledger) => {
    await register(visit, ledger);
    await made.marker.push();
    await ledger.addTransaction({ payee: 'Bakery', amountCents: -1_234_50 });
    await made.marker.push();
    await ledger.addTransaction({ payee: 'Salary', amountCents: 300_00 });
    await lookAtScreen(visit, ledger);
  });
  assert.equal(await made.session(), 'ok');
  const [writes, screen] = await made.judge(['acknowledged-writes', 'screen']);
  assert.deepEqual([writes!.status, writes!.checked], ['ok', 2]);
  assert.deepEqual(
    [screen!.status, screen!.checked, screen!.counts],
    ['ok', 1, { rows: 4, transactions: 4, unread: 0 }],
  );
  assert.deepEqual([made.errors, made.workerErrors], [{}, {}]);
});

test('a page that hides a row is a violation', async () => {
  const made = bed(async (visit, ledger) => {
    await register(visit, ledger);
    await ledger.addTransaction({ payee: 'Bakery', amountCents: -4_20 });
    await visit.page.evaluate(() => {
      document.querySelector<HTMLElement>('tbody tr')!.hidden = true;
    });
    // As if it had stood there for a minute: the oracle allows for clocks that differ by a second.
    const evidence: Visit['evidence'] = (oracle, piece) =>
      visit.evidence(oracle, { ...(piece as object), syncedAt: epochMs() + 60_000 });
    await lookAtScreen({ ...visit, evidence }, ledger);
  });
  assert.equal(await made.session(), 'ok');
  const [screen] = await made.judge(['screen']);
  assert.equal(screen!.status, 'violated');
  const [{ inRelay }] = screen!.examples as [{ inRelay: { count: number; notOnScreen: { payee: string }[] } }];
  assert.equal(inRelay.count, 1);
  assert.equal(inRelay.notOnScreen[0]?.payee, 'Bakery');
});

test('a relay that acknowledged and lost what a person wrote is a violation', async (t) => {
  const faulty: TargetOptions = { databaseUrl: database.url, faults: parseFaults('lose-write=1') };
  const losing = await startTarget(faulty);
  t.after(() => losing.stop());
  const made = bed(async (visit, ledger) => {
    await register(visit, ledger);
    await ledger.addTransaction({ payee: 'Bakery', amountCents: -4_20 });
    await lookAtScreen(visit, ledger);
    await made.marker.push();
  }, losing.url);
  assert.equal(await made.session(), 'ok');
  const [writes, screen] = await made.judge(['acknowledged-writes', 'screen']);
  assert.deepEqual([writes!.status, writes!.violations], ['violated', 1]);
  assert.deepEqual([screen!.status, screen!.violations], ['violated', 1]);
  const [{ onScreen }] = screen!.examples as [{ onScreen: object }];
  assert.deepEqual(onScreen, { count: 1, notInRelay: [{ payee: 'Bakery', amountCents: -4_20 }] });
});

test('a session is signed in as its definition says, adds, checks, and asks as the same user', async (t) => {
  const cookie = { name: 'session', value: 'of-slot-3', domain: '127.0.0.1', path: '/', expires: -1 };
  const state = { cookies: [{ ...cookie, httpOnly: true, secure: false, sameSite: 'Lax' }], origins: [] };
  const root = folderOf(t, { 'auth/user.json': state });
  const cookies: unknown[] = [];
  const { url } = await serve(t, (request, answer) => {
    if (request.url !== '/favicon.ico') cookies.push([request.url, request.headers.cookie]);
    answer.setHeader('content-type', 'text/html').end('<title>Shop</title>');
  });
  const slice = sliceOf('shopper', 'journey', url);
  const recorder = new Recorder('shopper', 'journey', metricDefinitions({ basket: 'counter' }));
  const rows = new Feeder(['only']);
  const definition = (storageState: string): JourneyDefinition => ({
    use: { storageState, locale: 'de-DE' },
    async run({ page, request, add, check, slot, runId, target, step, data, ...visit }) {
      check('has its row', rows.next(visit) === 'only');
      check('has what was set up', (data as unknown) === 'token');
      await step('open', () => page.goto('/'));
      await request.get('/api');
      add('basket', 2);
      check('is German', (await page.evaluate(() => navigator.language)) === 'de-DE');
      check('is known', `${slot} ${runId} ${target.baseUrl}` === `3 ${slice.runId} ${url}`);
      check('is empty', false);
    },
  });
  const keep = async () => {};
  const context = {
    slice: { ...slice, recorder },
    data: 'token',
    root,
    browser,
    seed: '1',
    isDraining: () => false,
    keep,
  };
  const work = journeyWork(definition('auth/user.json'), context);
  const person = await work.createVu(3);
  assert.equal(await work.run(person, 0, { index: 0 } as Iteration), 'failed');
  assert.deepEqual(cookies, [
    ['/', 'session=of-slot-3'],
    ['/api', 'session=of-slot-3'],
  ]);
  const [, basket] = Object.entries(recorder.pack()).find(([key]) => key.startsWith('basket'))!;
  assert.equal((unpack(basket) as CounterSeries).sum, 2);
  assert.deepEqual(Object.keys(recorder.errors), ['check: is empty']);
  // That ends the slice: it is no failed session.
  await assert.rejects(work.run(person, 0, { index: 1 } as Iteration), /A list of 1 rows is used up; /);
  const missing = /^Error: storageState .*auth\/nobody\.json is not there; allowed is a file that /;
  const unknown = journeyWork(
    { ...definition('auth/user.json'), use: () => ({ storageState: 'auth/nobody.json' }) },
    context,
  );
  await assert.rejects(unknown.run(await unknown.createVu(3), 0, { index: 0 } as Iteration), missing);
  await assert.rejects(checkUse(root, { storageState: 'auth/nobody.json' }, browser, slice.target), missing);
  const timezoneId = 'Mars/Phobos';
  await assert.rejects(checkUse(root, { timezoneId }, browser, slice.target), {
    message: 'use is refused by the browser: Invalid timezone ID: Mars/Phobos',
  });
  await checkUse(root, { storageState: 'auth/user.json', locale: 'de-DE' }, browser, slice.target);
  assert.deepEqual(browser.contexts(), []);
});
