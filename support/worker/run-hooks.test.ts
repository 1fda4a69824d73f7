import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recorder } from '../measure/recorder.ts';
import type { Given } from '../schedule/startline.ts';
import { secret, secrets } from '../secrets/secrets.ts';
import { setUpRun } from './run-hooks.ts';
import type { SliceContext } from './vu.ts';

const limits = { setupRun: 50, teardownRun: 60 };

/** Slices of one scenario, on a line that brings at once what the first one gives. */
function slices(of: number) {
  const recorder = new Recorder('buy', 'load');
  const said: string[] = [];
  const ends: (() => void | Promise<void>)[] = [];
  let give: (given: Given) => void = () => {};
  const given = new Promise<Given>((resolve) => (give = resolve));
  const line = { give, given: () => given, alone: async () => {} };
  const slice = (index: number) => ({
    line,
    context: { scenario: 'buy', index, of, recorder, signal: new AbortController().signal } as SliceContext,
    atEnd: (hook: string, cleanUp: () => void | Promise<void>, limitMs: number) => {
      said.push(`${hook} of slice ${index}, ${limitMs} ms`);
      ends.push(cleanUp);
    },
  });
  return { all: Array.from({ length: of }, (_, index) => slice(index)), said, ends };
}

test('it is done once, in the first slice, and all have what it gives', async () => {
  const { all, said, ends } = slices(3);
  const done: unknown[] = [];
  const hooks = {
    setupRun({ index, recorder }: SliceContext) {
      recorder.add('iterations', 1);
      return { token: secret(`token-of-slice-${index}`), users: [1, null] };
    },
    teardownRun: (data: object) => void done.push(data),
  };
  const data = { token: 'token-of-slice-0', users: [1, null] };
  assert.deepEqual(await Promise.all(all.map((slice) => setUpRun(hooks, limits, slice))), [data, data, data]);
  assert.deepEqual(said, ['teardownRun of slice 0, 60 ms']);
  await ends[0]!();
  assert.deepEqual(done, [data]);
  assert.deepEqual(all[0]!.context.recorder.pack(), {}, 'nothing of it is measured');
});

test('what is a secret where it was made is one in every slice', async () => {
  const { all } = slices(2);
  // As the first slice's process would say it: here there is but one.
  all[0]!.line.give({ data: { key: 'sesame-1234' }, secrets: ['sesame-1234'] });
  await setUpRun({ setupRun: () => ({ key: '' }) }, limits, all[1]!);
  assert.equal(secrets.clean('key sesame-1234'), 'key ***');
});

test('without any there is nothing to wait for; taken down is also what nothing was set up for', async () => {
  const { all, said } = slices(2);
  assert.equal(await setUpRun({}, limits, all[1]!), undefined);
  assert.deepEqual(await Promise.all(all.map((slice) => setUpRun({ teardownRun() {} }, limits, slice))), [
    undefined,
    undefined,
  ]);
  assert.deepEqual(said, ['teardownRun of slice 0, 60 ms']);
});

test('what fails, hangs, or would not come as it was given is one sentence', async () => {
  const failing = (setupRun: () => unknown) => setUpRun({ setupRun }, limits, slices(1).all[0]!);
  const plain = {
    message:
      'setupRun of buy gave what JSON cannot hold; allowed is plain data: texts, numbers, booleans, null, lists and objects of these.',
  };
  const circle: { self?: object } = {};
  circle.self = circle;
  for (const data of [circle, new Map([[1, 2]]), { at: new Date(0) }, [1n], () => {}, { count: Number.NaN }]) {
    await assert.rejects(
      failing(() => data),
      plain,
    );
  }
  await assert.rejects(
    failing(() => 'x'.repeat(1_000_000)),
    {
      message: 'setupRun of buy gave 1,000,002 bytes of data; allowed is up to 1,000,000.',
    },
  );
  await assert.rejects(
    failing(() => new Promise(() => {})),
    { message: 'setupRun of buy did not end within 0.05 s' },
  );
  await assert.rejects(
    failing(() => Promise.reject(new Error('no such user'))),
    { message: 'no such user' },
  );
});
