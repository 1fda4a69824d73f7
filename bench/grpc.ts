/** CPU time and throughput of unary gRPC calls, side by side with the loop that anyone would write. */
import { sideBySide } from './side-by-side.ts';

export const name = 'grpc';
export const about = 'CPU per unary call of the generator beside a bare grpc-js loop';

const CALLERS = 50;

export function run(): Promise<void> {
  return sideBySide({
    server: 'grpc-server',
    contenders: [
      { module: 'grpc-bare', label: 'bare grpc-js loop' },
      { module: 'grpc-tandem', label: 'tandem load, as fast as it goes' },
      { module: 'grpc-tandem-scheduled', label: 'tandem load, 5,000 a second' },
    ],
    connections: CALLERS,
    requests: 5_000,
    request: 'call',
    what: `unary calls of ${CALLERS} callers over one connection`,
  });
}
