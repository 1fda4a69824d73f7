import { isAbsolute, resolve } from 'node:path';
import { Metadata } from '@grpc/grpc-js';
import { loadSync, type MethodDefinition, type PackageDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import { allowed } from '../../support/test.ts';
import type { GrpcServer } from '../transports/grpc-channel.ts';
import { withClient } from './reach.ts';
import { Reflection } from './reflection.ts';

export type Method = MethodDefinition<object, object>;

/** Names as they stand in `.proto` files; what JSON has no number for is text. */
const options = { keepCase: true, longs: String, enums: String, defaults: true, arrays: true, oneofs: true };
const TIMEOUT_MS = 10_000;

/** What an option of a load says cannot be so. The message continues a sentence that names the option: `is "x", which …`. */
export class WrongOption extends Error {
  readonly option: 'method' | 'proto' | 'request';

  constructor(option: WrongOption['option'], message: string) {
    super(message);
    this.option = option;
  }
}

/**
 * Of `.proto` files.
 * @param files relative to the working folder, or to one of `folders`
 * @param folders where what they import is looked for, beside their own
 * @throws WrongOption: which file, what is wrong with it, what is allowed
 */
export function definitionsOfFiles(files: readonly string[], folders: readonly string[] = []): PackageDefinition {
  const includeDirs = [process.cwd(), ...folders.map((folder) => resolve(folder))];
  try {
    return loadSync(
      files.map((file) => (isAbsolute(file) || folders.length > 0 ? file : resolve(file))),
      { ...options, includeDirs },
    );
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException;
    const found = code === 'ENOENT' ? `there is no file ${path}` : message.replaceAll(`${process.cwd()}/`, '');
    throw new WrongOption(
      'proto',
      `is "${files.join(', ')}", which does not compile: ${found}; allowed are files of proto2 or proto3`,
    );
  }
}

/**
 * The definitions of a method's service, as the server tells them.
 * @param name of the method
 * @throws WrongOption when the server has no reflection, or no such service; an Error of one sentence when it does not answer
 */
export async function reflectedDefinitions(
  server: GrpcServer,
  name: string,
  token: string | undefined,
): Promise<PackageDefinition> {
  return withClient(server, async (client) => {
    const unanswered = (what: string) => (error: Error) => {
      throw new Error(`GRPC_ADDR ${server.address} does not ${what} server reflection: ${error.message}.`);
    };
    const found = await Reflection.of(client, authorized(token), TIMEOUT_MS).catch(unanswered('answer to'));
    if (!found) {
      throw new WrongOption(
        'proto',
        `is missing, and GRPC_ADDR ${server.address} has no server reflection, which would tell its methods; allowed are its .proto files`,
      );
    }
    const { reflection, services } = found;
    try {
      const { service } = partsOf(name);
      if (services.includes(service))
        return await reflection.definitionsOf(service, options).catch(unanswered(`define ${service} by`));
      throw new WrongOption(
        'method',
        `is "${name}", but there is no service "${service}"; ${allowed(service, services)}`,
      );
    } finally {
      reflection.close();
    }
  });
}

/** The services that a server tells of; undefined when it tells nothing. */
export async function reflectedServices(server: GrpcServer, token: string | undefined): Promise<string[] | undefined> {
  return withClient(server, async (client) => {
    const found = await Reflection.of(client, authorized(token), TIMEOUT_MS).catch(() => undefined);
    found?.reflection.close();
    return found?.services;
  });
}

/** A service and its method, as in `etcdserverpb.KV/Range`. @throws WrongOption when the text is no such name */
function partsOf(name: string): { service: string; method: string } {
  const [, service, method] = /^\/?([\w.]+)[/.](\w+)$/.exec(name) ?? [];
  if (service !== undefined && method !== undefined) return { service, method };
  throw new WrongOption('method', `is "${name}"; allowed is a service and its method, as in etcdserverpb.KV/Range`);
}

/** @throws WrongOption that names the nearest one there is */
export function methodOf(definitions: PackageDefinition, name: string): Method {
  const { service, method } = partsOf(name);
  const services = Object.entries(definitions).flatMap(([known, one]) => (isService(one) ? [known] : []));
  const found = services.includes(service) ? (definitions[service] as ServiceDefinition)[method] : undefined;
  if (found) return found;
  const known = services.flatMap((one) =>
    Object.keys(definitions[one] as ServiceDefinition).map((its) => `${one}/${its}`),
  );
  throw new WrongOption('method', `is "${name}", which is not there; ${allowed(name, known)}`);
}

function isService(one: PackageDefinition[string]): one is ServiceDefinition {
  return !('format' in one);
}

function authorized(token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}
