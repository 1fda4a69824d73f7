import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/proto-loader';
import { type TestDatabase, testDatabase, testTarget } from '../../core/target.fixture.ts';
import { parseFaults } from '../../target.ts';
import { assistantService, kernelService } from './definitions.ts';

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database?.stop());

type Answer = Record<string, unknown>;

/** A client of a target with these faults. */
async function bed(t: TestContext, faults = '') {
  const { addresses } = await testTarget(t, { databaseUrl: database.url, faults: parseFaults(faults) });
  const client = new Client(addresses.GRPC_ADDR!, credentials.createInsecure());
  t.after(() => client.close());
  const ask = (service: ServiceDefinition, method: string, request: object) => {
    const { path, requestSerialize, responseDeserialize } = service[method]!;
    return new Promise<Answer>((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
        error ? reject(error) : resolve(answer as Answer),
      );
    });
  };
  const stream = (service: ServiceDefinition, method: string, request: object) => {
    const { path, requestSerialize, responseDeserialize } = service[method]!;
    return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, new Metadata());
  };
  const read = async (...asked: Parameters<typeof stream>) => {
    const messages: Answer[] = [];
    for await (const message of stream(...asked)) messages.push(message as Answer);
    return messages;
  };
  return { ask, stream, read };
}

test('a kernel: what was executed is counted, is in the history, and is told to those who watch', async (t) => {
  const { ask, stream, read } = await bed(t);
  const kernel = { kernel_id: 'watched' };
  await ask(kernelService, 'Execute', { ...kernel, code: 'before' });
  const watch = stream(kernelService, 'Watch', kernel);
  watch.on('error', () => {});
  const events = watch[Symbol.asyncIterator]();
  const next = async () => (await events.next()).value as Answer;
  const { type, sequence } = await next();
  assert.deepEqual([type, sequence], ['subscribed', 1]);
  const { execution_id, status: ran } = await ask(kernelService, 'Execute', { ...kernel, code: 'a\nb' });
  assert.equal(ran, 'ok');
  const event = await next();
  assert.deepEqual([event.type, event.sequence, event.execution_id], ['executed', 2, execution_id]);
  watch.cancel();
  assert.deepEqual(await ask(kernelService, 'GetStatus', kernel), { state: 'idle', executions: 2 });
  const history = await read(kernelService, 'History', kernel);
  assert.deepEqual(
    history.map(({ code, output }) => [code, output]),
    [
      ['before', '1 lines'],
      ['a\nb', '2 lines'],
    ],
  );
  assert.deepEqual(await read(kernelService, 'History', { kernel_id: 'another' }), []);
  const nobody = { kernel_id: '' };
  for (const refused of [
    ask(kernelService, 'Execute', { ...nobody, code: 'a' }),
    read(kernelService, 'History', nobody),
  ]) {
    await assert.rejects(refused, (error: ServiceError) => {
      const [code, details] = [status.INVALID_ARGUMENT, 'kernel_id must have 1 to 200 characters'];
      assert.deepEqual([error.code, error.details], [code, details]);
      return true;
    });
  }
});

test('an assistant: tokens count from 0 and add up to the final text, which is that of a whole answer', async (t) => {
  const { ask, read } = await bed(t);
  const request = { prompt: 'Why?', max_tokens: 5 };
  const tokens = await read(assistantService, 'StreamComplete', request);
  const text = tokens.map((token) => token.text).join('');
  assert.deepEqual(
    tokens.map(({ index }) => index),
    [0, 1, 2, 3, 4],
  );
  assert.deepEqual(tokens.map(({ final_text }) => final_text).filter(Boolean), [text]);
  assert.deepEqual(await ask(assistantService, 'Complete', request), { text, tokens: 5 });
});

test('faults begin with the first call', async (t) => {
  const { ask, read } = await bed(t, 'grpc-unavailable=1');
  await assert.rejects(ask(kernelService, 'GetStatus', { kernel_id: 'k' }), { code: status.UNAVAILABLE });
  await assert.rejects(read(kernelService, 'History', { kernel_id: 'k' }), { code: status.UNAVAILABLE });
});
