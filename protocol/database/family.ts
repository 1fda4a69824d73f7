import type { Family } from '../../support/family.ts';
import { databaseSettings } from '../apis/database/settings.ts';

export const database: Family = { name: 'database', folder: import.meta.dirname, settings: [databaseSettings] };
