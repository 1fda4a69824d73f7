import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StartError } from './start-error.ts';

const run = promisify(execFile);

/** Where its processes see it: a folder that every Linux has and PostgreSQL does not need. Others see there what was there before. */
const MOUNT_POINT = '/media';

/** Mounts it, and goes on as the user of PostgreSQL. */
const MOUNT = `
mb=$1 folder=$2 uid=$3 gid=$4
shift 4
mount -t tmpfs -o "size=\${mb}m,mode=700,uid=$uid,gid=$gid" tandem ${MOUNT_POINT} && ln -s ${MOUNT_POINT} "$folder/data" || {
  echo "error: no disk of its own could be mounted" >&2
  exit 1
}
exec setpriv --reuid "$uid" --regid "$gid" --clear-groups "$@"
`;

/** What lies there leaves no room; somebody may write between the look and the mount. */
const FILL = `
for try in 1 2 3 4 5; do
  used=$(df -k --output=used ${MOUNT_POINT} | tail -n 1)
  mount -o "remount,size=$((used))k" ${MOUNT_POINT} && exit 0
done
exit 1
`;

/**
 * A disk of the cluster's own, in memory and of a limited size. It is mounted where its processes alone see it, so that it goes with
 * the last of them, however they end.
 */
export class OwnDisk {
  readonly #mb: number;
  #folder = '';
  #pid = 0;

  /** @throws {StartError} where there can be none */
  constructor(mb: number) {
    if (process.platform !== 'linux' || process.getuid?.() !== 0)
      throw new StartError('TARGET_DISK_MB needs Linux and root, to mount a disk; allowed is none.');
    this.#mb = mb;
  }

  /**
   * What runs a command on it.
   * @param folder of the cluster, whose `data` it becomes
   * @param uid of the user, as whom
   */
  wrapped(command: readonly string[], folder: string, uid: number, gid: number): string[] {
    this.#folder = folder;
    const settings = [this.#mb, folder, uid, gid].map(String);
    return ['unshare', '--mount', '--propagation', 'private', '/bin/sh', '-c', MOUNT, 'sh', ...settings, ...command];
  }

  /** @param pid of a process that sees it */
  mountedFor(pid: number): void {
    this.#pid = pid;
  }

  /** From now on nothing more can be written. */
  async fill(): Promise<void> {
    // A server that stops since it cannot write is started again; see SUPERVISOR.
    await writeFile(join(this.#folder, 'filled'), '');
    await this.#inside(FILL);
  }

  /** There is as much room as at first. */
  async free(): Promise<void> {
    await this.#inside(`mount -o remount,size=${this.#mb}m ${MOUNT_POINT}`);
  }

  async #inside(script: string): Promise<void> {
    await run('nsenter', ['--mount', '--target', String(this.#pid), '/bin/sh', '-c', script]);
  }
}
