import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/proto-loader';
import { Recorder } from '../../support/measure/recorder.ts';
import { readOptions } from '../../support/options.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { testVu, withSettings } from '../slice.fixture.ts';
import { grpcSlice, serveThings } from '../transports/grpc.fixture.ts';
import { Asker, Assistant, assistantMetrics, assistantService, type StreamsEvidence } from './assistant.ts';
import { definitionsOfFiles } from './definitions.ts';
import { grpcOptions } from './service.ts';

test('what streams came to: whole, with a gap, without their end, empty, of another text', async (t) => {
  const streams = [
    [{ text: 'a' }, { index: 1, text: 'b', final_text: 'ab' }],
    [{ text: 'a' }, { index: 2, text: 'c', final_text: 'abc' }],
    [{ text: 'a' }, { index: 1, text: 'b' }],
    [],
    [{ text: 'a', final_text: 'b' }],
  ];
  const StreamComplete = (stream: ServerWritableStream<object, object>) => {
    for (const token of streams.shift()!) stream.write(token);
    stream.end();
  };
  const definitions = definitionsOfFiles([join(import.meta.dirname, 'ai.proto')]);
  const service = definitions[assistantService] as ServiceDefinition;
  const { server } = await serveThings(t, {}, { add: (running) => running.addService(service, { StreamComplete }) });
  const options = readOptions(grpcOptions, {}, 'scenarios.test.options');
  const recorder = new Recorder('test', 'load', metricDefinitions(assistantMetrics));
  const slice = withSettings({ ...grpcSlice(), options, recorder }, { GRPC_ADDR: server.address, GRPC_TLS: '0' });
  const assistant = await Assistant.open(slice);
  t.after(() => assistant.close());
  const vu = testVu(slice);
  const asker = new Asker(assistant, vu);
  const outcomes = [];
  for (const _ of [...streams]) {
    await asker.stream();
    outcomes.push(vu.takeOutcome());
  }
  assert.deepEqual(outcomes, ['ok', 'ok', 'ok', 'failed', 'ok'], 'only a look at all of them tells what is missing');
  const { 'token-streams': found } = asker.evidence() as { 'token-streams': StreamsEvidence };
  assert.deepEqual([found.ended, found.broken.count, found.open.count], [5, 3, 1]);
  const gaps = found.broken.examples.map(({ expected, found, tokens }) => [expected, found, tokens]);
  assert.deepEqual(gaps, [
    [1, 2, 2],
    [0, undefined, 0],
    [undefined, undefined, 1],
  ]);
});
