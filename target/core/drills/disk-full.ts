import type { DrillKind } from './drill.ts';

/** On the disk of PostgreSQL's data nothing more can be written. */
export const diskFull: DrillKind = {
  name: 'disk-full',
  async begin({ cluster }) {
    if (!cluster?.disk)
      throw new Error(
        'PostgreSQL’s data lies on a disk that is others’ as well; TARGET_DISK_MB gives it one of its own.',
      );
    await cluster.disk.fill();
  },
  end: ({ cluster }) => cluster?.disk?.free(),
};
