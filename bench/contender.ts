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
}

export type RoundAnswer = { cost: RoundCost } | { error: string };

/**
 * Serves rounds to the parent process until it goes away. Call it once, as the contender's only statement.
 *
 * @param send sends the requests of one round; rejects when one of them fails. Connections may outlive the round.
 */
export function contend(send: (round: Round) => Promise<void>): void {
  process.on('message', async (round: Round) => {
    const answer = await measure(() => send(round)).then(
      (cost): RoundAnswer => ({ cost }),
      (error: Error): RoundAnswer => ({ error: error.message }),
    );
    process.send?.(answer);
  });
  process.on('disconnect', () => process.exit(0));
}

async function measure(work: () => Promise<void>): Promise<RoundCost> {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const durationMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { cpuMicros: user + system, durationMs };
}
