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
  const { proxy, owner, tls } = wayTo(address, secure, wire);
  const to = proxy === undefined ? address : addressOf(new URL(proxy));
  return new Client(to, secure ? tlsCredentials(tls) : credentials.createInsecure(), {
    ...options,
    // By itself it asks the environment, by rules of its own.
    'grpc.enable_http_proxy': 0,
    ...(proxy !== undefined && tunnelOptions(address, owner)),
    'grpc.max_receive_message_length': maxAnswerBytes,
  });
}

function addressOf({ hostname, port }: URL): string {
  return `${hostname}:${port || 80}`;
}

/** What grpc-js tells itself of a server that is reached through a proxy, where it finds one in the environment. */
function tunnelOptions(address: string, owner: ReturnType<typeof wayTo>['owner']): ChannelOptions {
  return {
    'grpc.default_authority': address,
    'grpc.http_connect_target': `dns:${address}`,
    ...(owner && { 'grpc.http_connect_creds': `${owner.username}:${owner.password}` }),
  };
}

function tlsCredentials({ rejectUnauthorized, ...own }: ReturnType<typeof wayTo>['tls']): ChannelCredentials {
  return credentials.createFromSecureContext(createSecureContext(own), { rejectUnauthorized });
}
