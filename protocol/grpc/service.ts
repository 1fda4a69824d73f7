import { join } from 'node:path';
import { z } from 'zod';
import { WrongService } from '../../support/family.ts';
import { durationMs, type SliceContext, type Target, wholeNumber } from '../../support/test.ts';
import { Grpc } from '../transports/grpc.ts';
import { definitionsOfFiles, type Method, methodOf, reflectedServices } from './definitions.ts';
import { health, withClient } from './reach.ts';
import { grpcServer } from './settings.ts';

const HEALTH_MS = 10_000;

/** What profiles may say of every load that speaks gRPC. */
export const grpcOptions = z.strictObject({
  connections: wholeNumber(1, 1_000)
    .optional()
    .describe('Of each slice. Default: one for every 100 VUs, as many calls as most servers take on one.'),
  deadline: durationMs.describe('Of each call; a server that knows better things to do is told.').prefault('30s'),
});

export type GrpcOptions = z.output<typeof grpcOptions>;

/** The client of a slice. */
export function openGrpc(slice: SliceContext<GrpcOptions>): Promise<Grpc> {
  const { connections, deadline } = slice.options;
  return Grpc.open(slice, grpcServer(slice.target), { connections, deadlineMs: deadline });
}

/** The methods of a service of this folder's `.proto` files. */
export function methodsOf<Name extends string>(file: string, service: string, names: readonly Name[]) {
  const definitions = definitionsOfFiles([join(import.meta.dirname, file)]);
  return Object.fromEntries(names.map((name) => [name, methodOf(definitions, `${service}/${name}`)])) as Record<
    Name,
    Method
  >;
}

/**
 * Whether a target serves a service, as far as it tells: by its health, and by reflection.
 * @throws one sentence
 */
export async function checkService({ target }: SliceContext<GrpcOptions>, service: string): Promise<void> {
  await checkHealth(target, service);
  const { address } = grpcServer(target);
  const services = await reflectedServices(grpcServer(target), target.token);
  if (services && !services.includes(service)) {
    throw new Error(`GRPC_ADDR ${address} has no service ${service}; its services are ${services.join(', ')}.`);
  }
}

/** @param service empty: the whole server @throws one sentence */
export async function checkHealth(target: Target, service: string): Promise<void> {
  const server = grpcServer(target);
  const said = await withClient(server, (client) => health(server, client, service, HEALTH_MS)).catch(
    (error: Error) => {
      if (error instanceof WrongService) throw error;
      throw new Error(`GRPC_ADDR ${server.address} does not answer to grpc.health.v1: ${error.message}.`);
    },
  );
  if (said === 'NOT_SERVING') {
    throw new Error(
      `GRPC_ADDR ${server.address} says that ${service || 'the server'} is NOT_SERVING (grpc.health.v1); start what it needs, or correct GRPC_ADDR.`,
    );
  }
}
