import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status } from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/proto-loader';
import type { Evidence, JudgedRun, Judgement } from '../../support/measure/evidence.ts';
import { readOptions } from '../../support/options.ts';
import { declaredOracles } from '../../support/oracle.ts';
import { testVu, withSettings } from '../slice.fixture.ts';
import { grpcSlice, serveThings } from '../transports/grpc.fixture.ts';
import { definitionsOfFiles } from './definitions.ts';
import { Kernels, kernelService } from './kernel.ts';
import { grpcOptions } from './service.ts';
import './executions.oracle.ts';
import './kernel-events.oracle.ts';

interface OfKernel {
  kernel_id: string;
  code: string;
}
type Watch = ServerWritableStream<OfKernel, object>;

/** What a server does wrong. Cells, events and streams are counted for each kernel, from 1. */
interface Wrongs {
  /** A call's answer; it is carried out all the same, but for `RESOURCE_EXHAUSTED`. */
  execute?(cell: number): status | undefined;
  tells?(event: number): boolean;
  /** A cell runs when the test says so. */
  holds?(run: () => void): void;
  /** Its history was asked for. */
  isAsked?(): void;
  /** What its history tells of the cells. */
  shows?(cells: readonly string[]): string[];
  /** A stream is answered, and gets events. */
  answers?(stream: number): boolean;
  /** After an event. */
  breaks?(event: number): boolean;
  /** After an event, as if all were told; 0: at once. */
  ends?(event: number): boolean;
}

class FakeKernel {
  readonly cells: string[] = [];
  asked = 0;
  streams = 0;
  open: Watch | undefined;
  readonly wrong: Wrongs;

  constructor(wrong: Wrongs) {
    this.wrong = wrong;
  }

  run(code: string): void {
    const sequence = this.cells.push(code);
    if (this.wrong.tells?.(sequence) ?? true) this.open?.write({ sequence, type: 'executed' });
    if (this.wrong.breaks?.(sequence)) this.open?.emit('error', { code: status.UNAVAILABLE });
    if (this.wrong.ends?.(sequence)) this.open?.end();
  }
}

/** Serves kernels; a VU's is as `wrongs` say of its number. */
async function serve(t: TestContext, wrongs: readonly Wrongs[]) {
  const kernels = wrongs.map((wrong) => new FakeKernel(wrong));
  const kernelOf = (id: string) => kernels[Number(id.split('-').at(-1))]!;
  const handlers = {
    Execute({ request }: ServerUnaryCall<OfKernel, object>, reply: sendUnaryData<object>) {
      const kernel = kernelOf(request.kernel_id);
      kernel.asked += 1;
      const run = () => {
        const answer = kernel.wrong.execute?.(kernel.asked);
        if (answer !== status.RESOURCE_EXHAUSTED) kernel.run(request.code);
        if (answer === undefined) reply(null, { status: 'ok' });
        else reply({ code: answer });
      };
      if (kernel.wrong.holds) kernel.wrong.holds(run);
      else run();
    },
    GetStatus({ request }: ServerUnaryCall<OfKernel, object>, reply: sendUnaryData<object>) {
      reply(null, { state: 'idle', executions: kernelOf(request.kernel_id).cells.length });
    },
    History(stream: Watch) {
      const { cells, wrong } = kernelOf(stream.request.kernel_id);
      wrong.isAsked?.();
      for (const code of wrong.shows?.(cells) ?? cells) stream.write({ code });
      stream.end();
    },
    Watch(stream: Watch) {
      const kernel = kernelOf(stream.request.kernel_id);
      kernel.streams += 1;
      if (!(kernel.wrong.answers?.(kernel.streams) ?? true)) return;
      stream.write({ sequence: kernel.cells.length, type: 'subscribed' });
      if (kernel.wrong.ends?.(0)) {
        stream.end();
        return;
      }
      kernel.open = stream;
    },
  };
  const service = definitionsOfFiles([join(import.meta.dirname, 'kernel.proto')])[kernelService] as ServiceDefinition;
  const { server } = await serveThings(t, {}, { add: (running) => running.addService(service, handlers) });
  const options = readOptions(grpcOptions, {}, 'scenarios.test.options');
  return withSettings({ ...grpcSlice(), options }, { GRPC_ADDR: server.address, GRPC_TLS: '0' });
}

/** What oracles say when each VU has run so many cells, one after the other, and has looked at what became of them. */
async function judged(t: TestContext, wrongs: readonly Wrongs[], cells = 4) {
  const slice = await serve(t, wrongs);
  const kernels = await Kernels.open(slice);
  t.after(() => kernels.close());
  const vus = wrongs.map((_, id) => testVu(slice, id));
  const all = vus.map((vu) => kernels.join(vu));
  await Promise.all(
    all.map(async (kernel) => {
      for (let cell = 0; cell < cells; cell++) await kernel.execute();
      await kernel.status();
      await kernel.history();
    }),
  );
  const outcomes = vus.map((vu) => vu.takeOutcome());
  await Promise.all(all.map((kernel) => kernel.settle()));
  const pieces = [...all, kernels].map((one) => one.evidence() as Evidence);
  const judge = (name: string): Judgement =>
    declaredOracles.get(name)!.judge(
      pieces.flatMap((one) => (one[name] ?? []) as never[]),
      { isWhole: true } as JudgedRun,
    ) as Judgement;
  return { outcomes, executions: judge('executions'), events: judge('kernel-events') };
}

test('every cell is in the history and every event comes; a stream that breaks is followed by another one', async (t) => {
  const { outcomes, executions, events } = await judged(t, [{}, { breaks: (event) => event === 2 }]);
  assert.deepEqual(outcomes, ['ok', 'ok']);
  assert.deepEqual([executions.status, executions.checked, executions.violations], ['ok', 8, 0]);
  assert.deepEqual([events.status, events.violations, events.counts?.subscriptions], ['ok', 0, 3]);
});

test('a history begins with the oldest or the newest, and each cell in it is as it was and in its turn', async (t) => {
  for (const [what, shows, violations] of [
    ['the newest first', (cells) => cells.toReversed(), 0],
    ['with an end of line', (cells) => cells.map((code) => `${code}\n`), 0],
    ['in disorder', ([a, b, c, d]) => [a!, c!, b!, d!], 1],
    ['the last one first', (cells) => [...cells.slice(-1), ...cells.slice(0, -1)], 2],
    // It is not there, and something else is.
    ['cut off', ([a, ...others]) => [a!.slice(0, -2), ...others], 2],
  ] satisfies [string, NonNullable<Wrongs['shows']>, number][]) {
    const { executions } = await judged(t, [{ shows }]);
    assert.equal(executions.violations, violations, `${what}: ${JSON.stringify(executions.examples)}`);
  }
  // Of one without an answer nobody knows when it ran.
  const open = await judged(t, [
    {
      execute: (cell) => (cell === 2 ? status.UNAVAILABLE : undefined),
      shows: ([a, b, ...others]) => [a!, ...others, b!],
    },
  ]);
  assert.deepEqual([open.executions.status, open.executions.violations], ['ok', 0]);
});

test('of a cell without an answer nobody knows; one that was refused must not be there', async (t) => {
  const open = await judged(t, [{ execute: (cell) => (cell === 2 ? status.UNAVAILABLE : undefined) }]);
  assert.deepEqual([open.outcomes, open.executions.status, open.executions.checked], [['indeterminate'], 'ok', 3]);
  const refused = await judged(t, [{ execute: (cell) => (cell === 2 ? status.RESOURCE_EXHAUSTED : undefined) }]);
  assert.deepEqual([refused.outcomes, refused.executions.violations], [['failed'], 0]);
  const done = await judged(t, [{ execute: (cell) => (cell === 2 ? status.FAILED_PRECONDITION : undefined) }]);
  assert.deepEqual([done.executions.status, done.executions.violations], ['violated', 1]);
});

test('a cell that is still running when the load is over is waited for: what comes after the last look would be missing', async (t) => {
  let hold: (run: () => void) => void = () => {};
  const held = new Promise<() => void>((resolve) => {
    hold = resolve;
  });
  let isAsked = false;
  const isNowAsked = () => {
    isAsked = true;
  };
  const slice = await serve(t, [{ holds: hold, isAsked: isNowAsked }]);
  const kernels = await Kernels.open(slice);
  t.after(() => kernels.close());
  const kernel = kernels.join(testVu(slice));
  void kernel.execute();
  const run = await held;
  const settled = kernel.settle();
  for (let turn = 0; turn < 50 && !isAsked; turn++) await new Promise(setImmediate);
  run();
  await settled;
  const { executions } = kernel.evidence() as { executions: never };
  const { status, checked } = declaredOracles.get('executions')!.judge([executions], { isWhole: true }) as Judgement;
  assert.deepEqual([status, checked], ['ok', 1]);
});

test('an event that does not come is lost; so are those of a stream that says nothing, when another one is answered', async (t) => {
  const { events } = await judged(t, [{ tells: (event) => event !== 3 }, { answers: (stream) => stream > 1 }]);
  assert.deepEqual([events.status, events.counts?.lost], ['violated', 1 + 3]);
});

test('a stream that ends without an event is a failure, one that ends after some is not', async (t) => {
  const slice = await serve(t, [{ ends: (event) => event === 0 }, { ends: (event) => event === 2 }]);
  const kernels = await Kernels.open(slice);
  t.after(() => kernels.close());
  const failed = 'check: watch: the stream tells of its kernel before it ends';
  for (const id of [1, 0]) {
    const kernel = kernels.join(testVu(slice, id));
    const deadline = performance.now() + 10_000;
    for (let cell = 0; cell < 4; cell++) await kernel.execute();
    while (id === 0 && !slice.recorder.errors[failed] && performance.now() < deadline) await kernel.execute();
    assert.deepEqual(Object.keys(slice.recorder.errors), id === 0 ? [failed] : []);
  }
});

test('of a server that answers no stream nothing is known', async (t) => {
  t.mock.method(AbortSignal, 'timeout', () => AbortSignal.abort());
  const { events } = await judged(t, [{ answers: () => false }]);
  assert.deepEqual([events.status, events.checked], ['unknown', 0]);
});
