import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from '@playwright/test';
import { expect } from '../../core/chromium.fixture.ts';
import { PASSWORD, violations, visitors } from '../visitors.fixture.ts';

const { newUser, openPage } = visitors();

test('an agent is created, edited and deleted, and nobody else sees it', async () => {
  const email = newUser('builder');
  const [page, other] = [await openStudio(email), await openStudio()];
  await expect(page.getByText('No agents yet.')).toBeVisible();
  await createAgent(page, 'Übersetzer 翻訳');
  await expect(row(page, 'Übersetzer 翻訳')).toContainText('draft');
  await expect(page.getByTestId('agent-count')).toHaveText('1 agent');

  await page.getByRole('button', { name: 'Edit Übersetzer 翻訳' }).click();
  const form = page.getByRole('form', { name: 'Edit Übersetzer 翻訳' });
  await expect(form.getByLabel('Name')).toBeFocused();
  await form.getByLabel('Name').fill('Translator');
  await form.getByLabel('System prompt').fill('Translate.\nNothing else.');
  await form.getByLabel('Status').selectOption('active');
  await form.getByRole('button', { name: 'Save agent' }).click();
  await expect(row(page, 'Translator')).toContainText('active');
  await page.reload();
  await page.getByRole('button', { name: 'Edit Translator' }).click();
  await expect(page.getByLabel('System prompt')).toHaveValue('Translate.\nNothing else.');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('form', { name: 'Edit Translator' })).toBeHidden();

  await other.reload();
  await expect(other.getByText('No agents yet.')).toBeVisible();
  await page.getByRole('button', { name: 'Delete Translator' }).click();
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await page.getByRole('form', { name: 'Delete Translator' }).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('No agents yet.')).toBeVisible();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await enter(page, email, 'Sign in');
});

test('a long list comes page by page, and its last page goes with the last of it', async () => {
  const page = await openStudio();
  const call = await apiOf(page);
  for (let nth = 1; nth <= 11; nth++) {
    await call('POST', 'agents', { workspace_id: 'w', name: `agent ${nth}.`, agent_type: 'task', model_id: 'm' });
  }
  await page.reload();
  const place = page.getByRole('status', { name: 'Page of agents' });
  await expect(place).toHaveText('Page 1 of 2');
  await expect(page.getByTestId('agent-count')).toHaveText('11 agents');
  await expect(page.locator('#agent-list').getByRole('button', { name: 'Previous' })).toHaveAttribute(
    'aria-disabled',
    'true',
  );
  await expect(row(page, 'agent 11.')).toBeVisible();
  await expect(row(page, 'agent 1.')).toBeHidden();
  await page.locator('#agent-list').getByRole('button', { name: 'Next' }).click();
  await expect(row(page, 'agent 1.')).toBeVisible();
  await expect(row(page, 'agent 11.')).toBeHidden();
  await page.getByRole('button', { name: 'Delete agent 1.' }).click();
  await page.getByRole('form', { name: 'Delete agent 1.' }).getByRole('button', { name: 'Delete' }).click();
  await expect(place).toHaveText('Page 1 of 1');
  await expect(page.getByTestId('agent-count')).toHaveText('10 agents');
});

test('a pipeline is drawn and saved, and is there when it is opened again', async () => {
  const page = await openStudio();
  await createAgent(page, 'Translator');
  await page.getByRole('link', { name: 'Pipelines' }).click();
  const form = page.getByRole('form', { name: 'Create a pipeline' });
  await form.getByLabel('Name').fill('Support');
  await form.getByRole('button', { name: 'Create pipeline' }).click();
  await page.getByRole('button', { name: 'Draw Support' }).click();
  const editor = page.getByRole('region', { name: 'Graph of Support' });
  const nodes = editor.getByRole('form', { name: 'Add a node' });
  for (const [kind, label] of [
    ['input', 'Question'],
    ['agent', 'Translate'],
    ['output', 'Answer'],
  ] as const) {
    await nodes.getByLabel('Kind').selectOption(kind);
    await nodes.getByLabel('Label').fill(label);
    await nodes.getByRole('button', { name: 'Add node' }).click();
  }
  const connect = async (from: string, to: string) => {
    const connections = editor.getByRole('form', { name: 'Connect nodes' });
    await connections.getByLabel('From').selectOption(from);
    await connections.getByLabel('To').selectOption(to);
    await connections.getByRole('button', { name: 'Connect' }).click();
  };
  await connect('Question', 'Translate');
  await connect('Translate', 'Answer');
  await connect('Translate', 'Answer');
  await expect(editor.getByRole('alert')).toHaveText('These nodes are connected already.');
  await connect('Question', 'Answer');
  await editor.getByRole('button', { name: 'Remove Question → Answer' }).click();
  const state = editor.getByRole('status', { name: 'Graph state' });
  await expect(state).toHaveText('Not saved');
  await editor.getByRole('button', { name: 'Save graph' }).click();
  await expect(state).toHaveText('Saved');

  await page.reload();
  await page.getByRole('button', { name: 'Draw Support' }).click();
  const connections = editor.getByRole('list', { name: 'Connections' }).getByRole('listitem');
  await expect(connections).toContainText(['Question → Translate', 'Translate → Answer']);
  await expect(editor.getByRole('img', { name: '3 nodes, 2 connections' })).toBeVisible();
  await editor.getByRole('button', { name: 'Save graph' }).click();
  await expect(state).toHaveText('Saved');
  await assertAccessible(page);
  await page.getByRole('button', { name: 'Delete Support' }).click();
  await page.getByRole('form', { name: 'Delete Support' }).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('No pipelines yet.')).toBeVisible();
  await expect(editor).toBeHidden();
});

test('an agent is deployed, its metrics grow by themselves, and its deployment is stopped', async () => {
  const page = await openStudio();
  await createAgent(page, 'Translator');
  await assertAccessible(page);
  await page.getByRole('button', { name: 'Deploy Translator' }).click();
  await page.getByLabel('Gateway of Translator').selectOption('gateway-us');
  await page.getByRole('form', { name: 'Deploy Translator' }).getByRole('button', { name: 'Deploy' }).click();
  await expect(page.getByRole('heading', { name: 'Deployments' })).toBeFocused();
  await expect(row(page, 'Translator')).toContainText('gateway-us');
  await expect(row(page, 'Translator').getByText('active', { exact: true })).toBeVisible();
  const requests = page.getByTestId('requests');
  await expect(requests).not.toHaveText(/^(0|…)$/);
  const before = await requests.textContent();
  await expect(requests).not.toHaveText(before ?? '');
  await page.getByLabel('Time range').selectOption('7d');
  await expect(requests).not.toHaveText('0');
  await assertAccessible(page);
  await page.getByRole('button', { name: 'Stop Translator' }).click();
  await expect(row(page, 'Translator').getByText('stopped', { exact: true })).toBeVisible();
});

test('what the server refuses is said, and what it ends is over', async () => {
  const page = await openStudio();
  await createAgent(page, 'Translator');
  await page.getByRole('button', { name: 'Edit Translator' }).click();
  await page.getByLabel('Status').selectOption('archived');
  await page.getByRole('button', { name: 'Save agent' }).click();
  await expect(row(page, 'Translator')).toContainText('archived');
  await page.getByRole('button', { name: 'Deploy Translator' }).click();
  await page.getByRole('form', { name: 'Deploy Translator' }).getByRole('button', { name: 'Deploy' }).click();
  const problem = page.getByRole('alert').filter({ hasText: /./ });
  await expect(problem).toHaveText(/^Translator was not deployed\. The agent .+ is archived/);
  await page.route('**/api/v1/agents?*', (route) => route.fulfill({ json: { records: 'none' } }));
  await page.getByRole('link', { name: 'Pipelines' }).click();
  await page.getByRole('link', { name: 'Agents' }).click();
  await expect(problem).toHaveText(/^Translator was not deployed/);
  await page.reload();
  await expect(problem).toHaveText(
    'This list may be out of date. The server answered a list without records or without a total.',
  );
  await page.unroute('**/api/v1/agents?*');
  await expect(row(page, 'Translator')).toBeVisible();

  const { refreshToken } = await sessionOf(page);
  await page.request.post('/api/v1/auth/logout', { data: { refresh_token: refreshToken } });
  await page.getByRole('link', { name: 'Deployments' }).click();
  await expect(problem).toHaveText('Your session has ended. Please sign in again.');
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

/** The studio of somebody new. */
async function openStudio(email = newUser('builder')): Promise<Page> {
  const page = await openPage('/studio');
  await enter(page, email, 'Create account');
  return page;
}

async function enter(page: Page, email: string, button: 'Sign in' | 'Create account'): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: button }).click();
  await expect(page.getByRole('heading', { name: 'Agents' })).toBeVisible();
}

async function createAgent(page: Page, name: string): Promise<void> {
  const form = page.getByRole('form', { name: 'Create an agent' });
  await form.getByLabel('Name').fill(name);
  await form.getByRole('button', { name: 'Create agent' }).click();
  await expect(row(page, name)).toBeVisible();
}

function row(page: Page, name: string) {
  return page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) });
}

async function sessionOf(page: Page): Promise<{ token: string; refreshToken: string }> {
  return JSON.parse((await page.evaluate(() => sessionStorage.getItem('studio-session'))) ?? '');
}

/** The same session without the page. */
async function apiOf(page: Page) {
  const { token } = await sessionOf(page);
  return async (method: string, path: string, data: object) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await page.request.fetch(`/api/v1/${path}`, { method, data, headers });
    assert.ok(answer.ok(), await answer.text());
  };
}

/** Asserts that axe finds nothing wrong with the page, in either colour scheme. */
async function assertAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await violations(page), []);
  }
}
