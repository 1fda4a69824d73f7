/** CPU time of a request that is sent when it is due, side by side with what sends as fast as it can. */
import { sideBySide } from './side-by-side.ts';

export const name = 'scheduled';
export const about =
  'CPU per scheduled request at 5,000/s, and at 20,000/s in two slices, beside a bare undici loop and autocannon';

const CONNECTIONS = 50;

export function run(): Promise<void> {
  return sideBySide({
    server: 'server',
    contenders: [
      { module: 'bare', label: 'bare undici loop' },
      { module: 'autocannon', label: 'autocannon' },
      { module: 'tandem-5000', label: 'tandem load, 5,000 a second' },
      { module: 'tandem-10000', label: 'tandem load, 20,000 a second in two slices', processes: 2 },
    ],
    connections: CONNECTIONS,
    requests: 20_000,
    request: 'request',
    what: `GETs over ${CONNECTIONS} connections`,
  });
}
