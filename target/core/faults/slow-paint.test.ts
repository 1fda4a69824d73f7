import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from '@playwright/test';
import { parseFaults, startTarget, type Target } from '../../target.ts';
import { launch } from '../chromium.fixture.ts';
import { type TestDatabase, testDatabase } from '../target.fixture.ts';

let browser: Browser;
let database: TestDatabase;
let webFolder: string;
before(async () => {
  [browser, database, webFolder] = await Promise.all([
    launch(),
    testDatabase(),
    mkdtemp(join(tmpdir(), 'tandem-page-')),
  ]);
  await writeFile(
    join(webFolder, 'index.html'),
    '<!doctype html><html><head><script type="module" src="/app.js"></script></head><body></body></html>',
  );
  await writeFile(join(webFolder, 'app.css'), '');
  await writeFile(join(webFolder, 'main.ts'), 'document.body.textContent = "It runs."; export {};');
});
after(async () => {
  await browser?.close();
  await database?.stop();
  if (webFolder) await rm(webFolder, { recursive: true });
});

async function withPage(faults: string, run: (page: Page, target: Target) => Promise<void>): Promise<void> {
  const target = await startTarget({ webFolder, databaseUrl: database.url, faults: parseFaults(faults) });
  const page = await browser.newPage();
  try {
    await page.goto(target.url);
    await run(page, target);
  } finally {
    await page.close();
    await target.stop();
  }
}

/** How long after a change the browser is ready to paint it. What the page showed as it was loaded has been painted by then. */
async function paintMs(page: Page): Promise<number> {
  await page.getByText('It runs.').waitFor();
  return page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return new Promise<number>((resolve) => {
      const changedAt = performance.now();
      document.body.append('A change.');
      requestAnimationFrame(() => resolve(performance.now() - changedAt));
    });
  });
}

test('once the API was used, a change is painted that much later, and the policy is as before', async () => {
  await withPage('slow-paint=300ms', async (page, target) => {
    assert.equal(await page.evaluate(() => document.cookie), '', 'not begun');
    await page.evaluate(() => fetch('/sync/version'));
    assert.ok((await paintMs(page)) >= 300);
    await page.reload();
    assert.ok((await paintMs(page)) >= 300);

    const response = await fetch(target.url, { headers: { 'accept-encoding': 'gzip' } });
    assert.match(response.headers.get('content-security-policy') ?? '', /^default-src 'self';/);
    assert.match(await response.text(), /<head><script src="\/slow-paint\.js">/);
  });
});

test('without the fault the page is what it was', async () => {
  await withPage('', async (page, target) => {
    await page.evaluate(() => fetch('/sync/version'));
    await paintMs(page);
    assert.equal(await page.evaluate(() => document.cookie), '');
    assert.doesNotMatch(await (await fetch(target.url)).text(), /slow-paint/);
    assert.equal((await fetch(`${target.url}/slow-paint.js`)).status, 404);
  });
});
