import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsTold, WatchedVm } from './watched-vm.ts';

const witness = {};

/** A VM to whose events somebody listens. */
function watched(): WatchedVm {
  const vm = new WatchedVm();
  vm.id = 'vm';
  vm.joined(witness);
  return vm;
}

test('a change that is told is settled, and from then on the VM is that', () => {
  const vm = watched();
  vm.changing('running');
  assert.equal(vm.isSettled(1), false);
  vm.hear('starting');
  vm.hear('running');
  assert.equal(vm.isSettled(2), true);
  assert.deepEqual(vm.evidence(), { told: 1, untold: 0, examples: [] });
  const answers = ['running', 'stopped', null, undefined].map((status) => vm.mayBe(status, 3));
  assert.deepEqual([...answers, vm.mayBe('stopped', 1)], [true, false, true, true, true]);
  vm.changing('stopped');
  assert.equal(vm.mayBe('stopped', 3), true);
  assert.deepEqual(eventsTold([vm.evidence()!]), { checked: 1, violations: 0, examples: [] });
});

test('one of which only the state before is told, or nothing, is not', () => {
  const vm = watched();
  for (const told of [['stopped'], []]) {
    vm.changing('running');
    for (const status of told) vm.hear(status);
    assert.equal(vm.isSettled(1), false);
    vm.untold(7.2);
  }
  const example = { vm: 'vm', status: 'running', changedAfterMs: 7 };
  assert.deepEqual(eventsTold([vm.evidence()!]), {
    ...{ checked: 2, violations: 2, summary: '2 changes of a VM, 0 told of' },
    examples: [
      { ...example, heard: ['stopped'] },
      { ...example, heard: [] },
    ],
  });
});

test('without anybody who listened from before it to after it nobody is to blame', () => {
  const vm = new WatchedVm();
  vm.changing('running');
  assert.equal(vm.isSettled(1), true);
  vm.joined(witness);
  vm.changing('running');
  vm.joined({});
  vm.left(witness);
  assert.equal(vm.isSettled(1), true);
  vm.changing('running');
  vm.unchanged();
  assert.equal(vm.isSettled(1), true);
  assert.equal(vm.evidence(), null);
});
