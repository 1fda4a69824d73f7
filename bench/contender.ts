/**
 * What a contender is: a program that sends a given number of requests when told to, and is measured
 * while it does. It runs as a child process, so that contenders share neither heap nor compiled code.
 */

/** One round of the bench. */
export interface Round {
  /** Such as `http://127.0.0.1:4000`, or the URL of a database. */
  origin: string;
  /** Connections to keep busy at the same time. */
  connections: number;
  /** Requests to finish, each answered as it should be. */
  requests: number;
}

/** What one round cost the contender's process. */
export interface RoundCost {
  /** CPU time of all threads, user and system. */
  cpuMicros: number;
  durationMs: number;
  /** What was finished in it. */
  requests: number;
}

export type RoundAnswer = { cost: RoundCost } | { error: string };

/**
 * Serves rounds to the parent process until it goes away. Call it once, as the contender's only statement.
 *
 * @param send sends the requests of one round; rejects when one of them fails. Connections may outlive the round.
 *   Resolves with their number, where it is not to the last one what the round says.
 */
export function contend(send: (round: Round) => Promise<void> | Promise<number>): void {
  process.on('message', async (round: Round) => {
    const answer = await measure(round, send).then(
      (cost): RoundAnswer => ({ cost }),
      (error: Error): RoundAnswer => ({ error: error.message }),
    );
    process.send?.(answer);
  });
  process.on('disconnect', () => process.exit(0));
}

async function measure(round: Round, send: Parameters<typeof contend>[0]): Promise<RoundCost> {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const finished = await send(round);
  const durationMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { cpuMicros: user + system, durationMs, requests: finished ?? round.requests };
}
