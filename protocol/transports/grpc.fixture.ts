/** For tests: a gRPC server that does what a test says, whatever kinds of call there are. */
import type { TestContext } from 'node:test';
import { Server, ServerCredentials, type ServerOptions, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { fromJSON, type PackageDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import { Recorder } from '../../support/measure/recorder.ts';
import { directWire } from '../../support/wire/wire.ts';
import type { SliceContext } from '../../support/worker/vu.ts';
import { testSlice } from '../slice.fixture.ts';
import type { GrpcServer } from './grpc.ts';
import { grpcMetrics } from './grpc.ts';

const method = (streams = {}) => ({ requestType: 'Thing', responseType: 'Thing', ...streams, comment: '' });

export const things: PackageDefinition = fromJSON(
  {
    nested: {
      test: {
        nested: {
          Things: {
            methods: {
              One: method(),
              Down: method({ responseStream: true }),
              Up: method({ requestStream: true }),
              Both: method({ requestStream: true, responseStream: true }),
            },
          },
          Thing: {
            fields: { n: { type: 'int32', id: 1 }, inner: { type: 'Thing', id: 2 }, raw: { type: 'bytes', id: 3 } },
          },
        },
      },
    },
  },
  { keepCase: true, defaults: false },
);

export const thingMethods = things['test.Things'] as ServiceDefinition;

export interface Thing {
  n: number;
}

/** Serves `test.Things`, until the test is over. */
export async function serveThings(
  t: TestContext,
  handlers: UntypedServiceImplementation,
  {
    add,
    credentials = ServerCredentials.createInsecure(),
    ...options
  }: { add?(server: Server): void; credentials?: ServerCredentials } & ServerOptions = {},
): Promise<{ server: GrpcServer; stop(): void }> {
  const running = new Server(options);
  running.addService(thingMethods, handlers);
  add?.(running);
  const port = await new Promise<number>((resolve, reject) => {
    running.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const stop = () => running.forceShutdown();
  t.after(stop);
  return { server: { address: `127.0.0.1:${port}`, secure: false, wire: directWire }, stop };
}

/** A slice whose recorder knows the metrics of gRPC. */
export function grpcSlice(token?: string): SliceContext {
  return { ...testSlice('http://127.0.0.1:1', token), recorder: new Recorder('test', 'load', grpcMetrics) };
}
