import { oneOf, type Reached, type Setting, settings } from '../../support/family.ts';
import type { GrpcServer } from '../transports/grpc-channel.ts';

function isAddress(text: string): boolean {
  const [, , port] = /^(\[[\da-f:.]+\]|[\w.-]+):(\d{1,5})$/i.exec(text) ?? [];
  return Number(port) >= 1 && Number(port) < 2 ** 16;
}

const address: Setting<string | undefined> = {
  variable: 'GRPC_ADDR',
  allowed: 'host:port, such as 127.0.0.1:50051',
  parse: (text) => (isAddress(text) ? text : undefined),
  // Of what else there is of a target nothing says where its gRPC is.
  byDefault: () => undefined,
  endpoint: {
    shown: (value) => String(value),
    async reach(_value, target, timeoutMs) {
      // Every process of a run reads the settings; few of them speak gRPC.
      const { reach } = await import('./reach.ts');
      await reach(grpcServer(target), timeoutMs);
    },
  },
};

export const grpcSettings = settings({
  address,
  /** Whether TLS is spoken there. */
  tls: oneOf('GRPC_TLS', ['1', '0'], '0'),
});

/** @throws one sentence when nothing says where it is */
export function grpcServer(target: Reached): GrpcServer {
  const { address, tls } = grpcSettings(target);
  if (address === undefined) {
    throw new Error('GRPC_ADDR is not set, and a load speaks gRPC; allowed is host:port, such as 127.0.0.1:50051.');
  }
  return { address, secure: tls === '1', wire: target.wire };
}
