import { expect, type Locator, type Page, type User } from '../../support/test.ts';
import { type Credentials, enter } from './sign-in.ts';

/** What the form does not ask, or is not given here, is as it suggests. */
export type NewVm = { name: string; zone?: string; memoryMb?: number };

/** A migration takes as long as its memory needs. */
const MIGRATED_WITHIN_MS = 30_000;

/** The console as an operator sees it: every word here is something a person does or looks at. */
export class Console {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Loads the page; it shows the sign-in form, or the VMs of a session of this tab. */
  async open(): Promise<void> {
    await this.page.goto('/console');
    await expect(this.page.getByRole('heading', { level: 1 })).toBeVisible();
  }

  /** Signs in, the first time by making an account, and waits until the VMs are there and change as they change. */
  async signIn(user: Credentials & Pick<User, 'sessions'>): Promise<void> {
    await enter(this.page, user, user.sessions === 0, 'Virtual machines');
    await this.#expectLoaded();
  }

  /** Loads the page anew: what was deleted stays away. */
  async reopen(deleted: readonly string[]): Promise<void> {
    await this.page.reload();
    await this.#expectLoaded();
    for (const name of deleted) await expect(this.vm(name)).toBeHidden();
  }

  async signOut(): Promise<void> {
    await this.page.getByRole('button', { name: 'Sign out' }).click();
    await expect(this.page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  }

  /** Creates a VM and waits until it can be started. */
  async createVm({ name, zone, memoryMb }: NewVm): Promise<void> {
    const form = this.page.getByRole('form', { name: 'Create a VM' });
    await form.getByLabel('Name').fill(name);
    if (zone !== undefined) await form.getByLabel('Zone').selectOption(zone);
    if (memoryMb !== undefined) await form.getByLabel('Memory, MB').fill(String(memoryMb));
    await form.getByRole('button', { name: 'Create VM' }).click();
    await this.#expectStatus(name, 'stopped');
  }

  async startVm(name: string): Promise<void> {
    await this.page.getByRole('button', { name: `Start ${name}`, exact: true }).click();
    await this.#expectStatus(name, 'running');
  }

  async stopVm(name: string): Promise<void> {
    await this.page.getByRole('button', { name: `Stop ${name}`, exact: true }).click();
    await this.#expectStatus(name, 'stopped');
  }

  /** Starts a migration into another zone, and waits until its progress is shown, or its end. Gives the zone. */
  async migrateVm(name: string): Promise<string> {
    await this.page.getByRole('button', { name: `Migrate ${name}`, exact: true }).click();
    const form = this.page.getByRole('form', { name: `Migrate ${name}`, exact: true });
    const zone = await form.getByLabel('Target zone').inputValue();
    await form.getByRole('button', { name: 'Migrate' }).click();
    const moving = this.page.getByRole('progressbar', { name: `Migration of ${name}`, exact: true });
    const moved = this.vm(name).getByText(zone, { exact: true });
    await expect(moving.or(moved)).toBeVisible();
    return zone;
  }

  /** Waits until the VM runs in the zone. */
  async expectMigrated(name: string, zone: string): Promise<void> {
    const row = this.vm(name);
    await expect(row.getByText('running', { exact: true })).toBeVisible({ timeout: MIGRATED_WITHIN_MS });
    await expect(row.getByText(zone, { exact: true })).toBeVisible();
  }

  /** Deletes a VM and waits until it is gone. */
  async deleteVm(name: string): Promise<void> {
    await this.page.getByRole('button', { name: `Delete ${name}`, exact: true }).click();
    const form = this.page.getByRole('form', { name: `Delete ${name}`, exact: true });
    await form.getByRole('button', { name: 'Delete' }).click();
    await expect(this.vm(name)).toBeHidden();
  }

  /** The names of the shown VMs that begin so and can be deleted now. */
  async deletableVms(prefix: string): Promise<string[]> {
    const buttons = this.page.getByRole('button', { name: `Delete ${prefix}`, disabled: false });
    const labels = await buttons.evaluateAll((all) => all.map((button) => button.getAttribute('aria-label') ?? ''));
    return labels.map((label) => label.slice('Delete '.length));
  }

  /** The row of a VM. */
  vm(name: string): Locator {
    return this.page.getByRole('row').filter({ has: this.page.getByText(name, { exact: true }) });
  }

  async #expectLoaded(): Promise<void> {
    await expect(this.page.getByRole('status', { name: 'Live updates' })).toHaveText('Live');
    await expect(this.page.getByText('Loading…')).toBeHidden();
  }

  async #expectStatus(name: string, status: string): Promise<void> {
    await expect(this.vm(name).getByText(status, { exact: true })).toBeVisible();
  }
}
