import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Migration, Vm } from './control-plane.ts';
import { Fleet, type VmEvent } from './fleet.ts';

function vm(id: string, revision: number, fields: Partial<Vm> = {}): Vm {
  const size = { cpu_cores: 1, memory_mb: 512, disk_gb: 10, image: 'debian-12' };
  const created_at = `2026-01-01T00:00:0${id}.000Z`;
  return { id, name: `vm-${id}`, zone: 'us-west-1', status: 'stopped', revision, created_at, ...size, ...fields };
}

function event(id: string, revision: number, status: VmEvent['status']): VmEvent {
  return { vm_id: id, name: `vm-${id}`, zone: 'us-west-1', status, revision, timestamp: Date.UTC(2026, 0, 2) };
}

function migration(job_id: string, progress: number, fields: Partial<Migration> = {}): Migration {
  const [phase, target_zone] = ['pre-copy', 'us-east-1'];
  return { job_id, vm_id: '1', target_zone, status: 'in_progress', phase, progress, data_loss: false, ...fields };
}

const done = { status: 'completed', phase: 'done' } as const;

function statuses(fleet: Fleet): string[] {
  return fleet.vms.map(({ id, status }) => `${id} ${status}`);
}

test('of answers and events about a VM the one with the higher revision counts, whichever comes last', () => {
  const fleet = new Fleet();
  fleet.put(vm('1', 3, { status: 'running' }));
  fleet.hear(event('1', 2, 'stopped'));
  assert.deepEqual(statuses(fleet), ['1 running']);
  fleet.hear(event('1', 4, 'stopped'));
  fleet.put(vm('1', 3, { status: 'running' }));
  assert.deepEqual(statuses(fleet), ['1 stopped']);
  fleet.hear(event('1', 6, 'deleted'));
  fleet.hear(event('1', 5, 'running'));
  assert.deepEqual(statuses(fleet), []);
});

test('a VM that only an event told of is there at once, and incomplete until an answer tells the rest', () => {
  const fleet = new Fleet();
  fleet.put(vm('1', 1));
  fleet.hear(event('2', 2, 'stopped'));
  assert.deepEqual(statuses(fleet), ['2 stopped', '1 stopped']);
  assert.equal(fleet.isIncomplete, true);
  fleet.put(vm('2', 2));
  assert.equal(fleet.isIncomplete, false);
});

test('a list replaces what was known when it was asked for, and nothing that came later', () => {
  const fleet = new Fleet();
  for (const id of ['1', '2', '3', '4']) fleet.put(vm(id, 1));
  fleet.remove('4');
  const since = fleet.now;
  fleet.hear(event('5', 1, 'creating'));
  fleet.remove('2');
  fleet.hear(event('3', 2, 'running'));
  fleet.replaceAll([vm('2', 1), vm('3', 1), vm('4', 1)], since);
  // 1 is gone though no event said so, and 4 is there though it was deleted: that is what the server says.
  assert.deepEqual(statuses(fleet), ['5 creating', '4 stopped', '3 running']);
});

test('a migration only goes forward, ends once, and is shown while its VM is migrating', () => {
  const fleet = new Fleet();
  fleet.put(vm('1', 1, { status: 'migrating' }));
  const shown = () => fleet.migrationOf(fleet.vms[0]!)?.progress;
  assert.equal(shown(), undefined);
  assert.equal(fleet.hearMigration(migration('a', 40)), false);
  fleet.hearMigration(migration('a', 30));
  assert.equal(shown(), 40);
  assert.equal(fleet.hearMigration(migration('a', 100, done)), true);
  assert.equal(fleet.hearMigration(migration('a', 100, done)), false);
  fleet.hearMigration(migration('a', 99));
  assert.equal(shown(), undefined);
  fleet.hearMigration(migration('b', 10));
  assert.equal(fleet.hearMigration(migration('a', 100, done)), false);
  assert.equal(shown(), 10);
  fleet.hear(event('1', 2, 'running'));
  assert.equal(shown(), undefined);
});
