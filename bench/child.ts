/** A program of the bench in a process of its own, which it talks to by messages. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

const TIMEOUT_MS = 60_000;

/** @param file its module */
export function startChild(file: string): ChildProcess {
  return fork(file, { execArgv: ['--import', 'tsx'] });
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
