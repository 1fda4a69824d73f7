import { defineConfig } from '@playwright/test';
import { readBundled } from './scripts/suite.mjs';

await readBundled();
const { families } = await import('./protocol/families.ts');
const { tandemConfig } = await import('./support/config.ts');

export default defineConfig(tandemConfig(import.meta.dirname, families));
