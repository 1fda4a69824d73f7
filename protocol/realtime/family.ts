import type { Family } from '../../support/family.ts';
import { vmSettings } from '../apis/vms/settings.ts';

export const realtime: Family = { name: 'realtime', folder: import.meta.dirname, settings: [vmSettings] };
