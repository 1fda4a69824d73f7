import { journey } from '../support/test.ts';
import { Console } from './app/console.ts';
import { reference } from './app/data.ts';

/** Looks after machines: creates two, migrates one of them and watches it move, and leaves nothing behind. */
journey('operator', {
  thinkTimeMs: [300, 1_000],
  async run({ page, user, step, think, random }) {
    const console = new Console(page);
    // Of this operator and run alone, wherever it runs.
    const prefix = user.email.split('@')[0]!;
    const names = [`${prefix}-${reference(random)}`, `${prefix}-${reference(random)}`];
    const [moving, resting] = names as [string, string];
    await step('open', () => console.open());
    await step('sign-in', () => console.signIn(user));
    for (const name of names) {
      await think();
      await step('create-vm', () => console.createVm({ name, memoryMb: 4_096 }));
    }
    await think();
    await step('start-vm', () => console.startVm(moving));
    await think();
    const zone = await step('migrate-vm', () => console.migrateVm(moving));
    await step('start-vm', () => console.startVm(resting));
    await step('migration-done', () => console.expectMigrated(moving, zone));
    for (const name of names) {
      await think();
      await step('stop-vm', () => console.stopVm(name));
    }
    // Also those of a session that failed half-way.
    const left = await console.deletableVms(prefix);
    for (const name of left) {
      await think();
      await step('delete-vm', () => console.deleteVm(name));
    }
    await step('reopen', () => console.reopen(left));
    await step('sign-out', () => console.signOut());
  },
});
