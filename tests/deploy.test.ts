// The script that pods run, and the manifests against Kubernetes' own schemas.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { runQuietly } from '../scripts/child.mjs';
import { onPath } from '../scripts/find-browser.mjs';
import { receiver } from './receiver.ts';

const repository = dirname(import.meta.dirname);
const kubernetes = join(repository, 'deploy', 'kubernetes');
const TIMEOUT_MS = 30_000;

/** A cluster's volume, and pods in whose image Playwright is replaced by `cli`. */
function cluster(t: TestContext, cli: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-pods-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'node_modules', '@playwright', 'test', 'cli.js');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `const { env, argv } = process; const fs = require('node:fs');${cli}`);
  const reports = join(folder, 'volume');
  mkdirSync(reports);
  return {
    blobs: join(reports, 'blobs', 'medium-first'),
    /** @param index completion index; each pod has a /tmp of its own */
    pod(role: string, env: Record<string, string> = {}) {
      const temporary = mkdtempSync(join(folder, 'tmp-'));
      const common = { PROFILE: 'medium', SHARDS: '3', DEADLINE_SECONDS: '20', BASE_URL: 'http://a' };
      const own = { JOB_NAME: `${role}s-first`, REPORTS: reports, TMPDIR: temporary };
      return runQuietly(process.execPath, [join(repository, 'scripts', 'pod.mjs'), role], {
        timeoutMs: TIMEOUT_MS,
        cwd: folder,
        env: { PATH: process.env.PATH, ...common, ...own, ...env },
      });
    },
  };
}

/** Writes a blob as Playwright would, says how it was called, and ends with an exit code of its own for each role. */
const WRITES_BLOB = `
    console.log(argv.slice(2).join(' '), env.LOAD_RUN_ID);
    if (argv[2] === 'merge-reports') {
      console.log(fs.readdirSync(argv.at(-1)).sort().join(' '));
      process.exit(4);
    }
    const number = argv.at(-1).match(/=(.)/)[1];
    fs.mkdirSync(env.PLAYWRIGHT_BLOB_OUTPUT_DIR);
    fs.writeFileSync(env.PLAYWRIGHT_BLOB_OUTPUT_DIR + '/report-' + number + '.zip', number);
    process.exit(number === '2' ? 3 : 0);`;

describe('pods', { concurrency: true }, () => {
  test('run the shard of their completion index, and the merge comes when all have ended', async (t) => {
    const { pod, blobs } = cluster(t, WRITES_BLOB);
    const merge = pod('merge', { JOB_NAME: 'merge-first' });
    const indices = ['0', '1', '2'];
    const shards = await Promise.all(indices.map((index) => pod('shard', { JOB_COMPLETION_INDEX: index })));
    assert.deepEqual(
      shards,
      [1, 2, 3].map((n) => ({
        // A shard that failed says so.
        ok: n !== 2,
        output: `test --project=medium --shard=${n}/3 medium-first`,
      })),
    );
    const { ok, output } = await merge;
    assert.equal(ok, false);
    assert.deepEqual(output.split('\n'), [
      'Waiting for 3 shards of medium-first, at most 20 s.',
      `merge-reports --config=playwright.config.ts ${blobs}/blobs medium-first`,
      'report-1.zip report-2.zip report-3.zip',
    ]);
  });

  test('are not waited for beyond the deadline', async (t) => {
    const { pod } = cluster(t, WRITES_BLOB);
    await pod('shard', { JOB_COMPLETION_INDEX: '1' });
    const { output } = await pod('merge', { JOB_NAME: 'merge-first', DEADLINE_SECONDS: '1' });
    assert.match(output, /^Not ended within 1 s: shard 1, 3; merging the others\.$/m);
    assert.match(output, /^report-2\.zip$/m);
  });

  test('that crash are not waited for', async (t) => {
    const { pod } = cluster(t, 'if (argv[2] === "test") process.exit(1)');
    await Promise.all(['0', '1', '2'].map((index) => pod('shard', { JOB_COMPLETION_INDEX: index })));
    assert.equal((await pod('merge', { JOB_NAME: 'merge-first' })).ok, true);
  });

  test('come once a run, and know what they need', async (t) => {
    const { pod } = cluster(t, WRITES_BLOB);
    await pod('shard', { JOB_COMPLETION_INDEX: '0' });
    const refused = await Promise.all([
      pod('shard', { JOB_COMPLETION_INDEX: '0' }),
      pod('shard', { JOB_COMPLETION_INDEX: '1', BASE_URL: '' }),
      pod('shard'),
      pod('merge', { JOB_NAME: 'merge-first', SHARDS: 'three' }),
      pod('merge', { JOB_NAME: 'merge' }),
      pod('merge', { JOB_NAME: 'merge-first', PROFILE: '' }),
      pod('split'),
    ]);
    assert.deepEqual(
      refused.map(({ output }) => output),
      [
        'Run medium-first has had its shard 1: every run needs a new RUN.',
        'BASE_URL and API_URL are missing: the pods of a cluster need a target that all of them reach.',
        'JOB_COMPLETION_INDEX is ""; allowed is a whole number from 0.',
        'SHARDS is "three"; allowed is a whole number from 1.',
        'JOB_NAME is "merge"; allowed is <role>-<run>, as in shards-first.',
        'PROFILE is missing: name the profile to run.',
        'The role is "split"; allowed: shard, merge.',
      ],
    );
    assert.ok(refused.every(({ ok }) => !ok));
  });

  test('wait for the rendezvous that was started with them', async (t) => {
    const { pod } = cluster(t, WRITES_BLOB);
    const { url, requests } = await receiver(t, (_asked, times) => ({ status: times === 1 ? 503 : 200 }));
    assert.equal((await pod('shard', { JOB_COMPLETION_INDEX: '0', LOAD_RENDEZVOUS: `${url}/` })).ok, true);
    assert.deepEqual(
      requests.map((one) => one.asked),
      ['GET /health', 'GET /health'],
    );
  });
});

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  spec?: Record<string, unknown>;
}

interface PodSpec {
  automountServiceAccountToken: boolean;
  securityContext: { runAsNonRoot: boolean };
  serviceAccountName: string;
  volumes: { persistentVolumeClaim?: { claimName: string } }[];
  containers: { envFrom?: { configMapRef?: { name: string } }[]; securityContext: object }[];
}

const overlays = readdirSync(join(kubernetes, 'overlays'));
const require = createRequire(import.meta.url);

/**
 * Every mistake in a manifest. The schemas allow fields that they do not know, and Kubernetes refuses them: what the
 * validator never looks at, it does not know.
 */
function mistakesIn(manifest: Manifest): string[] {
  const { apiVersion, kind } = manifest;
  const unread = new Set<string>();
  try {
    const model = require(`kubernetes-models/${apiVersion}/${kind}`)[kind];
    model.prototype.validate.call(watched(manifest, kind, unread));
  } catch (error) {
    return [(error as Error).message.split('\n')[0]!];
  }
  return [...unread].map((path) => `${path} is unknown`);
}

function watched(value: unknown, path: string, unread: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const copy: object = Array.isArray(value) ? [] : {};
  for (const [key, child] of Object.entries(value)) {
    unread.add(`${path}.${key}`);
    Object.assign(copy, { [key]: watched(child, `${path}.${key}`, unread) });
  }
  return new Proxy(copy, {
    get(target, key) {
      unread.delete(`${path}.${String(key)}`);
      return Reflect.get(target, key);
    },
  });
}

const manifestsIn = (source: string): Manifest[] => parseAllDocuments(source).map((document) => document.toJS());

const base = [
  ...readdirSync(join(kubernetes, 'base'))
    .filter((file) => file !== 'kustomization.yaml')
    .map((file) => join('base', file)),
  'reader.yaml',
].flatMap((file) => manifestsIn(readFileSync(join(kubernetes, file), 'utf8')));

/** What renders overlays; undefined where there is none, or one that cannot (see deploy/README.md). */
async function renderer() {
  const tool = onPath(['kustomize', 'kubectl'], process.env);
  if (!tool) return undefined;
  const isKubectl = basename(tool) === 'kubectl';
  const limits = { timeoutMs: TIMEOUT_MS, env: process.env };
  const { output } = await runQuietly(tool, isKubectl ? ['version', '--client', '-o', 'json'] : ['version'], limits);
  const [, major, minor] = (isKubectl ? /"kustomizeVersion": "v(\d+)\.(\d+)/ : /v(\d+)\.(\d+)/).exec(output) ?? [];
  if (!(Number(major) > 5 || (Number(major) === 5 && Number(minor) >= 1))) return undefined;
  return (overlay: string) =>
    runQuietly(tool, [isKubectl ? 'kustomize' : 'build', join(kubernetes, 'overlays', overlay)], limits);
}

const render = await renderer();
const outcomes = await Promise.all(overlays.map(async (name) => [name, await render?.(name)] as const));
const rendered = new Map(
  outcomes.map(([name, outcome]) => [name, outcome?.ok ? manifestsIn(outcome.output) : undefined]),
);

/** The manifests of an overlay; skips the test where nothing can render it. */
function manifestsOf(t: TestContext, overlay: string): Manifest[] | undefined {
  if (!render) {
    t.skip('neither kustomize ≥ 5.1 nor kubectl ≥ 1.31 is on PATH: overlays and CronJobs were not validated');
    return undefined;
  }
  const manifests = rendered.get(overlay);
  assert.ok(manifests, outcomes.find(([name]) => name === overlay)?.[1]?.output ?? `there is no overlay ${overlay}`);
  return manifests;
}

const only = (manifests: Manifest[], kind: string, name: RegExp): Manifest => {
  const found = manifests.filter((one) => one.kind === kind && name.test(one.metadata.name));
  assert.equal(found.length, 1, `${found.length} × ${kind} ${name}`);
  return found[0]!;
};

/** Of what runs pods, directly or by way of a Job; undefined for everything else. */
const podSpecOf = ({ kind, spec }: Manifest): PodSpec | undefined => {
  if (kind === 'Pod') return spec as PodSpec | undefined;
  const { jobTemplate } = (spec ?? {}) as { jobTemplate?: { spec: Record<string, unknown> } };
  return ((jobTemplate?.spec ?? spec)?.template as { spec: PodSpec } | undefined)?.spec;
};

describe('manifests', () => {
  test('of the base are what Kubernetes takes', () => {
    assert.ok(base.length >= 6);
    for (const manifest of base) assert.deepEqual(mistakesIn(manifest), [], manifest.metadata.name);
  });

  test('with a mistake in them would be found', () => {
    const mistakes = (from: string, to: string) => {
      const source = JSON.stringify(only(base, 'Job', /^shards/));
      assert.ok(source.includes(from), from);
      return mistakesIn(JSON.parse(source.replace(from, to)));
    };
    assert.deepEqual(mistakes('"completions":1', '"completions":"3"'), ['data/spec/completions must be integer']);
    assert.deepEqual(mistakes('"backoffLimitPerIndex"', '"backoffLimitPerShard"'), [
      'Job.spec.backoffLimitPerShard is unknown',
    ]);
    assert.deepEqual(mistakes('"runAsNonRoot"', '"runAsNonroot"'), [
      'Job.spec.template.spec.securityContext.runAsNonroot is unknown',
    ]);
    assert.match(mistakes('"name":"shard"', '"nam":"shard"')[0]!, /containers\/0 must have required property name/);
    assert.match(mistakes('"kind":"Job"', '"kind":"Jobs"')[0]!, /Cannot find module/);
  });

  for (const overlay of overlays) {
    test(`of ${overlay} are what Kubernetes takes, and name only what there is`, (t) => {
      const manifests = manifestsOf(t, overlay);
      if (!manifests) return;
      const names = new Set(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
      for (const manifest of manifests) {
        assert.deepEqual(mistakesIn(manifest), [], manifest.metadata.name);
        const pod = podSpecOf(manifest);
        const used = [
          ...(pod ? [`ServiceAccount ${pod.serviceAccountName}`] : []),
          ...(pod?.volumes ?? []).flatMap(({ persistentVolumeClaim: one }) =>
            one ? [`PersistentVolumeClaim ${one.claimName}`] : [],
          ),
          ...(pod?.containers ?? []).flatMap(({ envFrom = [] }) =>
            envFrom.flatMap(({ configMapRef: one }) => (one ? [`ConfigMap ${one.name}`] : [])),
          ),
        ];
        for (const name of used) assert.ok(names.has(name), `${manifest.metadata.name} uses ${name}`);
      }
      const { PROFILE } = only(manifests, 'ConfigMap', /^load-/).data!;
      assert.ok(existsSync(join(repository, 'profiles', `${PROFILE}.json`)), PROFILE);
    });
  }

  for (const [overlay, shards] of Object.entries({ smoke: 1, 'medium-3-shards': 3, 'heavy-4-shards': 4 })) {
    test(`of ${overlay} are one run of ${shards} pods`, (t) => {
      const manifests = manifestsOf(t, overlay);
      if (!manifests) return;
      const { completions, parallelism, activeDeadlineSeconds } = only(manifests, 'Job', /^shards-first$/).spec!;
      const { SHARDS, RUN, DEADLINE_SECONDS } = only(manifests, 'ConfigMap', /^load-/).data!;
      assert.deepEqual([completions, parallelism, Number(SHARDS)], [shards, shards, shards]);
      assert.equal(activeDeadlineSeconds, Number(DEADLINE_SECONDS));
      assert.equal(only(manifests, 'Job', /^merge-/).metadata.name, `merge-${RUN}`);
    });
  }

  test('of every night are the Jobs of medium-3-shards at one schedule', (t) => {
    const manifests = manifestsOf(t, 'nightly');
    const pattern = manifestsOf(t, 'medium-3-shards');
    if (!manifests || !pattern) return;
    const templates = ['shards', 'merge'].map((name) => {
      const { schedule, timeZone, jobTemplate } = only(manifests, 'CronJob', new RegExp(`^${name}$`)).spec!;
      assert.deepEqual([schedule, timeZone], ['0 2 * * *', 'Etc/UTC']);
      return (jobTemplate as Manifest).spec;
    });
    assert.deepEqual(templates, [only(pattern, 'Job', /^shards-/).spec, only(pattern, 'Job', /^merge-/).spec]);
    assert.deepEqual(
      manifests.filter(({ kind }) => kind === 'Job'),
      [],
    );
  });

  test('give no pod a right that it does not need', () => {
    const pods = base.flatMap((manifest) => podSpecOf(manifest) ?? []);
    assert.equal(pods.length, 4);
    for (const pod of pods) {
      assert.equal(pod.automountServiceAccountToken, false);
      assert.equal(pod.securityContext.runAsNonRoot, true);
      for (const container of pod.containers) {
        assert.deepEqual(container.securityContext, {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
    assert.deepEqual(
      base.filter(({ kind }) => /Role/.test(kind)),
      [],
    );
  });
});
