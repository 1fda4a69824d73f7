import assert from 'node:assert/strict';
import { createDecipheriv, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import type { Page } from '@playwright/test';
import * as Y from 'yjs';
import { expect } from '../core/chromium.fixture.ts';
import type { Change } from './relay.ts';
import { PASSWORD, visitors } from './visitors.fixture.ts';

const { newUser, openPage } = visitors();

test('what a user adds is there after a reload, and after signing in again', async () => {
  const email = newUser('user');
  const page = await openPage('/');
  await enter(page, email, 'Create account');
  await add(page, 'Salary', '1,200.00');
  await add(page, 'Bakery', '-4.20');
  await expect(row(page, 'Bakery').getByRole('cell')).toHaveText([/.+/, 'BakeryChecking', '−4.20', '1,195.80']);
  await expectState(page, 'Synced');

  await page.reload();
  await expect(row(page, 'Bakery')).toContainText('1,195.80');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByText('Bakery', { exact: true })).toHaveCount(0);
  await enter(page, email, 'Sign in');
  await expect(row(page, 'Bakery')).toContainText('1,195.80');
});

test('what is wrong is said: a password, a taken e-mail, an amount, a session that has ended', async () => {
  const email = newUser('user');
  const page = await openPage('/');
  await enter(page, email, 'Create account');
  await submit(page, 'Bakery', 'four');
  await expect(page.getByRole('alert')).toHaveText('“four” is no amount. Write it like -12.50 or 1,200.');
  await expect(page.getByTestId('transaction-count')).toHaveText('0 transactions');

  const session = JSON.parse((await page.evaluate(() => sessionStorage.getItem('session'))) ?? '');
  await page.request.post('/api/v1/auth/logout', { data: { refresh_token: session.refreshToken } });
  await page.getByRole('button', { name: 'Sync now' }).click();
  await expect(page.getByRole('alert')).toHaveText('Your session has ended. Please sign in again.');

  await fillIn(page, email, 'another password', 'Sign in');
  await expect(page.getByRole('alert')).toHaveText('E-mail address or password is wrong.');
  await fillIn(page, email, PASSWORD, 'Create account');
  await expect(page.getByRole('alert')).toHaveText('This e-mail address has an account already.');
});

test('two devices see each other’s changes live, and mark them; accounts and invoices too', async () => {
  const { first, second } = await twoDevices();
  await add(first, 'From the first', '-1');
  await expect(row(second, 'From the first')).toHaveAttribute('data-origin', 'remote');
  await add(second, 'From the second', '-2');
  await expect(row(first, 'From the second')).toHaveAttribute('data-origin', 'remote');
  await expect(row(first, 'From the first')).not.toHaveAttribute('data-origin', 'remote');
  for (const page of [first, second]) await expect(page.locator('#total-balance')).toHaveText('−3.00');

  await first.getByRole('link', { name: 'Accounts' }).click();
  await first.getByRole('textbox', { name: 'Name', exact: true }).fill('checking');
  await first.getByRole('button', { name: 'Add account' }).click();
  await expect(first.getByRole('alert')).toHaveText('There is an account “checking” already.');
  await first.getByRole('textbox', { name: 'Name', exact: true }).fill('Travel card');
  await first.getByRole('button', { name: 'Add account' }).click();
  await first.getByRole('button', { name: 'Rename Savings' }).click();
  await first.getByLabel('New name of Savings').fill('Rainy day');
  await first.keyboard.press('Enter');
  await first.getByRole('link', { name: 'Invoices' }).click();
  await first.getByLabel('Number').fill('INV-7');
  await first.getByLabel('Client').fill('Meridian');
  await first.getByRole('textbox', { name: 'Amount' }).fill('1,200');
  await first.getByRole('button', { name: 'Create invoice' }).click();
  await first.getByRole('button', { name: 'Mark INV-7 as sent' }).click();

  await second.getByRole('link', { name: 'Accounts' }).click();
  await expect(second.getByRole('heading', { level: 2 })).toHaveText(['Checking', 'Rainy day', 'Travel card']);
  await second.getByRole('link', { name: 'Invoices' }).click();
  await expect(second.getByRole('row').filter({ hasText: 'INV-7' })).toContainText('sent');
});

test('what leaves the page is one encrypted Yjs update, readable with the password only', async () => {
  const email = newUser('user');
  const page = await openPage('/');
  await enter(page, email, 'Create account');
  const pushing = page.waitForRequest('**/sync/push');
  await add(page, 'Secret bakery', '-4.20');
  const body = (await pushing).postData() ?? '';
  assert.doesNotMatch(body, /Secret|bakery|correct/);
  const [change] = (JSON.parse(body) as { changes: Change[] }).changes;
  const payload = Buffer.from(change!.encrypted_payload, 'base64');
  assert.doesNotMatch(payload.toString('latin1'), /Secret/);

  const key = pbkdf2Sync(PASSWORD, email, 100_000, 32, 'sha256');
  const decipher = createDecipheriv('aes-256-gcm', key, payload.subarray(0, 12)).setAuthTag(payload.subarray(-16));
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Buffer.concat([decipher.update(payload.subarray(12, -16)), decipher.final()]));
  const [transaction] = Object.values(doc.getMap('transactions').toJSON());
  assert.equal(transaction.id, change!.entity_id);
  assert.deepEqual([transaction.payee, transaction.amount_cents], ['Secret bakery', -420]);
});

test('a rejected change is shown with its reason, and can be sent again; what was written offline comes later', async () => {
  const { first, second } = await twoDevices();
  await first.route('**/sync/push', async (route) => {
    const { changes } = route.request().postDataJSON() as { changes: Change[] };
    const rejected = changes.map(({ id }) => ({ id, reason: 'Duplicate or outdated change' }));
    const answer = { protocol_version: '1.0.0', success: false, accepted: [], rejected, timestamp: Date.now() };
    await route.fulfill({ json: answer });
  });
  await add(first, 'Refused', '-1');
  await expectState(first, 'Rejected 1');
  await expect(first.getByText('create transaction: Duplicate or outdated change')).toBeVisible();
  await first.unroute('**/sync/push');
  await first.getByRole('button', { name: 'Send again' }).click();
  await expectState(first, 'Synced');
  await expect(first.getByRole('button', { name: 'Send again' })).toBeHidden();
  await expect(row(second, 'Refused')).toBeVisible();

  await first.context().setOffline(true);
  await expectState(first, 'Offline');
  await add(first, 'Written offline', '-1');
  await expectState(first, 'Offline, 1 pending');
  await first.context().setOffline(false);
  await expectState(first, 'Synced');
  await expect(row(second, 'Written offline')).toBeVisible();
});

test('a push that was stored but never answered is in the ledger once', async () => {
  const { first, second } = await twoDevices();
  await first.route('**/sync/push', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await add(first, 'Answer lost', '-1');
  await expectState(first, 'Offline, 1 pending');
  await expect(row(second, 'Answer lost')).toHaveCount(1);
  await first.unroute('**/sync/push');
  await first.getByRole('button', { name: 'Sync now' }).click();
  await expectState(first, 'Synced');
  await expect(row(second, 'Answer lost')).toHaveCount(1);
  await expect(second.locator('#total-balance')).toHaveText('−1.00');
});

test('a CSV file is imported in batches, its bad lines are reported, and long lists are shown in parts', async () => {
  const { first, second } = await twoDevices();
  const lines = Array.from({ length: 240 }, (_, at) => `2025-01-01,Payee ${at},-1.00`);
  lines[100] = '2025-02-30,No such day,-1.00';
  const pushed: Change[] = [];
  first.on('request', (request) => {
    if (request.url().endsWith('/sync/push')) pushed.push(...(request.postDataJSON() as { changes: Change[] }).changes);
  });
  await first.getByRole('link', { name: 'Import' }).click();
  const buffer = Buffer.from(`date,payee,amount\n${lines.join('\n')}\n`);
  await first.getByLabel('CSV file').setInputFiles({ name: 'bank.csv', mimeType: 'text/csv', buffer });
  await first.getByRole('button', { name: 'Import', exact: true }).click();
  const result = first.getByRole('status', { name: 'Import result' });
  await expect(result).toHaveText('Imported 239 of 240 lines. 1 rejected.');
  await expect(first.getByText('Line 102: “2025-02-30” is no date; needed is YYYY-MM-DD')).toBeVisible();
  await expect(second.getByTestId('transaction-count')).toHaveText('239 transactions');
  assert.equal(pushed.length, 5);

  const rows = second.locator('#transaction-rows tr');
  await expect(rows).toHaveCount(100);
  await second.getByRole('button', { name: 'Show more (139 older)' }).click();
  await expect(rows).toHaveCount(200);
  await second.getByLabel('Search').fill('payee 23');
  await expect(second.getByTestId('transaction-count')).toHaveText('11 of 239 transactions');
});

async function twoDevices(): Promise<{ first: Page; second: Page }> {
  const email = newUser('user');
  const [first, second] = [await openPage('/'), await openPage('/')];
  await enter(first, email, 'Create account');
  await enter(second, email, 'Sign in');
  return { first, second };
}

async function fillIn(page: Page, email: string, password: string, button: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: button }).click();
}

async function enter(page: Page, email: string, button: 'Sign in' | 'Create account'): Promise<void> {
  await fillIn(page, email, PASSWORD, button);
  await expect(page.getByRole('heading', { name: 'Transactions' })).toBeVisible();
  await expectState(page, 'Synced');
}

async function submit(page: Page, payee: string, amount: string): Promise<void> {
  await page.getByLabel('Payee').fill(payee);
  await page.getByRole('textbox', { name: 'Amount' }).fill(amount);
  await page.getByRole('button', { name: 'Add transaction' }).click();
}

async function add(page: Page, payee: string, amount: string): Promise<void> {
  await submit(page, payee, amount);
  await expect(row(page, payee)).toBeVisible();
}

function row(page: Page, payee: string) {
  return page.getByRole('row').filter({ hasText: payee });
}

async function expectState(page: Page, text: string): Promise<void> {
  await expect(page.getByRole('status', { name: 'Sync state' })).toHaveText(text);
}
