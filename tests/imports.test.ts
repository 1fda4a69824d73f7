import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { cruise } from 'dependency-cruiser';

const config = createRequire(import.meta.url)('../.dependency-cruiser.cjs');

/** Modules by path; each value lists what the module imports. */
type Tree = Record<string, string[]>;

const cleanTree: Tree = {
  'playwright.config.ts': ['@playwright/test', './support/profile.ts', './support/target.ts', './protocol/families.ts'],
  'protocol/families.ts': ['../support/family.ts', './relay/family.ts'],
  'protocol/relay/family.ts': ['../../support/family.ts'],
  'journeys/light.journey.ts': ['../support/test.ts', './app/ledger.ts'],
  'journeys/app/ledger.ts': ['../../support/test.ts'],
  'protocol/relay/sync-relay.load.ts': ['../../support/test.ts', './device.ts', '../transports/http.ts'],
  'protocol/relay/device.ts': ['../apis/relay/api.ts', '../../support/test.ts'],
  'protocol/apis/relay/api.ts': ['../../transports/http.ts'],
  'protocol/transports/http.ts': ['undici'],
  'support/profile.ts': ['zod', './input/duration.ts', './judge/expression.ts'],
  'support/input/duration.ts': [],
  'support/target.ts': ['zod', './family.ts'],
  'support/family.ts': [],
  'support/test.ts': [
    ...['@playwright/test', './profile.ts', './browser.ts', './worker/load.ts'],
    ...['./schedule/pacer.ts', './measure/recorder.ts', './check/convergence.ts'],
  ],
  'support/worker/load.ts': ['../schedule/pacer.ts'],
  'support/browser.ts': ['@playwright/test', './measure/vitals.ts', './secrets/trace.ts'],
  'support/secrets/trace.ts': [],
  'support/measure/vitals.ts': [],
  'support/schedule/pacer.ts': ['../profile.ts', '../measure/recorder.ts'],
  'support/schedule/pacer.test.ts': ['./pacer.ts', 'fastify', '../judge/verdict.ts'],
  'support/schedule/startline.ts': [],
  'support/measure/recorder.ts': ['./metrics.ts'],
  'support/measure/metrics.ts': [],
  'support/check/convergence.ts': ['../measure/recorder.ts'],
  'support/judge/expression.ts': ['../measure/metrics.ts'],
  'support/judge/verdict.ts': ['./expression.ts', '../measure/recorder.ts', '../profile.ts'],
  'support/report/text/terminal.ts': ['../judge/verdict.ts'],
  'support/run/reporter.ts': [
    ...['@playwright/test', '../report/text/terminal.ts', '../judge/verdict.ts', '../check/convergence.ts'],
    ...['../schedule/startline.ts', './coordinator.ts'],
  ],
  'support/run/coordinator.ts': ['../schedule/startline.ts'],
  'target/main.ts': ['fastify', './core/server.ts', './families/index.ts'],
  'target/families/index.ts': ['./relay/family.ts', './migrations/family.ts'],
  'target/families/relay/family.ts': [],
  'target/families/migrations/family.ts': ['../vms/vm.ts'],
  'target/families/vms/vm.ts': [],
  'target/core/server.ts': [],
  'bench/main.ts': ['../support/schedule/pacer.ts', './server.ts', 'fastify'],
  'bench/server.ts': [],
  'tests/run.test.ts': ['../target/main.ts', '@playwright/test', '../support/judge/verdict.ts'],
};

/** One offence for every rule: the module that offends, and what it must not import. */
const offences: { rule: string; module: string; imports: string }[] = [
  { rule: 'authors-know-only-test', module: 'journeys/active.journey.ts', imports: '../support/measure/recorder.ts' },
  { rule: 'authors-know-only-test', module: 'protocol/realtime/realtime.load.ts', imports: '../../support/profile.ts' },
  { rule: 'journeys-without-protocol', module: 'journeys/short.journey.ts', imports: '../protocol/transports/http.ts' },
  { rule: 'protocol-without-journeys', module: 'protocol/clicks.load.ts', imports: '../journeys/app/ledger.ts' },
  { rule: 'support-without-families', module: 'support/target.ts', imports: '../protocol/relay/device.ts' },
  { rule: 'declared-without-loads', module: 'protocol/relay/family.ts', imports: './device.ts' },
  { rule: 'families-apart', module: 'protocol/crdt/relay-peer.ts', imports: '../relay/device.ts' },
  { rule: 'apis-below-families', module: 'protocol/apis/relay/pulling.ts', imports: '../../relay/device.ts' },
  { rule: 'transports-below-apis', module: 'protocol/transports/socket.ts', imports: '../apis/relay/api.ts' },
  { rule: 'data-stays-light', module: 'support/slo.ts', imports: './measure/recorder.ts' },
  { rule: 'measure-alone', module: 'support/measure/health.ts', imports: '../schedule/startline.ts' },
  { rule: 'schedule-on-measure', module: 'support/schedule/executor.ts', imports: '../check/convergence.ts' },
  { rule: 'check-on-measure', module: 'support/check/acknowledged.ts', imports: '../judge/verdict.ts' },
  { rule: 'judge-on-measure', module: 'support/judge/baseline.ts', imports: '../check/convergence.ts' },
  { rule: 'findings-below-judging', module: 'support/judge/findings/hung.ts', imports: '../verdict.ts' },
  { rule: 'report-on-judge', module: 'support/report/html/report.ts', imports: '../../schedule/startline.ts' },
  { rule: 'run-composes', module: 'support/run/reporter.ts', imports: '../schedule/pacer.ts' },
  { rule: 'drawing-at-the-end', module: 'support/run/coordinator.ts', imports: '../report/text/terminal.ts' },
  { rule: 'workers-neither-judge-nor-report', module: 'support/test.ts', imports: './judge/verdict.ts' },
  { rule: 'browser-measures', module: 'support/browser.ts', imports: './schedule/startline.ts' },
  { rule: 'few-know-playwright', module: 'journeys/power.journey.ts', imports: '@playwright/test' },
  { rule: 'few-know-playwright', module: 'support/report/live.ts', imports: 'playwright-core' },
  { rule: 'target-stands-alone', module: 'target/core/faults.ts', imports: '../../support/input/duration.ts' },
  { rule: 'target-core-without-families', module: 'target/core/server.ts', imports: '../families/relay/family.ts' },
  { rule: 'target-families-apart', module: 'target/families/migrations/family.ts', imports: '../relay/family.ts' },
  { rule: 'target-only-by-the-wire', module: 'protocol/relay/device.ts', imports: '../../target/main.ts' },
  { rule: 'tests-and-bench-are-ends', module: 'support/schedule/vu-pool.ts', imports: '../../bench/server.ts' },
  { rule: 'no-dev-dependencies', module: 'protocol/transports/grpc.ts', imports: 'fastify' },
  { rule: 'declared-packages', module: 'support/measure/loop.ts', imports: 'stray' },
  { rule: 'imports-exist', module: 'support/judge/gone.ts', imports: './nowhere.ts' },
  { rule: 'no-cycles', module: 'support/measure/metrics.ts', imports: './recorder.ts' },
  { rule: 'no-dead-modules', module: 'support/check/unused.ts', imports: '../measure/recorder.ts' },
];

test('a tree that keeps to the rules is passed', async () => {
  assert.deepEqual(await violationsIn(cleanTree), []);
});

describe('a tree with all offences', () => {
  let found: Violation[];
  before(async () => {
    const tree = { ...cleanTree };
    for (const { rule, module, imports } of offences) {
      tree[module] = [...(cleanTree[module] ?? []), imports];
      // Somebody uses the offender, so that it is not a dead module too.
      const isUsed = rule === 'no-dead-modules' || module.startsWith('target/') || cleanTree[module];
      if (!isUsed) tree['bench/main.ts'] = [...tree['bench/main.ts']!, `../${module}`];
    }
    found = await violationsIn(tree);
  });

  for (const { rule, module, imports } of offences) {
    test(`${rule}: ${module} must not import ${imports}`, () => {
      const own = found.filter(({ modules }) => modules[0] === module);
      assert.deepEqual([...new Set(own.map((violation) => violation.rule))], [rule]);
    });
  }

  test('nobody else offends, but for who reads the offender', () => {
    const others = found.filter(({ modules }) => !offences.some(({ module }) => module === modules[0]));
    assert.deepEqual(others, [
      { rule: 'declared-without-loads', modules: ['protocol/families.ts', 'support/test.ts'] },
    ]);
  });
});

test('every rule has an offence above, and a reason', () => {
  const rules: { name: string; comment: string }[] = config.forbidden;
  assert.deepEqual(rules.map(({ name }) => name).sort(), [...new Set(offences.map(({ rule }) => rule))].sort());
  for (const { name, comment } of rules) assert.ok(comment.length > 20, `${name} gives no reason`);
});

interface Violation {
  rule: string;
  modules: [from: string, to: string];
}

async function violationsIn(tree: Tree): Promise<Violation[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tandem-imports-')));
  try {
    writeTree(folder, tree);
    const { forbidden, options } = config;
    const { output } = await cruise(['.'], { ...options, baseDir: folder, validate: true, ruleSet: { forbidden } });
    assert.ok(typeof output === 'object');
    return output.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, modules: [from, to] }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes the modules, and stand-ins for the packages they import. */
function writeTree(folder: string, tree: Tree): void {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const dependencies = { '@playwright/test': '*', 'playwright-core': '*', undici: '*', zod: '*' };
  write('package.json', JSON.stringify({ type: 'module', dependencies, devDependencies: { fastify: '*' } }));
  for (const name of [...Object.keys(dependencies), 'fastify', 'stray']) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' }));
    write(`node_modules/${name}/index.js`, '');
  }
  for (const [path, imports] of Object.entries(tree)) {
    write(path, imports.map((name) => `import '${name}';\n`).join('') || 'export {};\n');
  }
}
