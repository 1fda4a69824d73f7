import type { Vu } from '../../support/test.ts';
import { type VmChanges, type VmQuery, type VmSpec, zones } from '../apis/vms/api.ts';
import type { VmTags } from './expected-vm.ts';

const CPU_CORES = [1, 2, 4, 8];
const MEMORY_MB = [512, 1_024, 2_048, 4_096];
const DISK_GB = [10, 20, 50, 100];
const IMAGES = ['ubuntu-24.04', 'debian-13', 'alpine-3.22'];
const TIERS = ['web', 'database', 'cache'];

/** VMs that a list or search is asked for. */
export const PAGE = 20;

const QUERIES: readonly ((vu: Vu) => VmQuery)[] = [
  () => ({ limit: PAGE }),
  () => ({ limit: PAGE }),
  ({ random }) => ({ limit: PAGE, offset: PAGE * random.int(1, 5) }),
  ({ random }) => ({ limit: PAGE, zone: random.pick(zones) }),
  ({ random }) => ({ limit: PAGE, status: random.pick(['running', 'stopped']) }),
  ({ random }) => ({ limit: PAGE, sort: random.pick(['cpu_cores', 'memory_mb'] as const), order: 'asc' }),
  () => ({ limit: PAGE, include: 'metrics' }),
];

/** What a VU lists. */
export function anyQuery(vu: Vu): VmQuery {
  return vu.random.pick(QUERIES)(vu);
}

/** What a VU makes. */
export function anySpec({ random, id }: Vu, name: string): VmSpec {
  return {
    name,
    cpu_cores: random.pick(CPU_CORES),
    memory_mb: random.pick(MEMORY_MB),
    disk_gb: random.pick(DISK_GB),
    image: random.pick(IMAGES),
    zone: random.pick(zones),
    tags: { owner: `vu-${id}`, tier: random.pick(TIERS) } satisfies VmTags,
  };
}

/** What a VU writes into a VM. */
export function anyChanges({ random, id }: Vu): VmChanges {
  return {
    cpu_cores: random.pick(CPU_CORES),
    memory_mb: random.pick(MEMORY_MB),
    tags: { owner: `vu-${id}`, tier: random.pick(TIERS), note: `${random.int(1, 1_000)}` } satisfies VmTags,
  };
}
