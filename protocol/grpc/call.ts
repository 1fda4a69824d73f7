import { z } from 'zod';
import { OptionError, type SliceContext, type Vu } from '../../support/test.ts';
import { type Grpc, isBinary } from '../transports/grpc.ts';
import { definitionsOfFiles, type Method, methodOf, reflectedDefinitions, WrongOption } from './definitions.ts';
import { checkMessage, isBase64 } from './message-check.ts';
import { checkHealth, grpcOptions, openGrpc } from './service.ts';
import { grpcServer } from './settings.ts';

const aMessage = 'an object such as {"key": "a2V5"}, or a list of them for a method that takes a stream';
const message = z.record(z.string(), z.unknown(), aMessage);
const paths = z.union([z.string(), z.array(z.string())], 'a path, or a list of paths').transform((one) => [one].flat());

/** What profiles may say of the load `call`. */
export const callOptions = grpcOptions.extend({
  method: z.string('a service and its method, such as etcdserverpb.KV/Range'),
  request: z
    .union([message, z.array(message)], aMessage)
    .describe(
      'What each call sends, by the names of the .proto file; bytes as base64. A list for a method that takes a stream.',
    )
    .default({}),
  metadata: z
    .record(z.string(), z.string(), 'names and texts, such as {"x-tenant": "one"}')
    .describe('Sent along; bytes, whose names end in -bin, as base64.')
    .default({}),
  proto: paths
    .optional()
    .describe('The .proto files that define the method. Default: the server is asked (server reflection).'),
  protoFolders: paths.describe('Where these and what they import are looked for.').prefault([]),
  readOnly: z
    .boolean('true or false')
    .describe('It changes nothing: a call without an answer has failed, and is not indeterminate.')
    .default(false),
});

export type CallOptions = z.output<typeof callOptions>;

/** A call of any method of any server, as a profile's options say it. */
export class AnyCall {
  readonly #grpc: Grpc;
  readonly #method: Method;
  readonly #options: Readonly<CallOptions>;

  static async open(slice: SliceContext<CallOptions>): Promise<AnyCall> {
    const method = await methodFor(slice);
    return new AnyCall(await openGrpc(slice), method, slice.options);
  }

  private constructor(grpc: Grpc, method: Method, options: Readonly<CallOptions>) {
    this.#grpc = grpc;
    this.#method = method;
    this.#options = options;
  }

  async send(vu: Vu): Promise<void> {
    const { method: op, request, metadata, readOnly } = this.#options;
    const { outcome, status } = await this.#grpc.call({ op, method: this.#method, request, metadata, readOnly });
    if (outcome !== 'ok') vu.fail(outcome);
    vu.check(`${op}: status is OK`, status === 'OK');
  }

  close(): void {
    this.#grpc.close();
  }
}

/** @throws OptionError, or an error of one sentence, when the target cannot be called like that */
export async function checkCall(slice: SliceContext<CallOptions>): Promise<void> {
  await checkHealth(slice.target, '');
  await methodFor(slice);
}

async function methodFor({ scenario, target, options }: SliceContext<CallOptions>) {
  const { method: name, request, metadata, proto, protoFolders } = options;
  try {
    const definitions = proto
      ? definitionsOfFiles(proto, protoFolders)
      : await reflectedDefinitions(grpcServer(target), name, target.token);
    const method = methodOf(definitions, name);
    if (Array.isArray(request) !== method.requestStream) {
      const [found, takes] = method.requestStream ? ['one message', 'a stream'] : ['a list', 'one message'];
      throw new WrongOption('request', `is ${found}, but ${name} takes ${takes}; allowed is ${aMessage}`);
    }
    for (const one of [request].flat()) {
      checkMessage(one, method.requestType, definitions, proto === undefined);
      // What it has against a value, it says.
      method.requestSerialize(one);
    }
    checkMetadata(metadata, `scenarios.${scenario}.options.metadata`);
    return method;
  } catch (error) {
    if (error instanceof WrongOption) {
      throw new OptionError([error.option], `scenarios.${scenario}.options.${error.option} ${error.message}.`);
    }
    if (error instanceof TypeError) {
      throw new OptionError(
        ['request'],
        `scenarios.${scenario}.options.request is not as ${name} takes it: ${error.message}.`,
      );
    }
    throw error;
  }
}

/** What cannot be sent would fail each call. Its value may be a secret. */
function checkMetadata(metadata: Record<string, string>, where: string): void {
  for (const [name, value] of Object.entries(metadata)) {
    const isBytes = isBinary(name);
    if (isBytes ? isBase64(value) : /^[\w.-]+$/.test(name) && /^[\x20-\x7e]*$/.test(value)) continue;
    const what = isBytes ? 'base64, since its name ends in -bin' : 'ASCII, by a name of letters, digits, _, . and -';
    throw new OptionError(['metadata', name], `${where}.${name} cannot be sent; allowed is a text of ${what}.`);
  }
}
