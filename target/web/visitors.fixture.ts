/** Who visits the target's pages, for the tests of these. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before } from 'node:test';
import type { Browser, BrowserContext, Page } from '@playwright/test';
import { launch } from '../core/chromium.fixture.ts';
import { type TestDatabase, testDatabase } from '../core/target.fixture.ts';
import { startTarget, type Target } from '../target.ts';

export const PASSWORD = 'correct horse battery';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A target and a browser for the tests of a file; once in a file, before its first test. */
export function visitors(): { openPage(path?: string): Promise<Page>; newUser(who: string): string } {
  let database: TestDatabase;
  let target: Target;
  let browser: Browser;
  let contexts: BrowserContext[] = [];
  let users = 0;
  before(async () => {
    [database, browser] = await Promise.all([testDatabase(), launch()]);
    target = await startTarget({ databaseUrl: database.url });
  });
  afterEach(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    contexts = [];
  });
  after(async () => {
    await browser?.close();
    await target?.stop();
    await database?.stop();
  });
  return {
    /** A page in a browser profile of its own, until the test is over. An exception in it fails its test. */
    async openPage(path) {
      const context = await browser.newContext({ baseURL: target.url });
      contexts.push(context);
      const page = await context.newPage();
      page.on('pageerror', (error) => assert.fail(error));
      if (path !== undefined) await page.goto(path);
      return page;
    },
    /** An e-mail address that no other test of the file has. */
    newUser: (who) => `${who}-${++users}@example.test`,
  };
}

/** What axe finds wrong with the page. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    type Axe = { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    const { violations } = await (window as unknown as { axe: Axe }).axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  });
}
