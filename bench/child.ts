/** Programs of the bench in processes of their own, which it talks to by messages. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const TIMEOUT_MS = 60_000;

/** @param module of this folder */
type Start = (module: string, ...args: string[]) => ChildProcess;

/** Ends all that `work` has started. */
export async function withChildren<T>(work: (start: Start) => Promise<T>): Promise<T> {
  const children: ChildProcess[] = [];
  try {
    return await work((module, ...args) => {
      const child = fork(join(import.meta.dirname, module), args, { execArgv: ['--import', 'tsx'] });
      children.push(child);
      return child;
    });
  } finally {
    for (const child of children) child.kill();
  }
}

/** Of a server, which tells its port when it listens. */
export async function originOf(server: ChildProcess): Promise<string> {
  const { port } = await reply<{ port: number }>(server, 'the server');
  return `http://127.0.0.1:${port}`;
}

/** The child's next message; an error when it exits or keeps silent. */
export async function reply<Message>(child: ChildProcess, label: string): Promise<Message> {
  const settled = new AbortController();
  const exit = once(child, 'exit', { signal: settled.signal }).then(([code]) => {
    throw new Error(`${label} ended with exit code ${code} before it answered`);
  });
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: timeout }), exit]);
    return message;
  } catch (error) {
    if (timeout.aborted) throw new Error(`${label} did not answer within ${TIMEOUT_MS / 1000} s`);
    throw error;
  } finally {
    exit.catch(() => undefined);
    settled.abort();
  }
}
