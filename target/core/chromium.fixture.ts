import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, expect as standard } from '@playwright/test';

/** Waits for as long as a slow, busy machine may need. */
export const expect = standard.configure({ timeout: 60_000 });

/** Starts the browser that is installed: the one named in the environment, Playwright's own, or the system's. */
export function launch(): Promise<Browser> {
  const onPath = (process.env.PATH ?? '').split(delimiter);
  const named = ['chromium-headless-shell', 'chromium'].flatMap((name) => onPath.map((folder) => join(folder, name)));
  const candidates = [process.env.PLAYWRIGHT_CHROMIUM_EXECUTABLE ?? '', chromium.executablePath(), ...named];
  const executablePath = candidates.find(isExecutable);
  assert.ok(
    executablePath,
    `no browser; set PLAYWRIGHT_CHROMIUM_EXECUTABLE, or put one of these in place: ${candidates}`,
  );
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking'],
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path !== '';
  } catch {
    return false;
  }
}
