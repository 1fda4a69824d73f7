import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { StartError } from '../../core/start-error.ts';
import type { Assistant } from './assistant.ts';
import { assistantService, definitions, kernelService } from './definitions.ts';
import type { Kernel } from './kernel.ts';
import type { GrpcRules } from './rules.ts';

type Unary<Request> = (request: Request) => Promise<object>;
type Streamed<Request> = (stream: ServerWritableStream<Request, object>) => Promise<void>;

/** Serves the services with health and reflection, as any gRPC server does. */
export class GrpcServer {
  readonly #server = new Server();
  readonly #rules: GrpcRules;
  readonly #noteUse: () => void;

  /** @param noteUse called for every call of the services */
  constructor(kernel: Kernel, assistant: Assistant, rules: GrpcRules, noteUse: () => void) {
    this.#rules = rules;
    this.#noteUse = noteUse;
    this.#server.addService(kernelService, {
      Execute: this.#unary((request: Parameters<Kernel['execute']>[0]) => kernel.execute(request)),
      GetStatus: this.#unary((request: Parameters<Kernel['status']>[0]) => kernel.status(request)),
      History: this.#stream((stream: Parameters<Kernel['history']>[0]) => kernel.history(stream)),
      Watch: this.#stream((stream: Parameters<Kernel['watch']>[0]) => kernel.watch(stream)),
    });
    this.#server.addService(assistantService, {
      Complete: this.#unary((request: Parameters<Assistant['complete']>[0]) => assistant.complete(request)),
      StreamComplete: this.#stream((stream: Parameters<Assistant['stream']>[0]) => assistant.stream(stream)),
    });
    const serving = { '': 'SERVING', 'kernel.v1.Kernel': 'SERVING', 'ai.v1.Assistant': 'SERVING' } as const;
    new HealthImplementation(serving).addToServer(this.#server);
    new ReflectionService(definitions).addToServer(this.#server);
  }

  /** @returns `host:port`, any that is free */
  async listen(host: string): Promise<string> {
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(`${host}:0`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(new StartError(`HOST=${host} cannot be listened on for gRPC: ${error.message}.`));
        else resolve(bound);
      });
    });
    return `${host}:${port}`;
  }

  /** Ends every connection. */
  stop(): void {
    this.#server.forceShutdown();
  }

  #unary<Request>(answer: Unary<Request>) {
    return ({ request }: ServerUnaryCall<Request, object>, reply: sendUnaryData<object>) => {
      this.#noteUse();
      if (this.#rules.refuses()) reply(unavailable());
      else
        answer(request).then(
          (value) => reply(null, value),
          (error: Error) => reply(failureOf(error)),
        );
    };
  }

  #stream<Request>(answer: Streamed<Request>) {
    return (stream: ServerWritableStream<Request, object>) => {
      this.#noteUse();
      // As grpc-js has it: destroyed, a stream ends without its status, and the client hears nothing.
      if (this.#rules.refuses()) stream.emit('error', unavailable());
      else
        answer(stream).then(
          () => stream.end(),
          (error: Error) => stream.emit('error', failureOf(error)),
        );
    };
  }
}

function unavailable(): Error {
  const details = 'try again later';
  return Object.assign(new Error(details), { code: status.UNAVAILABLE, details });
}

/** Whose code is none of gRPC's comes from the database, and says too much. */
function failureOf(error: Error): Error {
  if (typeof (error as { code?: unknown }).code === 'number') return error;
  console.error(`A call could not be answered: ${error.message}`);
  return Object.assign(new Error('internal error'), { code: status.INTERNAL, details: 'internal error' });
}
