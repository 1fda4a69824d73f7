/** What a control group (Linux' cgroups, version 1 or 2) lets its processes have of the machine's CPUs: a container's limit. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of a group with a quota: CPU time since it was made, in ms. */
interface GroupReading {
  /** CPU seconds a second. */
  quotaCores: number;
  usedMs: number;
  /** Summed over its CPUs. */
  throttledMs: number;
}

/** By folder, of the process's own group and of those that it is in. Empty without any quota. */
export type CgroupReadings = Map<string, GroupReading>;

/** What became of the quotas between two readings; of several groups the one that fared worst. */
export interface QuotaUse {
  /** The smallest quota. */
  quotaCores: number;
  /** Of the quota. */
  usedPercent: number;
  /** Of the time, at most 100. */
  throttledPercent: number;
}

/** The groups of this process. All is read from files that the kernel keeps. */
export class Cgroup {
  /** Version 1 may count usage in another folder than it limits it. */
  readonly #groups: { folder: string; usage: string }[];

  /**
   * @param root where the groups are mounted
   * @param self the file that names the process's groups
   */
  constructor(root = '/sys/fs/cgroup', self = '/proc/self/cgroup') {
    const lines = textOf(self)?.trim().split('\n') ?? [];
    const paths = new Map(
      lines.flatMap((line) => {
        const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
        return controllers.split(',').map((name): [string, string] => [name, path]);
      }),
    );
    const mounted = (controller: string) =>
      [controller, 'cpu,cpuacct', 'cpuacct,cpu'].map((name) => join(root, name)).find((folder) => existsSync(folder));
    const accounts = upwards(mounted('cpuacct'), paths.get('cpuacct'));
    const groups = [
      ...upwards(root, paths.get('')).map((folder) => ({ folder, usage: folder })),
      ...upwards(mounted('cpu'), paths.get('cpu')).map((folder, at) => ({ folder, usage: accounts[at] ?? folder })),
    ];
    const files = ['cpu.max', 'cpu.cfs_quota_us'];
    this.#groups = groups.filter(({ folder }) => files.some((file) => existsSync(join(folder, file))));
  }

  read(): CgroupReadings {
    return new Map(
      this.#groups.flatMap(({ folder, usage }): [string, GroupReading][] => {
        const quotaCores = quotaOf(folder);
        if (quotaCores === undefined) return [];
        const stat = numbersOf(join(folder, 'cpu.stat'));
        const usedNs = Number(textOf(join(usage, 'cpuacct.usage')) ?? 0);
        return [
          [
            folder,
            {
              quotaCores,
              usedMs: (stat.usage_usec ?? usedNs / 1e3) / 1e3,
              throttledMs: (stat.throttled_usec ?? (stat.throttled_time ?? 0) / 1e3) / 1e3,
            },
          ],
        ];
      }),
    );
  }
}

/** Undefined without a quota. */
export function quotaUse(before: CgroupReadings, now: CgroupReadings, elapsedMs: number): QuotaUse | undefined {
  const uses = [...now].flatMap(([folder, group]) => {
    const was = before.get(folder);
    if (!was) return [];
    const percent = (ms: number) => Math.max(0, (100 * ms) / elapsedMs);
    return [
      {
        quotaCores: group.quotaCores,
        usedPercent: percent(group.usedMs - was.usedMs) / group.quotaCores,
        throttledPercent: Math.min(100, percent(group.throttledMs - was.throttledMs)),
      },
    ];
  });
  if (uses.length === 0) return undefined;
  return {
    quotaCores: Math.min(...uses.map(({ quotaCores }) => quotaCores)),
    usedPercent: Math.max(...uses.map(({ usedPercent }) => usedPercent)),
    throttledPercent: Math.max(...uses.map(({ throttledPercent }) => throttledPercent)),
  };
}

/** The folder of a group and of those that it is in, itself first. In a container some of them may not be seen. */
function upwards(mount: string | undefined, path: string | undefined): string[] {
  if (mount === undefined || path === undefined) return [];
  const names = path.split('/').filter((name) => name !== '' && name !== '..');
  return Array.from({ length: names.length + 1 }, (_, up) => join(mount, ...names.slice(0, names.length - up)));
}

/** `cpu.max`: "20000 100000", "max 100000"; in version 1 two files, −1 for no quota. */
function quotaOf(folder: string): number | undefined {
  const [quota, period] = textOf(join(folder, 'cpu.max'))?.split(' ') ?? [
    textOf(join(folder, 'cpu.cfs_quota_us')),
    textOf(join(folder, 'cpu.cfs_period_us')),
  ];
  const cores = Number(quota) / Number(period);
  return cores > 0 && Number.isFinite(cores) ? cores : undefined;
}

/** Lines of a name and a number. */
function numbersOf(file: string): Record<string, number> {
  const lines = textOf(file)?.trim().split('\n') ?? [];
  return Object.fromEntries(lines.map((line) => line.split(' ')).map(([name, value]) => [name, Number(value)]));
}

/** Undefined when there is no such file. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
