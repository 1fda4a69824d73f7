import { defineConfig } from '@playwright/test';
import { families } from './protocol/families.ts';
import { tandemConfig } from './support/config.ts';

export default defineConfig(tandemConfig(import.meta.dirname, families));
