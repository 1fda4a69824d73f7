/** The loop that anyone would write: a client of grpc-js, a call with a deadline, its answer. */
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { contend } from '../contender.ts';
import { service } from '../grpc-things.ts';

const { path, requestSerialize, responseDeserialize } = service.Get!;
const DEADLINE_MS = 30_000;
let client: Client | undefined;

contend(async ({ origin, connections, requests }) => {
  client ??= new Client(new URL(origin).host, credentials.createInsecure());
  const bound = client;
  let left = requests;
  const get = () =>
    new Promise<object | undefined>((resolve, reject) => {
      bound.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { id: 'a' },
        new Metadata(),
        { deadline: Date.now() + DEADLINE_MS },
        (error, answer) => (error ? reject(error) : resolve(answer)),
      );
    });
  const loop = async () => {
    while (left > 0) {
      left -= 1;
      await get();
    }
  };
  await Promise.all(Array.from({ length: connections }, loop));
});
