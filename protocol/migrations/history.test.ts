import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Breach,
  type BrokenMigration,
  type FoundVm,
  type MigrationEvidence,
  MigrationHistory,
  type MigrationRecord,
  type MigrationState,
  migrationContinuity,
} from './history.ts';

const none = { completed: 0, failed: 0, indeterminate: 0, unfinished: 0, unheard: 0, unsearched: 0 };

/** Judges as it is done with what comes out of reports. */
function judged(...slices: MigrationHistory[]) {
  return migrationContinuity(slices.map((one) => JSON.parse(JSON.stringify(one.evidence())) as MigrationEvidence));
}

/** A migration of `vm` from west to east, of which this is told. */
function story(tell: (record: MigrationRecord) => void, history = new MigrationHistory(), vm = 'vm'): MigrationHistory {
  tell(history.begin(vm, 'west', 'east', 1_234.5));
  return history;
}

const pending: MigrationState = { status: 'pending', phase: 'pending' };
const at = (phase: string, fields: Partial<MigrationState> = {}): MigrationState => ({
  status: 'in_progress',
  phase,
  targetZone: 'east',
  dataLoss: false,
  ...fields,
});
const done: MigrationState = at('done', { status: 'completed' });
const failed: MigrationState = at('pre-copy', { status: 'failed' });
const east: FoundVm = { status: 'running', zone: 'east' };
const west: FoundVm = { status: 'running', zone: 'west' };
const numbered = (...states: MigrationState[]) => states.map((state, n) => ({ ...state, jobSequence: n + 1 }));
const [, e2, e3, e4, e5] = numbered(pending, at('pre-copy'), at('stop-and-copy'), at('switch-over'), done);

interface Telling {
  rest?: MigrationState[];
  stream?: (MigrationState | undefined)[];
  found?: FoundVm;
}

const healthy: [what: string, telling: Telling, counted?: object][] = [
  ['all of it', { rest: [pending, at('pre-copy'), at('switch-over'), done], stream: [e2, e3, e4, e5], found: east }],
  ['REST alone, and hardly that', { rest: [done], found: east }],
  ['the stream alone', { stream: [e2, e5], found: east }],
  ['a VM that nobody looked at', { rest: [done] }],
  ['the same phase again and again', { rest: [at('pre-copy'), at('pre-copy'), done, done], found: east }],
  ['events twice', { stream: [e2, e2, e5, e5], rest: [done], found: east }],
  ['events after their successors', { stream: [e3, e2, e5, e4], rest: [done], found: east }],
  ['events twice without numbers', { stream: [at('pre-copy'), done, done], found: east }],
  ['REST behind the stream', { stream: [e5], rest: [at('switch-over'), done], found: east }],
  ['phases of a name of its own', { rest: [at('warm-up'), at('pre-copy'), at('cool-down'), done], found: east }],
  [
    'progress that stays, and is none when it failed',
    {
      rest: [
        at('pre-copy', { progress: 8, vmId: 'vm', sourceZone: 'west' }),
        at('pre-copy', { progress: 8 }),
        { ...failed, progress: 0 },
      ],
      found: west,
    },
    { ...none, failed: 1 },
  ],
  [
    'progress of numbered events after their successors',
    { stream: [{ ...e3!, progress: 90 }, { ...e2!, progress: 10 }, e5], found: east },
  ],
  ['nothing but the status', { rest: [{ status: 'in_progress' }, { status: 'completed' }], stream: [e5], found: east }],
  ['one that failed, and left the VM where it was', { rest: [failed], found: west }, { ...none, failed: 1 }],
];
for (const [what, { rest = [], stream = [], found }, counts = { ...none, completed: 1 }] of healthy) {
  test(`nothing wrong: ${what}`, () => {
    const history = story((record) => {
      record.started('job');
      for (const state of stream) record.heard(state!);
      for (const state of rest) record.polled(state);
      if (found !== undefined) record.found(found);
    });
    assert.deepEqual(judged(history), { checked: 1, violations: 0, examples: [], status: 'ok', counts });
  });
}

const broken: [what: string, telling: Telling, breaches: Breach[]][] = [
  ['data was lost, says REST', { rest: [{ ...done, dataLoss: true }], found: east }, ['data loss']],
  ['data was lost, says the stream', { stream: [{ ...e5!, dataLoss: true }], found: east }, ['data loss']],
  [
    'data was lost, says one of the two',
    { stream: [e5], rest: [{ ...done, dataLoss: true }], found: east },
    ['data loss', 'stream and REST disagree'],
  ],
  ['the VM is elsewhere', { rest: [done], found: { status: 'running', zone: 'south' } }, ['wrong zone']],
  ['the VM is where it was', { rest: [done], found: west }, ['wrong zone']],
  ['one that failed moved the VM', { rest: [failed], found: east }, ['wrong zone']],
  ['the job goes elsewhere', { rest: [{ ...done, targetZone: 'south' }], found: east }, ['wrong zone']],
  ['the VM is gone', { rest: [done], found: null }, ['the VM does not run afterwards']],
  [
    'the VM is stopped',
    { rest: [done], found: { status: 'stopped', zone: 'east' } },
    ['the VM does not run afterwards'],
  ],
  ['REST goes back', { rest: [at('switch-over'), at('pre-copy'), done], found: east }, ['a phase came back']],
  ['REST is pending again', { rest: [at('pre-copy'), pending, done], found: east }, ['a phase came back']],
  [
    'the stream goes back',
    { stream: [...numbered(at('stop-and-copy'), at('pre-copy'), done)], found: east },
    ['a phase came back'],
  ],
  [
    'a late event is ahead of its successor',
    { stream: [{ ...e3!, phase: 'pre-copy' }, { ...e2!, phase: 'switch-over' }, e5], found: east },
    ['a phase came back'],
  ],
  [
    'progress goes back',
    { rest: [at('pre-copy', { progress: 8 }), at('pre-copy', { progress: 7 }), done], found: east },
    ['progress went back'],
  ],
  ['REST names another VM', { rest: [{ ...done, vmId: 'other' }], found: east }, ['another VM']],
  ['the stream names another VM, by a number', { stream: [{ ...e5!, vmId: 7 }], found: east }, ['another VM']],
  ['the stream names another VM', { stream: [{ ...e5!, vmId: 'other' }], found: east }, ['another VM']],
  ['it comes from elsewhere', { rest: [{ ...done, sourceZone: 'south' }], found: east }, ['wrong zone']],
  ['it completed twice', { stream: [e5, { ...e5!, jobSequence: 6 }], found: east }, ['ended twice']],
  ['it completed and failed', { rest: [done, failed] }, ['ended twice']],
  ['it goes on after its end', { rest: [done, at('done')], found: east }, ['ended twice']],
  ['the stream says failed', { stream: [{ ...e5!, status: 'failed' }], rest: [done] }, ['stream and REST disagree']],
  [
    'stream and REST know of other zones',
    { stream: [{ ...e2!, targetZone: 'south' }], rest: [done], found: east },
    ['wrong zone', 'stream and REST disagree'],
  ],
];
for (const [what, { rest = [], stream = [], found }, breaches] of broken) {
  test(`violated: ${what}`, () => {
    const history = story((record) => {
      record.started('job');
      for (const state of stream) record.heard(state!);
      for (const state of rest) record.polled(state);
      if (found !== undefined) record.found(found);
    });
    const { status, checked, violations, examples } = judged(history);
    assert.deepEqual([status, checked, violations], ['violated', 1, 1]);
    const [example] = examples as { breaches: Breach[] }[];
    assert.deepEqual(example!.breaches, breaches);
  });
}

test('one that never ends is shown with the last that was told of it', () => {
  const history = story((record) => {
    record.started('job');
    record.heard(e3!);
    record.polled(at('stop-and-copy'));
    record.stuck();
  });
  assert.deepEqual(judged(history), {
    checked: 1,
    violations: 1,
    examples: [
      {
        vm: 'vm',
        job: 'job',
        from: 'west',
        to: 'east',
        breaches: ['never ended'],
        rest: at('stop-and-copy'),
        stream: e3,
        startedAfterMs: 1_235,
      },
    ],
    status: 'violated',
    counts: none,
  });
});

test('a second job beside the first: from a start that was accepted, or from one list that holds both', () => {
  const jobs = [
    { jobId: 'job', vmId: 'vm' },
    { jobId: 'other', vmId: 'vm' },
  ];
  for (const tell of [
    (_: MigrationHistory, record: MigrationRecord) => record.second('other'),
    (history: MigrationHistory) => history.underWayAtOnce(jobs),
  ]) {
    const history = new MigrationHistory();
    story((record) => {
      record.started('job');
      tell(history, record);
      record.polled(done);
    }, history);
    const { examples, violations } = judged(history);
    const [{ breaches, second }] = examples as [{ breaches: Breach[]; second: string }];
    assert.deepEqual([violations, breaches, second], [1, ['two at once'], 'other']);
  }
});

test('a list may have as a text the id of a VM that is a number elsewhere', () => {
  const history = new MigrationHistory();
  history.begin(7, 'west', 'east', 0).polled(done);
  for (const [vmId, violations] of [
    ['8', 0],
    ['7', 1],
  ] as const) {
    history.underWayAtOnce(['a', 'b'].map((jobId) => ({ jobId, vmId })));
    assert.equal(judged(history).violations, violations);
  }
});

test('a list shows two at once only of VMs of our own, and of different jobs', () => {
  const history = story((record) => record.polled(done));
  history.underWayAtOnce([
    { jobId: 'a', vmId: 'vm' },
    { jobId: 'a', vmId: 'vm' },
    { jobId: 'b', vmId: 'stranger' },
    { jobId: 'c', vmId: 'stranger' },
    { jobId: 'd' },
    { jobId: 'e' },
  ]);
  assert.equal(judged(history).status, 'ok');
});

test('what is told after the end still counts, until the next migration of the VM', () => {
  const history = new MigrationHistory();
  const first = history.begin('vm', 'west', 'east', 0);
  first.polled(done);
  first.polled(failed);
  const second = history.begin('vm', 'east', 'west', 0);
  second.polled({ ...done, targetZone: 'west' });
  first.polled({ ...done, dataLoss: true });
  const { violations, checked, examples } = judged(history);
  assert.deepEqual([violations, checked], [1, 2]);
  assert.deepEqual((examples[0] as { breaches: Breach[] }).breaches, ['ended twice']);
});

test('a start without an answer may have happened or not: the VM may be in either zone, and nowhere else', () => {
  for (const found of [east, west]) {
    const history = story((record) => record.found(found));
    story((record) => record.polled(done), history, 'another vm');
    assert.deepEqual(judged(history), {
      checked: 1,
      violations: 0,
      examples: [],
      status: 'ok',
      counts: { ...none, completed: 1, indeterminate: 1 },
    });
  }
  const lost = judged(story((record) => record.found({ status: 'running', zone: 'south' })));
  assert.deepEqual([lost.status, lost.checked], ['violated', 1]);
});

test('a VM comes out of its migration as it went in, where the target tells what it is', () => {
  const before = { name: 'one', cpu_cores: 2, memory_mb: 4_096, disk_gb: 20 };
  const after = (kept: object) =>
    judged(
      story((record) => {
        record.polled(done);
        record.found({ status: 'running', zone: 'east', ...kept }, before);
      }),
    );
  for (const same of [before, { memory_mb: 4_096 }, {}]) assert.equal(after(same).status, 'ok');
  const { violations, examples } = after({ ...before, memory_mb: 2_048, disk_gb: 10 });
  assert.equal(violations, 1);
  const { breaches, found, changed } = examples[0] as BrokenMigration;
  assert.deepEqual([breaches, found], [['the VM has changed'], east]);
  assert.deepEqual(changed, { memory_mb: { before: 4_096, after: 2_048 }, disk_gb: { before: 20, after: 10 } });
});

test('a start that was refused is no migration', () => {
  const history = new MigrationHistory();
  history.discard(history.begin('vm', 'west', 'east', 0));
  assert.deepEqual(judged(history).counts, none);
});

test('an end that the stream did not tell is counted', () => {
  const [heard, unheard] = [true, false].map((tells) =>
    story((record) => {
      record.heard(tells ? e5! : e4!);
      record.polled(done);
      assert.equal(record.listened(), tells);
    }),
  );
  assert.deepEqual(judged(heard!, unheard!).counts, { ...none, completed: 2, unheard: 1 });
});

test('REST that does not confirm what the stream says contradicts it', () => {
  const history = story((record) => {
    record.heard(e5!);
    record.polled(at('switch-over'));
    assert.equal(record.confirmed, false);
    record.contradicted();
  });
  assert.deepEqual((judged(history).examples[0] as { breaches: Breach[] }).breaches, ['stream and REST disagree']);
});

test('nothing followed to its end, or something still under way, is unknown; a violation is one all the same', () => {
  const nothing = judged(new MigrationHistory());
  assert.deepEqual([nothing.status, nothing.examples], ['unknown', ['no migration was followed to its end']]);
  const history = story((record) => record.polled(done));
  story((record) => record.started('job'), history, 'another vm');
  const open = judged(history);
  assert.deepEqual(
    [open.status, open.checked, open.examples],
    ['unknown', 1, ['1 migration was under way when nobody could look any more']],
  );
  story((record) => record.found(null), history, 'a third vm');
  assert.equal(judged(history).status, 'violated');
});

test('slices are judged as one, with ten examples at most; a slice brings as many, whatever it saw', () => {
  const slices = [0, 1].map(() => {
    const history = new MigrationHistory();
    for (let n = 0; n < 10_000; n++) {
      const record = history.begin(`vm ${n % 7}`, 'west', 'east', n);
      record.started(`job ${n}`);
      record.polled(n % 100 === 0 ? { ...done, dataLoss: true } : done);
      record.found(east);
    }
    assert.ok(JSON.stringify(history.evidence()).length < 5_000);
    return history;
  });
  const { checked, violations, examples, counts } = judged(...slices);
  assert.deepEqual([checked, violations, examples.length, counts], [20_000, 200, 10, { ...none, completed: 20_000 }]);
});
