import { createSecureContext } from 'node:tls';
import { type ChannelCredentials, type ChannelOptions, Client, credentials } from '@grpc/grpc-js';
import type { Reached } from '../../support/family.ts';
import { wayTo } from '../../support/wire/connection.ts';

/** Where a gRPC server is, and how it is reached. */
export interface GrpcServer {
  /** `host:port`. */
  address: string;
  /** TLS is spoken there. */
  secure: boolean;
  wire: Reached['wire'];
}

const options: ChannelOptions = {
  // Channels to one server would otherwise share a connection.
  'grpc.use_local_subchannel_pool': 1,
  // What failed has failed: a load counts it, and asks again when its schedule says so. Nobody tells grpc-js to retry then, but for
  // what a server that closes a connection has not begun with: that is sent again, as by every gRPC client.
  'grpc.service_config_disable_resolution': 1,
  // A target that is back after an outage is found at once, not when a client's patience ends.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/** Makes a channel with a connection of its own, which it opens when it is first used. */
export function grpcClient({ address, secure, wire }: GrpcServer, maxAnswerBytes: number): Client {
  const { proxy, tls } = wayTo(address, secure, wire);
  // There is no other way to tell it.
  if (proxy !== undefined) process.env.grpc_proxy = proxy;
  return new Client(address, secure ? tlsCredentials(tls) : credentials.createInsecure(), {
    ...options,
    'grpc.enable_http_proxy': proxy === undefined ? 0 : 1,
    'grpc.max_receive_message_length': maxAnswerBytes,
  });
}

function tlsCredentials({ rejectUnauthorized, ...own }: ReturnType<typeof wayTo>['tls']): ChannelCredentials {
  return credentials.createFromSecureContext(createSecureContext(own), { rejectUnauthorized });
}
