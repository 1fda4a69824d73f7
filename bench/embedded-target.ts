/** The embedded target in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const START_TIMEOUT_MS = 60_000;

export interface EmbeddedTarget {
  url: string;
  /** What it tells beside that, by the variable that names it. */
  addresses: Record<string, string>;
  stop(): Promise<void>;
}

/** @param env beside our own, such as `TARGET_FAULTS` */
export async function startEmbeddedTarget(env: Record<string, string> = {}): Promise<EmbeddedTarget> {
  const target = spawn(process.execPath, ['target/start.mjs'], {
    cwd: join(import.meta.dirname, '..'),
    env: { ...process.env, ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = async () => {
    target.kill();
    if (target.exitCode === null) await once(target, 'exit');
  };
  const timeout = setTimeout(() => target.kill(), START_TIMEOUT_MS);
  try {
    const addresses: Record<string, string> = {};
    for await (const line of createInterface(target.stdout)) {
      const url = /^listening on (\S+)/.exec(line)?.[1];
      if (url) return { url, addresses, stop };
      const [, variable, address] = /^([A-Z_]+)=(\S+)$/.exec(line) ?? [];
      if (variable) addresses[variable] = address!;
    }
  } finally {
    clearTimeout(timeout);
  }
  throw new Error('the embedded target ended before it listened');
}
