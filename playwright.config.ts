import { defineConfig } from '@playwright/test';
import { tandemConfig } from './support/config.ts';

export default defineConfig(tandemConfig(import.meta.dirname));
