import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { Recorder } from '../measure/recorder.ts';
import type { Iteration } from '../schedule/executor.ts';
import { random } from '../schedule/random.ts';
import { resolveTarget } from '../target.ts';
import { Feeder } from './feeder.ts';
import { checkOperations, errorName, type LoadDefinition, loadWork } from './load.ts';
import { divertRejections, ownRequests } from './soft-failures.ts';
import { type SliceContext, Vu } from './vu.ts';

function sliceOf(recorder = new Recorder('relay', 'load', { pushed: { type: 'counter', contains: 'default' } })) {
  const target = resolveTarget({ name: 'mine', source: 'test', values: { API_URL: 'http://a.test' } }, {});
  const { signal } = new AbortController();
  const elapsedMs = () => 0;
  const slice: SliceContext = {
    runId: 'run',
    scenario: 'relay',
    index: 0,
    of: 1,
    target,
    recorder,
    options: {},
    maxVUs: 5,
    signal,
    beforeStart: () => {},
    elapsedMs,
    endsAfterMs: Number.POSITIVE_INFINITY,
    drills: [],
    isOver: () => false,
  };
  return { slice, recorder };
}

type Operations<V> = LoadDefinition<undefined, V>['operations'];

async function outcomesOf(operations: Operations<undefined>, iterations = 1) {
  const { slice, recorder } = sliceOf();
  const work = loadWork(
    { vu: () => undefined, operations },
    { shared: undefined, data: undefined },
    slice,
    'seed',
    undefined,
  );
  const vu = await work.createVu(0);
  const outcomes: string[] = [];
  for (let index = 0; index < iterations; index++) {
    outcomes.push(await work.run(vu, work.operationOf(index), { index } as Iteration));
  }
  return { outcomes, errors: recorder.errors, packed: recorder.pack() };
}

function operation(run: Operations<undefined>[string]['run']): Operations<undefined> {
  return { push: { weight: 1, run } };
}

test('an operation that goes through is ok, and what it adds is recorded', async () => {
  const { outcomes, errors, packed } = await outcomesOf(
    operation(async (_state, vu) => vu.add('pushed', 2, { op: 'push' })),
    3,
  );
  assert.deepEqual(outcomes, ['ok', 'ok', 'ok']);
  assert.deepEqual(errors, {});
  assert.deepEqual(packed, { 'pushed{op:push,scenario:relay}': { t: 'counter', sum: 6 } });
});

test('a failing check fails the iteration, and that one only', async () => {
  let iteration = 0;
  const { outcomes, errors, packed } = await outcomesOf(
    operation(async (_state, vu) => {
      vu.check('status is 200', iteration++ !== 1);
      vu.check('has a body', true);
    }),
    3,
  );
  assert.deepEqual(outcomes, ['ok', 'failed', 'ok']);
  assert.deepEqual(errors, { 'check: status is 200': 1 });
  assert.deepEqual(packed['checks{check:status is 200,scenario:relay}'], { t: 'rate', passes: 2, total: 3 });
  assert.deepEqual(packed['checks{check:has a body,scenario:relay}'], { t: 'rate', passes: 3, total: 3 });
});

test('what is thrown fails the iteration and is counted by name', async () => {
  const thrown = [
    Object.assign(new Error('read'), { code: 'ECONNRESET' }),
    new TypeError('x is undefined'),
    'a string',
  ];
  const { outcomes, errors } = await outcomesOf(
    operation(() => Promise.reject(thrown.shift())),
    3,
  );
  assert.deepEqual(outcomes, ['failed', 'failed', 'failed']);
  assert.deepEqual(errors, { ECONNRESET: 1, 'TypeError: x is undefined': 1, 'thrown: a string': 1 });
});

test('who waits for the end of a run, and is told of it, has not failed; what fails then for another reason has', async () => {
  const stop = new AbortController();
  const { signal } = stop;
  const acts = [
    () => pause(60_000, undefined, { signal }),
    () => once(new EventEmitter(), 'never', { signal }),
    async () => signal.throwIfAborted(),
    () => Promise.reject(new Error('gone')),
  ];
  const { slice, recorder } = sliceOf();
  const work = loadWork(
    { vu: () => undefined, operations: operation(async () => void (await acts.shift()!())) },
    { shared: undefined, data: undefined },
    { ...slice, signal },
    'seed',
    undefined,
  );
  const run = async (id: number) => work.run(await work.createVu(id), 0, { index: id } as Iteration);
  const waiting = [run(0), run(1)];
  await turn();
  stop.abort(new Error('a threshold was missed'));
  assert.deepEqual(await Promise.all(waiting), ['stopped', 'stopped']);
  assert.deepEqual([await run(2), await run(3)], ['stopped', 'failed']);
  assert.deepEqual(recorder.errors, { 'Error: gone': 1 });
});

test('an iteration that ends before any of its requests has failed, unless it is the end of the run', async () => {
  const stop = new AbortController();
  const requests: [begun: number, ended: number][] = [
    [1, 0],
    [2, 1],
    [0, 0],
    [1, 0],
  ];
  const ask = async () => {
    const own = ownRequests()!;
    const [begun, ended] = requests.shift()!;
    own.begun += begun;
    own.ended += ended;
    if (requests.length === 0) stop.abort();
  };
  const { slice, recorder } = sliceOf();
  const work = loadWork(
    { vu: () => undefined, operations: operation(ask) },
    { shared: undefined, data: undefined },
    { ...slice, signal: stop.signal },
    'seed',
    undefined,
  );
  const vu = await work.createVu(0);
  const outcomes: string[] = [];
  while (requests.length > 0) outcomes.push(await work.run(vu, 0, { index: 0, dueAt: 0 } as Iteration));
  assert.deepEqual(outcomes, ['failed', 'ok', 'ok', 'stopped']);
  assert.deepEqual(recorder.errors, { 'not awaited: operation push ended before any of its requests did': 1 });
  assert.equal(ownRequests(), undefined);
});

test('who gives up by a signal of its own has failed', async () => {
  const { outcomes } = await outcomesOf(operation(() => pause(60_000, undefined, { signal: AbortSignal.abort() })));
  assert.deepEqual(outcomes, ['failed']);
});

test('what nobody has awaited yet fails its iteration once, and no other', async () => {
  divertRejections();
  const acts = [
    async () => {
      const answer = Promise.reject(new Error('gone'));
      await turn();
      await answer;
    },
    async () => {
      void Promise.reject(new Error('forgotten'));
      await turn();
    },
    turn,
  ];
  const { outcomes, errors } = await outcomesOf(
    operation(async () => acts.shift()!()),
    3,
  );
  assert.deepEqual(outcomes, ['failed', 'failed', 'ok']);
  assert.deepEqual(errors, { 'Error: gone': 1, 'Error: forgotten': 1 });
});

test('an iteration with a write that may have happened is indeterminate, whatever else failed', async () => {
  const acts: ((vu: Vu) => void)[][] = [
    [(vu) => vu.fail('indeterminate')],
    [(vu) => vu.fail('indeterminate'), (vu) => vu.check('push: status is 200', false)],
    [(vu) => vu.fail(), (vu) => vu.fail('indeterminate')],
    [(vu) => vu.check('push: status is 200', false)],
    [],
  ];
  const { outcomes } = await outcomesOf(
    operation(async (_state, vu) => {
      for (const act of acts.shift()!) act(vu);
    }),
    5,
  );
  assert.deepEqual(outcomes, ['indeterminate', 'indeterminate', 'indeterminate', 'failed', 'ok']);
});

test('what goes wrong while a VU is made is no failure of its first iteration', async () => {
  const { slice } = sliceOf();
  const definition: LoadDefinition<undefined, undefined> = {
    vu: (vu) => void vu.check('signed up', false),
    operations: operation(async () => {}),
  };
  const work = loadWork(definition, { shared: undefined, data: undefined }, slice, 'seed', undefined);
  assert.equal(await work.run(await work.createVu(0), 0, { index: 0 } as Iteration), 'ok');
});

test('a VU keeps its state, shares what setup made, and draws its own numbers, the same in every run', async () => {
  const made = async (seed: string) => {
    const { slice } = sliceOf();
    const shared = { made: 0 };
    const definition: LoadDefinition<typeof shared, { drawn: number }> = {
      vu: (vu, all) => {
        all.made += 1;
        return { drawn: vu.random() + (vu.slice === slice && vu.target.apiUrl === 'http://a.test' ? 0 : 1) };
      },
      operations: { push: { weight: 1, run: async (state, vu) => void Object.assign(state, { drawn: vu.id }) } },
    };
    const work = loadWork(definition, { shared, data: undefined }, slice, seed, undefined);
    const vus = [await work.createVu(0), await work.createVu(4)];
    const drawn = vus.map(({ state }) => state.drawn);
    await work.run(vus[1]!, 0, { index: 0 } as Iteration);
    assert.deepEqual([shared.made, vus[1]!.state.drawn], [2, 4]);
    return drawn;
  };
  const [first, again, other] = [await made('a'), await made('a'), await made('b')];
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, other);
  assert.notEqual(first[0], first[1]);
});

test("a profile's mix goes before the load's own weights", () => {
  const nothing = async () => {};
  const operations = {
    push: { weight: 40, run: nothing },
    pull: { weight: 0, run: nothing },
    rest: { weight: 1, run: nothing },
  };
  const { slice } = sliceOf();
  const namesOf = (mix?: Record<string, number>) =>
    loadWork({ vu: () => undefined, operations }, { shared: undefined, data: undefined }, slice, 'seed', mix)
      .operations;
  assert.deepEqual(namesOf(), ['push', 'rest']);
  assert.deepEqual(namesOf({ pull: 5, rest: 0 }), ['pull']);
  assert.throws(() => namesOf({ pull: 0 }), new Error('relay has no operation with a weight above 0'));
});

test('errors that are alike have one name', () => {
  const coded = (code: unknown) => Object.assign(new Error('14 UNAVAILABLE: no connection'), { code });
  const table: [unknown, string][] = [
    [coded('UND_ERR_CONNECT_TIMEOUT'), 'UND_ERR_CONNECT_TIMEOUT'],
    [coded('EMFILE'), 'generator: EMFILE'],
    [coded('ENOSPC'), 'generator: ENOSPC'],
    [coded('ENOENT'), 'ENOENT'],
    [coded(14), 'Error: N UNAVAILABLE: no connection'],
    [coded('23505'), 'Error: N UNAVAILABLE: no connection'],
    [coded(''), 'Error: N UNAVAILABLE: no connection'],
    [new RangeError('id 17 of 42\nand more'), 'RangeError: id N of N'],
    [new Error('\u001b[31mred\u001b[39m'), 'Error: red'],
    [new Error('x'.repeat(200)), `Error: ${'x'.repeat(113)}`],
    ['y'.repeat(200), `thrown: ${'y'.repeat(80)}`],
    [undefined, 'thrown: undefined'],
  ];
  for (const [error, name] of table) assert.equal(errorName(error), name);
});

test('whatever an operation throws fails its iteration and nothing more', async () => {
  const unreadable = Object.defineProperty(new Error(), 'message', {
    get() {
      throw new Error('not even this');
    },
  });
  const table: [unknown, string][] = [
    [Object.create(null), 'thrown: what cannot be shown'],
    [Symbol('x'), 'thrown: what cannot be shown'],
    [Object.assign(new Error('x'), { message: 5, stack: undefined }), 'Error: N'],
    [Object.assign(new Error('x'), { name: null }), 'null: x'],
    [unreadable, 'Error: what cannot be shown'],
  ];
  for (const [thrown, name] of table) {
    const run = async () => {
      throw thrown;
    };
    const { outcomes, errors } = await outcomesOf(operation(run));
    assert.deepEqual([outcomes, errors], [['failed'], { [name]: 1 }]);
  }
});

test('a VU that was asked for its outcome starts anew', () => {
  const { slice, recorder } = sliceOf();
  const vu = new Vu(0, random('seed'), slice);
  assert.equal(vu.check('is there', false), false);
  assert.equal(vu.check('is there', true), true);
  assert.deepEqual([vu.takeOutcome(), vu.takeOutcome()], ['failed', 'ok']);
  assert.deepEqual(recorder.errors, { 'check: is there': 1 });
  assert.throws(() => vu.add('pulled', 1), /^Error: metric "pulled" is not declared: /);
  assert.throws(() => vu.add('pushed', 1, { phase: 'pay' }), /^Error: tag "phase" of metric "pushed" is one that/);
});

test('evidence that is a Promise is told of, and not lost in silence', async () => {
  for (const [evidence, which] of [
    [async () => ({ convergence: 1 }), ''],
    [() => Promise.reject(new Error('gone')), ''],
    [() => ({ convergence: Promise.resolve(1) }), ' for convergence'],
    [() => ({ convergence: [1, Promise.reject(new Error('gone'))] }), ' for convergence'],
  ] as const) {
    const work = loadWork(
      { vu: () => undefined, operations: operation(async () => {}), evidence },
      { shared: undefined, data: undefined },
      sliceOf().slice,
      'seed',
      undefined,
    );
    await work.createVu(0);
    const message = `evidence of relay${which} is a Promise; allowed is what it comes to: whatever takes its time is for settle, or earlier.`;
    assert.throws(() => work.evidence?.(), { message });
  }
});

test('evidence that is not by oracle is told of, and none is none', async () => {
  const message = 'evidence of relay is no object; allowed is { <oracle>: <evidence for it> }.';
  for (const [given, refused] of [
    [[1], true],
    ['kept', true],
    [null, false],
    [undefined, false],
  ] as const) {
    const evidence = () => given as unknown as object;
    const definition = { vu: () => undefined, operations: operation(async () => {}), evidence };
    const work = loadWork(definition, { shared: undefined, data: undefined }, sliceOf().slice, 'seed', undefined);
    await work.createVu(0);
    if (refused) assert.throws(() => work.evidence?.(), { message });
    else assert.deepEqual(work.evidence?.(), {});
  }
});

test('a VU brings one piece of evidence for an oracle, or several, or none', async () => {
  const { slice } = sliceOf();
  const pieces: unknown[] = ['of a device', ['of one', 'of another'], [], undefined];
  const definition: LoadDefinition<undefined, unknown> = {
    vu: () => pieces.shift(),
    operations: { push: { weight: 1, run: async () => {} } },
    evidence: (piece) => (piece === undefined ? {} : { convergence: piece }),
  };
  const work = loadWork(definition, { shared: undefined, data: undefined }, slice, 'seed', undefined);
  for (let id = 0; id < 4; id++) await work.createVu(id);
  assert.deepEqual(work.evidence?.(), { convergence: ['of a device', 'of one', 'of another'] });
});

test('what VUs share is brought once a slice, after what they have themselves', async () => {
  const { slice } = sliceOf();
  const definition: LoadDefinition<string, number> = {
    vu: ({ id }) => id,
    operations: { push: { weight: 1, run: async () => {} } },
    evidence: (id) => ({ convergence: id }),
    sliceEvidence: (shared) => ({ convergence: shared, delivery: null }),
  };
  const work = loadWork(definition, { shared: 'shared', data: undefined }, slice, 'seed', undefined);
  for (let id = 0; id < 2; id++) await work.createVu(id);
  assert.deepEqual(work.evidence?.(), { convergence: [0, 1, 'shared'], delivery: null });
});

test('a weight is a number', () => {
  const weighed = (weight: number) => () =>
    checkOperations('mine', { vu: () => 0, operations: { get: { weight, run: async () => {} } } });
  for (const weight of [Number.NaN, Number.POSITIVE_INFINITY, -1, 1e308]) {
    const sentence = `load("mine"): operations.get.weight is ${weight}; allowed is a number from 0 to 1,000,000.`;
    assert.throws(weighed(weight), new Error(sentence));
  }
  for (const weight of [0, 0.5, 1_000_000]) weighed(weight)();
});

test('a field that there is none of is told of: nobody would miss a last look', () => {
  const good = { vu: () => 0, operations: { get: { weight: 1, run: async () => {} } } };
  const given = (more: object) => () =>
    checkOperations('mine', { ...good, ...more } as LoadDefinition<unknown, number>);
  for (const [field, meant] of [
    ['oracle', 'oracles'],
    ['settel', 'settle'],
    ['tearDown', 'teardown'],
  ] as const) {
    const start = `load("mine"): there is an unknown field "${field}"; did you mean "${meant}"? allowed: metrics, options, `;
    assert.throws(given({ [field]: [] }), ({ message }: Error) => message.startsWith(start));
  }
  assert.throws(given({ timeLimitsMs: { settles: 5 } }), {
    message:
      'load("mine"): timeLimitsMs: there is an unknown field "settles"; did you mean "settle"? allowed: setupRun, teardownRun, setup, vu, settle, teardown.',
  });
  const all = {
    settle: async () => {},
    evidence: () => ({}),
    timeLimitsMs: { settle: 5 },
    oracles: [],
    preflight: undefined,
  };
  given(all)();
});

test('there is an operation, and each can be run', () => {
  const operated = (operations: object) => () =>
    checkOperations('mine', { vu: () => 0, operations: operations as Operations<number> });
  assert.throws(operated({}), new Error('load("mine"): operations is {}; allowed is at least one operation.'));
  const sentence = 'load("mine"): operations.get.run is undefined; allowed is a function.';
  assert.throws(operated({ get: { weight: 1 } }), new Error(sentence));
  // Nobody compiles a load before it runs.
  const bare = { operations: { get: { weight: 1, run: async () => {} } } } as unknown as LoadDefinition<0, 0>;
  assert.throws(
    () => checkOperations('mine', bare),
    new Error('load("mine"): vu is undefined; allowed is a function.'),
  );
});

test('a group is measured under its name, also when it throws', async () => {
  const { outcomes, packed } = await outcomesOf(
    operation(async (_state, vu) => {
      assert.equal(await vu.group('look', async () => 7), 7);
      await vu.group('pay', () => Promise.reject(new Error('no money')));
    }),
  );
  assert.deepEqual(outcomes, ['failed']);
  assert.deepEqual(
    Object.keys(packed)
      .filter((key) => key.startsWith('group_duration'))
      .sort(),
    ['group_duration{group:look,scenario:relay}', 'group_duration{group:pay,scenario:relay}'],
  );
});

test('a list that is used up ends the slice: that is no failed iteration', async () => {
  const rows = new Feeder(['only']);
  const get = operation(async (_state, vu) => void rows.next(vu));
  await assert.rejects(outcomesOf(get, 2), { message: /^A list of 1 rows is used up; / });
});

test('a last look fails by a check and by what it throws, and the others are had all the same', async () => {
  const { slice, recorder } = sliceOf();
  const work = loadWork(
    {
      vu: (vu) => vu.id,
      operations: operation(async (_state, vu) => void vu.check('status is 200', false)),
      async settle(id: number, vu) {
        if (id === 0) throw new Error('gone');
        vu.check('in the end', id !== 1);
      },
    },
    { shared: undefined, data: undefined },
    slice,
    'seed',
    undefined,
  );
  const workers = await Promise.all([0, 1, 2, 3].map((id) => work.createVu(id)));
  // What failed before is the iteration's.
  await work.run(workers[3]!, 0, { index: 0 } as Iteration);
  await work.settle!();
  assert.deepEqual(recorder.settled, { tries: 4, failed: 2 });
  assert.deepEqual(recorder.errorsByOperation.settle, { 'Error: gone': 1, 'check: in the end': 1 });
});
