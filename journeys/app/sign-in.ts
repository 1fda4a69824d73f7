import { expect, type Page, type User } from '../../support/test.ts';

export type Credentials = Pick<User, 'email' | 'password'>;

/**
 * Fills in the form that the pages of the app begin with, and waits until `heading` shows what is behind it.
 * @param isNew makes an account; whoever has one already, from a session that failed later on, signs in to it
 */
export async function enter(page: Page, user: Credentials, isNew: boolean, heading: string): Promise<void> {
  await page.getByLabel('E-mail').fill(user.email);
  await page.getByLabel('Password').fill(user.password);
  await page.getByRole('button', { name: isNew ? 'Create account' : 'Sign in' }).click();
  const inside = page.getByRole('heading', { name: heading });
  const taken = page.getByRole('alert').filter({ hasText: 'has an account already' });
  await expect(inside.or(taken).first()).toBeVisible();
  if (await taken.isVisible()) await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(inside).toBeVisible();
}
