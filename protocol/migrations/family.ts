import type { Family } from '../../support/family.ts';
import { vmSettings } from '../apis/vms/settings.ts';
import { streamSettings } from './settings.ts';

export const migrations: Family = {
  name: 'migrations',
  folder: import.meta.dirname,
  settings: [vmSettings, streamSettings],
};
