import type { Family } from '../../support/family.ts';
import { vmSettings } from '../apis/vms/settings.ts';

export const vms: Family = { name: 'vms', folder: import.meta.dirname, settings: [vmSettings] };
