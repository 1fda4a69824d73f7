import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpectedVm, type SeenVm } from './expected-vm.ts';

const content = { name: 'vm-1', cpu_cores: 2, memory_mb: 512, tags: { tier: 'web', owner: 'vu-0' } };
const made = { ...content, disk_gb: 20, zone: 'us-west-1' };
const created = () => new ExpectedVm(1, 'id-1', made, 'create → 201', 5);

/** The VM as a right target tells of it, but for `fields`. */
const seen = (status: string, fields: Partial<SeenVm> = {}): SeenVm => ({
  id: 'id-1',
  zone: 'us-west-1',
  ...content,
  status,
  ...fields,
});

type Story = (vm: ExpectedVm) => void;
const nothing: Story = () => {};
const stopped: Story = (vm) => vm.moved('stopped');
const running: Story = (vm) => vm.moved('running');
const migrating: Story = (vm) => {
  vm.sentTo('eu-west-1');
  vm.moved('migrating', 'running');
};
const both =
  (...stories: Story[]): Story =>
  (vm) => {
    for (const story of stories) story(vm);
  };
const mayRun = both(stopped, (vm) => vm.mayHaveMoved('running'));
const mayMigrate = both(running, (vm) => {
  vm.sentTo('eu-west-1');
  vm.mayHaveMoved('migrating', 'running');
});
const mayHaveTwoCores = both(stopped, (vm) => vm.mayHaveWritten({ cpu_cores: 4 }));
const fourCores = { cpu_cores: 4 };

/** What was asked of a VM, what is seen of it one after the other, and what is wrong with the last. */
const looks: [what: string, story: Story, sights: SeenVm[], breach?: string][] = [
  ['created and at work on it', nothing, [seen('creating')]],
  ['created and done', nothing, [seen('creating'), seen('stopped'), seen('stopped')]],
  ['done, and being created again', nothing, [seen('stopped'), seen('creating')], 'illegalState'],
  ['created and running, which nobody asked for', nothing, [seen('running')], 'illegalState'],
  ['a state that there is not', nothing, [seen('paused')], 'illegalState'],
  ['started', running, [seen('running')]],
  ['started, and as before', running, [seen('stopped')], 'illegalState'],
  ['started, and migrating', running, [seen('migrating')], 'illegalState'],
  ['to be started', (vm) => vm.moved('stopped', 'running'), [seen('stopped'), seen('running')]],
  ['migrating', migrating, [seen('migrating')]],
  ['migrated', migrating, [seen('migrating'), seen('running', { zone: 'eu-west-1' })]],
  ['migrated, and where it was', migrating, [seen('migrating'), seen('running')]],
  ['migrated to where nobody sent it', migrating, [seen('running', { zone: 'us-east-1' })], 'changed'],
  ['migrated, and back', migrating, [seen('running', { zone: 'eu-west-1' }), seen('running')], 'changed'],
  ['made in another zone', nothing, [seen('creating', { zone: 'eu-west-1' })], 'changed'],
  ['migrated, and stopped', migrating, [seen('stopped')], 'illegalState'],
  ['migrated, and migrating again', migrating, [seen('running'), seen('migrating')], 'illegalState'],
  ['perhaps started: it was not', mayRun, [seen('stopped'), seen('stopped')]],
  ['perhaps started: it was', mayRun, [seen('stopped'), seen('running')]],
  ['perhaps started: it was, and did not stay so', mayRun, [seen('running'), seen('stopped')], 'illegalState'],
  ['perhaps started, and migrating', mayRun, [seen('migrating')], 'illegalState'],
  ['perhaps migrated: not yet', mayMigrate, [seen('running'), seen('migrating'), seen('running')]],
  ['perhaps migrated: another zone', mayMigrate, [seen('running', { zone: 'eu-west-1' })]],
  [
    'perhaps migrated: it was, and migrates',
    mayMigrate,
    [seen('running', { zone: 'eu-west-1' }), seen('migrating', { zone: 'eu-west-1' })],
    'illegalState',
  ],
  ['its tags in another order', stopped, [seen('stopped', { tags: { owner: 'vu-0', tier: 'web' } })]],
  ['other cores', stopped, [seen('stopped', fourCores)], 'changed'],
  ['its disk', stopped, [seen('stopped', { disk_gb: 20 })]],
  ['its disk in words', stopped, [seen('stopped', { disk_gb: '20 GB' })]],
  ['another disk', stopped, [seen('stopped', { disk_gb: 10 })], 'changed'],
  ['another disk after a migration', migrating, [seen('running', { zone: 'eu-west-1', disk_gb: 10 })], 'changed'],
  ['other memory', stopped, [seen('stopped', { memory_mb: 1 })], 'changed'],
  ['another name', stopped, [seen('stopped', { name: 'vm-2' })], 'changed'],
  ['another id', stopped, [seen('stopped', { id: 'id-2' })], 'changed'],
  ['another tag', stopped, [seen('stopped', { tags: { ...content.tags, tier: 'db' } })], 'changed'],
  ["a tag of the target's own", stopped, [seen('stopped', { tags: { ...content.tags, 'created-by': 'us' } })]],
  ['a tag too many', stopped, [seen('stopped', { tags: { ...content.tags, note: '7' } })], 'changed'],
  ['a tag too few', stopped, [seen('stopped', { tags: { tier: 'web' } })], 'changed'],
  ['no tags', stopped, [seen('stopped', { tags: undefined })], 'changed'],
  ['updated', both(stopped, (vm) => vm.written(fourCores)), [seen('stopped', fourCores)]],
  ['updated, and as before', both(stopped, (vm) => vm.written(fourCores)), [seen('stopped')], 'changed'],
  ['perhaps updated: it was not', mayHaveTwoCores, [seen('stopped'), seen('stopped', fourCores)]],
  ['perhaps updated: it was', mayHaveTwoCores, [seen('stopped', fourCores)]],
  ['perhaps updated: it did not stay so', mayHaveTwoCores, [seen('stopped', fourCores), seen('stopped')], 'changed'],
  ['perhaps updated, to something else', mayHaveTwoCores, [seen('stopped', { cpu_cores: 8 })], 'changed'],
];
test('a VM is what was asked of it, or may still become it', () => {
  for (const [what, story, sights, breach] of looks) {
    const vm = created();
    story(vm);
    const last = sights.pop()!;
    for (const sight of sights) assert.equal(vm.see(sight), undefined, what);
    assert.equal(vm.see(last)?.breach, breach, what);
  }
});

test('what is wrong is told with what was expected', () => {
  const vm = created();
  migrating(vm);
  assert.deepEqual(vm.see(seen('stopped')), {
    breach: 'illegalState',
    expected: 'migrating → running',
    found: 'stopped',
  });
  assert.deepEqual(vm.see(seen('running', fourCores)), {
    breach: 'changed',
    expected: { id: 'id-1', ...content, disk_gb: 20 },
    found: { id: 'id-1', ...content, cpu_cores: 4 },
  });
});

test('what may be asked of a VM: it is in a state, becomes it by itself, or something is open', () => {
  const vm = created();
  const told = () => [vm.is('stopped'), vm.becomes('stopped'), vm.mayBe('stopped'), vm.mayBe('running'), vm.open];
  assert.deepEqual(told(), [false, true, true, false, 0]);
  vm.see(seen('stopped'));
  assert.deepEqual(told(), [true, false, true, false, 0]);
  vm.mayHaveMoved('running');
  assert.deepEqual(told(), [false, false, true, true, 1]);
  vm.mayHaveDeleted();
  assert.deepEqual([vm.open, vm.mayBeGone], [2, true]);
  vm.see(seen('running'));
  // It runs; that it is deleted may still come.
  assert.deepEqual([vm.open, vm.is('running')], [1, false]);
});
