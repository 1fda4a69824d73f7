import type { Family } from '../../support/family.ts';
import { attackSettings } from './settings.ts';

export const http: Family = { name: 'http', folder: import.meta.dirname, settings: [attackSettings] };
