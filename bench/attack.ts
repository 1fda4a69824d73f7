/** CPU time of an attack from a targets file at 10,000 a second, side by side with autocannon. */
import { sideBySide } from './side-by-side.ts';

export const name = 'attack';
export const about = 'CPU per request of an attack at 10,000/s beside autocannon as fast as it goes';

const CONNECTIONS = 50;

export function run(): Promise<void> {
  return sideBySide({
    server: 'server',
    contenders: [
      { module: 'bare', label: 'bare undici loop' },
      // Its own rate comes as a burst at the beginning of each second, which is another load.
      { module: 'autocannon', label: 'autocannon' },
      { module: 'attack', label: 'tandem attack, 10,000 a second' },
    ],
    connections: CONNECTIONS,
    requests: 20_000,
    request: 'request',
    what: `GETs over ${CONNECTIONS} connections`,
  });
}
