/** Real browsers, the real relay load and the embedded target, in one run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ProfileSpec } from '../support/profile/schema.ts';
import { anyMachine, filesIn, oracleImports, Project, repository, scenarioFile } from './project.ts';

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
    for (const phase of ['calm', 'load']) {
      for (const name of ['browser_web_vital_lcp', 'browser_step_duration', 'browser_interaction_to_paint']) {
        const found = Object.entries(metrics).filter(
          ([key]) => key.startsWith(`${name}{`) && key.includes(`phase:${phase}`),
        );
        assert.ok(
          found.some(([, { count }]) => count > 0),
          `${name} in the phase ${phase}`,
        );
      }
    }
    const controlled = Object.keys(metrics).filter((key) => /^browser_control_paint\{journey:\w+\}$/.test(key));
    assert.equal(controlled.length, 1, `one control page a machine: ${controlled.join(', ')}`);
    for (const journey of ['light', 'active', 'power']) {
      assert.ok((metrics[`browser_sessions{journey:${journey}}`]?.values.count ?? 0) > 0, journey);
    }
    assert.match(String(filesIn(folder)['summary.md']), /sync-relay/);
  });
});
