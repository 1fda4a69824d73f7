import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page, WebSocketRoute } from '@playwright/test';
import { expect } from '../core/chromium.fixture.ts';
import { PASSWORD, violations, visitors } from './visitors.fixture.ts';

const { newUser, openPage } = visitors();

test('a VM is created, started, migrated, stopped and deleted, and another page sees it live', async () => {
  const email = newUser('operator');
  const [page, other] = [await openConsole(email, 'Create account'), await openConsole(email, 'Sign in')];
  await create(page, 'web-1');
  for (const each of [page, other])
    await expect(row(each, 'web-1')).toContainText('us-west-12 CPU · 2 GB · 20 GB disk');
  await page.getByRole('button', { name: 'Start web-1' }).click();
  await expectStatus(other, 'web-1', 'running');

  const shown = await progressOf(other, 'web-1');
  await page.getByRole('button', { name: 'Migrate web-1' }).click();
  await expect(page.getByLabel('Target zone of web-1')).toBeFocused();
  assert.deepEqual(await page.getByLabel('Target zone of web-1').getByRole('option').allTextContents(), [
    'us-east-1',
    'eu-west-1',
  ]);
  await page.getByLabel('Target zone of web-1').selectOption('eu-west-1');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Migrate web-1' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.getByLabel('Target zone of web-1').selectOption('eu-west-1');
  await page.getByRole('form', { name: 'Migrate web-1' }).getByRole('button', { name: 'Migrate' }).click();
  await expect(other.getByRole('status', { name: 'News' })).toHaveText('web-1 has moved to eu-west-1.');
  await expectStatus(other, 'web-1', 'running');
  await expect(row(other, 'web-1')).toContainText('eu-west-1');
  await expect(other.getByRole('progressbar')).toBeHidden();
  const percents = await shown.evaluate((values) => values);
  assert.deepEqual(
    percents,
    percents.toSorted((a, b) => a - b),
  );
  assert.ok(
    percents.some((percent) => percent > 0 && percent < 100),
    String(percents),
  );

  await page.getByRole('button', { name: 'Stop web-1' }).click();
  await expectStatus(other, 'web-1', 'stopped');
  await page.getByRole('button', { name: 'Delete web-1' }).click();
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await page.getByRole('form', { name: 'Delete web-1' }).getByRole('button', { name: 'Delete' }).click();
  for (const each of [page, other]) await expect(each.getByText('No VMs yet.')).toBeVisible();
});

test('what the server refuses is said, and what it lost, and what it ends is over', async () => {
  const page = await openPage();
  await page.routeWebSocket('**/dwcp/v3/stream?*', (socket) => {
    socket
      .connectToServer()
      .onMessage((message) => socket.send(String(message).replace('"data_loss":false', '"data_loss":true')));
  });
  await page.goto('/console');
  await enter(page, newUser('operator'), 'Create account');
  await create(page, 'web-1');
  const problem = page.getByRole('alert').filter({ hasText: /./ });
  await page.route('**/start', (route) =>
    route.fulfill({ status: 409, json: { error: { message: 'It is running.' } } }),
  );
  await page.getByRole('button', { name: 'Start web-1' }).click();
  await expect(problem).toHaveText('web-1 was not started. It is running.');
  await page.unroute('**/start');
  await page.getByRole('button', { name: 'Start web-1' }).click();
  await expectStatus(page, 'web-1', 'running');
  await expect(problem).toBeHidden();

  await page.getByRole('button', { name: 'Migrate web-1' }).click();
  await page.getByRole('form', { name: 'Migrate web-1' }).getByRole('button', { name: 'Migrate' }).click();
  await expect(problem).toHaveText('web-1 lost data in its migration to us-east-1.');

  const { refreshToken } = await sessionOf(page);
  await page.request.post('/api/v1/auth/logout', { data: { refresh_token: refreshToken } });
  await page.getByRole('button', { name: 'Stop web-1' }).click();
  await expect(problem).toHaveText('Your session has ended. Please sign in again.');
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

test('after a connection was lost, and after an event was, the list is what the server has', async () => {
  const page = await openPage();
  const sockets: WebSocketRoute[] = [];
  let toDrop = 0;
  await page.routeWebSocket('**/realtime?*', (socket) => {
    sockets.push(socket);
    const server = socket.connectToServer();
    server.onMessage((message) => {
      if (toDrop > 0 && String(message).includes('"type":"vm_status"')) toDrop -= 1;
      else socket.send(message);
    });
  });
  await page.goto('/console');
  await enter(page, newUser('operator'), 'Create account');
  const api = await apiOf(page);
  // That it is created, and that it is ready.
  toDrop = 2;
  await api.create('missed-1');
  await expect.poll(() => toDrop).toBe(0);
  await expect(page.getByText('No VMs yet.')).toBeVisible();
  await api.create('heard-1');
  for (const name of ['missed-1', 'heard-1']) await expectStatus(page, name, 'stopped');

  await sockets[0]!.close();
  await expect(page.getByRole('status', { name: 'Live updates' })).toHaveText('Connecting');
  await api.create('missed-2');
  await expect(row(page, 'missed-2')).toBeVisible();
  await expect(page.getByRole('status', { name: 'Live updates' })).toHaveText('Live');
  await expectStatus(page, 'missed-2', 'stopped');
  assert.equal(sockets.length, 2);
});

test('500 VMs are shown and filtered, only the row that changes is touched, and everybody can use it', async () => {
  const page = await openConsole(newUser('operator'), 'Create account');
  const api = await apiOf(page);
  for (let batch = 0; batch < 5; batch++) await api.createMany(batch * 100, 100);
  const count = page.getByTestId('vm-count');
  await expect(count).toHaveText('500 VMs');
  await expect(row(page, 'vm-499.')).toContainText('GB disk');
  await expect(page.getByRole('row').getByText('creating', { exact: true })).toHaveCount(0);

  await page.getByLabel('Search').fill('VM-42');
  await expect(count).toHaveText('11 of 500 VMs');
  await page.getByLabel('Zone').last().selectOption('us-east-1');
  await expect(count).toHaveText('3 of 500 VMs');
  await page.getByLabel('Status').selectOption('running');
  await expect(count).toHaveText('0 of 500 VMs');
  await expect(page.getByText('Nothing matches.')).toBeVisible();
  for (const filter of [page.getByLabel('Zone').last(), page.getByLabel('Status')]) await filter.selectOption('');
  await expect(count).toHaveText('11 of 500 VMs');

  const touched = await page.evaluateHandle(() => {
    const rows = new Set<string>();
    new MutationObserver((mutations) => {
      for (const { target } of mutations) {
        const row = (target instanceof Element ? target : target.parentElement)?.closest('tr');
        rows.add(row?.querySelector('.name')?.textContent ?? 'no row');
      }
    }).observe(document.querySelector('#vm-rows')!, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
    });
    return rows;
  });
  await page.getByRole('button', { name: 'Start vm-42.' }).click();
  await expectStatus(page, 'vm-42.', 'running');
  assert.deepEqual(await touched.evaluate((rows) => [...rows]), ['vm-42.']);

  await page.getByRole('button', { name: 'Delete vm-420.' }).click();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await violations(page), []);
  }
});

async function openConsole(email: string, button: 'Sign in' | 'Create account'): Promise<Page> {
  const page = await openPage('/console');
  await enter(page, email, button);
  return page;
}

async function enter(page: Page, email: string, button: 'Sign in' | 'Create account'): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: button }).click();
  await expect(page.getByRole('status', { name: 'Live updates' })).toHaveText('Live');
}

async function create(page: Page, name: string): Promise<void> {
  const form = page.getByRole('form', { name: 'Create a VM' });
  await form.getByLabel('Name').fill(name);
  await form.getByRole('button', { name: 'Create VM' }).click();
  await expectStatus(page, name, 'stopped');
}

function row(page: Page, name: string) {
  return page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) });
}

async function expectStatus(page: Page, name: string, status: string): Promise<void> {
  await expect(row(page, name).getByText(status, { exact: true })).toBeVisible();
}

/** What the bar of a VM shows from now on, whenever it changes. */
function progressOf(page: Page, name: string) {
  return row(page, name).evaluateHandle((row) => {
    const values: number[] = [];
    const bar = row.querySelector('progress')!;
    new MutationObserver(() => {
      if (bar.hasAttribute('value') && bar.checkVisibility()) values.push(bar.value);
    }).observe(bar, { attributes: true });
    return values;
  });
}

async function sessionOf(page: Page): Promise<{ token: string; refreshToken: string }> {
  return JSON.parse((await page.evaluate(() => sessionStorage.getItem('console-session'))) ?? '');
}

/** The same account without the page. */
async function apiOf(page: Page) {
  const { token } = await sessionOf(page);
  const post = async (path: string, data: object) => {
    const answer = await page.request.post(path, { data, headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.status(), 201, await answer.text());
  };
  const vm = (name: string, zone = 'us-west-1') => {
    return { name, zone, cpu_cores: 1, memory_mb: 512, disk_gb: 10, image: 'debian-12' };
  };
  const zones = ['us-west-1', 'us-east-1', 'eu-west-1'];
  return {
    create: (name: string) => post('/api/v1/vms', vm(name)),
    /** `vm-0.` and so on: no name is the beginning of another. */
    createMany: (first: number, count: number) => {
      const numbers = Array.from({ length: count }, (_, index) => first + index);
      const operations = numbers.map((n) => ({ action: 'create', data: vm(`vm-${n}.`, zones[n % 3]) }));
      return post('/api/v1/vms/batch', { operations });
    },
  };
}
