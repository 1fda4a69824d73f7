import type { Family } from '../../support/family.ts';
import { attackSettings } from './settings.ts';

export const http: Family = { name: 'http', settings: [attackSettings] };
