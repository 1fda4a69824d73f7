import type { Family } from '../../support/family.ts';
import { databaseSettings } from '../apis/database/settings.ts';
import { relaySettings } from '../apis/relay/settings.ts';
import { studioSettings } from '../apis/studio/settings.ts';
import { vmSettings } from '../apis/vms/settings.ts';

export const integrity: Family = {
  name: 'integrity',
  folder: import.meta.dirname,
  settings: [relaySettings, vmSettings, studioSettings, databaseSettings],
};
