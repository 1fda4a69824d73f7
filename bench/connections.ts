/**
 * Real-time connections held by this one machine, to an embedded target on it: 100,000, or `CONNECTIONS` of them.
 *
 * A process may have 20,000 files open where this was written (`ulimit -n`), so there are slices, and processes of the target,
 * of at most 17,000 connections each. Between two addresses there are 28,000 ephemeral ports
 * (`net.ipv4.ip_local_port_range`), and Linux looks through one half of them for one that is free, from an address that was
 * chosen: when that is nearly used up, it takes more of the machine than everything else. So the connections come from
 * forty loopback addresses. More than 100,000 need more time to open, as in `LOAD_DURATION=6m`.
 */
import { figureOf, outcomeOf, runProfile } from './scale.ts';
import { printTable } from './table.ts';

export const name = 'connections';
export const about = 'real-time connections held for a minute, with heartbeats (CONNECTIONS=100000)';
export const long = true as const;

const FULL = 100_000;
const MOST_A_PROCESS = 17_000;

export async function run(): Promise<void> {
  const connections = Number(process.env.CONNECTIONS || FULL);
  if (!Number.isInteger(connections) || connections < 1) {
    throw new Error(`CONNECTIONS is "${process.env.CONNECTIONS}"; allowed is a whole number of at least 1.`);
  }
  const processes = String(Math.ceil(connections / MOST_A_PROCESS));
  const verdict = await runProfile('connections', {
    TARGET_PROCESSES: processes,
    LOAD_SLICES: processes,
    LOAD_SCALE: String(connections / FULL),
  });
  const figure = (metric: string, of: string) => figureOf(verdict, `${metric}{scenario:realtime}`, of);
  const held = figure('realtime_connections', 'max');
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  printTable(
    [
      'held at once',
      'success',
      'all open after s',
      'shortest s',
      'bytes each',
      'connect p95 ms',
      'ping p50 ms',
      'p95 ms',
    ],
    [
      [
        String(held),
        `${(100 * (1 - figure('ws_connect_failed', 'rate'))).toFixed(2)} %`,
        seconds(figure('realtime_opened_at', 'max')),
        seconds(figure('ws_session_duration', 'min')),
        (figure('realtime_memory_bytes', 'max') / held).toFixed(0),
        figure('ws_connecting', 'p(95)').toFixed(1),
        figure('ws_ping', 'med').toFixed(1),
        figure('ws_ping', 'p(95)').toFixed(1),
      ],
    ],
  );
  console.log(`verdict: ${outcomeOf(verdict)}`);
}
