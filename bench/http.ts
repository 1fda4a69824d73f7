/** CPU time and throughput of the HTTP hot path, side by side with what else one could have used. */
import { sideBySide } from './side-by-side.ts';

export const name = 'http';
export const about = 'CPU per request of the generator beside a bare undici loop and autocannon';

const CONNECTIONS = 50;

export function run(): Promise<void> {
  return sideBySide({
    server: 'server',
    contenders: [
      { module: 'bare', label: 'bare undici loop' },
      { module: 'tandem', label: 'tandem load' },
      { module: 'tandem-scheduled', label: 'tandem load, 20,000 a second' },
      { module: 'autocannon', label: 'autocannon' },
      { module: 'dispatch', label: 'undici dispatch (floor)' },
    ],
    connections: CONNECTIONS,
    requests: 20_000,
    request: 'request',
    what: `GETs over ${CONNECTIONS} connections`,
  });
}
