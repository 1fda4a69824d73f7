import { type Client, type ClientDuplexStream, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, type PackageDefinition } from '@grpc/proto-loader';
import { fileName, fileSet, reflectionMethods } from './standard-services.ts';

interface Answer {
  file_descriptor_response?: { file_descriptor_proto: Buffer[] };
  list_services_response?: { service: { name: string }[] };
  error_response?: { error_code: number; error_message: string };
}

/** What a server says of its own services, by server reflection in either of its versions. */
export class Reflection {
  readonly #stream: ClientDuplexStream<object, object>;
  readonly #answers: AsyncIterator<Answer>;

  /**
   * Asks what services there are.
   * @returns undefined when the server has no reflection
   * @throws what the server has against the question
   */
  static async of(
    client: Client,
    metadata: Metadata,
    timeoutMs: number,
  ): Promise<{ reflection: Reflection; services: string[] } | undefined> {
    for (const method of reflectionMethods) {
      const { path, requestSerialize, responseDeserialize } = method;
      const deadline = Date.now() + timeoutMs;
      const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, { deadline });
      const reflection = new Reflection(stream);
      try {
        const { list_services_response: found } = await reflection.#ask({ list_services: '*' });
        return { reflection, services: (found?.service ?? []).map(({ name }) => name) };
      } catch (error) {
        stream.cancel();
        if ((error as ServiceError).code !== status.UNIMPLEMENTED) throw error;
      }
    }
    return undefined;
  }

  private constructor(stream: ClientDuplexStream<object, object>) {
    this.#stream = stream;
    this.#answers = stream[Symbol.asyncIterator]() as AsyncIterator<Answer>;
  }

  /** The definitions of a service, with everything that they stand on. */
  async definitionsOf(service: string, options: object): Promise<PackageDefinition> {
    const files = new Map<string, Buffer>();
    const wanted = new Set<string>();
    const add = ({ file_descriptor_response: found }: Answer) => {
      for (const bytes of found?.file_descriptor_proto ?? []) {
        const { name, dependency } = fileName.deserialize(bytes) as { name: string; dependency: string[] };
        files.set(name, bytes);
        for (const other of dependency) wanted.add(other);
      }
    };
    add(await this.#ask({ file_containing_symbol: service }));
    for (const name of wanted) if (!files.has(name)) add(await this.#ask({ file_by_filename: name }));
    return loadFileDescriptorSetFromBuffer(fileSet.serialize({ file: [...files.values()] }), options);
  }

  close(): void {
    this.#stream.end();
    this.#stream.cancel();
    this.#stream.on('error', () => {});
  }

  async #ask(request: object): Promise<Answer> {
    this.#stream.write(request);
    const { value, done } = await this.#answers.next();
    if (done) throw Object.assign(new Error('no answer'), { code: status.UNIMPLEMENTED });
    const answer = value as Answer;
    if (answer.error_response) throw new Error(answer.error_response.error_message);
    return answer;
  }
}
