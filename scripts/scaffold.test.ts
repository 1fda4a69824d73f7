import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parseDuration } from '../support/input/duration.ts';
import { parseExpression, parseSelector } from '../support/judge/expression.ts';
import { samplesNeeded } from '../support/judge/thresholds.ts';
import { builtinMetrics } from '../support/measure/metrics.ts';
import { configText, type PackageManager, profileText, workflowText } from './scaffold.ts';

/** What its steps run. */
function stepsOf(workflow: string): string[] {
  const { steps } = parse(workflow).jobs.load as { steps: { run?: string }[] };
  return steps.flatMap(({ run }) => run?.trim() ?? []);
}

interface Written {
  calm?: string;
  scenarios: Record<string, { rate: number; timeUnit?: string; duration?: string }>;
  thresholds: Record<string, string[]>;
}

test('the first profile has as many samples as each of its thresholds needs', () => {
  for (const known of [{ load: 'requests', journey: 'visit' }, { load: 'requests' }, { journey: 'visit' }]) {
    const { calm = '0s', scenarios, thresholds }: Written = JSON.parse(profileText(known));
    const loadMs = parseDuration(Object.values(scenarios).find(({ duration }) => duration)!.duration!)!;
    for (const [selector, expressions] of Object.entries(thresholds)) {
      const { metric, tags } = parseSelector(selector)!;
      const { rate, timeUnit = '1s', duration } = scenarios[(tags.scenario ?? tags.journey)!]!;
      // Journeys last as long as all there is.
      const ms = duration === undefined ? parseDuration(calm)! + loadMs : parseDuration(duration)!;
      const planned = (rate * ms) / parseDuration(timeUnit)!;
      const { type } = builtinMetrics[metric as keyof typeof builtinMetrics];
      for (const one of expressions) {
        const needed = samplesNeeded(parseExpression(one)!, type);
        assert.ok(planned >= needed, `${selector} ${one}: ${planned} of ${needed}`);
      }
    }
  }
});

test('in CI the tests sign in before the load does', () => {
  const text = workflowText({ project: '.', folder: 'load', manager: 'pnpm', signsIn: ["setup: Ada's"] });
  assert.deepEqual(
    stepsOf(text).filter((run) => run.includes('test')),
    ["pnpm exec playwright test --project='setup: Ada'\\''s'", 'pnpm exec playwright test -c load --project=smoke'],
  );
  const simple = workflowText({ project: '.', folder: 'load', manager: 'npm' });
  assert.equal(stepsOf(simple).filter((run) => run.includes('playwright test')).length, 1);
});

test('options reach Playwright by every package manager, and what has no lock file is installed without one', () => {
  const run = (manager: PackageManager) =>
    stepsOf(workflowText({ project: '.', folder: 'load', manager })).filter((step) => !/playwright install/.test(step));
  const load = 'playwright test -c load --project=smoke';
  assert.deepEqual(run('yarn'), ['corepack enable', 'yarn install --immutable', `yarn run ${load}`]);
  assert.deepEqual(run('unlocked'), ['npm install', `npx ${load}`]);
  assert.deepEqual(run('npm'), ['npm ci', `npx ${load}`]);
});

test('a project that is one of several in its repository runs where it is, and its results are found there', () => {
  const text = workflowText({
    project: 'apps/web shop',
    folder: 'load tests',
    manager: 'npm',
    baseUrl: "http://a/o'b",
  });
  const { load } = parse(text).jobs;
  assert.equal(load.defaults.run['working-directory'], 'apps/web shop');
  assert.match(load.env.BASE_URL, / \|\| 'http:\/\/a\/o''b' }}$/);
  assert.equal(load.steps.at(-1).with.path, 'apps/web shop/load tests/reports');
  assert.ok(stepsOf(text).includes("npx playwright test -c 'load tests' --project=smoke"), text);
});

test('what the tests start is started from where they start it, and imported as compilers find it', () => {
  const app = { signsIn: [], hasWebServer: true, notTaken: [] };
  const from = (config: string, isModule: boolean) =>
    /import app from (.*);/.exec(configText({ isModule, isTandem: false }, { ...app, config }))![1];
  assert.equal(from('../playwright.config.ts', true), "'../playwright.config.js'");
  assert.equal(from('../playwright.config.mts', true), "'../playwright.config.mjs'");
  assert.equal(from('../playwright.config.ts', false), "'../playwright.config'");
  assert.equal(from('../playwright.config.cts', false), "'../playwright.config.cjs'");
  const deep = configText({ isModule: false, isTandem: false }, { ...app, config: '../../playwright.config.ts' });
  assert.match(deep, /^const tests = resolve\(__dirname, '\.\.\/\.\.'\);$/m);
});
