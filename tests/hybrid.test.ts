/** Real browsers, the real relay load and the embedded target, in one run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { unzipSync } from 'fflate';
import type { ProfileSpec } from '../support/profile.ts';
import { serve } from '../support/server.fixture.ts';
import { anyMachine, filesIn, oracleImports, Project, Run, reason, repository, scenarioFile } from './project.ts';

/**
 * The repository's smoke profile, for any machine and any length: it needs one sample for each threshold, and its limits on
 * times hold unless nothing was measured.
 */
function lenientSmoke(): ProfileSpec {
  const smoke = JSON.parse(readFileSync(join(repository, 'profiles', 'smoke.json'), 'utf8')) as ProfileSpec;
  const thresholds = Object.entries(smoke.thresholds).map(([metric, all]) => {
    const lenient = all.map((one) => {
      const threshold = typeof one === 'string' ? one : one.threshold;
      const limit = threshold.replace(/^(p\(\d+\)<).*\*calm$/, '$11000*calm').replace(/^(p\(\d+\)<)[\d.]+$/, '$160000');
      return threshold.startsWith('count') ? threshold : { threshold: limit, minSamples: 1 };
    });
    return [metric, lenient] as const;
  });
  return { ...smoke, thresholds: Object.fromEntries(thresholds), health: anyMachine };
}

/** The real ones, of every scenario that the profile has. */
const scenarios: Record<string, string | ProfileSpec> = { 'profiles/smoke.json': lenientSmoke(), ...oracleImports() };
for (const name of Object.keys(lenientSmoke().scenarios)) {
  const file = scenarioFile(name);
  scenarios[file] = `import '${repository}/${file}';`;
}

describe('smoke on the embedded target', () => {
  test('passes, with browsers and protocol in one verdict, calm and load apart', async (t) => {
    const project = new Project(t, scenarios);
    const run = project.start(['--project=smoke'], { LOAD_DURATION: '18s' });
    const { exitCode, verdict, output, folder } = await run.end();
    assert.equal(verdict?.status, 'pass', output);
    assert.equal(exitCode, 0);
    assert.equal(verdict.target.name, 'embedded');
    assert.equal(verdict.slices.received, verdict.slices.expected);
    const { metrics } = verdict;
    for (const name of ['http_req_duration', 'sync_push_duration', 'sync_pull_duration', 'iteration_response_time']) {
      assert.ok((metrics[`${name}{scenario:sync-relay}`]?.count ?? 0) > 0, name);
    }
    for (const window of ['calm', 'load']) {
      for (const name of ['browser_web_vital_lcp', 'browser_step_duration', 'browser_interaction_to_paint']) {
        const found = Object.entries(metrics).filter(
          ([key]) => key.startsWith(`${name}{`) && key.includes(`window:${window}`),
        );
        assert.ok(
          found.some(([, { count }]) => count > 0),
          `${name} in the ${window} window`,
        );
      }
    }
    for (const journey of ['light', 'active', 'power']) {
      assert.ok((metrics[`browser_sessions{journey:${journey}}`]?.values.count ?? 0) > 0, journey);
    }
    assert.match(String(filesIn(folder)['summary.md']), /sync-relay/);
  });

  test('is what the repository itself would run', async (t) => {
    const { exitCode, output } = await new Run(t, repository, ['--list', '--project=smoke'], {}).end();
    assert.equal(exitCode, 0);
    assert.match(output, /^smoke: .*\n {2}load sync-relay, slices: 1\n {2}journey light, slices: 1\n/);
  });
});

test('a failing journey: its reason, a screenshot, and a trace without secrets', async (t) => {
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
    'rate of browser_session_failed was 100 % over 2 samples; required < 10 %. ' +
      'Look at what the person in the browser felt, step by step.',
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
