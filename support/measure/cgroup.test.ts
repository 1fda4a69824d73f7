import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderOf } from '../folder.fixture.ts';
import { Cgroup, quotaUse } from './cgroup.ts';
import { GeneratorHealth } from './health.ts';
import { Recorder } from './recorder.ts';
import { MetricStore } from './store.ts';

/** The kernel's files as they would be, below a folder of the test's own. */
class Kernel {
  readonly root: string;
  readonly self: string;

  constructor(t: TestContext, self: string) {
    const folder = folderOf(t, {});
    this.root = join(folder, 'cgroup');
    this.self = join(folder, 'self');
    mkdirSync(this.root);
    writeFileSync(this.self, self);
  }

  write(files: Record<string, string>): this {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      writeFileSync(join(this.root, path), `${text}\n`);
    }
    return this;
  }

  get cgroup(): Cgroup {
    return new Cgroup(this.root, this.self);
  }
}

/** What became of the quotas in a second in which `after` was written. */
function use(kernel: Kernel, after: Record<string, string>) {
  const { cgroup } = kernel;
  const before = cgroup.read();
  kernel.write(after);
  return quotaUse(before, cgroup.read(), 1_000);
}

test('version 2: the quota, what was used of it, and how long it throttled', (t) => {
  const kernel = new Kernel(t, '0::/pod/one\n').write({
    'pod/one/cpu.max': '20000 100000',
    'pod/one/cpu.stat': 'usage_usec 1000000\nnr_periods 50\nnr_throttled 1\nthrottled_usec 500000',
  });
  assert.deepEqual(use(kernel, { 'pod/one/cpu.stat': 'usage_usec 1190000\nthrottled_usec 1250000' }), {
    quotaCores: 0.2,
    usedPercent: 95,
    throttledPercent: 75,
  });
});

test('version 1: the same from other files and in other units, also where usage is counted elsewhere', (t) => {
  const cpu = {
    'cpu.cfs_quota_us': '50000',
    'cpu.cfs_period_us': '100000',
    'cpu.stat': 'nr_throttled 0\nthrottled_time 0',
  };
  const named = (folder: string, files: Record<string, string>) =>
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
  const throttled = 'nr_throttled 5\nthrottled_time 250000000';
  const expected = { quotaCores: 0.5, usedPercent: 80, throttledPercent: 25 };

  const together = new Kernel(t, '4:cpu,cpuacct:/docker/a\n1:name=systemd:/x\n');
  together.write(named('cpu,cpuacct/docker/a', { ...cpu, 'cpuacct.usage': '0' }));
  const after = { 'cpuacct.usage': '400000000', 'cpu.stat': throttled };
  assert.deepEqual(use(together, named('cpu,cpuacct/docker/a', after)), expected);

  const apart = new Kernel(t, '4:cpuacct:/docker/a\n3:cpu:/docker/a\n');
  apart.write({ ...named('cpu/docker/a', cpu), 'cpuacct/docker/a/cpuacct.usage': '0' });
  const later = { 'cpu/docker/a/cpu.stat': throttled, 'cpuacct/docker/a/cpuacct.usage': '400000000' };
  assert.deepEqual(use(apart, later), expected);
});

test('of a group and those that it is in, the smallest quota counts, and whoever was throttled most', (t) => {
  const stat = (throttledMs: number) => `usage_usec 0\nthrottled_usec ${throttledMs * 1e3}`;
  const kernel = new Kernel(t, '0::/slice/pod/one\n').write({
    'slice/cpu.max': '400000 100000',
    'slice/cpu.stat': stat(0),
    'slice/pod/cpu.max': '100000 100000',
    'slice/pod/cpu.stat': stat(0),
    'slice/pod/one/cpu.max': 'max 100000',
    'slice/pod/one/cpu.stat': stat(0),
  });
  const used = use(kernel, { 'slice/cpu.stat': stat(40), 'slice/pod/cpu.stat': stat(10) });
  assert.deepEqual(used, { quotaCores: 1, usedPercent: 0, throttledPercent: 4 });
});

test('in a container the path of the host is not there: what is mounted is its own', (t) => {
  const files = {
    'cpu/cpu.cfs_quota_us': '10000',
    'cpu/cpu.cfs_period_us': '100000',
    'cpu/cpu.stat': 'throttled_time 0',
  };
  for (const path of ['/docker/abc', '/', '/../other']) {
    assert.equal(use(new Kernel(t, `3:cpu:${path}\n`).write(files), {})?.quotaCores, 0.1, path);
  }
  const second = { 'cpu.max': '150000 100000', 'cpu.stat': 'usage_usec 0' };
  assert.equal(use(new Kernel(t, '0::/\n').write(second), {})?.quotaCores, 1.5);
});

test('without a quota, without groups, or on another system there is none', (t) => {
  assert.equal(
    use(new Kernel(t, '0::/a\n').write({ 'a/cpu.max': 'max 100000', 'a/cpu.stat': 'usage_usec 1' }), {}),
    undefined,
  );
  const unlimited = { 'cpu/a/cpu.cfs_quota_us': '-1', 'cpu/a/cpu.cfs_period_us': '100000' };
  assert.equal(use(new Kernel(t, '3:cpu:/a\n').write(unlimited), {}), undefined);
  assert.equal(use(new Kernel(t, ''), {}), undefined);
  assert.equal(quotaUse(new Map(), new Cgroup('/nowhere', '/nowhere/self').read(), 1_000), undefined);
});

test('a process and its machine are compared with what they may use, and throttling is told', (t) => {
  let now = 1_000;
  t.mock.method(performance, 'now', () => now);
  t.mock.method(process, 'cpuUsage', () => ({ user: (now - 1_000) * 100, system: 0 }));
  const kernel = new Kernel(t, '0::/a\n').write({
    'a/cpu.max': '20000 100000',
    'a/cpu.stat': 'usage_usec 0\nthrottled_usec 0',
  });
  const recorder = new Recorder('relay', 'load');
  const health = new GeneratorHealth(recorder, kernel.cgroup);
  t.after(() => health.stop());
  health.start();
  now += 1_000;
  kernel.write({ 'a/cpu.stat': 'usage_usec 200000\nthrottled_usec 700000' });
  const store = new MetricStore();
  store.add({ index: 0, series: recorder.pack() });
  const of = (metric: string) => Math.round(store.trend(metric, { scenario: 'relay' }).avg);
  // A tenth of a core used, of the fifth that it may use; the group used all that it may.
  assert.equal(of('generator_cpu_percent'), 50);
  assert.equal(of('machine_cpu_percent'), 100);
  assert.equal(of('machine_throttled_percent'), 70);
});
